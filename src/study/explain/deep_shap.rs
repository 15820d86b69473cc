//! DeepSHAP: the rescale rule relative to each row of a background, averaged.

use crate::engine::activation;
use crate::engine::activation::Activation;
use crate::engine::real::Real;

use crate::study::explain::Subject;
use crate::study::explain::passes::{multipliers, on_all_cores, sums};
use crate::study::explain::values::Attributions;

/// DeepSHAP (Lundberg & Lee 2017, arXiv 1705.07874, section 4.2) with the rescale rule of DeepLIFT
/// (Shrikumar et al. 2017, arXiv 1704.02685, section 3.5.2) of `rows`, shape (rows, inputs).
///
/// Relative to a background row r, the multiplier of a unit with preactivation z for the row and z'
/// for r is (a(z) - a(z')) / (z - z'), and multipliers are propagated by the chain rule. The
/// attribution of an input is its multiplier times x - r, averaged over the background. The
/// additivity gap is rounding.
///
/// # Panics
/// If there is no row, background row or target, or if a length is not a multiple of the number of
/// inputs.
pub fn deep_shap<F: Real>(subject: &Subject<F>, rows: &[F]) -> Attributions<F> {
    subject.check(rows);
    let (inputs, network) = (subject.network.inputs(), subject.network);
    let background = sums(network, subject.parameters, subject.background);
    let count = F::of((subject.background.len() / inputs) as f64);
    let of_row = |row: &[F], _: usize| {
        let here = sums(network, subject.parameters, row);
        let factors: Vec<Vec<F>> = (network.nodes().iter().zip(&here).zip(&background))
            .map(|((node, here), there)| slopes(node.attributes.activation, here, there))
            .collect();
        let multipliers = multipliers(subject, &factors);
        let mut values = vec![F::zero(); subject.targets.len() * inputs];
        let of_targets = multipliers.chunks_exact(subject.background.len());
        for (values, of_target) in values.chunks_exact_mut(inputs).zip(of_targets) {
            let pairs = of_target.chunks_exact(inputs).zip(subject.background.chunks_exact(inputs));
            for (multipliers, reference) in pairs {
                for (input, value) in values.iter_mut().enumerate() {
                    *value += multipliers[input] * (row[input] - reference[input]);
                }
            }
            values.iter_mut().for_each(|value| *value /= count);
        }
        values
    };
    let values = on_all_cores(rows, inputs, of_row);
    Attributions::new(subject, rows, values)
}

/// The slope of the activation between the preactivations of a row, shape (units), and those of
/// the background, shape (background rows, units).
fn slopes<F: Real>(activation: Activation, here: &[F], there: &[F]) -> Vec<F> {
    let mut middles = Vec::with_capacity(there.len());
    let mut slopes = Vec::with_capacity(there.len());
    let mut a_here = vec![F::zero(); here.len()];
    let mut a_there = vec![F::zero(); there.len()];
    activation::activate(activation, here, &mut a_here);
    activation::activate(activation, there, &mut a_there);
    for (there, a_there) in there.chunks_exact(here.len()).zip(a_there.chunks_exact(here.len())) {
        for unit in 0..here.len() {
            let difference = here[unit] - there[unit];
            middles.push((here[unit] + there[unit]) * F::of(0.5));
            slopes.push((a_here[unit] - a_there[unit]) / difference);
        }
    }
    let mut derivatives = vec![F::one(); there.len()];
    activation::times_derivative(activation, &middles, &mut derivatives);
    for (place, slope) in slopes.iter_mut().enumerate() {
        if use_derivative(activation, here[place % here.len()], there[place]) {
            *slope = derivatives[place];
        }
    }
    slopes
}

/// Whether the derivative at the midpoint is a more accurate slope between two preactivations than
/// the difference quotient.
///
/// For smooth activations, the error of the derivative is about difference^2 and that of the
/// quotient about epsilon / difference; they are equal at the cube root of epsilon. For the ReLU
/// family, the derivative is exact on one side of the kink; across it the quotient subtracts
/// numbers of opposite sign, which loses no digits.
fn use_derivative<F: Real>(activation: Activation, here: F, there: F) -> bool {
    match activation {
        Activation::Identity => true,
        Activation::Relu | Activation::LeakyRelu { .. } => {
            (here > F::zero()) == (there > F::zero())
        }
        // smooth
        _ => (here - there).abs() < F::epsilon().cbrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slope between two preactivations of one unit.
    fn slope<F: Real>(activation: Activation, here: f64, there: f64) -> f64 {
        slopes(activation, &[F::of(here)], &[F::of(there)])[0].wide()
    }

    #[test]
    fn slopes_are_additive_for_close_preactivations() {
        // additivity requires a(z) - a(z') = slope (z - z') for each unit; both in f64
        for activation in Activation::ALL {
            for there in [-3.0, -0.4, 0.0, 1e-9, 0.7, 5.0] {
                for exponent in 0..17 {
                    let here = there + 10f64.powi(-exponent);
                    let mut a = [0.0; 2];
                    activation::activate(activation, &[here, there], &mut a);
                    let moved = slope::<f64>(activation, here, there) * (here - there);
                    let miss = (moved - (a[0] - a[1])).abs();
                    // rounding of two values, each at most |z|
                    let bound = 8.0 * f64::EPSILON * (1.0 + there.abs());
                    assert!(miss <= bound, "{activation:?} {here} {there}: {miss:e}");
                }
            }
        }
    }

    #[test]
    fn the_slope_of_equal_preactivations_is_the_derivative() {
        for activation in Activation::ALL {
            for z in [-2.0, 0.3, 4.0] {
                let mut derivative = [1.0];
                activation::times_derivative(activation, &[z], &mut derivative);
                assert_eq!(slope::<f64>(activation, z, z), derivative[0], "{activation:?}");
                assert!(slope::<f32>(activation, 0.0, 0.0).is_finite());
            }
        }
    }
}
