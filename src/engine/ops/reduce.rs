//! The reduction of groups of consecutive rows to one row each, for `pool` and `aggregate`.

use std::ops::Range;

use crate::engine::graph::{Attributes, NodeId, Reduction};
use crate::engine::layout::{LANES, phase};
use crate::engine::memory::Memory;
use crate::engine::ops::contribute::{self, give};
use crate::engine::ops::sets::{ranges, whole};
use crate::engine::precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::{Rows, Shape, padded};
use crate::engine::tile::{Grid, TileSet};

/// What the reduction saves: for the largest number, the row of the group that has it.
pub fn saved(inputs: &[Shape], attributes: &Attributes) -> Vec<usize> {
    match attributes.reduction {
        Reduction::Max => vec![inputs[0].width],
        _ => Vec::new(),
    }
}

/// Tiles of the forward kernels: four groups and eight vec4s of columns.
pub fn tiles(run: &PreparedRun, node: NodeId, _set: &TileSet) -> Grid {
    let Shape { rows, width } = run.graph.shape(node);
    Grid::new(run.layout.rows.of(rows) / 4, width.div_ceil(4 * LANES))
}

/// The mean number of rows of a group.
pub fn terms(run: &PreparedRun, node: NodeId) -> usize {
    let [rows, groups] =
        [run.graph.input_shape(node), run.graph.shape(node)].map(|shape| run.most.of(shape.rows));
    rows.div_ceil(groups.max(1))
}

/// The items of each example of the batch.
pub fn items<F: Real>(run: &PreparedRun, memory: &Memory<F>) -> Vec<Range<usize>> {
    let firsts = &memory.work[run.layout.index.first_items..];
    ranges(firsts, memory.present(Rows::Examples)).collect()
}

/// The edges that start from each item of the batch.
pub fn edges<F: Real>(run: &PreparedRun, memory: &Memory<F>) -> Vec<Range<usize>> {
    let firsts = &memory.work[run.layout.index.first_edges..];
    let of_examples = ranges(firsts, memory.present(Rows::Examples));
    let mut groups = Vec::with_capacity(memory.present(Rows::Items));
    for (items, edges) in items(run, memory).into_iter().zip(of_examples) {
        let degree = edges.len().checked_div(items.len()).unwrap_or(0);
        let of_item = |item: usize| edges.start + item * degree..edges.start + (item + 1) * degree;
        groups.extend((0..items.len()).map(of_item));
    }
    groups
}

/// Fills the output and, for the largest number, what the node saves.
pub fn forward<F: Real>(
    run: &PreparedRun,
    node: NodeId,
    groups: fn(&PreparedRun, &Memory<F>) -> Vec<Range<usize>>,
    memory: &mut Memory<F>,
) {
    if memory.state.phase == phase::DONE {
        return;
    }
    let (at, groups) = (run.layout.nodes[node], groups(run, memory));
    let reduction = run.graph.nodes()[node].attributes.reduction;
    let shape = run.graph.shape(node);
    let stride = padded(shape.width);
    let rows = memory.rows(run, shape.rows);
    let (before, own) = memory.work.split_at_mut(at.saved);
    let input = &before[at.input..];
    let (saved, output) = own.split_at_mut(at.output - at.saved);
    let output = &mut output[..rows * stride];
    output.fill(F::zero());
    for (group, range) in groups.into_iter().enumerate() {
        let sums = &mut output[group * stride..][..stride];
        let count = range.len();
        let rows = input[range.start * stride..range.end * stride].chunks_exact(stride);
        if reduction == Reduction::Max {
            largest(rows, sums, &mut saved[group * stride..][..stride]);
            continue;
        }
        for row in rows {
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += *x);
        }
        if reduction == Reduction::Mean && count > 0 {
            let inverse = F::of(1.0 / count as f64);
            sums.iter_mut().for_each(|sum| *sum *= inverse);
        }
    }
    precision::round(run.precision(), output);
}

/// The largest number of each column, and the first of the rows that has it.
fn largest<'a, F: Real>(rows: impl Iterator<Item = &'a [F]>, largest: &mut [F], places: &mut [F]) {
    places.fill(F::zero());
    for (row, numbers) in rows.enumerate() {
        for ((most, place), number) in largest.iter_mut().zip(&mut *places).zip(numbers) {
            // NaN propagates
            if row == 0 || number.partial_cmp(most).is_none_or(|order| order.is_gt()) {
                (*most, *place) = (*number, whole(row));
            }
        }
    }
}

/// Fills, or adds to, delta of the node below.
pub fn backward<F: Real>(
    run: &PreparedRun,
    node: NodeId,
    groups: fn(&PreparedRun, &Memory<F>) -> Vec<Range<usize>>,
    memory: &mut Memory<F>,
) {
    let Some(contribution) = run.graph.contribution(node, 0) else { return };
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let (at, groups) = (run.layout.nodes[node], groups(run, memory));
    let reduction = run.graph.nodes()[node].attributes.reduction;
    let stride = padded(run.graph.shape(node).width);
    let (before, own) = memory.work.split_at_mut(at.saved);
    let below = &mut before[run.layout.nodes[contribution.below].delta..];
    for (group, range) in groups.into_iter().enumerate() {
        let delta = &own[at.delta - at.saved + group * stride..][..stride];
        let places = &own[group * stride..][..stride];
        let share = match reduction {
            Reduction::Mean => F::of(1.0 / range.len() as f64),
            _ => F::one(),
        };
        for (place, row) in range.enumerate() {
            let place = whole::<F>(place);
            let below = &mut below[row * stride..][..stride];
            if reduction == Reduction::Max {
                let gradients = delta
                    .iter()
                    .zip(places)
                    .map(|(delta, largest)| if *largest == place { *delta } else { F::zero() });
                give(contribution, gradients, below);
            } else {
                give(contribution, delta.iter().map(|delta| share * *delta), below);
            }
        }
    }
    contribute::finish(run, contribution, memory);
}
