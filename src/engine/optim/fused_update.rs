//! Gradient and AdamW of a layer in one, where nothing else needs the gradients: they are used
//! where they are made, in registers or in a core's cache, and then forgotten. On the CPU the
//! parameters are, to the bit, those that [`crate::engine::ops::dense::backward_weights`] and then
//! [`crate::engine::optim::adamw`] make of all. See `shaders/fused_update.wgsl`.

use std::ops::Range;

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::product::TILE_ROWS;
use crate::engine::layout::phase;
use crate::engine::memory::{Memory, PreparedRun, Real};
use crate::engine::ops::Kernel;
use crate::engine::ops::dense::backward_weights;
use crate::engine::optim::adamw::{Rates, keep, update};
use crate::engine::page;
use crate::engine::run::{Precision, Training};

/// The shader and its bindings. Its tiles are those of
/// [`crate::engine::ops::dense::backward_weights`].
pub static KERNEL: Kernel = Kernel {
    name: "fused_update",
    pages: |set| {
        vec![
            page::LAYOUT,
            page::vec4_page(set),
            page::lanes(set),
            page::packed(set),
            page::ADAMW_RULE,
            page::weights_tile(set),
            include_str!("../../../shaders/fused_update.wgsl"),
        ]
    },
    bindings: &[
        (Buffer::States, Access::ReadWrite),
        (Buffer::Tiles, Access::Read),
        (Buffer::Layers, Access::Read),
        (Buffer::Work, Access::Read),
        (Buffer::Parameters, Access::ReadWrite),
        (Buffer::Moments, Access::ReadWrite),
        (Buffer::Best, Access::ReadWrite),
    ],
    constants: |set| (backward_weights::KERNEL.constants)(set),
};

/// Gradients that are made at one time, about.
const NUMBERS: usize = 8192;

/// Whether the update of each parameter needs no other gradient than its own: halves ask first
/// whether one overflowed, and clipping for the norm of all.
pub fn suits(training: &Training) -> bool {
    training.precision == Precision::F32 && training.clip_norm.is_none()
}

/// Keeps the layer's parameters if the clock found them the best, and then updates them; with the
/// first trained layer, whose update is the last, sets the completion marker.
pub fn reference<F: Real>(run: &PreparedRun, layer: usize, memory: &mut Memory<F>) {
    if layer == run.network.first_trained() {
        memory.state.completed = memory.state.ticks;
    }
    if memory.state.phase == phase::TRAIN {
        update_layer(run, layer, memory);
    } else {
        let place = run.places[layer];
        keep(memory, place.weights..place.bias + place.stride);
    }
}

fn update_layer<F: Real>(run: &PreparedRun, layer: usize, memory: &mut Memory<F>) {
    let rates = Rates::new(run, &memory.state);
    let present = memory.state.batch_rows as usize;
    let (inputs, place) = (run.network.layers()[layer].inputs, run.places[layer]);
    // whole tiles, but for the last rows
    let rows = (NUMBERS / place.stride).max(1).next_multiple_of(TILE_ROWS);
    let mut first = 0;
    while first < inputs {
        let left = inputs - first;
        let rows = if left < rows + TILE_ROWS { left } else { rows };
        let numbers =
            place.weights + first * place.stride..place.weights + (first + rows) * place.stride;
        let gradients = &mut memory.gradients[..numbers.len()];
        backward_weights::weights(
            run,
            layer,
            first..first + rows,
            (present, &memory.work),
            gradients,
        );
        update_range(&rates, memory, numbers);
        first += rows;
    }
    let gradients = &mut memory.gradients[..place.stride];
    backward_weights::bias(run, layer, (present, &memory.work), gradients);
    update_range(&rates, memory, place.bias..place.bias + place.stride);
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
