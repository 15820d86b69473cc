//! The gradient at the input of a dense node. See `shaders/dense_backward_input.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::product::{Shape, add_product, product};
use crate::engine::cpu::transpose::{transpose, transpose_part};
use crate::engine::graph::{NodeId, Parameters};
use crate::engine::kernel::{Kernel, Update, gives_gradients, one_tile, reference};
use crate::engine::layout::phase;
use crate::engine::memory::{Memory, product_weights};
use crate::engine::ops::contribute;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;
use crate::engine::tile::{Grid, TileSet};

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "dense_backward_input",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::Read),
        (Buffer::Tiles, Access::Read),
        (Buffer::Nodes, Access::Read),
        (Buffer::Weights, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    constants: |set| vec![("THREADS", f64::from(set.product_threads))],
    product: Some(|products| products.backward_input),
    joins_levels: false,
    update: Update::Any,
    serves: gives_gradients,
    tiles,
    terms: |run, node| run.graph.shape(node).width,
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// i: threads of examples and units below.
fn tiles(run: &PreparedRun, node: NodeId, set: &TileSet) -> Grid {
    let rows = run.layout.rows.of(run.graph.shape(node).rows);
    let units = run.graph.input_shape(node).width;
    set.product_tiles(set.products.backward_input, rows, units)
}

/// Rows whose gradients are computed together: they and their deltas stay in the cache.
const BLOCK: usize = 64;

/// Scratch memory, in numbers, of the gradient at an input of these widths for a batch of rows.
pub fn scratch(input: usize, width: usize, rows: usize) -> usize {
    let (input, width) = (padded(input), padded(width));
    let block = rows.min(BLOCK);
    match transposes_weights(input, width, rows) {
        true => input * (width + block),
        false => (input + width) * block,
    }
}

/// Whether the weights are transposed rather than the batch: the smaller of both.
fn transposes_weights(input: usize, width: usize, rows: usize) -> bool {
    input * width < (input + width) * rows
}

/// Fills delta of the node below.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    let Some(contribution) = run.graph.contribution(node, 0) else { return };
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let matrix = run.graph.parameters(node)[0];
    let (at, below) = (run.layout.nodes[node], run.layout.nodes[contribution.below]);
    let rows = memory.rows(run, run.graph.shape(node).rows);
    let (stride, width) = (padded(matrix.rows), matrix.stride);
    let preactivation = memory.preactivation(run, contribution.below);
    // in memory the delta below comes before the delta of this node
    let (before, delta) = memory.work.split_at_mut(at.delta);
    let (before, below_delta) = before.split_at_mut(below.delta);
    let weights = product_weights(run, &memory.parameters, &memory.weights);
    let weights = &weights[matrix.range()];
    let most = run.layout.rows.of(run.graph.shape(node).rows);
    let by_input = transposes_weights(stride, width, most);
    let (transposed, scratch) =
        memory.scratch.split_at_mut(if by_input { stride * width } else { 0 });
    if by_input {
        transposed.fill(F::zero());
        transpose_part([matrix.rows, width], (weights, width), (transposed, stride));
    }
    let blocks = delta[..rows * width].chunks(BLOCK * width);
    let blocks = blocks.zip(below_delta[..rows * stride].chunks_mut(BLOCK * stride));
    for ((delta, below_delta), first) in blocks.zip((0..).step_by(BLOCK)) {
        let rows = delta.len() / width;
        if by_input {
            let product = if contribution.adds { add_product } else { product };
            product(
                (&mut *below_delta, Shape::by_rows(rows, stride, stride)),
                (delta, Shape::by_rows(rows, matrix.columns, width)),
                (&*transposed, Shape::by_rows(matrix.columns, stride, stride)),
            );
        } else {
            by_unit((matrix, weights), contribution.adds, delta, below_delta, scratch);
        }
        let saved = &before[preactivation + first * stride..];
        contribute::finish_rows(run, contribution, &memory.state, first, saved, below_delta);
    }
}

/// The product of weights as they are stored and the transposed batch.
fn by_unit<F: Real>(
    (matrix, weights): (Parameters, &[F]),
    adds: bool,
    delta: &[F],
    below_delta: &mut [F],
    scratch: &mut [F],
) {
    let (width, stride) = (matrix.stride, padded(matrix.rows));
    let rows = delta.len() / width;
    let (delta_by_unit, by_unit) = scratch.split_at_mut(width * rows);
    transpose(width, delta, delta_by_unit);
    let by_unit = &mut by_unit[..stride * rows];
    product(
        (&mut *by_unit, Shape::by_rows(matrix.rows, rows, rows)),
        (weights, Shape::by_rows(matrix.rows, matrix.columns, width)),
        (&*delta_by_unit, Shape::by_rows(matrix.columns, rows, rows)),
    );
    by_unit[matrix.rows * rows..].fill(F::zero());
    match adds {
        false => transpose(rows, by_unit, below_delta),
        true => add_transposed(rows, by_unit, below_delta),
    }
}

/// Adds the transposed matrix, with rows of `width`.
fn add_transposed<F: Real>(width: usize, matrix: &[F], sums: &mut [F]) {
    let height = matrix.len() / width;
    for (place, row) in sums.chunks_exact_mut(height).enumerate() {
        for (unit, sum) in row.iter_mut().enumerate() {
            *sum += matrix[unit * width + place];
        }
    }
}
