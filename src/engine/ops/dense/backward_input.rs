//! The gradient at the input of a dense node. See `shaders/dense_backward_input*.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::product::{Shape, product};
use crate::engine::cpu::transpose::transpose;
use crate::engine::graph::NodeId;
use crate::engine::kernel::{Kernel, Update, gives_gradients, one_tile, reference};
use crate::engine::layout::{TILE_UNITS, phase};
use crate::engine::memory::{Memory, product_weights};
use crate::engine::ops::contribute;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;
use crate::engine::tile::{Grid, TileSet};

/// The shaders and their bindings.
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
    constants: |set| vec![("PRODUCT_THREADS", f64::from(set.product_threads))],
    update: Update::Any,
    serves: gives_gradients,
    tiles,
    terms: |run, node| run.graph.shape(node).width,
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// i: examples; j: 64 units below per product thread.
fn tiles(run: &PreparedRun, node: NodeId, set: &TileSet) -> Grid {
    let units = run.graph.input_shape(node).width;
    set.blocks(run.layout.rows.of(run.graph.shape(node).rows), units, TILE_UNITS)
}

/// Rows whose gradients are computed together: they and their deltas stay in the cache.
pub const BLOCK: usize = 128;

/// Fills delta of the node below.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    let Some(contribution) = run.graph.contribution(node, 0) else { return };
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let matrix = run.graph.parameters(node)[0];
    let (at, below) = (run.layout.nodes[node], run.layout.nodes[contribution.below]);
    let (rows, stride) = (memory.rows(run, run.graph.shape(node).rows), padded(matrix.rows));
    // in memory the delta below comes before the delta of this node
    let (before, delta) = memory.work.split_at_mut(at.delta);
    let below_delta = &mut before[below.delta..][..rows * stride];
    let weights = product_weights(run, &memory.parameters, &memory.weights);
    let weights =
        (&weights[matrix.range()], Shape::by_rows(matrix.rows, matrix.columns, matrix.stride));
    let blocks = delta[..rows * matrix.stride].chunks(BLOCK * matrix.stride);
    for (delta, below_delta) in blocks.zip(below_delta.chunks_mut(BLOCK * stride)) {
        let rows = delta.len() / matrix.stride;
        // the product reads the rows of the weights as stored; the smaller batch is transposed
        // instead
        let (delta_by_unit, by_unit) = memory.scratch.split_at_mut(matrix.stride * rows);
        transpose(matrix.stride, delta, delta_by_unit);
        let by_unit = &mut by_unit[..stride * rows];
        product(
            (&mut *by_unit, Shape::by_rows(matrix.rows, rows, rows)),
            weights,
            (&*delta_by_unit, Shape::by_rows(matrix.columns, rows, rows)),
        );
        by_unit[matrix.rows * rows..].fill(F::zero());
        match contribution.adds {
            false => transpose(rows, by_unit, below_delta),
            true => add_transposed(rows, by_unit, below_delta),
        }
    }
    contribute::finish(run, contribution, memory);
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
