//! The sum of both inputs. See `shaders/add_forward.wgsl`.

use crate::engine::cpu::vectors::widest;
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
    Kernel { name: "add_forward", reference: reference!(compute), ..BLOCKS };

/// Fills the output.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase == phase::DONE {
        return;
    }
    let (at, shape) = (run.layout.nodes[node], run.graph.shape(node));
    let size = memory.rows(run, shape.rows) * padded(shape.width);
    let (before, own) = memory.work.split_at_mut(at.saved);
    let output = &mut own[at.output - at.saved..][..size];
    add(&before[at.input..], &before[at.second..], output);
    precision::round(run.precision(), output);
}

widest! {
    fn add<F: Real>(a: &[F], b: &[F], sums: &mut [F]) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum = *a + *b;
        }
    }
}
