//! The gradient at the input of a norm. See `shaders/norm_backward_input.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::sums::{LANES, total};
use crate::engine::cpu::vectors::widest;
use crate::engine::graph::Contribution;
use crate::engine::graph::NodeId;
use crate::engine::kernel::{BLOCKS, Kernel, blocks, gives_gradients, reference};
use crate::engine::layout::phase;
use crate::engine::memory::{Memory, product_weights};
use crate::engine::ops::contribute;
use crate::engine::ops::norm::moments::moments;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "norm_backward_input",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::Read),
        (Buffer::Tiles, Access::Read),
        (Buffer::Nodes, Access::Read),
        (Buffer::Weights, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    serves: gives_gradients,
    // i: 32 rows, each with all columns
    tiles: |run, node, _| Grid { j: 1, ..blocks(run, run.graph.shape(node)) },
    terms: |run, node| run.graph.shape(node).width,
    reference: reference!(compute),
    ..BLOCKS
};

/// Fills, or adds to, delta of the node below.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    let Some(contribution) = run.graph.contribution(node, 0) else { return };
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let (at, shape) = (run.layout.nodes[node], run.graph.shape(node));
    let size = memory.rows(run, shape.rows) * padded(shape.width);
    let gain = run.graph.parameters(node)[0].range();
    let weights = product_weights(run, &memory.parameters, &memory.weights);
    let below = run.layout.nodes[contribution.below];
    let (before, own) = memory.work.split_at_mut(at.saved);
    // the input is the output of the node below, which is stored before its delta
    let (before, below_delta) = before.split_at_mut(below.delta);
    let row = (&before[at.input..][..size], &own[..size], &own[at.delta - at.saved..][..size]);
    gradient(shape.width, &weights[gain], contribution, row, &mut below_delta[..size]);
    contribute::finish(run, contribution, memory);
}

/// The sums of d and of d normal, with d = gain delta.
#[inline(always)]
fn sums<F: Real>(gain: &[F], normal: &[F], delta: &[F]) -> [F; 2] {
    let mut lanes = [[F::zero(); LANES]; 2];
    let chunks = [gain, normal, delta].map(|row| row.chunks(LANES));
    let [gain, normal, delta] = chunks;
    for ((gain, normal), delta) in gain.zip(normal).zip(delta) {
        for (lane, ((gain, normal), delta)) in gain.iter().zip(normal).zip(delta).enumerate() {
            lanes[0][lane] += *gain * *delta;
            lanes[1][lane] += *gain * *delta * *normal;
        }
    }
    lanes.map(total)
}

widest! {
    /// inverse (d - mean(d) - normal mean(d normal)) with d = gain delta, for each row.
    fn gradient<F: Real>(
        width: usize,
        gain: &[F],
        contribution: Contribution,
        rows: (&[F], &[F], &[F]),
        below: &mut [F],
    ) {
        let (input, normal, delta) = rows;
        let stride = gain.len();
        let rows = normal.chunks_exact(stride).zip(delta.chunks_exact(stride));
        let rows = input.chunks_exact(stride).zip(rows).zip(below.chunks_exact_mut(stride));
        let share = F::of(1.0 / width as f64);
        for ((input, (normal, delta)), below) in rows {
            let [_, inverse] = moments(&input[..width]);
            let [mut mean, mut along] = sums(gain, normal, delta);
            (mean, along) = (mean * share, along * share);
            let (real, padding) = below.split_at_mut(width);
            let factors = gain.iter().zip(normal).zip(delta);
            for (below, ((gain, normal), delta)) in real.iter_mut().zip(factors) {
                let gradient = inverse * (*gain * *delta - mean - *normal * along);
                *below = if contribution.adds { *below + gradient } else { gradient };
            }
            padding.fill(F::zero());
        }
    }
}
