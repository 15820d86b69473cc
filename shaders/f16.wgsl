// F16: what is only multiplied and added up lies in storage as IEEE 754 binary16; all sums are of
// f32. Reference: src/kernels/precision.rs. `enable f16` is not asked for: unpack2x16float is the
// conversion of the hardware on every GPU, all else is f32 arithmetic, and a buffer that is mostly
// halves holds a few f32s, whose bits naga 30 cannot put into a vec4<f16> (its bitcast from words
// gives f32s).

// Numbers of a table, as many as a word holds.
alias Datum = u32;

// Whether what is packed is halves.
const HALF: bool = true;
// How many Packed an exact vec4f takes.
const EXACT: u32 = 2u;
// How many numbers of a table a Datum holds.
const IN_DATUM: u32 = 2u;

// The bits of the nearest halves, ties to even, infinite from 65,520 on. Not pack2x16float: WGSL
// leaves its rounding to the driver (llvmpipe cuts off), and what becomes of too large a number is
// open.
fn half_bits(v: vec4f) -> vec4u {
    let bits = bitcast<vec4u>(v);
    let size = bits & vec4u(0x7fffffffu);
    // 13 bits of the mantissa fall away, half of them added; the exponent's bias goes from 127 to
    // 15
    let odd = (size >> vec4u(13u)) & vec4u(1u);
    let normal = (size + odd + vec4u(0xfffu) - vec4u(0x38000000u)) >> vec4u(13u);
    // below 2^-14 halves are multiples of 2^-24, and so are f32s from 0.5 to 1: the addition rounds
    let small = bitcast<vec4u>(abs(v) + vec4f(0.5)) - vec4u(0x3f000000u);
    let large = select(vec4u(0x7c00u), vec4u(0x7e00u), size > vec4u(0x7f800000u));
    let finite = select(normal, small, size < vec4u(0x38800000u));
    let unsigned = select(finite, large, size >= vec4u(0x477ff000u));
    return unsigned | ((bits >> vec4u(16u)) & vec4u(0x8000u));
}

// Whether one of them is too large for a half, or no number.
fn overflows(v: vec4f) -> bool {
    return any((bitcast<vec4u>(v) & vec4u(0x7fffffffu)) >= vec4u(0x477ff000u));
}

// Four halves in two words.
fn half_words(v: vec4f) -> vec2u {
    let bits = half_bits(v);
    return bits.xz | (bits.yw << vec2u(16u));
}

fn from_words(words: vec2u) -> vec4f {
    return vec4f(unpack2x16float(words.x), unpack2x16float(words.y));
}

fn datum(word: Datum, at: u32) -> f32 {
    let both = unpack2x16float(word);
    return select(both.x, both.y, (at & 1u) == 1u);
}
