//! Copies both inputs. See `shaders/concat_forward.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::NodeId;
use crate::engine::kernel::{Kernel, Update, always, no_terms, one_tile, reference};
use crate::engine::layout::{LANES, phase};
use crate::engine::memory::Memory;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "concat_forward",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::Read),
        (Buffer::Tiles, Access::Read),
        (Buffer::Nodes, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    constants: |_| Vec::new(),
    update: Update::Any,
    serves: always,
    // i: 32 rows; j: columns, in vec4s
    tiles: |run, node, _| {
        let shape = run.graph.shape(node);
        let rows = run.layout.rows.of(shape.rows);
        Grid::new(rows.div_ceil(4 * LANES), shape.width.div_ceil(4))
    },
    terms: no_terms,
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// Fills the output.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase == phase::DONE {
        return;
    }
    let (at, shape) = (run.layout.nodes[node], run.graph.shape(node));
    let widths = run.graph.input_shapes(node).iter().map(|shape| shape.width).collect::<Vec<_>>();
    let (rows, stride) = (memory.rows(run, shape.rows), padded(shape.width));
    let (before, own) = memory.work.split_at_mut(at.saved);
    let output = &mut own[at.output - at.saved..][..rows * stride];
    for (row, output) in output.chunks_exact_mut(stride).enumerate() {
        let (first, rest) = output.split_at_mut(widths[0]);
        let (second, padding) = rest.split_at_mut(widths[1]);
        first.copy_from_slice(&before[at.input + row * padded(widths[0])..][..widths[0]]);
        second.copy_from_slice(&before[at.second + row * padded(widths[1])..][..widths[1]]);
        padding.fill(F::zero());
    }
}
