//! The gradient at the items at both ends of the edges. See `shaders/edge_backward.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::vectors::widest;
use crate::engine::graph::NodeId;
use crate::engine::kernel::{BLOCKS, Kernel, blocks, gives_gradients, reference};
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::ops::contribute;
use crate::engine::ops::sets::integer;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::{Rows, padded};

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
    serves: gives_gradients,
    tiles: |run, node, _| blocks(run, run.graph.input_shape(node)),
    terms: |run, _| run.most.edges.div_ceil(run.most.items.max(1)),
    reference: reference!(compute),
    ..BLOCKS
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
    for input in 0..2 {
        let Some(contribution) = run.graph.contribution(node, input) else { continue };
        let below = run.layout.nodes[contribution.below].delta;
        let (before, ends) = memory.work.split_at_mut(index.centres);
        let ends = &ends[[0, index.neighbours - index.centres][input]..][..present];
        let (before, own) = before.split_at_mut(at.delta);
        let below = &mut before[below..][..items * stride];
        if !contribution.adds {
            below.fill(F::zero());
        }
        add_to_ends(stride, ends, own, below);
        contribute::finish(run, contribution, memory);
    }
}

widest! {
    /// Adds the row of each edge to the row of its end.
    fn add_to_ends<F: Real>(stride: usize, ends: &[F], delta: &[F], sums: &mut [F]) {
        for (item, delta) in ends.iter().zip(delta.chunks_exact(stride)) {
            let sums = &mut sums[integer(*item) * stride..][..stride];
            sums.iter_mut().zip(delta).for_each(|(sum, delta)| *sum += *delta);
        }
    }
}
