//! The op `dense`: dropout(activation(x W + b)) of each row, with kernels for the forward pass, the
//! gradient of the parameters and the gradient at the input.

pub mod backward_input;
pub mod backward_weights;
pub mod forward;

use crate::engine::activation;
use crate::engine::cpu::product::{Shape as Matrix, product};
use crate::engine::graph::{Attributes, Graph, NodeId, Op, ParameterShape, Shape, padded};
use crate::engine::kernel::{Evaluate, OpKernels, Values};
use crate::engine::normals::normals;
use crate::engine::optim::fused_update;
use crate::engine::random::{pcg4d, unit};
use crate::engine::real::Real;

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
            ParameterShape { name: "weight", rows: inputs[0].width, columns },
            ParameterShape { name: "bias", rows: 1, columns },
        ]
    },
    // the preactivation
    saved: |_, attributes| vec![attributes.width],
    // delta and the gradient at the input, both by unit
    scratch: |inputs, attributes| padded(inputs[0].width) + padded(attributes.width),
    multiply_adds: |inputs: &[Shape], attributes: &Attributes| inputs[0].width * attributes.width,
    initialise,
};

/// Its kernels. The update comes last: nothing in the step reads the weights after it.
pub static KERNELS: OpKernels = OpKernels {
    op: &OP,
    forward: &[&forward::KERNEL],
    backward: &[&backward_weights::KERNEL, &backward_input::KERNEL, &fused_update::KERNEL],
    evaluate: Evaluate { f32: evaluate, f64: evaluate },
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

fn evaluate<F: Real>(graph: &Graph, node: NodeId, parameters: &[F], inputs: &[&[F]]) -> Values<F> {
    let [weights, bias] = [0, 1].map(|matrix| graph.parameters(node)[matrix]);
    let rows = inputs[0].len() / weights.rows;
    let mut preactivation = vec![F::zero(); rows * weights.columns];
    product(
        (&mut preactivation, Matrix::by_rows(rows, weights.columns, weights.columns)),
        (inputs[0], Matrix::by_rows(rows, weights.rows, weights.rows)),
        (
            &parameters[weights.range()],
            Matrix::by_rows(weights.rows, weights.columns, weights.stride),
        ),
    );
    let bias = &parameters[bias.at..][..bias.columns];
    for row in preactivation.chunks_exact_mut(weights.columns) {
        row.iter_mut().zip(bias).for_each(|(z, bias)| *z += *bias);
    }
    let mut output = vec![F::zero(); preactivation.len()];
    let activation = graph.nodes()[node].attributes.activation;
    activation::activate(activation, &preactivation, &mut output);
    Values { preactivation, output }
}
