//! The op `spread`: the row of an example for each of its items.

pub mod backward;
pub mod forward;

use crate::engine::graph::Op;
use crate::engine::kernel::OpKernels;
use crate::engine::onnx::layer::Torch;
use crate::engine::shape::{Rows, Shape};

/// A row for each item from rows for the examples.
pub static OP: Op = Op {
    name: "spread",
    inputs: 1,
    shape: |inputs, _| match inputs[0].rows {
        Rows::Examples => Ok(Shape::items(inputs[0].width)),
        rows => Err(format!(
            "gives each item the row of its example, but its input has a row for each of the \
             {rows:?}"
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
        let row = nodes.unsqueeze(&layer.inputs[0], &[1]);
        let shape = nodes.add("Shape", &[&layer.sets.mask]);
        nodes.add("Expand", &[&row, &shape])
    },
    torch: |layer| Torch {
        expression: format!(
            "{}[:, None].expand(-1, {}.shape[1], -1)",
            layer.inputs[0], layer.sets.mask
        ),
        ..Torch::default()
    },
};
