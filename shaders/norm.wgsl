// Mean and deviation of the rows of a norm. A kernel that imports this page binds `work`.

#import layout
#import packed_{packed}

// Added to the variance, as in torch.nn.LayerNorm.
const NORM_EPSILON: f32 = 1e-5;

// The means of four rows of the input, stored by unit.
fn means(node: Node, row: u32) -> vec4f {
    var sum = vec4f(0.0);
    for (var k = 0u; k < node.inputs; k++) {
        sum += unpack(work[node.input_by_unit + k * node.row_vec4s + row]);
    }
    return sum * (1.0 / f32(node.inputs));
}

// One over their deviations.
fn inverse_deviations(node: Node, row: u32, mean: vec4f) -> vec4f {
    var sum = vec4f(0.0);
    for (var k = 0u; k < node.inputs; k++) {
        let apart = unpack(work[node.input_by_unit + k * node.row_vec4s + row]) - mean;
        sum += apart * apart;
    }
    return 1.0 / sqrt(sum * (1.0 / f32(node.inputs)) + NORM_EPSILON);
}
