//! Whole steps of a run by one workgroup. See `shaders/resident.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::{Graph, NodeId, Source};
use crate::engine::kernel::{Kernel, Update, no_terms, one_tile, reference};
use crate::engine::layout::LANES;
use crate::engine::memory::Memory;
use crate::engine::ops::dense::{self, backward_input, last};
use crate::engine::ops::{dense::forward, gather};
use crate::engine::optim::{clock, fused_update};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::run::Training;
use crate::engine::tile::{Grid, SMALL_PRODUCTS};

/// Threads of its workgroups: those of a workgroup that all adapters have.
const THREADS: usize = 256;

/// The shader and its bindings: 8.8 KiB of workgroup memory.
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
        let threads = [
            ("PRODUCT_THREADS", THREADS as f64),
            ("GATHER_THREADS", (THREADS / LANES) as f64),
        ];
        (last::KERNEL.constants)(set).into_iter().chain(threads).collect()
    },
    product: Some(|_| SMALL_PRODUCTS.weights),
    joins_levels: false,
    update: Update::Fused,
    serves: |graph, training, _| fits(graph, training),
    // a workgroup finds its run by its number
    tiles: |_, _, _| Grid::EMPTY,
    terms: no_terms,
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// Most numbers of a batch of a hidden layer, of a batch of inputs, and most parameters of a run
/// that one workgroup executes: beyond them many workgroups are faster.
const MOST_HIDDEN: usize = 1 << 11;
const MOST_INPUTS: usize = 1 << 13;
const MOST_PARAMETERS: usize = 1 << 14;

/// Whether one workgroup can execute whole steps of a run, and is likely to be faster than a launch
/// for each kernel: a perceptron with a last layer that [`last`] serves and at most 64 units in
/// each hidden layer at a batch of 32, whose updates do not wait for other gradients.
pub fn fits(graph: &Graph, training: &Training) -> bool {
    let nodes = graph.nodes();
    let chained = |id: NodeId| match nodes[id].inputs[..] {
        [Source::Input] => id == 0,
        [Source::Node(below)] => below + 1 == id,
        _ => false,
    };
    let numbers = |width: usize| training.batch.saturating_mul(width);
    let hidden = graph.output_node();
    training.updates_are_independent()
        && last::fits(graph, training)
        && !graph.has_items()
        && (0..nodes.len()).all(|id| nodes[id].op == &dense::OP && chained(id))
        && (0..hidden).all(|id| numbers(graph.shape(id).width) <= MOST_HIDDEN)
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
