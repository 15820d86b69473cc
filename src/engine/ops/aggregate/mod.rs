//! The op `aggregate`: the mean, the sum or the largest number of each column over the edges from
//! an item to its neighbours. The reduction of no rows is 0.

pub mod backward;
pub mod forward;

use crate::engine::graph::Op;
use crate::engine::kernel::OpKernels;
use crate::engine::ops::reduce;
use crate::engine::shape::{Rows, Shape};

/// A row for each of the Items from rows for the Edges.
pub static OP: Op = Op {
    name: "aggregate",
    inputs: 1,
    shape: |inputs, _| match inputs[0].rows {
        Rows::Edges => Ok(Shape::items(inputs[0].width)),
        rows => Err(format!(
            "reduces the edges from an item to its neighbours, but its input has a row for each \
             of the {rows:?}"
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
    onnx: |layer, nodes| reduce::onnx(layer, nodes, (&layer.sets.edge_mask, 2)),
    torch: |layer| reduce::torch(layer, (&layer.sets.edge_mask, 2)),
};
