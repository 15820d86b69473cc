// Conversions between f32 and f16 (IEEE 754 binary16). In f16, activations, deltas, gradients and
// the weights that products read are stored as f16; all accumulators are f32. CPU reference:
// src/engine/precision.rs.
//
// `enable f16` is not used: unpack2x16float is the hardware's conversion on every GPU, all other
// arithmetic is f32, and a buffer of mostly f16 contains a few f32 numbers, whose bits naga 30
// cannot put into a vec4<f16> (its bitcast from words gives f32).

// A word of a table, with IN_DATUM numbers.
alias Datum = u32;

// Whether Packed holds f16.
const HALF: bool = true;
// How many Packed an exact vec4f takes.
const EXACT: u32 = 2u;
// How many numbers of a table a Datum holds.
const IN_DATUM: u32 = 2u;

// The bits of the nearest f16, ties to even, infinite from 65,520 on. Not pack2x16float: WGSL
// leaves its rounding to the driver (llvmpipe truncates) and does not define its result for numbers
// that are too large.
fn half_bits(v: vec4f) -> vec4u {
    let bits = bitcast<vec4u>(v);
    let size = bits & vec4u(0x7fffffffu);
    // round away 13 bits of the mantissa; the bias of the exponent changes from 127 to 15
    let odd = (size >> vec4u(13u)) & vec4u(1u);
    let normal = (size + odd + vec4u(0xfffu) - vec4u(0x38000000u)) >> vec4u(13u);
    // below 2^-14 an f16 is a multiple of 2^-24, as is an f32 from 0.5 to 1: the addition rounds
    let small = bitcast<vec4u>(abs(v) + vec4f(0.5)) - vec4u(0x3f000000u);
    let large = select(vec4u(0x7c00u), vec4u(0x7e00u), size > vec4u(0x7f800000u));
    let finite = select(normal, small, size < vec4u(0x38800000u));
    let unsigned = select(finite, large, size >= vec4u(0x477ff000u));
    return unsigned | ((bits >> vec4u(16u)) & vec4u(0x8000u));
}

// Whether one of the four is too large for f16, or NaN.
fn overflows(v: vec4f) -> bool {
    return any((bitcast<vec4u>(v) & vec4u(0x7fffffffu)) >= vec4u(0x477ff000u));
}

// Four f16 in two words.
fn half_words(v: vec4f) -> vec2u {
    let bits = half_bits(v);
    return bits.xz | (bits.yw << vec2u(16u));
}

// The other way round.
fn from_words(words: vec2u) -> vec4f {
    return vec4f(unpack2x16float(words.x), unpack2x16float(words.y));
}

// Number `at` of a table, from the word that holds it.
fn datum(word: Datum, at: u32) -> f32 {
    let both = unpack2x16float(word);
    return select(both.x, both.y, (at & 1u) == 1u);
}
