// Four halves as they lie in storage, here as one 64-bit word: the same bytes, and half as many components to load, which is what
// llvmpipe counts (see quad_pairs.wgsl).

alias Packed = u64;

fn words(p: Packed) -> vec2u {
    return vec2u(u32(p), u32(p >> 32u));
}

fn unpack(p: Packed) -> vec4f {
    return from_words(words(p));
}

fn pack(v: vec4f) -> Packed {
    let halves = half_words(v);
    return u64(halves.x) | (u64(halves.y) << 32u);
}

// What is kept as f32 among halves, from the first and the last Packed that it takes.
fn exact(first: Packed, last: Packed) -> vec4f {
    return bitcast<vec4f>(vec4u(words(first), words(last)));
}
