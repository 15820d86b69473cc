//! Forward and backward through a network for many rows at one time, as matrix products.

use std::convert::Infallible;

use crate::engine::activation;
use crate::engine::cpu::product::Shape;
use crate::engine::cpu::product::product;
use crate::engine::cpu::transpose::transpose;
use crate::engine::evaluate::evaluate;
use crate::engine::graph::Graph;
use crate::engine::real::Real;
use crate::engine::threads;

use crate::study::explain::Subject;

/// The preactivations of each node, shape (rows, units), from inputs of shape (rows, inputs).
pub(crate) fn sums<F: Real>(network: &Graph, parameters: &[F], inputs: &[F]) -> Vec<Vec<F>> {
    let values = evaluate(network, parameters, inputs);
    values.into_iter().map(|values| values.preactivation).collect()
}

/// The multiplier of each input for each target, shape (targets, rows, inputs), by the chain rule
/// with `factors` in place of the derivatives of the activations, for each node of shape (rows,
/// units). With the derivatives as factors it is the gradient.
pub(crate) fn multipliers<F: Real>(subject: &Subject<F>, factors: &[Vec<F>]) -> Vec<F> {
    let network = subject.network;
    let last = network.output_node();
    let rows = factors[last].len() / network.outputs();
    let mut above = last_node(subject, &factors[last]);
    for node in (0..last).rev() {
        let weights = network.parameters(node)[0];
        for of_target in above.chunks_exact_mut(rows * weights.columns) {
            let factors = &factors[node];
            of_target.iter_mut().zip(factors).for_each(|(value, factor)| *value *= *factor);
        }
        let all = rows * subject.targets.len();
        let mut below = vec![F::zero(); all * weights.rows];
        let stored = &subject.parameters[weights.range()];
        let mut by_unit = vec![F::zero(); stored.len()];
        transpose(weights.stride, stored, &mut by_unit);
        product(
            (&mut below, Shape::by_rows(all, weights.rows, weights.rows)),
            (&above, Shape::by_rows(all, weights.columns, weights.columns)),
            (&by_unit, Shape::by_rows(weights.columns, weights.rows, weights.rows)),
        );
        above = below;
    }
    above
}

/// The backward pass through the output node, whose gradient is 1 for the unit of the target and 0
/// for the others. Shape (targets, rows, units below).
fn last_node<F: Real>(subject: &Subject<F>, factors: &[F]) -> Vec<F> {
    let weights = subject.network.parameters(subject.network.output_node())[0];
    let rows = factors.len() / weights.columns;
    let mut below = Vec::with_capacity(subject.targets.len() * rows * weights.rows);
    for target in subject.targets {
        let weight =
            |input: usize| subject.parameters[weights.at + input * weights.stride + target];
        let of_target: Vec<F> = (0..weights.rows).map(weight).collect();
        for row in factors.chunks_exact(weights.columns) {
            below.extend(of_target.iter().map(|weight| *weight * row[*target]));
        }
    }
    below
}

/// Outputs of the targets, shape (rows, targets), from the preactivations of the output node.
pub(crate) fn target_outputs<F: Real>(subject: &Subject<F>, sums: &[F]) -> Vec<F> {
    let node = &subject.network.nodes()[subject.network.output_node()];
    let mut outputs = vec![F::zero(); sums.len()];
    activation::activate(node.attributes.activation, sums, &mut outputs);
    let row = |row: &[F]| subject.targets.iter().map(|target| row[*target]).collect::<Vec<F>>();
    outputs.chunks_exact(subject.network.outputs()).flat_map(row).collect()
}

/// Applies `of_row` to each row and its index, on all cores, and concatenates the results in order.
/// The result does not depend on the number of cores.
pub(crate) fn on_all_cores<F: Real>(
    rows: &[F],
    width: usize,
    of_row: impl Fn(&[F], usize) -> Vec<F> + Sync,
) -> Vec<F> {
    let rows: Vec<&[F]> = rows.chunks_exact(width).collect();
    let of_index = |index: usize| Ok::<_, Infallible>(of_row(rows[index], index));
    let values = threads::try_map((threads::count(), rows.len()), of_index);
    values.unwrap_or_else(|never| match never {}).concat()
}
