//! A Parzen estimator: a mixture of one kernel per observation and one for the prior. A kernel is a
//! product over parameters.
//!
//! Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NIPS 2011, section 4, with the
//! choices of Optuna 5.0 (`TPESampler`): kernels are normal distributions truncated to the range;
//! their width is the distance to the neighbours, bounded below by a fraction of the range (the
//! "magic clip"), and the ends of the range do not count as neighbours; the prior is one more
//! kernel of weight 1; the weights of observations older than the last 25 decrease linearly.

use crate::study::search::distribution::Distribution;
use crate::study::search::kernels::{Kernels, pick};

/// A density estimated from observations.
#[derive(Clone, Debug, PartialEq)]
pub struct Parzen {
    /// The weight of each kernel, the prior last; they sum to 1.
    weights: Vec<f64>,
    log_weights: Vec<f64>,
    /// The kernels along each parameter.
    kernels: Vec<Kernels>,
}

impl Parzen {
    /// Estimates the joint density of some parameters from observations, oldest first, each with a
    /// value for every parameter.
    pub fn new(distributions: &[&Distribution], observations: &[Vec<f64>]) -> Self {
        let mut weights = fading_weights(observations.len());
        weights.push(1.0);
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        let kernels = distributions.iter().enumerate().map(|(index, distribution)| {
            let along: Vec<f64> = observations.iter().map(|values| values[index]).collect();
            Kernels::new(distribution, &along)
        });
        let log_weights = weights.iter().map(|weight| weight.ln()).collect();
        Self { kernels: kernels.collect(), log_weights, weights }
    }

    /// The weight of each kernel, oldest observation first, the prior last.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The kernels along each parameter, in the order of the weights.
    pub fn kernels(&self) -> &[Kernels] {
        &self.kernels
    }

    /// Logarithm of the density at a value of each parameter: a density on the axis of a range
    /// without steps, a probability otherwise.
    pub fn log_density(&self, values: &[f64]) -> f64 {
        let mut terms = self.log_weights.clone();
        for (kernels, value) in self.kernels.iter().zip(values) {
            kernels.add_log_densities(*value, &mut terms);
        }
        let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if largest == f64::NEG_INFINITY {
            return largest;
        }
        let sum: f64 = terms.iter().map(|term| (term - largest).exp()).sum();
        largest + sum.ln()
    }

    /// A value of each parameter from quantiles in (0, 1): `kernel` chooses the kernel, `places`
    /// the values within it.
    pub fn sample(&self, kernel: f64, places: &[f64]) -> Vec<f64> {
        let kernel = pick(&self.weights, kernel);
        self.kernels
            .iter()
            .zip(places)
            .map(|(kernels, place)| kernels.sample(kernel, *place))
            .collect()
    }
}

/// Weight 1 for the newest 25 observations; older weights rise linearly from 1 / count to 1.
fn fading_weights(count: usize) -> Vec<f64> {
    let old = count.saturating_sub(25);
    let first = 1.0 / count as f64;
    let rise = (1.0 - first) / old.saturating_sub(1).max(1) as f64;
    let weight = |i: usize| match i {
        _ if i >= old => 1.0,
        _ if i > 0 && i + 1 == old => 1.0,
        _ => first + i as f64 * rise,
    };
    (0..count).map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::search::distribution::Range;

    fn estimate(distribution: &Distribution, values: &[f64]) -> Parzen {
        let observations: Vec<Vec<f64>> = values.iter().map(|value| vec![*value]).collect();
        Parzen::new(&[distribution], &observations)
    }

    #[test]
    fn the_last_25_have_weight_one() {
        assert_eq!(fading_weights(24), vec![1.0; 24]);
        assert_eq!(fading_weights(26)[..2], [1.0 / 26.0, 1.0]);
        let weights = fading_weights(125);
        assert_eq!((weights[0], weights[99]), (1.0 / 125.0, 1.0));
        assert!(weights.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn the_density_integrates_to_one() {
        let range = Range::float(1e-5, 1e-1, true).unwrap();
        let parzen = estimate(&Distribution::Range(range), &[1e-3, 2e-3, 5e-2, 1e-5]);
        let (low, high) = range.ends();
        let cells = 20_000;
        let width = (high - low) / f64::from(cells);
        let sum: f64 = (0..cells)
            .map(|i| {
                parzen.log_density(&[(low + (f64::from(i) + 0.5) * width).exp()]).exp() * width
            })
            .sum();
        // the error of the midpoint rule is width^2 / 24 times the change of the slope, far below
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");

        let layers = Distribution::Range(Range::int(1, 9, true).unwrap());
        let parzen = estimate(&layers, &[2.0, 2.0, 7.0]);
        let sum: f64 = (1..=9).map(|value| parzen.log_density(&[f64::from(value)]).exp()).sum();
        assert!((sum - 1.0).abs() < 1e-13, "{sum}");
    }

    #[test]
    fn samples_follow_the_density() {
        let layers = Distribution::Range(Range::int(1, 5, false).unwrap());
        let kinds = Distribution::Choices(vec!["a".into(), "b".into(), "c".into()]);
        for (distribution, values) in [(layers, 1..6), (kinds, 0..3)] {
            let parzen = estimate(&distribution, &[1.0, 2.0, 2.0]);
            let side = 400;
            for value in values.map(f64::from) {
                let mut count = 0;
                for i in 0..side * side {
                    let quantiles =
                        [i / side, i % side].map(|i| (f64::from(i) + 0.5) / f64::from(side));
                    count += u32::from(parzen.sample(quantiles[0], &quantiles[1..]) == [value]);
                }
                let share = f64::from(count) / f64::from(side * side);
                // a grid is wrong by at most a row and a column of cells per kernel
                assert!(
                    (share - parzen.log_density(&[value]).exp()).abs() < 4.0 / f64::from(side),
                    "{value}: {share}"
                );
            }
        }
    }
}
