//! The softmax over the items of each example, and the sums of v. See
//! `shaders/attention_forward.wgsl`.

use crate::engine::cpu::product::product;
use crate::engine::cpu::sums::LANES;
use crate::engine::cpu::vectors::{fuses, widest};
use crate::engine::graph::NodeId;
use crate::engine::kernel::{BLOCKS, Kernel, reference};
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::ops::attention::head::{self, Items, Mask};
use crate::engine::ops::reduce::items;
use crate::engine::precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "attention_forward",
    constants: head::constants,
    tiles: head::tiles,
    terms: head::terms,
    reference: reference!(compute),
    ..BLOCKS
};

/// Fills the output and the logarithms.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase == phase::DONE {
        return;
    }
    let (at, shape) = (run.layout.nodes[node], run.graph.shape(node));
    let (rows, stride) = (memory.rows(run, shape.rows), padded(shape.width));
    let (present, saved_stride) =
        (memory.present(shape.rows), 4 * run.graph.nodes()[node].attributes.heads);
    let groups = items(run, memory);
    let (before, own) = memory.work.split_at_mut(at.saved);
    let input = &before[at.input..];
    let (saved, output) = own.split_at_mut(at.output - at.saved);
    let output = &mut output[..rows * stride];
    output[present * stride..].fill(F::zero());
    saved[..rows * saved_stride].fill(F::zero());
    let [mut queries, mut scores, mut logarithms] = std::array::from_fn(|_| Vec::new());
    for range in groups.into_iter().filter(|range| !range.is_empty()) {
        let items = Items::new(run, node, range.len());
        let columns = items.stride();
        let input = &input[range.start * columns..];
        items.transpose(input, columns, &mut queries);
        for head in 0..items.heads {
            let first = head * items.width;
            let [k, v] = [1, 2].map(|of| &input[of * shape.width + first..]);
            items.products(head, (k, columns), &queries, &mut scores);
            logarithms.resize(items.queries(), F::zero());
            let of_items = items.count * items.queries();
            softmax(items.scale(), &mut scores[..of_items], &mut logarithms);
            if let Some(mask) = Mask::new(run, node, &memory.state, head) {
                mask.apply(&range, items.queries(), &mut scores);
            }
            product(
                (&mut output[range.start * stride + first..], items.rows(stride)),
                (&scores[..], items.by_key().transposed()),
                (v, items.rows(columns)),
            );
            for (item, logarithm) in range.clone().zip(&logarithms) {
                let mut rounded = [*logarithm];
                precision::round(run.precision(), &mut rounded);
                let place = item * saved_stride + 4 * head;
                (saved[place], saved[place + 1]) = (rounded[0], *logarithm - rounded[0]);
            }
        }
    }
    precision::round(run.precision(), output);
    precision::round(run.precision(), &mut saved[..rows * saved_stride]);
}

widest! {
    /// The softmax over the keys of scores, shape (keys, queries), times a scale; and for each
    /// query the logarithm of the sum.
    fn softmax<F: Real>(scale: F, scores: &mut [F], logarithms: &mut [F]) {
        let queries = logarithms.len();
        let (vectors, _) = logarithms.as_chunks_mut::<LANES>();
        for (place, logarithms) in vectors.iter_mut().enumerate() {
            let first = place * LANES;
            let mut most = [F::neg_infinity(); LANES];
            for row in scores.chunks_exact(queries) {
                for (most, score) in most.iter_mut().zip(&row[first..first + LANES]) {
                    *most = if *score > *most { *score } else { *most };
                }
            }
            most.iter_mut().for_each(|most| *most *= scale);
            let mut sums = [F::zero(); LANES];
            for row in scores.chunks_exact_mut(queries) {
                let row: &mut [F; LANES] =
                    row[first..].first_chunk_mut().expect("softmax: queries");
                for lane in 0..LANES {
                    row[lane] = match fuses(BITS) {
                        true => (row[lane] * scale - most[lane]).vector_exp::<true>(),
                        false => (row[lane] * scale - most[lane]).vector_exp::<false>(),
                    };
                    sums[lane] += row[lane];
                }
            }
            let inverse = sums.map(|sum| F::one() / sum);
            for row in scores.chunks_exact_mut(queries) {
                let row = row[first..first + LANES].iter_mut().zip(&inverse);
                row.for_each(|(score, inverse)| *score *= *inverse);
            }
            for lane in 0..LANES {
                logarithms[lane] = most[lane] + sums[lane].ln();
            }
        }
    }
}
