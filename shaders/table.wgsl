// Reads the tables. A kernel that imports this page binds `data` and `work`.

#import layout
#import packed_{packed}
#import block

// Number `at` of the tables.
fn number(at: u32) -> f32 {
    return datum(data[at / IN_DATUM], at);
}

// Four constants of the run, stored as f32 at vec4 `k` of an array that starts at `first`.
fn constants(first: u32, k: u32) -> vec4f {
    let at = first + k * EXACT;
    return exact(work[at], work[at + EXACT - 1u]);
}

// Four numbers of a table from column `first` of a row onwards; 0 beyond the last of its `columns`.
fn fetch(row: u32, first: u32, columns: u32) -> vec4f {
    let column = vec4u(first) + vec4u(0u, 1u, 2u, 3u);
    let at = vec4u(row) + min(column, vec4u(columns - 1u));
    let here = vec4f(number(at.x), number(at.y), number(at.z), number(at.w));
    return select(vec4f(0.0), here, column < vec4u(columns));
}

// Four numbers, from column 4 `k` on, of four rows that start at `rows`, each less its mean and
// times its inverse deviation; one row per column of the matrix. Rows that are not here are 0.
fn scaled(
    rows: vec4u,
    k: u32,
    columns: u32,
    mean: u32,
    inverse_deviation: u32,
    here: vec4<bool>,
) -> mat4x4f {
    let centre = constants(mean, k);
    let scale = constants(inverse_deviation, k);
    return mat4x4f(
        select(vec4f(0.0), (fetch(rows.x, 4u * k, columns) - centre) * scale, here.x),
        select(vec4f(0.0), (fetch(rows.y, 4u * k, columns) - centre) * scale, here.y),
        select(vec4f(0.0), (fetch(rows.z, 4u * k, columns) - centre) * scale, here.z),
        select(vec4f(0.0), (fetch(rows.w, 4u * k, columns) - centre) * scale, here.w),
    );
}
