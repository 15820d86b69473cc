// Four numbers as they lie in storage: here as they are. shaders/quad_pairs.wgsl is the other way.

alias Quad = vec4f;

fn numbers(q: Quad) -> vec4f {
    return q;
}

fn quad(v: vec4f) -> Quad {
    return v;
}
