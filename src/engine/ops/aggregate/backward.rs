//! The gradient at the edges from an item to its neighbours. See `shaders/aggregate_backward.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::NodeId;
use crate::engine::kernel::{Kernel, Update, no_terms, one_tile, reference};
use crate::engine::layout::LANES;
use crate::engine::memory::Memory;
use crate::engine::ops::reduce;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::Rows;
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "aggregate_backward",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::Read),
        (Buffer::Tiles, Access::Read),
        (Buffer::Nodes, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    constants: |_| Vec::new(),
    update: Update::Any,
    serves: |graph, _, node| graph.contribution(node, 0).is_some(),
    // i: 32 Edges; j: columns, in vec4s
    tiles: |run, node, _| {
        let width = run.graph.shape(node).width;
        Grid::new(run.layout.rows.of(Rows::Edges).div_ceil(4 * LANES), width.div_ceil(4))
    },
    terms: no_terms,
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// Fills, or adds to, delta of the node below.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    reduce::backward(run, node, reduce::edges, memory);
}
