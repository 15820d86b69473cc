//! The op `edge`: dropout(activation(u_i + v_j)) for each edge from an item i to its neighbour j.
//! With u and v two dense layers it is the first layer of an edge network on [x_i, x_j - x_i]
//! (Wang et al., arXiv 1801.07829, eq. 8), computed on items instead of edges:
//! A x_i + B (x_j - x_i) + b = ((A - B) x_i + b) + B x_j.

pub mod backward;
pub mod forward;

use crate::engine::graph::Op;
use crate::engine::kernel::OpKernels;
use crate::engine::onnx::layer::Torch;
use crate::engine::onnx::nodes::integer;
use crate::engine::shape::{Rows, Shape};

/// A row for each edge from the rows of the items at both ends.
pub static OP: Op = Op {
    name: "edge",
    inputs: 2,
    shape: |inputs, _| match inputs {
        [u, v] if (u.rows, v.rows) != (Rows::Items, Rows::Items) => Err(format!(
            "joins rows of items, but its inputs have a row for each of the {:?} and the {:?}",
            u.rows, v.rows
        )),
        [u, v] if u.width != v.width => {
            Err(format!("adds inputs of widths {} and {}; they must be equal", u.width, v.width))
        }
        _ => Ok(Shape { rows: Rows::Edges, width: inputs[0].width }),
    },
    // the preactivation
    saved: |inputs, _| vec![inputs[0].width],
    has_epilogue: true,
    ..Op::PLAIN
};

/// Its kernels.
pub static KERNELS: OpKernels = OpKernels {
    op: &OP,
    forward: &[&forward::KERNEL],
    backward: &[&backward::KERNEL],
    onnx: |layer, nodes| {
        let u = nodes.unsqueeze(&layer.inputs[0], &[2]);
        let inputs = [&layer.inputs[1][..], &layer.sets.neighbours];
        let v = nodes.add_with("GatherND", &inputs, vec![integer("batch_dims", 1)]);
        let z = nodes.add("Add", &[&u, &v]);
        layer.activated(nodes, &z)
    },
    torch: |layer| {
        let ([u, v], places) = ([0, 1].map(|at| &layer.inputs[at]), &layer.sets.neighbours);
        let z = format!("{u}[:, :, None] + torch.take_along_dim({v}[:, None], {places}, 2)");
        let expression = layer.attributes().activation.torch(&z);
        Torch { expression, ..Torch::default() }
    },
};
