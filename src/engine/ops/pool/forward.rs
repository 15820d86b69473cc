//! The reduction over the items of an example. See `shaders/pool_forward.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::NodeId;
use crate::engine::kernel::{Kernel, Update, always, one_tile, reference};
use crate::engine::layout::LANES;
use crate::engine::memory::Memory;
use crate::engine::ops::reduce;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::Rows;
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "pool_forward",
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
    // i: four Examples; j: eight vec4s of columns
    tiles: |run, node, _| {
        let width = run.graph.shape(node).width;
        Grid::new(run.layout.rows.of(Rows::Examples) / 4, width.div_ceil(4 * LANES))
    },
    terms: |run, _| run.most.of(Rows::Items).div_ceil(run.most.of(Rows::Examples).max(1)),
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// Fills the output and, for the largest number, the rows that have it.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    reduce::forward(run, node, reduce::items, memory);
}
