// Storage of four f16 as one 64-bit word: the same bytes as in packed_f16.wgsl and half as many
// components, whose number decides the cost of a load on llvmpipe (see vec4_pairs.wgsl).

#import f16

alias Packed = u64;

fn words(p: Packed) -> vec2u {
    return vec2u(u32(p), u32(p >> 32u));
}

fn unpack(p: Packed) -> vec4f {
    return from_words(words(p));
}

fn pack(v: vec4f) -> Packed {
    return from_pair(half_words(v));
}

// A vec4 stored as f32 among f16, from its first and its last Packed.
fn exact(first: Packed, last: Packed) -> vec4f {
    return bitcast<vec4f>(vec4u(words(first), words(last)));
}

fn from_pair(words: vec2u) -> Packed {
    return u64(words.x) | (u64(words.y) << 32u);
}

// The first and the last Packed of a vec4 stored as f32.
fn first_of(v: vec4f) -> Packed {
    return from_pair(bitcast<vec2u>(v.xy));
}

fn last_of(v: vec4f) -> Packed {
    return from_pair(bitcast<vec2u>(v.zw));
}

// Two of them, adjacent in memory.
alias TwoPacked = vec2<u64>;

fn unpack_first(both: TwoPacked) -> vec4f {
    return unpack(both.x);
}

fn unpack_second(both: TwoPacked) -> vec4f {
    return unpack(both.y);
}

fn pack_two(first: vec4f, second: vec4f) -> TwoPacked {
    return TwoPacked(pack(first), pack(second));
}
