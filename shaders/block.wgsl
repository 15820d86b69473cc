// Blocks of four rows and four units of the matrices of a batch. A kernel that imports this page
// binds `work`.

#import packed_{packed}

// Units 4 `unit` to 4 `unit` + 3 of rows 4 `row` to 4 `row` + 3 of a matrix stored by row, with
// `vec4s` vec4s in a row; one row per column.
fn load_block(at: u32, vec4s: u32, unit: u32, row: u32) -> mat4x4f {
    let first = at + 4u * row * vec4s + unit;
    return mat4x4f(
        unpack(work[first]),
        unpack(work[first + vec4s]),
        unpack(work[first + 2u * vec4s]),
        unpack(work[first + 3u * vec4s]),
    );
}

// Stores such a block by row and, in rows of `row_vec4s` vec4s, by unit.
fn store_block(
    at: u32,
    by_unit: u32,
    vec4s: u32,
    row_vec4s: u32,
    unit: u32,
    row: u32,
    values: mat4x4f,
) {
    let first = at + 4u * row * vec4s + unit;
    work[first] = pack(values[0]);
    work[first + vec4s] = pack(values[1]);
    work[first + 2u * vec4s] = pack(values[2]);
    work[first + 3u * vec4s] = pack(values[3]);
    let transposed = transpose(values);
    let start = by_unit + 4u * unit * row_vec4s + row;
    work[start] = pack(transposed[0]);
    work[start + row_vec4s] = pack(transposed[1]);
    work[start + 2u * row_vec4s] = pack(transposed[2]);
    work[start + 3u * row_vec4s] = pack(transposed[3]);
}

// Four columns, from column `first` on, of a row; the row has `columns` columns and starts at `at`.
// Columns before 0 or beyond the last are 0.
fn columns_from(at: u32, first: i32, columns: u32) -> vec4f {
    var values = vec4f(0.0);
    for (var i = 0; i < 4; i++) {
        let column = first + i;
        if column >= 0 && column < i32(columns) {
            let number = unpack(work[at + u32(column) / 4u])[column & 3];
            values = select(values, vec4f(number), vec4<i32>(0, 1, 2, 3) == vec4<i32>(i));
        }
    }
    return values;
}
