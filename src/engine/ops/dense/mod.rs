//! The op `dense`: dropout(activation(x W + b)) of each row, with kernels for the forward pass, the
//! gradient of the parameters and the gradient at the input.

pub mod backward_input;
pub mod backward_weights;
pub mod forward;
pub mod last;

use crate::engine::graph::{Attributes, Graph, NodeId, Op, ParameterShape};
use crate::engine::kernel::OpKernels;
use crate::engine::normals::normals;
use crate::engine::onnx::layer::Torch;
use crate::engine::optim::fused_update;
use crate::engine::random::{pcg4d, unit};
use crate::engine::shape::Shape;

/// Weights, shape (inputs, outputs), and a bias, shape (1, outputs).
pub static OP: Op = Op {
    name: "dense",
    inputs: 1,
    shape: |inputs, attributes| match attributes.width {
        0 => Err("width 0".into()),
        width => Ok(Shape { width, ..inputs[0] }),
    },
    parameters: |inputs, attributes| {
        let columns = attributes.width;
        vec![
            ParameterShape { name: "weight", rows: inputs[0].width, columns, is_vector: false },
            ParameterShape { name: "bias", rows: 1, columns, is_vector: true },
        ]
    },
    // the preactivation
    saved: |_, attributes| vec![attributes.width],
    scratch: |inputs, attributes, rows| {
        backward_input::scratch(inputs[0].width, attributes.width, rows)
    },
    fuses_update: true,
    has_epilogue: true,
    multiply_adds: |inputs: &[Shape], attributes: &Attributes, _| {
        inputs[0].width * attributes.width
    },
    drops_inside: false,
    initialise,
};

/// Its kernels. The update comes last: nothing in the step reads the weights after it.
pub static KERNELS: OpKernels = OpKernels {
    op: &OP,
    forward: &[&forward::KERNEL],
    backward: &[&backward_weights::KERNEL, &backward_input::KERNEL, &fused_update::KERNEL],
    onnx: |layer, nodes| {
        let [weight, bias] = [0, 1].map(|place| layer.parameter(nodes, place));
        let product = nodes.add("MatMul", &[&layer.inputs[0], &weight]);
        let z = nodes.add("Add", &[&product, &bias]);
        layer.activated(nodes, &z)
    },
    torch: |layer| {
        let Attributes { width, activation, .. } = layer.attributes();
        let z = format!("{}({})", layer.module(), layer.inputs[0]);
        Torch {
            module: Some(format!("nn.Linear({}, {width})", layer.width())),
            expression: activation.torch(&z),
            ..Torch::default()
        }
    },
};

/// Weights are normal with deviation gain / sqrt(inputs) (He et al., arXiv 1502.01852, eq. 15),
/// biases uniform in +-1 / sqrt(inputs) as in `torch.nn.Linear`.
fn initialise(graph: &Graph, node: NodeId, seed: u32, parameters: &mut [f32]) {
    let [weights, bias] = [0, 1].map(|matrix| graph.parameters(node)[matrix]);
    let inputs = weights.rows as f64;
    let deviation = graph.nodes()[node].attributes.activation.gain() / inputs.sqrt();
    let mut drawn = vec![0.0; weights.columns];
    for input in 0..weights.rows {
        normals([seed, node as u32, input as u32], &mut drawn);
        let row = &mut parameters[weights.at + input * weights.stride..][..weights.columns];
        for (parameter, normal) in row.iter_mut().zip(&drawn) {
            *parameter = (deviation * normal) as f32;
        }
    }
    let bound = 1.0 / inputs.sqrt();
    for output in 0..bias.columns {
        let word = pcg4d([seed, node as u32, u32::MAX, output as u32])[2];
        parameters[bias.at + output] = (bound * (2.0 * unit(word) - 1.0)) as f32;
    }
}
