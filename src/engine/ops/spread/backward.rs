//! The sum of the gradients of the items of each example. See `shaders/spread_backward.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::NodeId;
use crate::engine::kernel::{Kernel, Update, one_tile, reference};
use crate::engine::layout::{LANES, phase};
use crate::engine::memory::Memory;
use crate::engine::ops::contribute::{self, give};
use crate::engine::ops::reduce::items;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "spread_backward",
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
    // i: 32 examples; j: columns, in vec4s
    tiles: |run, node, _| {
        let width = run.graph.shape(node).width;
        Grid::new(run.layout.stride.div_ceil(4 * LANES), width.div_ceil(4))
    },
    terms: |run, _| run.most.items.div_ceil(run.most.examples),
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// Fills, or adds to, delta of the node below.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    let Some(contribution) = run.graph.contribution(node, 0) else { return };
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let at = run.layout.nodes[node];
    let stride = padded(run.graph.shape(node).width);
    let groups = items(run, memory);
    let (before, delta) = memory.work.split_at_mut(at.delta);
    let below = &mut before[run.layout.nodes[contribution.below].delta..];
    let mut sums = vec![F::zero(); stride];
    for (example, items) in groups.into_iter().enumerate() {
        sums.fill(F::zero());
        for row in delta[items.start * stride..items.end * stride].chunks_exact(stride) {
            sums.iter_mut().zip(row).for_each(|(sum, delta)| *sum += *delta);
        }
        give(contribution, sums.iter().copied(), &mut below[example * stride..][..stride]);
    }
    contribute::finish(run, contribution, memory);
}
