//! The sum of both ends of each edge, its activation and dropout. See `shaders/edge_forward.wgsl`.

use crate::engine::activation::activate;
use crate::engine::cpu::vectors::widest;
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

/// Edges that are computed together: they stay in the cache until their output is done.
const BLOCK: usize = 64;

/// Fills the preactivation and the output of the node.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    let state = memory.state;
    if state.phase == phase::DONE {
        return;
    }
    let keeps = memory.keeps_preactivation(run, node);
    let activation = run.graph.nodes()[node].attributes.activation;
    let (at, index) = (run.layout.nodes[node], run.layout.index);
    let stride = padded(run.graph.shape(node).width);
    let (rows, present) = (memory.rows(run, Rows::Edges), memory.present(Rows::Edges));
    let (before, index_arrays) = memory.work.split_at_mut(index.centres);
    let (centres, neighbours) = index_arrays.split_at(index.neighbours - index.centres);
    let (before, own) = before.split_at_mut(at.saved);
    let (u, v) = (&before[at.input..], &before[at.second..]);
    let (z, output) = own.split_at_mut(at.output - at.saved);
    let blocks = z[..rows * stride].chunks_mut(BLOCK * stride);
    let blocks = blocks.zip(output.chunks_mut(BLOCK * stride)).zip((0..).step_by(BLOCK));
    for ((z, output), first) in blocks {
        let real = present.saturating_sub(first).min(z.len() / stride);
        let output = &mut output[..z.len()];
        let (sums, padding) =
            if keeps { &mut *z } else { &mut *output }.split_at_mut(real * stride);
        let slope = if keeps { 1.0 } else { activation.slope_below() };
        let ends = [(&centres[first..], u), (&neighbours[first..], v)];
        add_ends(stride, F::of(slope), ends, sums);
        padding.fill(F::zero());
        if keeps {
            precision::round(run.precision(), z);
            activate(activation, z, output);
        }
        epilogue::end(run, node, &state, first, output);
    }
}

widest! {
    /// The sums of a row of the first matrix and one of the second, for each of the rows of `sums`,
    /// with a piecewise linear activation of this slope below zero. Beside a matrix are the rows
    /// that are read.
    fn add_ends<F: Real>(stride: usize, slope: F, ends: [(&[F], &[F]); 2], sums: &mut [F]) {
        let [(centres, u), (neighbours, v)] = ends;
        let zero = F::zero();
        let ends = centres.iter().zip(neighbours);
        for ((centre, neighbour), sums) in ends.zip(sums.chunks_exact_mut(stride)) {
            let u = &u[integer(*centre) * stride..][..stride];
            let v = &v[integer(*neighbour) * stride..][..stride];
            for (sum, (u, v)) in sums.iter_mut().zip(u.iter().zip(v)) {
                let z = *u + *v;
                *sum = if z > zero { z } else { slope * z };
            }
        }
    }
}
