// Four numbers as they lie in storage: here as they are. shaders/quad_pairs.wgsl is the other way.

alias Quad = vec4f;

fn numbers(q: Quad) -> vec4f {
    return q;
}

fn quad(v: vec4f) -> Quad {
    return v;
}

// Two of them side by side.
struct TwoQuads {
    first: Quad,
    second: Quad,
}

fn first_numbers(both: TwoQuads) -> vec4f {
    return both.first;
}

fn second_numbers(both: TwoQuads) -> vec4f {
    return both.second;
}

fn two_quads(first: vec4f, second: vec4f) -> TwoQuads {
    return TwoQuads(first, second);
}
