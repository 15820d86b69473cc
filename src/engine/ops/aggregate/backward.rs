//! The gradient at the edges from an item to its neighbours.
//! See `shaders/aggregate_backward.wgsl`.

use crate::engine::graph::NodeId;
use crate::engine::kernel::{BLOCKS, Kernel, blocks, gives_gradients, reference};
use crate::engine::memory::Memory;
use crate::engine::ops::reduce;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "aggregate_backward",
    serves: gives_gradients,
    tiles: |run, node, _| blocks(run, run.graph.input_shape(node)),
    reference: reference!(compute),
    ..BLOCKS
};

/// Fills, or adds to, delta of the node below.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    reduce::backward(run, node, reduce::edges, memory);
}
