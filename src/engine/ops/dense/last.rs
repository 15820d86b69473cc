//! The last dense node of a run in one kernel: its output, the loss, and the gradient at its input.
//! See `shaders/dense_last.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::{Graph, NodeId};
use crate::engine::kernel::{Kernel, Update, gives_gradients, no_terms, one_tile, reference};
use crate::engine::memory::Memory;
use crate::engine::ops::dense::{self, backward_input, forward};
use crate::engine::ops::loss;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::run::Training;
use crate::engine::shape::Rows;
use crate::engine::tile::Grid;

/// The shader and its bindings. It does the work of [`PARTS`] for the output node.
pub static KERNEL: Kernel = Kernel {
    name: "dense_last",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::ReadWrite),
        (Buffer::Tiles, Access::Read),
        (Buffer::Nodes, Access::Read),
        (Buffer::Weights, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    // 8 KiB of workgroup memory for the sums
    constants: |_| vec![("LOSS_THREADS", 128.0), ("LAST_BLOCKS", 8.0)],
    product: None,
    joins_levels: false,
    update: Update::Any,
    serves: |graph, training, _| fits(graph, training),
    // one tile: the run's batch
    tiles: |_, _, _| Grid::new(1, 1),
    terms: no_terms,
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// The kernels that it replaces.
pub static PARTS: [&Kernel; 3] = [&forward::KERNEL, &loss::KERNEL, &backward_input::KERNEL];

/// Most outputs, and most numbers of a batch of inputs, that one workgroup serves: beyond them
/// the separate kernels, which have many workgroups, are faster.
const MOST_OUTPUTS: usize = 16;
const MOST_NUMBERS: usize = 1 << 15;

/// Whether a run has a last node that this kernel serves: dense, with few outputs, and of a batch
/// that is not large.
pub fn fits(graph: &Graph, training: &Training) -> bool {
    let node = graph.output_node();
    graph.nodes()[node].op == &dense::OP
        && graph.shape(node).rows == Rows::Examples
        && graph.outputs() <= MOST_OUTPUTS
        && training.batch.saturating_mul(graph.input_shape(node).width) <= MOST_NUMBERS
}

/// The output of the node, the loss and, in training, the gradient at its input.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    forward::compute(run, node, memory);
    loss::compute(run, node, memory);
    if gives_gradients(&run.graph, &run.training, node) {
        backward_input::compute(run, node, memory);
    }
}
