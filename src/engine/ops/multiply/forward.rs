//! The product of both inputs. See `shaders/multiply_forward.wgsl`.

use crate::engine::graph::NodeId;
use crate::engine::kernel::{BLOCKS, Kernel, reference};
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;

/// The shader and its bindings.
pub static KERNEL: Kernel =
    Kernel { name: "multiply_forward", reference: reference!(compute), ..BLOCKS };

/// Fills the output.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase == phase::DONE {
        return;
    }
    let (at, shape) = (run.layout.nodes[node], run.graph.shape(node));
    let (rows, stride) = (memory.rows(run, shape.rows), padded(shape.width));
    let factors = run.graph.input_shapes(node)[1].width;
    let (before, own) = memory.work.split_at_mut(at.saved);
    let output = &mut own[at.output - at.saved..][..rows * stride];
    let x = before[at.input..].chunks_exact(stride);
    let y = before[at.second..].chunks_exact(padded(factors));
    for ((output, x), y) in output.chunks_exact_mut(stride).zip(x).zip(y) {
        for (column, (output, x)) in output.iter_mut().zip(x).enumerate() {
            *output = *x * y[if factors < shape.width { 0 } else { column }];
        }
    }
    precision::round(run.precision(), output);
}
