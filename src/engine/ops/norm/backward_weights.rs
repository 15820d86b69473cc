//! The gradients of the gain and the bias. See `shaders/norm_backward_weights.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::NodeId;
use crate::engine::kernel::{Kernel, Update, one_tile, reference};
use crate::engine::layout::{LANES, phase};
use crate::engine::memory::Memory;
use crate::engine::ops::contribute;
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
    let delta = memory.work[at.delta..][..present * stride].chunks_exact(stride);
    if trains_gain {
        gain.fill(F::zero());
        let normal = memory.work[at.saved..][..present * stride].chunks_exact(stride);
        for (normal, delta) in normal.zip(delta.clone()) {
            for (gain, (normal, delta)) in gain.iter_mut().zip(normal.iter().zip(delta)) {
                *gain += *normal * *delta;
            }
        }
    }
    if trains_bias {
        bias.fill(F::zero());
        for delta in delta {
            bias.iter_mut().zip(delta).for_each(|(bias, delta)| *bias += *delta);
        }
    }
    contribute::round_gradients(run, node, memory);
}
