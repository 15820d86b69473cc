//! The layout of a run's working memory: constants, the batch, and the values and gradients of
//! every node.

use crate::engine::graph::{Graph, Node, Source, padded};
use crate::engine::precision::Precision;

/// Offsets of the batch matrices of one node in working memory, in numbers from the start of the
/// run's working memory. Each matrix has shape (batch, width), in row-major order, with rows padded
/// to a multiple of four; those named `by_unit` have shape (width, batch).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeWork {
    /// Its first input: the batch, or the output of another node.
    pub input: usize,
    /// The same, shape (width, batch); the forward products of GPUs read it.
    pub input_by_unit: usize,
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
    /// Rows of a batch matrix: the batch rounded up to a multiple of four.
    pub stride: usize,
    /// Mean of each input as the table stores it, shape (inputs).
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
    /// Sums of squared gradients, shape (blocks, 4), a block being [`NORM_BLOCK`] parameters. It
    /// and the next two are f32 in both precisions, as the constants.
    pub squares: usize,
    /// Weight of each example of the batch, shape (batch).
    pub example_weights: usize,
    /// Means and sums over examples that a loss keeps, shape (2, outputs).
    pub statistics: usize,
    /// The matrices of each node.
    pub nodes: Vec<NodeWork>,
    /// Size of the working memory, in numbers.
    pub len: usize,
}

impl WorkLayout {
    /// The layout for a graph and a batch size. Constants are f32 in both precisions: in f16 each
    /// occupies the space of two numbers.
    pub fn new(graph: &Graph, batch: usize, precision: Precision) -> Self {
        let stride = padded(batch);
        let exact = 4 / precision.bytes();
        let mut len = 0;
        let mut take = |count: usize| {
            let at = len;
            len += count;
            at
        };
        let mean = take(exact * padded(graph.inputs()));
        let inverse_deviation = take(exact * padded(graph.inputs()));
        let loss_weights = take(exact * padded(graph.outputs()));
        let x = take(padded(graph.inputs()) * stride);
        let x_by_unit = take(padded(graph.inputs()) * stride);
        let labels = take(padded(graph.outputs()) * stride);
        let mut nodes: Vec<NodeWork> = Vec::new();
        for (id, Node { op, attributes, inputs, .. }) in graph.nodes().iter().enumerate() {
            let (input, input_by_unit) = match inputs[0] {
                Source::Input => (x, x_by_unit),
                Source::Node(node) => (nodes[node].output, nodes[node].output_by_unit),
            };
            let saved = (op.saved)(&graph.input_shapes(id), attributes);
            let size = padded(graph.shape(id).width) * stride;
            nodes.push(NodeWork {
                input,
                input_by_unit,
                saved: take(saved.into_iter().map(|width| padded(width) * stride).sum()),
                output: take(size),
                output_by_unit: take(size),
                delta: take(size),
            });
        }
        let squares = take(exact * 4 * graph.parameter_len().div_ceil(NORM_BLOCK));
        let example_weights = take(exact * stride);
        let statistics = take(exact * 2 * padded(graph.outputs()));
        Self {
            stride,
            mean,
            inverse_deviation,
            loss_weights,
            x,
            x_by_unit,
            labels,
            squares,
            example_weights,
            statistics,
            nodes,
            len,
        }
    }
}
