//! The gradients at q, k and v. See `shaders/attention_backward.wgsl`.

use crate::engine::cpu::product::{Shape as Matrix, add_product, product};
use crate::engine::cpu::sums::sum_pairs;
use crate::engine::cpu::vectors::{fuses, widest};
use crate::engine::graph::NodeId;
use crate::engine::kernel::{BLOCKS, Kernel, gives_gradients, reference};
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::ops::attention::head::{self, Items, Mask};
use crate::engine::ops::contribute;
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
    let stride = padded(shape.width);
    let groups = items(run, memory);
    let below = run.layout.nodes[contribution.below];
    let (before, own) = memory.work.split_at_mut(at.saved);
    // the input is the output of the node below, which is stored before its delta
    let (before, below_delta) = before.split_at_mut(below.delta);
    let (input, delta) = (&before[at.input..], &own[at.delta - at.saved..]);
    let output = &own[at.output - at.saved..];
    let give = if contribution.adds { add_product } else { product };
    let [mut queries, mut deltas, mut p, mut s, mut logarithms, mut sums] =
        std::array::from_fn(|_| Vec::new());
    for range in groups.into_iter().filter(|range| !range.is_empty()) {
        let items = Items::new(run, node, range.len());
        let (columns, by_key) = (items.stride(), items.by_key());
        let input = &input[range.start * columns..];
        let delta = &delta[range.start * stride..];
        let below_delta = &mut below_delta[range.start * columns..];
        items.transpose(input, columns, &mut queries);
        items.transpose(delta, stride, &mut deltas);
        for head in 0..items.heads {
            let first = head * items.width;
            let [q, k, v] =
                [0, 1, 2].map(|of| (&input[of * shape.width + first..], items.rows(columns)));
            let d = (&delta[first..], items.rows(stride));
            items.products(head, (k.0, columns), &queries, &mut p);
            items.products(head, (v.0, columns), &deltas, &mut s);
            logarithms.clear();
            logarithms.extend(range.clone().map(|item| {
                let place = 4 * (item * items.heads + head);
                own[place] + own[place + 1]
            }));
            logarithms.resize(items.queries(), F::zero());
            sums.resize(items.queries(), F::zero());
            let output = &output[range.start * stride + first..];
            sum_products((items.width, stride), output, d.0, &mut sums[..items.count]);
            let of_items = items.count * items.queries();
            let mask = Mask::new(run, node, &memory.state, head);
            if let Some(mask) = mask {
                mask.apply(&range, items.queries(), &mut s);
            }
            let of_queries = (&logarithms[..], &sums[..]);
            of_scores(items.scale(), of_queries, &mut p[..of_items], &mut s[..of_items]);
            if let Some(mask) = mask {
                mask.apply(&range, items.queries(), &mut p);
            }
            let mut give_to = |of: usize, a: (&[F], Matrix), b: (&[F], Matrix)| {
                let below = &mut below_delta[of * shape.width + first..];
                give((below, items.rows(columns)), a, b);
            };
            give_to(0, (&s, by_key.transposed()), k);
            give_to(1, (&s, by_key), q);
            give_to(2, (&p, by_key), d);
        }
    }
    contribute::finish(run, contribution, memory);
}

widest! {
    /// The sum of the output times its gradient for each item, of so many columns in rows so far
    /// apart.
    fn sum_products<F: Real>(rows: (usize, usize), output: &[F], delta: &[F], sums: &mut [F]) {
        let (width, stride) = rows;
        let pairs = output.chunks(stride).zip(delta.chunks(stride));
        for ((output, delta), sum) in pairs.zip(sums) {
            *sum = sum_pairs(&output[..width], &delta[..width], |output, delta| output * delta);
        }
    }
}

widest! {
    /// Turns scores into probabilities and the gradients of the probabilities into those of the
    /// scores, shape (keys, queries). Each query has the logarithm of its sum of exponentials and
    /// its sum of [`sum_products`].
    fn of_scores<F: Real>(
        scale: F,
        of_queries: (&[F], &[F]),
        probabilities: &mut [F],
        gradients: &mut [F],
    ) {
        let (logarithms, sums) = of_queries;
        let queries = logarithms.len();
        let rows = probabilities.chunks_exact_mut(queries).zip(gradients.chunks_exact_mut(queries));
        for (p, gradients) in rows {
            let of_queries = logarithms.iter().zip(sums);
            for ((p, gradient), (logarithm, sum)) in p.iter_mut().zip(gradients).zip(of_queries) {
                let exponent = *p * scale - *logarithm;
                *p = match fuses(BITS) {
                    true => exponent.vector_exp::<true>(),
                    false => exponent.vector_exp::<false>(),
                };
                *gradient = *p * (*gradient - *sum) * scale;
            }
        }
    }
}
