//! The op `attention`: softmax(q k^T / sqrt(d)) v for each head, over the items of an example
//! (Vaswani et al., arXiv 1706.03762, eq. 1). The input has the columns of q, k and v side by side,
//! as `torch.nn.MultiheadAttention` after its `in_proj_weight`; each head has consecutive columns
//! of all three. Its dropout drops probabilities, the numbers of the softmax, as there.

pub mod backward;
mod export;
pub mod forward;
pub mod head;

use crate::engine::graph::Op;
use crate::engine::kernel::OpKernels;
use crate::engine::ops::attention::head::MOST_WIDTH;
use crate::engine::shape::{Rows, Shape};

/// A row for each item from rows for the same items, three times as wide.
pub static OP: Op = Op {
    name: "attention",
    inputs: 1,
    shape: |inputs, attributes| {
        let (input, heads) = (inputs[0], attributes.heads);
        if input.rows != Rows::Items {
            return Err(format!(
                "attends to the items of an example, but its input has a row for each of the {:?}",
                input.rows
            ));
        }
        if heads == 0 || !input.width.is_multiple_of(12 * heads) {
            return Err(format!(
                "{heads} heads on an input of width {}; it must be a multiple of {}, for q, k and \
                 v of each head, and their width a multiple of 4",
                input.width,
                12 * heads.max(1)
            ));
        }
        if input.width > 3 * MOST_WIDTH * heads {
            return Err(format!(
                "a head of width {}; it can be at most {MOST_WIDTH}: use more heads",
                input.width / 3 / heads
            ));
        }
        Ok(Shape { width: input.width / 3, ..input })
    },
    // for each head, the logarithm of the sum of the exponentials of a row as the sum of two
    // numbers, which keep the digits of an f32 in f16, and two zeros: a vec4
    saved: |_, attributes| vec![4 * attributes.heads],
    drops_inside: true,
    multiply_adds: |inputs, _, rows| {
        let items = rows.items.div_ceil(rows.examples.max(1));
        2 * items * inputs[0].width / 3
    },
    ..Op::PLAIN
};

/// Its kernels.
pub static KERNELS: OpKernels = OpKernels {
    op: &OP,
    forward: &[&forward::KERNEL],
    backward: &[&backward::KERNEL],
    onnx: export::onnx,
    torch: export::torch,
};
