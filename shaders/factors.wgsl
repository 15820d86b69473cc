// The second input of a product. A kernel that imports this page binds `work`.

#import layout
#import block

// Whether y has one number for each row and x has several.
fn has_one_factor(node: Node) -> bool {
    return node.second_inputs < node.inputs;
}

// Four columns of y of four rows, one row per column; the only number of a row counts for each.
fn factors(node: Node, unit: u32, row: u32) -> mat4x4f {
    if !has_one_factor(node) {
        return load_block(node.second, node.input_vec4s, unit, row);
    }
    let y = load_block(node.second, 1u, 0u, row);
    return mat4x4f(vec4f(y[0].x), vec4f(y[1].x), vec4f(y[2].x), vec4f(y[3].x));
}

// The products of the rows of two blocks.
fn products(a: mat4x4f, b: mat4x4f) -> mat4x4f {
    return mat4x4f(a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]);
}
