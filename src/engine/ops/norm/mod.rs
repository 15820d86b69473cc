//! The op `norm`: layer norm, (x - mean) / sqrt(variance + 1e-5) gain + bias over the columns of a
//! row (Ba, Kiros & Hinton, arXiv 1607.06450, eq. 4), as `torch.nn.LayerNorm`.

pub mod backward_input;
pub mod backward_weights;
pub mod forward;
pub(crate) mod moments;

use crate::engine::graph::{Op, ParameterShape};
use crate::engine::kernel::OpKernels;

/// A gain, shape (1, width), and a bias, shape (1, width).
pub static OP: Op = Op {
    name: "norm",
    inputs: 1,
    shape: |inputs, _| Ok(inputs[0]),
    parameters: |inputs, _| {
        let columns = inputs[0].width;
        vec![
            ParameterShape { name: "gain", rows: 1, columns, is_vector: true },
            ParameterShape { name: "bias", rows: 1, columns, is_vector: true },
        ]
    },
    // (x - mean) / sqrt(variance + 1e-5)
    saved: |inputs, _| vec![inputs[0].width],
    initialise: |graph, node, _, parameters| {
        let gain = graph.parameters(node)[0];
        parameters[gain.at..][..gain.columns].fill(1.0);
    },
    ..Op::PLAIN
};

/// Its kernels.
pub static KERNELS: OpKernels = OpKernels {
    op: &OP,
    forward: &[&forward::KERNEL],
    backward: &[&backward_weights::KERNEL, &backward_input::KERNEL],
};
