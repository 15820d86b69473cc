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
    tiles: |run, node, _| Grid::new(run.graph.shape(node).width.div_ceil(4 * LANES), 1),
    terms: |run, node| run.most.of(run.graph.shape(node).rows),
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// Fills the gradients of the node's parameters.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let (at, shape) = (run.layout.nodes[node], run.graph.shape(node));
    let (present, stride) = (memory.present(shape.rows), padded(shape.width));
    let gradients = &mut memory.gradients[run.graph.parameter_range(node)];
    gradients.fill(F::zero());
    let (gain, bias) = gradients.split_at_mut(stride);
    let normal = memory.work[at.saved..][..present * stride].chunks_exact(stride);
    let delta = memory.work[at.delta..][..present * stride].chunks_exact(stride);
    for (normal, delta) in normal.zip(delta) {
        let pairs = normal.iter().zip(delta);
        for ((gain, bias), (normal, delta)) in gain.iter_mut().zip(&mut *bias).zip(pairs) {
            *gain += *normal * *delta;
            *bias += *delta;
        }
    }
    contribute::round_gradients(run, node, memory);
}
