//! The op `concat`: the columns of two values side by side.

pub mod backward;
pub mod forward;

use crate::engine::graph::Op;
use crate::engine::kernel::OpKernels;
use crate::engine::onnx::layer::Torch;
use crate::engine::onnx::nodes::integer;
use crate::engine::shape::Shape;

/// The columns of the first value, then those of the second.
pub static OP: Op = Op {
    name: "concat",
    inputs: 2,
    shape: |inputs, _| match inputs {
        [a, b] if a.rows == b.rows => Ok(Shape { width: a.width + b.width, ..*a }),
        _ => Err(format!(
            "joins {:?} and {:?}; both must have the same rows",
            inputs[0].rows, inputs[1].rows
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
    onnx: |layer, nodes| {
        let inputs = [&layer.inputs[0][..], &layer.inputs[1]];
        nodes.add_with("Concat", &inputs, vec![integer("axis", -1)])
    },
    torch: |layer| Torch {
        expression: format!("torch.cat(({}), -1)", layer.inputs.join(", ")),
        ..Torch::default()
    },
};
