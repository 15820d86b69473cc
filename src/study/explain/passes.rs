//! Forward and backward through a network for many rows at one time, as matrix products.

use rayon::prelude::*;

use crate::engine::cpu::backend::layer_sums;
use crate::engine::cpu::product::{Shape, product};
use crate::engine::cpu::transpose::transpose;
use crate::engine::graph::Network;
use crate::engine::memory::Real;
use crate::engine::ops::activation;

use crate::study::explain::Subject;

/// The sums z of each layer before its activation, shape (rows, units of the layer), from inputs of
/// shape (rows, inputs).
pub(crate) fn sums<F: Real>(network: &Network, parameters: &[F], inputs: &[F]) -> Vec<Vec<F>> {
    let mut below = inputs.to_vec();
    let mut all = Vec::new();
    for (layer, place) in network.layers().iter().zip(network.parameter_table()) {
        let sums = layer_sums(layer, place, parameters, &below);
        below = vec![F::zero(); sums.len()];
        activation::activate(layer.activation, &sums, &mut below);
        all.push(sums);
    }
    all
}

/// What a change of an input does to each target, shape (targets, rows, inputs), when an activation
/// multiplies a change by its `factors`, for each layer of shape (rows, units). With derivatives as
/// factors this is the gradient.
pub(crate) fn multipliers<F: Real>(subject: &Subject<F>, factors: &[Vec<F>]) -> Vec<F> {
    let layers = subject.network.layers();
    let places = subject.network.parameter_table();
    let last = layers.len() - 1;
    let rows = factors[last].len() / layers[last].outputs;
    let mut above = last_layer(subject, &factors[last]);
    for number in (0..last).rev() {
        let (layer, place) = (&layers[number], places[number]);
        for of_target in above.chunks_exact_mut(rows * layer.outputs) {
            of_target
                .iter_mut()
                .zip(&factors[number])
                .for_each(|(value, factor)| *value *= *factor);
        }
        let all = rows * subject.targets.len();
        let mut below = vec![F::zero(); all * layer.inputs];
        let weights = &subject.parameters[place.weights..place.bias];
        let mut by_unit = vec![F::zero(); weights.len()];
        transpose(place.stride, weights, &mut by_unit);
        product(
            (&mut below, Shape::by_rows(all, layer.inputs, layer.inputs)),
            (&above, Shape::by_rows(all, layer.outputs, layer.outputs)),
            (&by_unit, Shape::by_rows(layer.outputs, layer.inputs, layer.inputs)),
        );
        above = below;
    }
    above
}

/// Through the last layer: of its units only the target's own counts. Shape (targets, rows, units
/// below).
fn last_layer<F: Real>(subject: &Subject<F>, factors: &[F]) -> Vec<F> {
    let layers = subject.network.layers();
    let layer = layers[layers.len() - 1];
    let place = subject.network.parameter_table()[layers.len() - 1];
    let mut below =
        Vec::with_capacity(subject.targets.len() * factors.len() / layer.outputs * layer.inputs);
    for target in subject.targets {
        let weight =
            |input: usize| subject.parameters[place.weights + input * place.stride + target];
        let weights: Vec<F> = (0..layer.inputs).map(weight).collect();
        for row in factors.chunks_exact(layer.outputs) {
            below.extend(weights.iter().map(|weight| *weight * row[*target]));
        }
    }
    below
}

/// Outputs of the targets, shape (rows, targets), from the sums of the last layer.
pub(crate) fn target_outputs<F: Real>(subject: &Subject<F>, sums: &[F]) -> Vec<F> {
    let layers = subject.network.layers();
    let layer = &layers[layers.len() - 1];
    let mut outputs = vec![F::zero(); sums.len()];
    activation::activate(layer.activation, sums, &mut outputs);
    let row = |row: &[F]| subject.targets.iter().map(|target| row[*target]).collect::<Vec<F>>();
    outputs.chunks_exact(layer.outputs).flat_map(row).collect()
}

/// `of_row` of each row and its number, in order, on all cores. The result for a row must not depend
/// on other rows, so that the number of cores changes nothing.
pub(crate) fn on_all_cores<F: Real>(
    rows: &[F],
    width: usize,
    of_row: impl Fn(&[F], usize) -> Vec<F> + Sync,
) -> Vec<F> {
    let rows = rows.par_chunks_exact(width).enumerate();
    rows.map(|(number, row)| of_row(row, number)).collect::<Vec<_>>().concat()
}
