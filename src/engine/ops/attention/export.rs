//! The op in ONNX and PyTorch.

use crate::engine::onnx::layer::{Layer, Torch};
use crate::engine::onnx::nodes::{Nodes, integer, integers};

/// Adds its nodes of ONNX; returns the name of the output.
pub fn onnx(layer: &Layer, nodes: &mut Nodes) -> String {
    let (heads, width) = (layer.attributes().heads, layer.width() / 3);
    // (examples, items, 3, heads, columns), then q, k and v first and the items of a head together
    let shape = nodes.row(&[0, 0, 3, heads as i64, (width / heads) as i64]);
    let split = nodes.add("Reshape", &[&layer.inputs[0], &shape]);
    let order = vec![integers("perm", &[2, 0, 3, 1, 4])];
    let split = nodes.add_with("Transpose", &[&split], order);
    let [q, k, v] = [0, 1, 2].map(|place| {
        let place = nodes.scalar::<i64>(place);
        nodes.add_with("Gather", &[&split, &place], vec![integer("axis", 0)])
    });
    let transposed = nodes.add_with("Transpose", &[&k], vec![integers("perm", &[0, 1, 3, 2])]);
    let scores = nodes.add("MatMul", &[&q, &transposed]);
    let scale = nodes.scalar(1.0 / ((width / heads) as f32).sqrt());
    let scores = nodes.add("Mul", &[&scores, &scale]);
    // the mask of the keys, (examples, 1, 1, items); a finite number, so that the rows of an
    // example without items, which nothing reads, are finite too
    let keys = nodes.add_with("Transpose", &[&layer.sets.mask], vec![integers("perm", &[0, 2, 1])]);
    let keys = nodes.unsqueeze(&keys, &[1]);
    let scores = nodes.masked(&scores, &keys, f32::MIN);
    let shares = nodes.add_with("Softmax", &[&scores], vec![integer("axis", -1)]);
    let sums = nodes.add("MatMul", &[&shares, &v]);
    let sums = nodes.add_with("Transpose", &[&sums], vec![integers("perm", &[0, 2, 1, 3])]);
    let shape = nodes.row(&[0, 0, width as i64]);
    nodes.add("Reshape", &[&sums, &shape])
}

/// The same in PyTorch.
pub fn torch(layer: &Layer) -> Torch {
    let (x, mask) = (&layer.inputs[0], &layer.sets.mask);
    let expression = format!("attention({x}, {mask}, {})", layer.attributes().heads);
    Torch { helper: HELPER, expression, ..Torch::default() }
}

const HELPER: &str = "\
def attention(x, mask, heads):
    q, k, v = x.unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)
    y = F.scaled_dot_product_attention(q, k, v, mask.mT[:, None])
    return y.transpose(1, 2).flatten(2)
";
