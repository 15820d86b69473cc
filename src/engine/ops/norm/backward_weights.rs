//! The gradients of the gain and the bias. See `shaders/norm_backward_weights.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::vectors::widest;
use crate::engine::graph::NodeId;
use crate::engine::kernel::{Kernel, Update, one_tile, reference};
use crate::engine::layout::{LANES, phase};
use crate::engine::memory::Memory;
use crate::engine::ops::contribute;
use crate::engine::ops::reduce::add_rows;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "norm_backward_weights",
    bindings: &[
        (Buffer::States, Access::ReadWrite),
        (Buffer::Tiles, Access::Read),
        (Buffer::Nodes, Access::Read),
        (Buffer::Work, Access::Read),
        (Buffer::Gradients, Access::ReadWrite),
    ],
    constants: |_| Vec::new(),
    update: Update::Stored,
    serves: |graph, _, node| !graph.nodes()[node].frozen,
    // i: eight vec4s of columns
    tiles: |run, node, _| match run.trains(node) {
        true => Grid::new(run.graph.shape(node).width.div_ceil(4 * LANES), 1),
        false => Grid::EMPTY,
    },
    terms: |run, node| run.most.of(run.graph.shape(node).rows),
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// Fills the gradients of the node's matrices that are trained.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase != phase::TRAIN || !run.trains(node) {
        return;
    }
    let (at, shape) = (run.layout.nodes[node], run.graph.shape(node));
    let (present, stride) = (memory.present(shape.rows), padded(shape.width));
    let [trains_gain, trains_bias] = [0, 1].map(|matrix| run.updates_of(node)[matrix].trains());
    let (gain, bias) = memory.gradients[run.graph.parameter_range(node)].split_at_mut(stride);
    let delta = &memory.work[at.delta..][..present * stride];
    if trains_gain {
        sum_products(&memory.work[at.saved..][..present * stride], delta, gain);
    }
    if trains_bias {
        add_rows(delta, bias);
    }
    contribute::round_gradients(run, node, memory);
}

widest! {
    /// The sums over rows of the products of both matrices.
    fn sum_products<F: Real>(normal: &[F], delta: &[F], sums: &mut [F]) {
        let width = sums.len();
        sums.fill(F::zero());
        for (normal, delta) in normal.chunks_exact(width).zip(delta.chunks_exact(width)) {
            for (sum, (normal, delta)) in sums.iter_mut().zip(normal.iter().zip(delta)) {
                *sum += *normal * *delta;
            }
        }
    }
}
