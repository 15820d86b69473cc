//! A Parzen estimator of one parameter: a mixture with a kernel for each observation and one for the prior.
//!
//! Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NIPS 2011, section 4, with what Optuna 5.0 makes of it
//! (`TPESampler`): normals cut off at the ends of the axis, the width of a kernel from the distance of its neighbours, no
//! narrower than a part of the axis (the "magic clip") and not widened by the ends of the axis, the prior as one more kernel of
//! weight 1, old observations fading linearly behind the last 25.

use super::distribution::{Distribution, Range};
use super::gaussian::{log_density, log_mass, quantile_between};

/// A distribution that was estimated from observations.
#[derive(Clone, Debug, PartialEq)]
pub struct Parzen {
    /// The weight of each kernel, the prior's last; their sum is 1.
    weights: Vec<f64>,
    kernels: Kernels,
}

#[derive(Clone, Debug, PartialEq)]
enum Kernels {
    /// Normals on the axis of a range, cut off at its ends.
    Normals { range: Range, normals: Vec<Normal> },
    /// A probability for each choice.
    Choices(Vec<Vec<f64>>),
}

/// A normal on an axis, cut off at the axis's ends.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Normal {
    mean: f64,
    deviation: f64,
    /// Logarithm of its weight over what of it lies between the ends; over its deviation too if there are no steps.
    log_scale: f64,
}

impl Parzen {
    /// From observations, oldest first.
    pub fn new(distribution: &Distribution, observations: &[f64]) -> Self {
        let mut weights = fading_weights(observations.len());
        weights.push(1.0);
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        let kernels = match distribution {
            Distribution::Range(range) => Kernels::Normals {
                range: *range,
                normals: normals(range, observations, &weights),
            },
            Distribution::Choices(choices) => {
                Kernels::Choices(smoothed(choices.len(), observations))
            }
        };
        Self { weights, kernels }
    }

    /// The weight of each kernel, oldest observation first, the prior's last.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Mean and deviation of each kernel on the axis of a range; none for choices.
    pub fn normals(&self) -> Option<Vec<(f64, f64)>> {
        match &self.kernels {
            Kernels::Normals { normals, .. } => {
                Some(normals.iter().map(|n| (n.mean, n.deviation)).collect())
            }
            Kernels::Choices(_) => None,
        }
    }

    /// The probability of each choice in each kernel; none for a range.
    pub fn choices(&self) -> Option<&[Vec<f64>]> {
        match &self.kernels {
            Kernels::Normals { .. } => None,
            Kernels::Choices(rows) => Some(rows),
        }
    }

    /// Logarithm of the density at a value, on the axis of a range; of the probability if values are in steps or choices.
    pub fn log_density(&self, value: f64) -> f64 {
        let terms = self.log_terms(value);
        let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if largest == f64::NEG_INFINITY {
            return largest;
        }
        largest
            + terms
                .iter()
                .map(|term| (term - largest).exp())
                .sum::<f64>()
                .ln()
    }

    /// What each kernel adds.
    fn log_terms(&self, value: f64) -> Vec<f64> {
        match &self.kernels {
            Kernels::Choices(rows) => {
                let shares = self.weights.iter().zip(rows);
                shares
                    .map(|(weight, row)| (weight * row[value as usize]).ln())
                    .collect()
            }
            Kernels::Normals { range, normals } => match range.step() {
                None => {
                    let place = range.place(value);
                    normals
                        .iter()
                        .map(|normal| normal.log_scale + log_density(normal.standard(place)))
                        .collect()
                }
                Some(step) => {
                    let sides =
                        [value - step / 2.0, value + step / 2.0].map(|side| range.place(side));
                    let mass = |normal: &Normal| {
                        let [below, above] = sides.map(|side| normal.standard(side));
                        normal.log_scale + log_mass(below, above)
                    };
                    normals.iter().map(mass).collect()
                }
            },
        }
    }

    /// The value at two quantiles in (0, 1): the first picks the kernel, the second the place in it.
    pub fn sample(&self, quantiles: [f64; 2]) -> f64 {
        let kernel = pick(&self.weights, quantiles[0]);
        match &self.kernels {
            Kernels::Choices(rows) => pick(&rows[kernel], quantiles[1]) as f64,
            Kernels::Normals { range, normals } => {
                let normal = normals[kernel];
                let (low, high) = range.ends();
                let [a, b] = [low, high].map(|end| (end - normal.mean) / normal.deviation);
                range.value(normal.mean + normal.deviation * quantile_between(quantiles[1], a, b))
            }
        }
    }
}

impl Normal {
    fn new(range: &Range, mean: f64, deviation: f64, weight: f64) -> Self {
        let (low, high) = range.ends();
        let inside = log_mass((low - mean) / deviation, (high - mean) / deviation);
        let width = if range.step().is_none() {
            deviation.ln()
        } else {
            0.0
        };
        Self {
            mean,
            deviation,
            log_scale: weight.ln() - inside - width,
        }
    }

    /// A place on the axis as this normal sees it.
    fn standard(&self, place: f64) -> f64 {
        (place - self.mean) / self.deviation
    }
}

/// Weight 1 for the newest 25 observations; those before them rise linearly from 1 / count to 1.
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

/// A normal for each observation and the prior's last.
fn normals(range: &Range, observations: &[f64], weights: &[f64]) -> Vec<Normal> {
    let (low, high) = range.ends();
    let width = high - low;
    let mut means: Vec<f64> = observations
        .iter()
        .map(|value| range.place(*value))
        .collect();
    let narrowest = width / (2.0 + means.len() as f64).min(100.0);
    let mut deviations = spacings(&means, low, high);
    deviations
        .iter_mut()
        .for_each(|deviation| *deviation = deviation.clamp(narrowest, width));
    means.push(0.5 * (low + high));
    deviations.push(width);
    let kernels = means.iter().zip(deviations).zip(weights);
    kernels
        .map(|((mean, deviation), weight)| Normal::new(range, *mean, deviation, *weight))
        .collect()
}

/// The distance of each place from its farther neighbour. The outermost have one neighbour each, unless there is only one place:
/// its neighbours are the ends. Equal places are neighbours in their order.
fn spacings(places: &[f64], low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|a, b| places[*a].total_cmp(&places[*b]));
    let ends = places.len() < 2;
    let mut spacings = vec![0.0; places.len()];
    for (rank, index) in order.iter().enumerate() {
        let neighbour = |rank: Option<usize>| {
            rank.and_then(|rank| order.get(rank))
                .map(|index| places[*index])
        };
        let below = neighbour(rank.checked_sub(1)).or(ends.then_some(low));
        let above = neighbour(Some(rank + 1)).or(ends.then_some(high));
        let distance =
            |place: Option<f64>| place.map_or(0.0, |place| (place - places[*index]).abs());
        spacings[*index] = distance(below).max(distance(above));
    }
    spacings
}

/// For each observation one more count of its choice, the prior's row last: 1 / kernels of a count for every choice.
fn smoothed(choices: usize, observations: &[f64]) -> Vec<Vec<f64>> {
    let kernels = observations.len() + 1;
    let share = 1.0 / kernels as f64;
    let row = |observed: Option<usize>| {
        let sum = choices as f64 * share + f64::from(observed.is_some());
        (0..choices)
            .map(|choice| (share + f64::from(observed == Some(choice))) / sum)
            .collect()
    };
    let observed = observations.iter().map(|value| Some(*value as usize));
    observed.chain([None]).map(row).collect()
}

/// The index whose share of a unit interval holds the quantile.
fn pick(shares: &[f64], quantile: f64) -> usize {
    let mut sum = 0.0;
    let found = shares.iter().position(|share| {
        sum += share;
        quantile < sum
    });
    // the shares may sum to a rounding less than 1
    found.unwrap_or(shares.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_25_count_in_full() {
        assert_eq!(fading_weights(24), vec![1.0; 24]);
        assert_eq!(fading_weights(26)[..2], [1.0 / 26.0, 1.0]);
        let weights = fading_weights(125);
        assert_eq!((weights[0], weights[99]), (1.0 / 125.0, 1.0));
        assert!(weights.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn the_density_is_one_in_all() {
        let range = Range::float(1e-5, 1e-1, true).unwrap();
        let parzen = Parzen::new(&Distribution::Range(range), &[1e-3, 2e-3, 5e-2, 1e-5]);
        let (low, high) = range.ends();
        let cells = 20_000;
        let width = (high - low) / f64::from(cells);
        let sum: f64 = (0..cells)
            .map(|i| {
                parzen
                    .log_density((low + (f64::from(i) + 0.5) * width).exp())
                    .exp()
                    * width
            })
            .sum();
        // the midpoint rule's error is width^2 / 24 times the change of the slope, far below this
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");

        let layers = Distribution::Range(Range::int(1, 9, true).unwrap());
        let parzen = Parzen::new(&layers, &[2.0, 2.0, 7.0]);
        let sum: f64 = (1..=9)
            .map(|value| parzen.log_density(f64::from(value)).exp())
            .sum();
        assert!((sum - 1.0).abs() < 1e-13, "{sum}");
    }

    #[test]
    fn samples_follow_the_density() {
        let layers = Distribution::Range(Range::int(1, 5, false).unwrap());
        let kinds = Distribution::Choices(vec!["a".into(), "b".into(), "c".into()]);
        for (distribution, values) in [(layers, 1..6), (kinds, 0..3)] {
            let parzen = Parzen::new(&distribution, &[1.0, 2.0, 2.0]);
            let side = 400;
            for value in values.map(f64::from) {
                let mut count = 0;
                for i in 0..side * side {
                    let quantiles =
                        [i / side, i % side].map(|i| (f64::from(i) + 0.5) / f64::from(side));
                    count += u32::from(parzen.sample(quantiles) == value);
                }
                let share = f64::from(count) / f64::from(side * side);
                // a grid is off by at most a row and a column of cells a kernel
                assert!(
                    (share - parzen.log_density(value).exp()).abs() < 4.0 / f64::from(side),
                    "{value}: {share}"
                );
            }
        }
    }
}
