//! Copies the row of each example to its items. See `shaders/spread_forward.wgsl`.

use crate::engine::graph::NodeId;
use crate::engine::kernel::{BLOCKS, Kernel, reference};
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::ops::reduce::items;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;

/// The shader and its bindings.
pub static KERNEL: Kernel =
    Kernel { name: "spread_forward", reference: reference!(compute), ..BLOCKS };

/// Fills the output.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase == phase::DONE {
        return;
    }
    let (at, shape) = (run.layout.nodes[node], run.graph.shape(node));
    let (rows, stride) = (memory.rows(run, shape.rows), padded(shape.width));
    let groups = items(run, memory);
    let (before, own) = memory.work.split_at_mut(at.saved);
    let output = &mut own[at.output - at.saved..][..rows * stride];
    output.fill(F::zero());
    for (example, items) in groups.into_iter().enumerate() {
        let row = &before[at.input + example * stride..][..stride];
        for output in output[items.start * stride..items.end * stride].chunks_exact_mut(stride) {
            output.copy_from_slice(row);
        }
    }
}
