//! The gradient at the input of a dense node. See `shaders/dense_backward_input*.wgsl`.

use crate::engine::activation;
use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::product::{Shape, product};
use crate::engine::cpu::transpose::transpose;
use crate::engine::graph::{Graph, NodeId, Source, padded};
use crate::engine::kernel::{Kernel, Update, one_tile, reference};
use crate::engine::layout::{TILE_UNITS, phase};
use crate::engine::memory::Memory;
use crate::engine::precision;
use crate::engine::precision::Precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
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
    serves: |graph, _, node| below(graph, node).is_some(),
    tiles,
    terms: |run, node| run.graph.shape(node).width,
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// The node whose gradient this one computes: the one that it reads, if that needs a gradient.
fn below(graph: &Graph, node: NodeId) -> Option<NodeId> {
    match graph.nodes()[node].inputs[0] {
        Source::Node(below) if graph.needs_gradient(below) => Some(below),
        _ => None,
    }
}

/// i: examples; j: 64 units below per product thread.
fn tiles(run: &PreparedRun, node: NodeId, set: &TileSet) -> Grid {
    let units = run.graph.input_shape(node).width;
    set.blocks(run.layout.stride, units, TILE_UNITS)
}

/// Fills delta of the node below.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    let Some(below) = below(&run.graph, node) else { return };
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let matrix = run.graph.parameters(node)[0];
    let (at, below_at) = (run.layout.nodes[node], run.layout.nodes[below]);
    let activation = run.graph.nodes()[below].attributes.activation;
    let (rows, stride) = (memory.rows(run), padded(matrix.rows));
    // in memory the delta below comes after its preactivation and before the delta of this node
    let (before, delta) = memory.work.split_at_mut(at.delta);
    let (z, below_delta) = before.split_at_mut(below_at.delta);
    let below_delta = &mut below_delta[..rows * stride];

    let weights = match run.precision() {
        Precision::F32 => &memory.parameters,
        Precision::F16 => &memory.weights,
    };
    // the product reads the rows of the weights as stored; the smaller batch is transposed instead
    let (delta_by_unit, by_unit) = memory.scratch.split_at_mut(matrix.stride * rows);
    transpose(matrix.stride, &delta[..rows * matrix.stride], delta_by_unit);
    let by_unit = &mut by_unit[..stride * rows];
    product(
        (&mut *by_unit, Shape::by_rows(matrix.rows, rows, rows)),
        (&weights[matrix.range()], Shape::by_rows(matrix.rows, matrix.columns, matrix.stride)),
        (&*delta_by_unit, Shape::by_rows(matrix.columns, rows, rows)),
    );
    by_unit[matrix.rows * rows..].fill(F::zero());
    transpose(rows, by_unit, below_delta);
    // the device stores the products before it applies the derivative
    precision::round(run.precision(), below_delta);
    let z = &z[below_at.saved..][..below_delta.len()];
    activation::times_derivative(activation, z, below_delta);
    let dropout = run.dropout(below);
    if dropout.threshold > 0 {
        dropout.apply(run.dropout_key(memory.state.steps, below), stride, below_delta);
    }
    precision::round(run.precision(), below_delta);
}
