//! Gradient and AdamW of a layer in one, where nothing else needs the gradients: they are used
//! where they are made, in registers or in a core's cache, and then forgotten. On the CPU the
//! parameters are, to the bit, those that [`crate::engine::ops::dense::backward_weights`] and then
//! [`crate::engine::optim::adamw`] make of all. See `shaders/fused_update.wgsl`.

use std::ops::Range;

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::product::TILE_ROWS;
use crate::engine::graph::NodeId;
use crate::engine::kernel::{Kernel, Update, one_tile, reference};
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::ops::dense::backward_weights;
use crate::engine::optim::adamw::{Rates, keep, update};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;

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
        (Buffer::Moments, Access::ReadWrite),
        (Buffer::Best, Access::ReadWrite),
    ],
    constants: |set| (backward_weights::KERNEL.constants)(set),
    update: Update::Fused,
    serves: backward_weights::is_trained,
    tiles: backward_weights::tiles,
    terms: backward_weights::terms,
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// Gradients that are made at one time, about.
const NUMBERS: usize = 8192;

/// Keeps the layer's parameters if the clock found them the best, and then updates them; with the
/// first trained layer, whose update is the last, sets the completion marker.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if node == run.graph.first_trained() {
        memory.state.completed = memory.state.ticks;
    }
    if memory.state.phase == phase::TRAIN {
        update_node(run, node, memory);
    } else {
        keep(memory, run.graph.parameter_range(node));
    }
}

fn update_node<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    let rates = Rates::new(run, &memory.state);
    let present = memory.state.batch_rows as usize;
    let [matrix, bias] = [0, 1].map(|matrix| run.graph.parameters(node)[matrix]);
    let (inputs, stride) = (matrix.rows, matrix.stride);
    // whole tiles, but for the last rows
    let rows = (NUMBERS / stride).max(1).next_multiple_of(TILE_ROWS);
    let mut first = 0;
    while first < inputs {
        let left = inputs - first;
        let rows = if left < rows + TILE_ROWS { left } else { rows };
        let numbers = matrix.at + first * stride..matrix.at + (first + rows) * stride;
        let gradients = &mut memory.gradients[..numbers.len()];
        let batch = (present, &memory.work[..]);
        backward_weights::weights(run, node, first..first + rows, batch, gradients);
        update_range(&rates, memory, numbers);
        first += rows;
    }
    let gradients = &mut memory.gradients[..stride];
    backward_weights::bias(run, node, (present, &memory.work), gradients);
    update_range(&rates, memory, bias.range());
}

/// Updates these parameters with the first gradients, after it kept them: here they come to the
/// core's cache once for both.
fn update_range<F: Real>(rates: &Rates<F>, memory: &mut Memory<F>, numbers: Range<usize>) {
    keep(memory, numbers.clone());
    update(
        rates,
        &memory.gradients[..numbers.len()],
        &mut memory.parameters[numbers.clone()],
        &mut memory.first_moment[numbers.clone()],
        &mut memory.second_moment[numbers],
    );
}
