//! The op `pool`: the mean, the sum or the largest number of each column over the items of an
//! example. The reduction of no rows is 0.

pub mod backward;
pub mod forward;

use crate::engine::graph::Op;
use crate::engine::kernel::OpKernels;
use crate::engine::ops::reduce;
use crate::engine::shape::{Rows, Shape};

/// A row for each of the Examples from rows for the Items.
pub static OP: Op = Op {
    name: "pool",
    inputs: 1,
    shape: |inputs, _| match inputs[0].rows {
        Rows::Items => Ok(Shape::examples(inputs[0].width)),
        rows => Err(format!(
            "reduces the items of an example, but its input has a row for each of the {rows:?}"
        )),
    },
    saved: reduce::saved,
    ..Op::PLAIN
};

/// Its kernels.
pub static KERNELS: OpKernels = OpKernels {
    op: &OP,
    forward: &[&forward::KERNEL],
    backward: &[&backward::KERNEL],
    onnx: |layer, nodes| reduce::onnx(layer, nodes, (&layer.sets.mask, 1)),
    torch: |layer| reduce::torch(layer, (&layer.sets.mask, 1)),
};
