//! The gradient at both inputs. See `shaders/add_backward.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::NodeId;
use crate::engine::kernel::{Kernel, Update, no_terms, one_tile, reference};
use crate::engine::layout::{LANES, phase};
use crate::engine::memory::Memory;
use crate::engine::ops::contribute::{self, give};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "add_backward",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::Read),
        (Buffer::Tiles, Access::Read),
        (Buffer::Nodes, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    constants: |_| Vec::new(),
    update: Update::Any,
    serves: |graph, _, node| (0..2).any(|input| graph.contribution(node, input).is_some()),
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

/// Fills, or adds to, delta of the nodes below.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let (at, shape) = (run.layout.nodes[node], run.graph.shape(node));
    let size = memory.rows(run, shape.rows) * padded(shape.width);
    for input in 0..2 {
        let Some(contribution) = run.graph.contribution(node, input) else { continue };
        let (before, delta) = memory.work.split_at_mut(at.delta);
        let below = &mut before[run.layout.nodes[contribution.below].delta..][..size];
        give(contribution, delta.iter().copied(), below);
        contribute::finish(run, contribution, memory);
    }
}
