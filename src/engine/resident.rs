//! Whole steps of a run by one workgroup, without launches between them: small runs wait less. See
//! `shaders/resident.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::{Graph, NodeId, Source};
use crate::engine::kernel::{Kernel, Update, no_terms, one_tile, reference};
use crate::engine::layout::LANES;
use crate::engine::memory::Memory;
use crate::engine::ops::dense::{self, backward_input, last};
use crate::engine::ops::{dense::forward, gather};
use crate::engine::optim::{clock, fused_update, gradient_norm};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::run::Training;
use crate::engine::tile::{Grid, SMALL_PRODUCTS};

/// Threads of its workgroups: as many as all adapters allow.
const THREADS: usize = 256;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "resident",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::ReadWrite),
        (Buffer::Nodes, Access::Read),
        (Buffer::Rows, Access::Read),
        (Buffer::Data, Access::Read),
        (Buffer::Work, Access::ReadWrite),
        (Buffer::Parameters, Access::ReadWrite),
    ],
    constants: |set| {
        let own = [
            ("THREADS", THREADS as f64),
            ("GATHER_THREADS", (THREADS / LANES) as f64),
            ("MOST_BATCH", MOST_BATCH as f64),
        ];
        let parts = [&last::KERNEL, &gradient_norm::KERNEL].into_iter();
        parts.flat_map(|part| (part.constants)(set)).chain(own).collect()
    },
    product: Some(|_| SMALL_PRODUCTS.weights),
    joins_levels: false,
    update: Update::Resident,
    serves: |graph, training, _| fits(graph, training),
    // a workgroup finds its run by its number: no adapter binds less than seven buffers
    tiles: |_, _, _| Grid::EMPTY,
    terms: no_terms,
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// Most examples of a batch: half of the threads find the rows of the next one.
const MOST_BATCH: usize = THREADS / 2;
/// Most numbers of a batch of a hidden layer, of a batch of inputs, and most parameters: beyond
/// them many workgroups are faster than one.
const MOST_HIDDEN: usize = 1 << 12;
const MOST_INPUTS: usize = 1 << 13;
const MOST_PARAMETERS: usize = 1 << 15;

/// Whether one workgroup executes the steps of a run: of a perceptron, each layer on the one
/// before, with a last layer that [`last`] serves. Its hidden layers have at most 128 units at a
/// batch of 32, and all layers together at most 32,768 parameters. It depends on nothing else, so
/// that a run has the same bits in any company.
pub fn fits(graph: &Graph, training: &Training) -> bool {
    let nodes = graph.nodes();
    let is_chained = |id: NodeId| match nodes[id].inputs[..] {
        [Source::Input] => id == 0,
        [Source::Node(below)] => below + 1 == id,
        _ => false,
    };
    let is_layer = |id: NodeId| nodes[id].op == &dense::OP && is_chained(id);
    let numbers = |width: usize| training.batch.saturating_mul(width);
    let output = graph.output_node();
    training.batch <= MOST_BATCH
        && !graph.has_items()
        && (0..nodes.len()).all(is_layer)
        && last::fits(graph, training)
        && (0..output).all(|id| numbers(graph.shape(id).width) <= MOST_HIDDEN)
        && numbers(graph.columns()) <= MOST_INPUTS
        && graph.parameter_len() <= MOST_PARAMETERS
}

/// A step.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    clock::compute(run, node, memory);
    gather::compute(run, node, memory);
    (0..node).for_each(|id| forward::compute(run, id, memory));
    last::compute(run, node, memory);
    (0..node).rev().for_each(|id| backward_input::compute(run, id, memory));
    let trained = run.graph.first_trained()..node + 1;
    trained.for_each(|id| fused_update::compute(run, id, memory));
}
