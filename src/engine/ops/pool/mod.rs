//! The op `pool`: the mean, the sum or the largest number of each column over the items of an
//! example. The pool of no items is 0.

pub mod backward;
pub mod forward;

use crate::engine::graph::{Op, Reduction};
use crate::engine::kernel::OpKernels;
use crate::engine::shape::{Rows, Shape};

/// A row for each example from rows for its items.
pub static OP: Op = Op {
    name: "pool",
    inputs: 1,
    shape: |inputs, _| match inputs[0].rows {
        Rows::Items => Ok(Shape::examples(inputs[0].width)),
        rows => Err(format!("pools the items of an example, but its input has a row for each of the {rows:?}")),
    },
    parameters: |_, _| Vec::new(),
    // the item that has the largest number
    saved: |inputs, attributes| match attributes.reduction {
        Reduction::Max => vec![inputs[0].width],
        _ => Vec::new(),
    },
    scratch: |_, _, _| 0,
    fuses_update: true,
    multiply_adds: |_, _, _| 0,
    initialise: |_, _, _, _| {},
};

/// Its kernels.
pub static KERNELS: OpKernels =
    OpKernels { op: &OP, forward: &[&forward::KERNEL], backward: &[&backward::KERNEL] };
