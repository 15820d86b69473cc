//! Copies both inputs. See `shaders/concat_forward.wgsl`.

use crate::engine::graph::NodeId;
use crate::engine::kernel::{BLOCKS, Kernel, reference};
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;

/// The shader and its bindings.
pub static KERNEL: Kernel =
    Kernel { name: "concat_forward", reference: reference!(compute), ..BLOCKS };

/// Fills the output.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase == phase::DONE {
        return;
    }
    let (at, shape) = (run.layout.nodes[node], run.graph.shape(node));
    let widths = run.graph.input_shapes(node).iter().map(|shape| shape.width).collect::<Vec<_>>();
    let (rows, stride) = (memory.rows(run, shape.rows), padded(shape.width));
    let (before, own) = memory.work.split_at_mut(at.saved);
    let output = &mut own[at.output - at.saved..][..rows * stride];
    for (row, output) in output.chunks_exact_mut(stride).enumerate() {
        let (first, rest) = output.split_at_mut(widths[0]);
        let (second, padding) = rest.split_at_mut(widths[1]);
        first.copy_from_slice(&before[at.input + row * padded(widths[0])..][..widths[0]]);
        second.copy_from_slice(&before[at.second + row * padded(widths[1])..][..widths[1]]);
        padding.fill(F::zero());
    }
}
