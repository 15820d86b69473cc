//! The reduction over the edges from an item to its neighbours.
//! See `shaders/aggregate_forward.wgsl`.

use crate::engine::graph::NodeId;
use crate::engine::kernel::{BLOCKS, Kernel, reference};
use crate::engine::memory::Memory;
use crate::engine::ops::reduce;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "aggregate_forward",
    tiles: reduce::tiles,
    terms: reduce::terms,
    reference: reference!(compute),
    ..BLOCKS
};

/// Fills the output and, for the largest number, the rows that have it.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    reduce::forward(run, node, reduce::edges, memory);
}
