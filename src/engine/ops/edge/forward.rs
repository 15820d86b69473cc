//! The sum of both ends of each edge, its activation and dropout. See `shaders/edge_forward.wgsl`.

use crate::engine::graph::NodeId;
use crate::engine::kernel::{BLOCKS, Kernel, reference};
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::ops::epilogue;
use crate::engine::ops::sets::integer;
use crate::engine::precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::{Rows, padded};

/// The shader and its bindings.
pub static KERNEL: Kernel =
    Kernel { name: "edge_forward", reference: reference!(compute), ..BLOCKS };

/// Fills the preactivation and the output of the node.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase == phase::DONE {
        return;
    }
    let (at, index) = (run.layout.nodes[node], run.layout.index);
    let stride = padded(run.graph.shape(node).width);
    let (rows, present) = (memory.rows(run, Rows::Edges), memory.present(Rows::Edges));
    let (before, index_arrays) = memory.work.split_at_mut(index.centres);
    let (centres, neighbours) = index_arrays.split_at(index.neighbours - index.centres);
    let (before, own) = before.split_at_mut(at.saved);
    let z = &mut own[..rows * stride];
    for (edge, z) in z.chunks_exact_mut(stride).enumerate() {
        if edge >= present {
            z.fill(F::zero());
            continue;
        }
        let u = &before[at.input + integer(centres[edge]) * stride..][..stride];
        let v = &before[at.second + integer(neighbours[edge]) * stride..][..stride];
        z.iter_mut().zip(u.iter().zip(v)).for_each(|(z, (u, v))| *z = *u + *v);
    }
    precision::round(run.precision(), z);
    epilogue::apply(run, node, memory);
}
