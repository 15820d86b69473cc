//! The sum of the gradients of the items of each example. See `shaders/spread_backward.wgsl`.

use crate::engine::graph::NodeId;
use crate::engine::kernel::{BLOCKS, Kernel, blocks, gives_gradients, reference};
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::ops::contribute::{self, give_scaled};
use crate::engine::ops::reduce::{add_rows, items};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "spread_backward",
    serves: gives_gradients,
    tiles: |run, node, _| blocks(run, run.graph.input_shape(node)),
    terms: |run, _| run.most.items.div_ceil(run.most.examples),
    reference: reference!(compute),
    ..BLOCKS
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
        add_rows(&delta[items.start * stride..items.end * stride], &mut sums);
        let below = &mut below[example * stride..][..stride];
        give_scaled(contribution, F::one(), &sums, below);
    }
    contribute::finish(run, contribution, memory);
}
