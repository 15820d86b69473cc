// Storage of four f16 as two 32-bit words. packed_f16_pairs.wgsl is the alternative.

#import f16

alias Packed = vec2u;

fn unpack(p: Packed) -> vec4f {
    return from_words(p);
}

fn pack(v: vec4f) -> Packed {
    return half_words(v);
}

// A vec4 stored as f32 among f16, from its first and its last Packed.
fn exact(first: Packed, last: Packed) -> vec4f {
    return bitcast<vec4f>(vec4u(first, last));
}

// The first and the last Packed of a vec4 stored as f32.
fn first_of(v: vec4f) -> Packed {
    return bitcast<vec2u>(v.xy);
}

fn last_of(v: vec4f) -> Packed {
    return bitcast<vec2u>(v.zw);
}

// Two of them, adjacent in memory.
alias TwoPacked = vec4u;

fn unpack_first(both: TwoPacked) -> vec4f {
    return unpack(both.xy);
}

fn unpack_second(both: TwoPacked) -> vec4f {
    return unpack(both.zw);
}

fn pack_two(first: vec4f, second: vec4f) -> TwoPacked {
    return TwoPacked(pack(first), pack(second));
}
