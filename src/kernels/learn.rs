//! Gradient and AdamW of a layer in one, on the CPU alone: some rows of weights at a time, whose gradients are used before they leave
//! the core's cache and then forgotten. The parameters are, to the bit, those that [`super::backward_weights`] and then
//! [`super::adamw`] make of all.

use std::ops::Range;

use super::adamw::{Rates, keep_best, update};
use super::layout::phase;
use super::{Call, Memory, Prepared, Real, backward_weights};
use crate::run::Precision;

/// Gradients that are made at one time, about.
const NUMBERS: usize = 8192;

/// Rows of weights that are made at one time are a multiple of these, but for the last.
const ROWS: usize = 8;

/// Whether the update of each parameter of a run needs no other gradient than its own.
pub fn serves(run: &Prepared) -> bool {
    run.precision() == Precision::F32 && !run.asks_norm()
}

/// Plays a call of a step. A layer is updated as soon as nothing in this step reads it any more, the last of them with the call
/// that would only make its gradients.
pub fn play<F: Real>(call: Call, run: &Prepared, memory: &mut Memory<F>) {
    let trained = run.network.first_trained();
    match call {
        Call::Clock => {
            call.twin(run, memory);
            keep_best(run, memory);
        }
        Call::BackwardInput(layer) if (trained + 1..run.places.len()).contains(&layer) => {
            call.twin(run, memory);
            update_layer(run, layer, memory);
        }
        Call::BackwardWeights(layer) if layer == trained => update_layer(run, layer, memory),
        Call::BackwardWeights(_) | Call::Norm | Call::Clip | Call::Adamw => {}
        _ => call.twin(run, memory),
    }
}

fn update_layer<F: Real>(run: &Prepared, layer: usize, memory: &mut Memory<F>) {
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let rates = Rates::new(run, &memory.state);
    let (inputs, place) = (run.network.layers()[layer].inputs, run.places[layer]);
    let rows = (NUMBERS / place.stride).max(1).next_multiple_of(ROWS);
    let mut first = 0;
    while first < inputs {
        let left = inputs - first;
        let rows = if left < rows + ROWS { left } else { rows };
        let numbers =
            place.weights + first * place.stride..place.weights + (first + rows) * place.stride;
        let gradients = &mut memory.gradients[..numbers.len()];
        backward_weights::weights(run, layer, first..first + rows, &memory.work, gradients);
        update_range(&rates, memory, numbers);
        first += rows;
    }
    let gradients = &mut memory.gradients[..place.stride];
    backward_weights::bias(run, layer, &memory.work, gradients);
    update_range(&rates, memory, place.bias..place.bias + place.stride);
}

/// Updates these parameters with the first gradients.
fn update_range<F: Real>(rates: &Rates<F>, memory: &mut Memory<F>, numbers: Range<usize>) {
    update(
        rates,
        &memory.gradients[..numbers.len()],
        &mut memory.parameters[numbers.clone()],
        &mut memory.first_moment[numbers.clone()],
        &mut memory.second_moment[numbers],
    );
}
