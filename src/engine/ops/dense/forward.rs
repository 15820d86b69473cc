//! The forward pass of a dense node: product, bias, activation, dropout. See
//! `shaders/dense_forward.wgsl`.

use crate::engine::activation::{Activation, activate, add_and_activate, add_to_rows};
use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::product::{Shape as Strides, product};
use crate::engine::graph::NodeId;
use crate::engine::kernel::{Kernel, Update, always, one_tile, reference};
use crate::engine::layout::phase;
use crate::engine::memory::{Memory, product_weights};
use crate::engine::ops::epilogue;
use crate::engine::precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::{Shape, padded};
use crate::engine::tile::{Grid, TileSet};

/// The shader and its bindings.
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
    constants: |set| vec![("THREADS", f64::from(set.product_threads))],
    product: Some(|products| products.forward),
    joins_levels: false,
    update: Update::Any,
    serves: always,
    tiles,
    terms: |run, node| run.graph.input_shape(node).width,
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// i: threads of examples and units.
fn tiles(run: &PreparedRun, node: NodeId, set: &TileSet) -> Grid {
    let Shape { rows, width } = run.graph.shape(node);
    set.product_tiles(set.products.forward, run.layout.rows.of(rows), width)
}

/// Rows that are computed together: they stay in the cache until their output is done.
const BLOCK: usize = 64;

/// Fills the preactivation and the output of the node.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    let state = memory.state;
    if state.phase == phase::DONE {
        return;
    }
    let [matrix, bias] = [0, 1].map(|matrix| run.graph.parameters(node)[matrix]);
    let (at, stride, input_stride) = (run.layout.nodes[node], matrix.stride, padded(matrix.rows));
    let size = memory.rows(run, run.graph.shape(node).rows) * stride;
    let activation = run.graph.nodes()[node].attributes.activation;
    let keeps = memory.keeps_preactivation(run, node);
    // in memory the preactivation comes after everything that is read
    let weights = product_weights(run, &memory.parameters, &memory.weights);
    let (before, after) = memory.work.split_at_mut(at.saved);
    let (z, output) = after.split_at_mut(at.output - at.saved);
    let blocks = z[..size].chunks_mut(BLOCK * stride);
    let blocks = blocks.zip(output[..size].chunks_mut(BLOCK * stride)).zip((0..).step_by(BLOCK));
    for ((z, output), first) in blocks {
        let rows = z.len() / stride;
        let sums = if keeps { &mut *z } else { &mut *output };
        product(
            (&mut *sums, Strides::by_rows(rows, stride, stride)),
            (
                &before[at.input + first * input_stride..],
                Strides::by_rows(rows, matrix.rows, input_stride),
            ),
            (&weights[matrix.range()], Strides::by_rows(matrix.rows, stride, stride)),
        );
        match activation {
            Activation::Identity if !keeps => add_to_rows(&weights[bias.range()], sums),
            _ if !keeps => {
                let slope = F::of(f64::from(activation.slope()));
                add_and_activate(slope, &weights[bias.range()], sums);
            }
            _ => {
                add_to_rows(&weights[bias.range()], sums);
                precision::round(run.precision(), z);
                activate(activation, z, output);
            }
        }
        epilogue::end(run, node, &state, first, output);
    }
}
