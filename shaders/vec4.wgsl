// Two vec4s, adjacent in memory.

struct TwoVec4 {
    first: vec4f,
    second: vec4f,
}
