//! The sum of both ends of each edge, its activation and dropout. See `shaders/edge_forward.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::NodeId;
use crate::engine::kernel::{Kernel, Update, always, no_terms, one_tile, reference};
use crate::engine::layout::{LANES, phase};
use crate::engine::memory::Memory;
use crate::engine::ops::epilogue;
use crate::engine::ops::sets::integer;
use crate::engine::precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::{Rows, padded};
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "edge_forward",
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
    // i: 32 edges; j: columns, in vec4s
    tiles: |run, node, _| {
        let width = run.graph.shape(node).width;
        Grid::new(run.layout.rows.edges.div_ceil(4 * LANES), width.div_ceil(4))
    },
    terms: no_terms,
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// Fills the preactivation and the output of the node.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase == phase::DONE {
        return;
    }
    let (at, index) = (run.layout.nodes[node], run.layout.index);
    let stride = padded(run.graph.shape(node).width);
    let (rows, present) = (memory.rows(run, Rows::Edges), memory.present(Rows::Edges));
    let (before, index_arrays) = memory.work.split_at_mut(index.centres);
    let (centres, neighbours) = index_arrays.split_at(index.neighbours - index.centres);
    let (before, own) = before.split_at_mut(at.saved);
    let z = &mut own[..rows * stride];
    for (edge, z) in z.chunks_exact_mut(stride).enumerate() {
        if edge >= present {
            z.fill(F::zero());
            continue;
        }
        let u = &before[at.input + integer(centres[edge]) * stride..][..stride];
        let v = &before[at.second + integer(neighbours[edge]) * stride..][..stride];
        z.iter_mut().zip(u.iter().zip(v)).for_each(|(z, (u, v))| *z = *u + *v);
    }
    precision::round(run.precision(), z);
    epilogue::apply(run, node, memory);
}
