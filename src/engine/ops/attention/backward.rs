//! The gradients at q, k and v. See `shaders/attention_backward.wgsl`.

use crate::engine::cpu::product::{Shape as Matrix, product};
use crate::engine::cpu::vectors::widest;
use crate::engine::graph::NodeId;
use crate::engine::kernel::{BLOCKS, Kernel, gives_gradients, reference};
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::ops::attention::head::{self, Head, Mask};
use crate::engine::ops::contribute::{self, give};
use crate::engine::ops::reduce::items;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "attention_backward",
    serves: gives_gradients,
    constants: head::constants,
    tiles: head::tiles,
    terms: head::terms,
    reference: reference!(compute),
    ..BLOCKS
};

/// Fills, or adds to, delta of the node below. With p the probabilities, m the mask of the dropout
/// and d the gradient of the output of a head, the gradient of v is (m p)^T d, and with s = p
/// (m (d v^T) - sums(d output)) / sqrt(width) that of q is s k and that of k is s^T q (Dao et al.,
/// arXiv 2205.14135, appendix B.2).
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    let Some(contribution) = run.graph.contribution(node, 0) else { return };
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let (at, shape) = (run.layout.nodes[node], run.graph.shape(node));
    let heads = run.graph.nodes()[node].attributes.heads;
    let (width, stride, columns) = (shape.width / heads, padded(shape.width), 3 * shape.width);
    let groups = items(run, memory);
    let below = run.layout.nodes[contribution.below];
    let (before, own) = memory.work.split_at_mut(at.saved);
    // the input is the output of the node below, which is stored before its delta
    let (before, below_delta) = before.split_at_mut(below.delta);
    let (input, delta) = (&before[at.input..], &own[at.delta - at.saved..]);
    let output = &own[at.output - at.saved..];
    let [mut keys, mut probabilities, mut kept, mut values, mut scores, mut gradient] =
        std::array::from_fn(|_| Vec::new());
    for items in groups.into_iter().filter(|items| !items.is_empty()) {
        let count = items.len();
        let head = Head { items: count, width, stride: columns };
        let square = Matrix::by_rows(count, count, count);
        for number in 0..heads {
            let first = |of: usize| items.start * columns + of * shape.width + number * width;
            let [q, k, v] = [0, 1, 2].map(|of| &input[first(of)..]);
            let delta = &delta[items.start * stride + number * width..];
            let deltas = Matrix::by_rows(count, width, stride);
            head.scores(q, k, &mut keys, &mut probabilities);
            let logarithms = items.clone().map(|item| {
                let place = item * 4 * heads + 4 * number;
                own[place] + own[place + 1]
            });
            exponentials(count, head.scale(), &logarithms.collect::<Vec<_>>(), &mut probabilities);
            head.transpose(v, &mut values);
            scores.resize(count * count, F::zero());
            let transposed = (&values[..], Matrix::by_rows(width, count, count));
            product((&mut scores[..], square), (delta, deltas), transposed);
            kept.clone_from(&probabilities);
            if let Some(mask) = Mask::new(run, node, &memory.state, number) {
                mask.apply(&items, &mut kept);
                mask.apply(&items, &mut scores);
            }
            gradient.resize(count * width, F::zero());
            let compact = Matrix::by_rows(count, width, width);
            let mut put = |of: usize, gradient: &[F]| {
                let rows = below_delta[first(of)..].chunks_mut(columns);
                for (row, gradient) in rows.zip(gradient.chunks_exact(width)) {
                    give(contribution, gradient.iter().copied(), &mut row[..width]);
                }
            };
            product(
                (&mut gradient[..], compact),
                (&kept[..], square.transposed()),
                (delta, deltas),
            );
            put(2, &gradient);
            let rows = output[items.start * stride + number * width..].chunks(stride);
            let sums = rows.zip(delta.chunks(stride)).take(count).map(|(output, delta)| {
                let terms = output[..width].iter().zip(delta);
                terms.fold(F::zero(), |sum, (output, delta)| sum + *output * *delta)
            });
            let sums: Vec<F> = sums.collect();
            of_scores(count, head.scale(), &sums, &probabilities, &mut scores);
            product((&mut gradient[..], compact), (&scores[..], square), (k, head.rows()));
            put(0, &gradient);
            let transposed = (&scores[..], square.transposed());
            product((&mut gradient[..], compact), transposed, (q, head.rows()));
            put(1, &gradient);
        }
    }
    contribute::finish(run, contribution, memory);
}

widest! {
    /// exp(scale score - logarithm) of each row.
    fn exponentials<F: Real>(items: usize, scale: F, logarithms: &[F], scores: &mut [F]) {
        for (row, logarithm) in scores.chunks_exact_mut(items).zip(logarithms) {
            row.iter_mut().for_each(|score| *score = (*score * scale - *logarithm).exp());
        }
    }
}

widest! {
    /// The gradients of the scores, from those of the probabilities.
    fn of_scores<F: Real>(
        items: usize,
        scale: F,
        sums: &[F],
        probabilities: &[F],
        gradients: &mut [F],
    ) {
        let rows = probabilities.chunks_exact(items).zip(gradients.chunks_exact_mut(items));
        for ((probabilities, gradients), sum) in rows.zip(sums) {
            for (gradient, p) in gradients.iter_mut().zip(probabilities) {
                *gradient = *p * (*gradient - *sum) * scale;
            }
        }
    }
}
