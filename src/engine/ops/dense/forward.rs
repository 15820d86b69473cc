//! The forward pass of a dense node: product, bias, activation, dropout. See
//! `shaders/dense_forward*.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::product::{Shape, product};
use crate::engine::cpu::vectors::widest;
use crate::engine::graph::NodeId;
use crate::engine::kernel::{Kernel, Update, always, one_tile, reference};
use crate::engine::layout::{LANES, phase};
use crate::engine::memory::{Memory, product_weights};
use crate::engine::ops::epilogue;
use crate::engine::precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;
use crate::engine::tile::{Grid, TileSet};

/// The shaders and their bindings.
pub static KERNEL: Kernel = Kernel {
    name: "dense_forward",
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
    serves: always,
    tiles,
    terms: |run, node| run.graph.input_shape(node).width,
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// i: examples; j: units, for each product thread.
fn tiles(run: &PreparedRun, node: NodeId, set: &TileSet) -> Grid {
    let units = run.graph.shape(node).width;
    set.blocks(run.layout.rows.of(run.graph.shape(node).rows), units, set.products.units() * LANES)
}

/// Fills the preactivation and the output of the node.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    let state = memory.state;
    if state.phase == phase::DONE {
        return;
    }
    let [matrix, bias] = [0, 1].map(|matrix| run.graph.parameters(node)[matrix]);
    let at = run.layout.nodes[node];
    let rows = memory.rows(run, run.graph.shape(node).rows);
    if rows == 0 {
        return;
    }
    let size = rows * matrix.stride;
    // in memory the preactivation comes after everything that is read
    let weights = product_weights(run, &memory.parameters, &memory.weights);
    let (before, after) = memory.work.split_at_mut(at.saved);
    let z = &mut after[..size];

    product(
        (&mut *z, Shape::by_rows(rows, matrix.stride, matrix.stride)),
        (&before[at.input..], Shape::by_rows(rows, matrix.rows, padded(matrix.rows))),
        (&weights[matrix.range()], Shape::by_rows(matrix.rows, matrix.stride, matrix.stride)),
    );
    add_to_rows(&weights[bias.range()], z);
    precision::round(run.precision(), z);
    epilogue::apply(run, node, memory);
}

widest! {
    fn add_to_rows<F: Real>(row: &[F], matrix: &mut [F]) {
        for numbers in matrix.chunks_exact_mut(row.len()) {
            for (number, more) in numbers.iter_mut().zip(row) {
                *number += *more;
            }
        }
    }
}
