//! The op `multiply`: the product of two values, such as that of each item with its weight.

pub mod backward;
pub mod forward;

use crate::engine::graph::Op;
use crate::engine::kernel::OpKernels;
use crate::engine::onnx::layer::Torch;

/// The product of two values of the same shape, or of each row of the first and a number of the
/// second.
pub static OP: Op = Op {
    name: "multiply",
    inputs: 2,
    shape: |inputs, _| match inputs {
        [a, b] if a.rows == b.rows && (b.width == a.width || b.width == 1) => Ok(*a),
        _ => Err(format!(
            "multiplies {:?} of width {} and {:?} of width {}; both must be equal, or the second \
             width 1",
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
    onnx: |layer, nodes| nodes.add("Mul", &[&layer.inputs[0], &layer.inputs[1]]),
    torch: |layer| Torch {
        expression: format!("{} * {}", layer.inputs[0], layer.inputs[1]),
        ..Torch::default()
    },
};
