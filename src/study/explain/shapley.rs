//! Shapley values by enumeration, for networks with few inputs.

use crate::engine::evaluate::Evaluator;
use crate::engine::real::Real;

use crate::study::explain::Subject;
use crate::study::explain::passes::on_all_cores;
use crate::study::explain::values::Attributions;

/// The largest number of inputs: 2^16 subsets for each row and background row.
pub const MOST_INPUTS: usize = 16;

/// Subsets that are evaluated in one forward pass.
const BLOCK: usize = 64;

/// The Shapley values (Shapley 1953) of `rows`, shape (rows, inputs). The value v(S) of a subset S
/// of the inputs is the mean output over the background with the inputs in S replaced by those of
/// the row (interventional values: Janzing et al. 2020, arXiv 1910.13413):
///
/// phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! (v(S + i) - v(S)).
///
/// # Panics
/// If the network has more than [`MOST_INPUTS`] inputs, there is no row, background row or target,
/// or a length is not a multiple of the number of inputs.
pub fn exact_shapley<F: Real>(subject: &Subject<F>, rows: &[F]) -> Attributions<F> {
    subject.check(rows);
    let inputs = subject.network.inputs();
    assert!(inputs <= MOST_INPUTS, "shapley: {inputs} inputs are too many to enumerate");
    let weights = weights(inputs);
    let of_row = |row: &[F], _: usize| {
        let of_subsets = subset_values(subject, row);
        let targets = subject.targets.len();
        let mut values = vec![F::zero(); targets * inputs];
        for input in 0..inputs {
            let without = (0..1usize << inputs).filter(|subset| subset >> input & 1 == 0);
            for subset in without {
                let weight = F::of(weights[subset.count_ones() as usize]);
                for target in 0..targets {
                    let with = of_subsets[(subset | 1 << input) * targets + target];
                    values[target * inputs + input] +=
                        weight * (with - of_subsets[subset * targets + target]);
                }
            }
        }
        values
    };
    let values = on_all_cores(rows, inputs, of_row);
    Attributions::new(subject, rows, values)
}

/// size! (n - size - 1)! / n! for subsets of 0, 1, ..., n - 1 of n inputs: 1 / (n binomial(n - 1,
/// size)).
fn weights(inputs: usize) -> Vec<f64> {
    let mut binomial = 1.0;
    let weight = |size: usize| {
        let weight = 1.0 / (inputs as f64 * binomial);
        binomial *= (inputs - 1 - size) as f64 / (size + 1) as f64;
        weight
    };
    (0..inputs).map(weight).collect()
}

/// The value of each subset of the inputs, shape (2^inputs, targets). Input i is in the subset if
/// bit i of its number is set.
fn subset_values<F: Real>(subject: &Subject<F>, row: &[F]) -> Vec<F> {
    let (inputs, outputs) = (row.len(), subject.network.outputs());
    let background = subject.background.chunks_exact(inputs);
    let count = F::of(background.len() as f64);
    let subsets: Vec<usize> = (0..1 << inputs).collect();
    let mut of_subsets = Vec::with_capacity(subsets.len() * subject.targets.len());
    let rows = BLOCK * background.len();
    let mut evaluator = Evaluator::new(subject.network, subject.parameters, rows);
    for block in subsets.chunks(BLOCK) {
        let mut points = Vec::with_capacity(block.len() * subject.background.len());
        for subset in block {
            for reference in background.clone() {
                let chosen = |input: usize| match subset >> input & 1 {
                    1 => row[input],
                    _ => reference[input],
                };
                points.extend((0..inputs).map(chosen));
            }
        }
        let predicted = evaluator.predict(&points);
        for of_subset in predicted.chunks_exact(background.len() * outputs) {
            for target in subject.targets {
                let values = of_subset.iter().skip(*target).step_by(outputs);
                of_subsets.push(values.fold(F::zero(), |sum, value| sum + *value) / count);
            }
        }
    }
    of_subsets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_of_all_subsets_without_an_input_add_up_to_one() {
        for inputs in 1..=MOST_INPUTS {
            let total: f64 = (0..1usize << (inputs - 1))
                .map(|subset| weights(inputs)[subset.count_ones() as usize])
                .sum();
            assert!((total - 1.0).abs() < 1e-12, "{inputs}: {total}");
        }
        assert_eq!(weights(3), [1.0 / 3.0, 1.0 / 6.0, 1.0 / 3.0]);
    }
}
