// Four halves as they lie in storage, here as two 32-bit words.

#import f16

alias Packed = vec2u;

fn unpack(p: Packed) -> vec4f {
    return from_words(p);
}

fn pack(v: vec4f) -> Packed {
    return half_words(v);
}

// What is kept as f32 among halves, from the first and the last Packed that it takes.
fn exact(first: Packed, last: Packed) -> vec4f {
    return bitcast<vec4f>(vec4u(first, last));
}

// The other way.
fn first_of(v: vec4f) -> Packed {
    return bitcast<vec2u>(v.xy);
}

fn last_of(v: vec4f) -> Packed {
    return bitcast<vec2u>(v.zw);
}

// Two of them side by side.
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
