//! The normalised rows, times the gain plus the bias. See `shaders/norm_forward.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::vectors::widest;
use crate::engine::graph::NodeId;
use crate::engine::kernel::{BLOCKS, Kernel, blocks, reference};
use crate::engine::layout::phase;
use crate::engine::memory::{Memory, product_weights};
use crate::engine::ops::norm::moments::moments;
use crate::engine::precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "norm_forward",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::Read),
        (Buffer::Tiles, Access::Read),
        (Buffer::Nodes, Access::Read),
        (Buffer::Weights, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    // i: 32 rows, each with all columns
    tiles: |run, node, _| Grid { j: 1, ..blocks(run, run.graph.shape(node)) },
    terms: |run, node| run.graph.shape(node).width,
    reference: reference!(compute),
    ..BLOCKS
};

/// Fills the normalised rows and the output.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase == phase::DONE {
        return;
    }
    let (at, shape) = (run.layout.nodes[node], run.graph.shape(node));
    let (rows, stride) = (memory.rows(run, shape.rows), padded(shape.width));
    let [gain, bias] = [0, 1].map(|matrix| run.graph.parameters(node)[matrix].range());
    let weights = product_weights(run, &memory.parameters, &memory.weights);
    let (before, own) = memory.work.split_at_mut(at.saved);
    let (normal, output) = own.split_at_mut(at.output - at.saved);
    let (normal, output) = (&mut normal[..rows * stride], &mut output[..rows * stride]);
    let input = &before[at.input..][..rows * stride];
    normalise(shape.width, stride, input, normal);
    precision::round(run.precision(), normal);
    scale((&weights[gain], &weights[bias]), normal, output);
    precision::round(run.precision(), output);
}

widest! {
    /// Normalises each row; its padding is 0.
    fn normalise<F: Real>(width: usize, stride: usize, input: &[F], normal: &mut [F]) {
        for (x, normal) in input.chunks_exact(stride).zip(normal.chunks_exact_mut(stride)) {
            let [mean, inverse] = moments(&x[..width]);
            let (real, padding) = normal.split_at_mut(width);
            real.iter_mut().zip(x).for_each(|(normal, x)| *normal = (*x - mean) * inverse);
            padding.fill(F::zero());
        }
    }
}

widest! {
    /// Each row times the gain, plus the bias.
    fn scale<F: Real>(parameters: (&[F], &[F]), normal: &[F], output: &mut [F]) {
        let (gain, bias) = parameters;
        let rows = normal.chunks_exact(gain.len()).zip(output.chunks_exact_mut(gain.len()));
        for (normal, output) in rows {
            let factors = gain.iter().zip(bias);
            for ((output, x), (gain, bias)) in output.iter_mut().zip(normal).zip(factors) {
                *output = *x * *gain + *bias;
            }
        }
    }
}
