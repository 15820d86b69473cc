//! Gradient and AdamW update of a dense node in one kernel, for runs in which nothing else needs
//! the gradients: they stay in registers or in the cache of a core and are not stored. On the CPU
//! the parameters have the same bits as with [`crate::engine::ops::dense::backward_weights`]
//! followed by [`crate::engine::optim::adamw`]. See `shaders/fused_update.wgsl`.

use std::ops::Range;

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::product::TILE_ROWS;
use crate::engine::graph::NodeId;
use crate::engine::kernel::{Kernel, Update, one_tile, reference};
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::ops::dense::backward_weights;
use crate::engine::optim::adamw::{Rates, average, keep, update};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::tile::SMALL_PRODUCTS;

/// The shader and its bindings. Its tiles are those of
/// [`crate::engine::ops::dense::backward_weights`].
pub static KERNEL: Kernel = Kernel {
    name: "fused_update",
    bindings: &[
        (Buffer::States, Access::ReadWrite),
        (Buffer::Tiles, Access::Read),
        (Buffer::Nodes, Access::Read),
        (Buffer::Work, Access::Read),
        (Buffer::Parameters, Access::ReadWrite),
    ],
    constants: |set| (backward_weights::KERNEL.constants)(set),
    // bound by the memory of parameters and moments, and those of a larger tile do not fit
    // registers
    product: Some(|_| SMALL_PRODUCTS.weights),
    joins_levels: true,
    update: Update::Fused,
    serves: backward_weights::is_trained,
    tiles: |run, node, set| backward_weights::tiles(run, node, set, SMALL_PRODUCTS.weights),
    terms: backward_weights::terms,
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// Approximate number of gradients computed at one time.
const NUMBERS: usize = 8192;

/// Copies the node's trained parameters to `best` if the clock found an improvement, and then
/// updates them. For the node whose update is the last, sets the completion marker.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if node == run.last_updated {
        memory.state.completed = memory.state.ticks;
    }
    if memory.state.phase == phase::TRAIN {
        update_node(run, node, memory);
    } else {
        for matrix in run.graph.parameters(node) {
            if run.updates[matrix.index].trains() {
                keep(memory, matrix.range());
                average(run, memory, matrix.range());
            }
        }
    }
}

fn update_node<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    let rates = Rates::new(run, &memory.state);
    let present = memory.present(run.graph.shape(node).rows);
    let bias = run.graph.parameters(node)[1];
    let [of_weights, of_bias] = [0, 1].map(|matrix| run.updates_of(node)[matrix]);
    if of_weights.trains() {
        update_weights(run, node, &rates.scaled(of_weights), memory);
    }
    if of_bias.trains() {
        let gradients = &mut memory.gradients[..bias.stride];
        backward_weights::bias(run, node, (present, &memory.work), gradients);
        update_range(run, &rates.scaled(of_bias), memory, bias.range());
    }
}

fn update_weights<F: Real>(
    run: &PreparedRun,
    node: NodeId,
    rates: &Rates<F>,
    memory: &mut Memory<F>,
) {
    let matrix = run.graph.parameters(node)[0];
    let present = memory.present(run.graph.shape(node).rows);
    let (inputs, stride) = (matrix.rows, matrix.stride);
    // whole tiles, except for the last rows
    let rows = (NUMBERS / stride).max(1).next_multiple_of(TILE_ROWS);
    let mut first = 0;
    while first < inputs {
        let left = inputs - first;
        let rows = if left < rows + TILE_ROWS { left } else { rows };
        let numbers = matrix.at + first * stride..matrix.at + (first + rows) * stride;
        let gradients = &mut memory.gradients[..numbers.len()];
        let batch = (present, &memory.work[..]);
        backward_weights::weights(run, node, first..first + rows, batch, gradients);
        update_range(run, rates, memory, numbers);
        first += rows;
    }
}

/// Copies these parameters to `best` and updates them with the first gradients; together, because
/// the parameters are then loaded into the cache once.
fn update_range<F: Real>(
    run: &PreparedRun,
    rates: &Rates<F>,
    memory: &mut Memory<F>,
    numbers: Range<usize>,
) {
    keep(memory, numbers.clone());
    update(
        rates,
        &memory.gradients[..numbers.len()],
        &mut memory.parameters[numbers.clone()],
        &mut memory.first_moment[numbers.clone()],
        &mut memory.second_moment[numbers.clone()],
    );
    average(run, memory, numbers);
}
