//! The gradient of the weights and the bias of a dense node. See
//! `shaders/dense_backward_weights.wgsl`.

use std::ops::Range;

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::product::{Shape, add_product, product};
use crate::engine::cpu::sums::sum_rows;
use crate::engine::cpu::vectors::widest;
use crate::engine::graph::{Graph, NodeId};
use crate::engine::kernel::{Kernel, Update, one_tile, reference};
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::ops::contribute;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::run::Training;
use crate::engine::shape::padded;
use crate::engine::tile::{Grid, ProductTile, TileSet};

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "dense_backward_weights",
    bindings: &[
        (Buffer::States, Access::ReadWrite),
        (Buffer::Tiles, Access::Read),
        (Buffer::Nodes, Access::Read),
        (Buffer::Work, Access::Read),
        (Buffer::Gradients, Access::ReadWrite),
    ],
    constants: |set| vec![("THREADS", f64::from(set.product_threads))],
    product: Some(|products| products.weights),
    joins_levels: true,
    update: Update::Stored,
    serves: is_trained,
    tiles: |run, node, set| tiles(run, node, set, set.products.weights),
    terms,
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// Whether the node is trained.
pub fn is_trained(graph: &Graph, _training: &Training, node: NodeId) -> bool {
    !graph.nodes()[node].frozen
}

/// The rows of a batch.
pub fn terms(run: &PreparedRun, node: NodeId) -> usize {
    run.most.of(run.graph.shape(node).rows)
}

/// i: threads of inputs and units. The first inputs are enough where only the bias is trained.
pub fn tiles(run: &PreparedRun, node: NodeId, set: &TileSet, tile: ProductTile) -> Grid {
    if !run.trains(node) {
        return Grid::EMPTY;
    }
    let inputs =
        if run.updates_of(node)[0].trains() { run.graph.input_shape(node).width } else { 1 };
    set.product_tiles(tile, inputs, run.graph.shape(node).width)
}

/// Fills the gradients of the node's matrices that are trained.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase != phase::TRAIN || !run.trains(node) {
        return;
    }
    let trains = |matrix: usize| run.updates_of(node)[matrix].trains();
    let matrix = run.graph.parameters(node)[0];
    let present = memory.present(run.graph.shape(node).rows);
    let gradients = &mut memory.gradients[run.graph.parameter_range(node)];
    let (weight_gradients, bias_gradients) = gradients.split_at_mut(matrix.range().len());
    let batch = (present, &memory.work[..]);
    if trains(0) {
        weights(run, node, 0..matrix.rows, batch, weight_gradients);
    }
    if trains(1) {
        bias(run, node, batch, bias_gradients);
    }
    contribute::round_gradients(run, node, memory);
}

/// Rows whose products are added together: they stay in the cache.
const BLOCK: usize = 128;

/// Gradients of the weights of a range of inputs, shape (inputs, units), over the `present` rows.
pub(crate) fn weights<F: Real>(
    run: &PreparedRun,
    node: NodeId,
    inputs: Range<usize>,
    (present, work): (usize, &[F]),
    gradients: &mut [F],
) {
    let (matrix, at) = (run.graph.parameters(node)[0], run.layout.nodes[node]);
    let (stride, input_stride) = (matrix.stride, padded(matrix.rows));
    if present == 0 {
        return gradients.fill(F::zero());
    }
    for first in (0..present).step_by(BLOCK) {
        let rows = BLOCK.min(present - first);
        let product = if first == 0 { product } else { add_product };
        product(
            (&mut *gradients, Shape::by_rows(inputs.len(), stride, stride)),
            (
                &work[at.input + first * input_stride + inputs.start..],
                Shape::by_rows(rows, inputs.len(), input_stride).transposed(),
            ),
            (&work[at.delta + first * stride..], Shape::by_rows(rows, stride, stride)),
        );
    }
}

widest! {
    /// Gradients of the bias, shape (units).
    pub(crate) fn bias<F: Real>(
        run: &PreparedRun,
        node: NodeId,
        batch: (usize, &[F]),
        gradients: &mut [F],
    ) {
        let (present, work) = batch;
        let delta = &work[run.layout.nodes[node].delta..][..present * gradients.len()];
        sum_rows(delta, gradients);
    }
}
