//! The reduction of groups of consecutive rows to one row each, for `pool` and `aggregate`.

use std::ops::Range;

use crate::engine::cpu::sums::sum_rows;
use crate::engine::cpu::vectors::widest;
use crate::engine::graph::{Attributes, Contribution, NodeId, Reduction};
use crate::engine::layout::{LANES, phase};
use crate::engine::memory::Memory;
use crate::engine::onnx::layer::{Layer, Torch};
use crate::engine::onnx::nodes::{Nodes, integer, integers};
use crate::engine::onnx::proto::DataType;
use crate::engine::ops::contribute;
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
    output[groups.len() * stride..].fill(F::zero());
    let mut sums = output.chunks_exact_mut(stride);
    for (group, (range, sums)) in groups.into_iter().zip(&mut sums).enumerate() {
        let rows = &input[range.start * stride..range.end * stride];
        match reduction {
            Reduction::Max => largest(rows, sums, &mut saved[group * stride..][..stride]),
            Reduction::Mean => mean_rows(F::of(1.0 / range.len().max(1) as f64), rows, sums),
            Reduction::Sum => add_rows(rows, sums),
        }
    }
    precision::round(run.precision(), output);
}

widest! {
    /// The largest number of each column, and the first of the rows that has it.
    fn largest<F: Real>(rows: &[F], largest: &mut [F], places: &mut [F]) {
        largest.fill(F::zero());
        places.fill(F::zero());
        for (row, numbers) in rows.chunks_exact(largest.len()).enumerate() {
            let place = whole(row);
            for ((most, at), number) in largest.iter_mut().zip(&mut *places).zip(numbers) {
                // NaN propagates
                let above = row == 0 || *number > *most || number.is_nan() || most.is_nan();
                (*most, *at) = if above { (*number, place) } else { (*most, *at) };
            }
        }
    }
}

widest! {
    /// The sum of the rows.
    pub fn add_rows<F: Real>(rows: &[F], sums: &mut [F]) {
        sum_rows(rows, sums);
    }
}

widest! {
    /// The sum of the rows times a factor.
    fn mean_rows<F: Real>(factor: F, rows: &[F], means: &mut [F]) {
        sum_rows(rows, means);
        means.iter_mut().for_each(|mean| *mean *= factor);
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
        let below = &mut below[range.start * stride..range.end * stride];
        match reduction {
            Reduction::Max => {
                give_largest(contribution, &own[group * stride..][..stride], delta, below);
            }
            Reduction::Mean => {
                let share = F::of(1.0 / range.len().max(1) as f64);
                give_each(contribution, share, delta, below);
            }
            Reduction::Sum => give_each(contribution, F::one(), delta, below),
        }
    }
    contribute::finish(run, contribution, memory);
}

widest! {
    /// Gives the same gradient, times a factor, to each row.
    fn give_each<F: Real>(contribution: Contribution, factor: F, delta: &[F], rows: &mut [F]) {
        for row in rows.chunks_exact_mut(delta.len()) {
            let pairs = row.iter_mut().zip(delta);
            match contribution.adds {
                false => pairs.for_each(|(below, delta)| *below = factor * *delta),
                true => pairs.for_each(|(below, delta)| *below += factor * *delta),
            }
        }
    }
}

widest! {
    /// Gives the gradient of each column to the row that had the largest number, 0 to the others.
    fn give_largest<F: Real>(
        contribution: Contribution,
        places: &[F],
        delta: &[F],
        rows: &mut [F],
    ) {
        for (place, row) in rows.chunks_exact_mut(delta.len()).enumerate() {
            let place = whole::<F>(place);
            for ((below, delta), largest) in row.iter_mut().zip(delta).zip(places) {
                let gradient = if *largest == place { *delta } else { F::zero() };
                *below = if contribution.adds { *below + gradient } else { gradient };
            }
        }
    }
}

/// Adds the nodes of ONNX of a reduction over an axis of padded rows, of which `mask` says which
/// are there; returns the name of the output.
pub fn onnx(layer: &Layer, nodes: &mut Nodes, (mask, axis): (&str, i64)) -> String {
    let reduction = layer.attributes().reduction;
    let absent = if reduction == Reduction::Max { f32::NEG_INFINITY } else { 0.0 };
    let rows = nodes.masked(&layer.inputs[0], mask, absent);
    let count = |nodes: &mut Nodes| {
        let there = nodes.cast(mask, DataType::Float);
        nodes.sum(&there, axis)
    };
    match reduction {
        Reduction::Sum => nodes.sum(&rows, axis),
        Reduction::Mean => {
            let (sum, count, one) = (nodes.sum(&rows, axis), count(nodes), nodes.scalar(1f32));
            let count = nodes.add("Max", &[&count, &one]);
            nodes.add("Div", &[&sum, &count])
        }
        Reduction::Max => {
            let attributes = vec![integers("axes", &[axis]), integer("keepdims", 0)];
            let most = nodes.add_with("ReduceMax", &[&rows], attributes);
            let count = count(nodes);
            let any = nodes.cast(&count, DataType::Bool);
            nodes.masked(&most, &any, 0f32)
        }
    }
}

/// The same in PyTorch.
pub fn torch(layer: &Layer, (mask, axis): (&str, i64)) -> Torch {
    let x = &layer.inputs[0];
    let sum = format!("{x}.masked_fill(~{mask}, 0).sum({axis})");
    let expression = match layer.attributes().reduction {
        Reduction::Sum => sum,
        Reduction::Mean => format!("{sum} / {mask}.sum({axis}).clamp(min=1)"),
        Reduction::Max => format!(
            "{x}.masked_fill(~{mask}, -torch.inf).amax({axis}).where({mask}.any({axis}), 0)"
        ),
    };
    Torch { expression, ..Torch::default() }
}
