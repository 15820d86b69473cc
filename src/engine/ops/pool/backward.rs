//! The gradient at the items of an example.
//! See `shaders/pool_backward.wgsl`.

use crate::engine::graph::NodeId;
use crate::engine::kernel::{BLOCKS, Kernel, blocks, gives_gradients, reference};
use crate::engine::memory::Memory;
use crate::engine::ops::reduce;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "pool_backward",
    serves: gives_gradients,
    tiles: |run, node, _| blocks(run, run.graph.input_shape(node)),
    reference: reference!(compute),
    ..BLOCKS
};

/// Fills, or adds to, delta of the node below.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    reduce::backward(run, node, reduce::items, memory);
}
