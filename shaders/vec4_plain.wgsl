// Storage of four f32 as a vec4f. vec4_pairs.wgsl is the alternative.

alias Vec4 = vec4f;

fn numbers(q: Vec4) -> vec4f {
    return q;
}

fn stored_vec4(v: vec4f) -> Vec4 {
    return v;
}

// Two of them, adjacent in memory.
struct TwoVec4 {
    first: Vec4,
    second: Vec4,
}

fn first_numbers(both: TwoVec4) -> vec4f {
    return both.first;
}

fn second_numbers(both: TwoVec4) -> vec4f {
    return both.second;
}

fn two_vec4(first: vec4f, second: vec4f) -> TwoVec4 {
    return TwoVec4(first, second);
}
