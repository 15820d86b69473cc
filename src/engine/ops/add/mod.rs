//! The op `add`: the sum of two values, such as that of a residual connection.

pub mod backward;
pub mod forward;

use crate::engine::graph::Op;
use crate::engine::kernel::OpKernels;
use crate::engine::onnx::layer::Torch;

/// The sum of two values of the same shape.
pub static OP: Op = Op {
    name: "add",
    inputs: 2,
    shape: |inputs, _| match inputs {
        [a, b] if a == b => Ok(*a),
        _ => Err(format!(
            "adds {:?} of width {} and {:?} of width {}; both must be equal",
            inputs[0].rows, inputs[0].width, inputs[1].rows, inputs[1].width
        )),
    },
    fuses_update: true,
    ..Op::PLAIN
};

/// Its kernels.
pub static KERNELS: OpKernels = OpKernels {
    op: &OP,
    forward: &[&forward::KERNEL],
    backward: &[&backward::KERNEL],
    onnx: |layer, nodes| nodes.add("Add", &[&layer.inputs[0], &layer.inputs[1]]),
    torch: |layer| Torch {
        expression: format!("{} + {}", layer.inputs[0], layer.inputs[1]),
        ..Torch::default()
    },
};
