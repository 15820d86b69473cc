//! The gradient at the items at both ends of the edges. See `shaders/edge_backward.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::NodeId;
use crate::engine::kernel::{Kernel, Update, one_tile, reference};
use crate::engine::layout::{LANES, phase};
use crate::engine::memory::Memory;
use crate::engine::ops::contribute;
use crate::engine::ops::reduce::edges;
use crate::engine::ops::sets::integer;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::{Rows, padded};
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "edge_backward",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::Read),
        (Buffer::Tiles, Access::Read),
        (Buffer::Nodes, Access::Read),
        (Buffer::Data, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    constants: |_| Vec::new(),
    update: Update::Any,
    serves: |graph, _, node| (0..2).any(|input| graph.contribution(node, input).is_some()),
    // i: 32 items; j: columns, in vec4s
    tiles: |run, node, _| {
        let width = run.graph.shape(node).width;
        Grid::new(run.layout.rows.items.div_ceil(4 * LANES), width.div_ceil(4))
    },
    terms: |run, _| run.most.edges.div_ceil(run.most.items.max(1)),
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// Fills, or adds to, delta of the nodes below: the sums over the edges that start from an item,
/// and over those that point to it.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let (at, index) = (run.layout.nodes[node], run.layout.index);
    let stride = padded(run.graph.shape(node).width);
    let (items, present) = (memory.rows(run, Rows::Items), memory.present(Rows::Edges));
    let groups = edges(run, memory);
    for input in 0..2 {
        let Some(contribution) = run.graph.contribution(node, input) else { continue };
        let below = run.layout.nodes[contribution.below].delta;
        let (before, neighbours) = memory.work.split_at_mut(index.neighbours);
        let (before, own) = before.split_at_mut(at.delta);
        let below = &mut before[below..][..items * stride];
        if !contribution.adds {
            below.fill(F::zero());
        }
        let delta = own[..present * stride].chunks_exact(stride);
        let ends: Vec<usize> = match input {
            0 => (groups.iter().enumerate())
                .flat_map(|(item, edges)| edges.clone().map(move |_| item))
                .collect(),
            _ => neighbours[..present].iter().map(|item| integer(*item)).collect(),
        };
        for (item, delta) in ends.into_iter().zip(delta) {
            let sums = &mut below[item * stride..][..stride];
            sums.iter_mut().zip(delta).for_each(|(sum, delta)| *sum += *delta);
        }
        contribute::finish(run, contribution, memory);
    }
}
