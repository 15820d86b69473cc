//! The softmax over the items of each example, and the sums of v. See
//! `shaders/attention_forward.wgsl`.

use crate::engine::cpu::product::{Shape as Matrix, product};
use crate::engine::cpu::vectors::widest;
use crate::engine::graph::NodeId;
use crate::engine::kernel::{BLOCKS, Kernel, reference};
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::ops::attention::head::{self, Head, Mask};
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
    let heads = run.graph.nodes()[node].attributes.heads;
    let (rows, stride) = (memory.rows(run, shape.rows), padded(shape.width));
    let (width, columns, saved_stride) = (shape.width / heads, 3 * shape.width, 4 * heads);
    let groups = items(run, memory);
    let (before, own) = memory.work.split_at_mut(at.saved);
    let input = &before[at.input..];
    let (saved, output) = own.split_at_mut(at.output - at.saved);
    let output = &mut output[..rows * stride];
    output.fill(F::zero());
    saved[..rows * saved_stride].fill(F::zero());
    let (mut keys, mut probabilities, mut logarithms) = (Vec::new(), Vec::new(), Vec::new());
    for items in groups.into_iter().filter(|items| !items.is_empty()) {
        let head = Head { items: items.len(), width, stride: columns };
        for number in 0..heads {
            let part =
                |of: usize| &input[items.start * columns + of * shape.width + number * width..];
            head.scores(part(0), part(1), &mut keys, &mut probabilities);
            logarithms.clear();
            softmax(head.items, head.scale(), &mut probabilities, &mut logarithms);
            if let Some(mask) = Mask::new(run, node, &memory.state, number) {
                mask.apply(&items, &mut probabilities);
            }
            let square = Matrix::by_rows(head.items, head.items, head.items);
            product(
                (
                    &mut output[items.start * stride + number * width..],
                    Matrix::by_rows(head.items, width, stride),
                ),
                (&probabilities[..], square),
                (part(2), head.rows()),
            );
            for (item, logarithm) in items.clone().zip(&logarithms) {
                let mut rounded = [*logarithm];
                precision::round(run.precision(), &mut rounded);
                let place = item * saved_stride + 4 * number;
                (saved[place], saved[place + 1]) = (rounded[0], *logarithm - rounded[0]);
            }
        }
    }
    precision::round(run.precision(), output);
    precision::round(run.precision(), &mut saved[..rows * saved_stride]);
}

widest! {
    /// The softmax of each row times a scale, and the logarithm of each sum.
    fn softmax<F: Real>(items: usize, scale: F, scores: &mut [F], logarithms: &mut Vec<F>) {
        for row in scores.chunks_exact_mut(items) {
            let largest = row.iter().fold(row[0], |most, score| most.max(*score)) * scale;
            let mut sum = F::zero();
            for score in &mut *row {
                *score = (*score * scale - largest).exp();
                sum += *score;
            }
            let inverse = F::one() / sum;
            row.iter_mut().for_each(|score| *score *= inverse);
            logarithms.push(largest + sum.ln());
        }
    }
}
