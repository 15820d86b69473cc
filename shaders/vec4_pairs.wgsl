// Storage of four f32 as two 64-bit words: the same bytes as in vec4_plain.wgsl. llvmpipe spends
// some eight instructions per lane on each component that it loads or stores, whatever its size, so
// half as many components cost nearly half as much.

alias Vec4 = vec2<u64>;

fn numbers(q: Vec4) -> vec4f {
    return bitcast<vec4f>(vec4u(u32(q.x), u32(q.x >> 32u), u32(q.y), u32(q.y >> 32u)));
}

fn stored_vec4(v: vec4f) -> Vec4 {
    let bits = bitcast<vec4u>(v);
    return vec2<u64>(u64(bits.x) | (u64(bits.y) << 32u), u64(bits.z) | (u64(bits.w) << 32u));
}

// Two of them, adjacent in memory and loaded together: half as many loops over lanes.
alias TwoVec4 = vec4<u64>;

fn first_numbers(both: TwoVec4) -> vec4f {
    return numbers(both.xy);
}

fn second_numbers(both: TwoVec4) -> vec4f {
    return numbers(both.zw);
}

fn two_vec4(first: vec4f, second: vec4f) -> TwoVec4 {
    return TwoVec4(stored_vec4(first), stored_vec4(second));
}
