// Sums of products in registers, in the order of their terms.

// The sums plus the outer product of four rows and four units, one row per column.
fn add_outer(sums: mat4x4f, row: vec4f, unit: vec4f) -> mat4x4f {
    return mat4x4f(
        fma(vec4f(row.x), unit, sums[0]),
        fma(vec4f(row.y), unit, sums[1]),
        fma(vec4f(row.z), unit, sums[2]),
        fma(vec4f(row.w), unit, sums[3]),
    );
}

// The sums of four units of one row plus four terms: those of each unit in a row of `terms`.
fn add_product(sums: vec4f, terms: mat4x4f, row: vec4f) -> vec4f {
    let first = fma(terms[1], vec4f(row.y), fma(terms[0], vec4f(row.x), sums));
    return fma(terms[3], vec4f(row.w), fma(terms[2], vec4f(row.z), first));
}
