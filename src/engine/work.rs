//! The layout of a run's working memory: constants, the batch, and the values and gradients of
//! every node.

use std::ops::Range;

use crate::engine::graph::{Graph, Node, Source};
use crate::engine::precision::Precision;
use crate::engine::shape::BatchRows;
use crate::engine::shape::padded;

/// Offsets of the batch matrices of one node in working memory, in numbers from the start of the
/// run's working memory. Each matrix has shape (rows, width), in row-major order, with rows padded
/// to a multiple of four; those named `by_unit` have shape (width, rows). The rows are the
/// examples, items or edges of the batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeWork {
    /// Its first input: the batch, or the output of another node.
    pub input: usize,
    /// The same, shape (width, batch); the forward products of GPUs read it.
    pub input_by_unit: usize,
    /// Its second input; the first one if it has no second.
    pub second: usize,
    /// The same, shape (width, batch).
    pub second_by_unit: usize,
    /// What its forward kernel saves for the backward kernels, one matrix after another; for a
    /// dense node the preactivation x W + b.
    pub saved: usize,
    /// Its output.
    pub output: usize,
    /// The same, shape (width, batch); only GPUs fill it.
    pub output_by_unit: usize,
    /// The gradient of the loss; for a dense node with respect to its preactivation.
    pub delta: usize,
}

/// Parameters whose squared gradients are added up in one block.
pub const NORM_BLOCK: usize = 8192;

/// The layout of a run's working memory. All offsets and sizes are multiples of four.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkLayout {
    /// Examples of a batch, rounded up to a multiple of four.
    pub stride: usize,
    /// Rows of a matrix of each kind: the most that a batch has, rounded up to a multiple of four.
    pub rows: BatchRows,
    /// Mean of each input, shape (inputs).
    pub mean: usize,
    /// One over the deviation of each input, shape (inputs).
    pub inverse_deviation: usize,
    /// Weight of each output in the loss, shape (outputs), padded with zeros.
    pub loss_weights: usize,
    /// The batch, shape (batch, inputs).
    pub x: usize,
    /// The same, shape (inputs, batch); only GPUs fill it.
    pub x_by_unit: usize,
    /// Its labels, shape (batch, outputs).
    pub labels: usize,
    /// Mean of each column of the items, shape (item columns).
    pub item_mean: usize,
    /// One over the deviation of each column of the items, shape (item columns).
    pub item_inverse_deviation: usize,
    /// The items of the batch, shape (items, item columns).
    pub items: usize,
    /// The same, shape (item columns, items); only GPUs fill it.
    pub items_by_unit: usize,
    /// Sums of squared gradients, shape (blocks, 4), a block being [`NORM_BLOCK`] parameters. It
    /// and the next three are f32 in both precisions, as the constants.
    pub squares: usize,
    /// Weight of each example of the batch, shape (batch).
    pub example_weights: usize,
    /// Means and sums over examples that a loss keeps, shape (2, outputs).
    pub statistics: usize,
    /// Which items and edges belong to which example.
    pub index: IndexLayout,
    /// The matrices of each node.
    pub nodes: Vec<NodeWork>,
    /// Size of the working memory, in numbers.
    pub len: usize,
}

/// Offsets of the integers that describe the sets of a batch. They are stored as f32 in both
/// precisions, four to a vec4, which holds them exactly below 2^24.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IndexLayout {
    /// The row of each example in the table, shape (batch).
    pub table_rows: usize,
    /// The first item of each example and, at the end, the number of items; shape (batch + 1).
    pub first_items: usize,
    /// The first edge of each example and, at the end, the number of edges; shape (batch + 1).
    pub first_edges: usize,
    /// The example of each item, shape (items).
    pub examples: usize,
    /// The item from which each edge starts, shape (edges).
    pub centres: usize,
    /// The neighbour to which each edge points, an item; shape (edges).
    pub neighbours: usize,
}

/// Largest number of rows of a table with sets, and of items or edges of a batch.
pub const MOST_INDEX: usize = 1 << 24;

impl IndexLayout {
    /// Where its arrays start, in the order of memory.
    pub fn starts(&self) -> [usize; 6] {
        let Self { table_rows, first_items, first_edges, examples, centres, neighbours } = *self;
        [table_rows, first_items, first_edges, examples, centres, neighbours]
    }
}

impl WorkLayout {
    /// The arrays at the end that are f32 in both precisions. In f16 each occupies the space of two
    /// numbers, of which the CPU uses the first half.
    pub fn exact_arrays(&self) -> Vec<Range<usize>> {
        let first = [self.squares, self.example_weights, self.statistics];
        let starts = [&first[..], &self.index.starts(), &[self.len]].concat();
        starts.windows(2).map(|pair| pair[0]..pair[1]).collect()
    }

    /// The layout for a graph and the most rows of a batch. Constants are f32 in both precisions:
    /// in f16 each occupies the space of two numbers.
    pub fn new(graph: &Graph, most: BatchRows, precision: Precision) -> Self {
        let rows = most.padded();
        let stride = rows.examples;
        let exact = 4 / precision.bytes();
        let mut len = 0;
        let mut take = |count: usize| {
            let at = len;
            len += count;
            at
        };
        let mean = take(exact * padded(graph.columns()));
        let inverse_deviation = take(exact * padded(graph.columns()));
        let loss_weights = take(exact * padded(graph.outputs()));
        let item_mean = take(exact * padded(graph.item_columns()));
        let item_inverse_deviation = take(exact * padded(graph.item_columns()));
        let x = take(padded(graph.columns()) * stride);
        let x_by_unit = take(padded(graph.columns()) * stride);
        let items = take(padded(graph.item_columns()) * rows.items);
        let items_by_unit = take(padded(graph.item_columns()) * rows.items);
        let labels = take(padded(graph.outputs()) * stride);
        let mut nodes: Vec<NodeWork> = Vec::new();
        for (id, Node { op, attributes, inputs, .. }) in graph.nodes().iter().enumerate() {
            let place = |source: Source| match source {
                Source::Input if graph.has_items() => (items, items_by_unit),
                Source::Input | Source::Columns => (x, x_by_unit),
                Source::Node(node) => (nodes[node].output, nodes[node].output_by_unit),
            };
            let (input, input_by_unit) = place(inputs[0]);
            let (second, second_by_unit) = place(*inputs.get(1).unwrap_or(&inputs[0]));
            let saved = (op.saved)(&graph.input_shapes(id), attributes);
            let height = rows.of(graph.shape(id).rows);
            let size = padded(graph.shape(id).width) * height;
            nodes.push(NodeWork {
                input,
                input_by_unit,
                second,
                second_by_unit,
                saved: take(saved.into_iter().map(|width| padded(width) * height).sum()),
                output: take(size),
                output_by_unit: take(size),
                delta: take(size),
            });
        }
        let squares = take(exact * 4 * graph.parameter_len().div_ceil(NORM_BLOCK));
        let example_weights = take(exact * stride);
        let statistics = take(exact * 2 * padded(graph.outputs()));
        let of_examples = if graph.has_items() { exact * padded(most.examples + 1) } else { 0 };
        let index = IndexLayout {
            table_rows: take(of_examples),
            first_items: take(of_examples),
            first_edges: take(of_examples),
            examples: take(exact * rows.items),
            centres: take(exact * rows.edges),
            neighbours: take(exact * rows.edges),
        };
        Self {
            stride,
            rows,
            mean,
            inverse_deviation,
            loss_weights,
            x,
            x_by_unit,
            labels,
            item_mean,
            item_inverse_deviation,
            items,
            items_by_unit,
            squares,
            example_weights,
            statistics,
            index,
            nodes,
            len,
        }
    }
}
