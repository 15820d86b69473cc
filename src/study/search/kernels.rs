//! The kernels of a Parzen estimator along one parameter: one per observation, then the prior.

use crate::study::search::distribution::{Distribution, Range};
use crate::study::search::gaussian::{log_density, log_mass, quantile_between};

/// The kernels along one parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Kernels {
    /// Truncated normal distributions on the axis of a range.
    Normals {
        /// The range.
        range: Range,
        /// The kernels.
        normals: Vec<Normal>,
    },
    /// A probability for each choice.
    Choices(Vec<Vec<f64>>),
}

/// A normal distribution truncated to the ends of an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normal {
    /// The mean, on the axis.
    pub mean: f64,
    /// The standard deviation, on the axis.
    pub deviation: f64,
    /// The logarithm of the normalisation: minus that of the probability between the ends, and
    /// minus that of the deviation if there are no steps.
    log_scale: f64,
}

impl Kernels {
    /// The kernels for observations of a parameter.
    pub fn new(distribution: &Distribution, observations: &[f64]) -> Self {
        match distribution {
            Distribution::Range(range) => {
                Kernels::Normals { range: *range, normals: normals(range, observations) }
            }
            Distribution::Choices(choices) => {
                Kernels::Choices(smoothed(choices.len(), observations))
            }
        }
    }

    /// Adds the logarithm of each kernel's density at a value to `sums`: a density on the axis of a
    /// range without steps, a probability otherwise.
    pub fn add_log_densities(&self, value: f64, sums: &mut [f64]) {
        match self {
            Kernels::Choices(rows) => {
                sums.iter_mut().zip(rows).for_each(|(sum, row)| *sum += row[value as usize].ln());
            }
            Kernels::Normals { range, normals } => {
                let sums = sums.iter_mut().zip(normals);
                let Some(step) = range.step() else {
                    let place = range.place(value);
                    sums.for_each(|(sum, normal)| {
                        *sum += normal.log_scale + log_density(normal.standard(place))
                    });
                    return;
                };
                let sides = [value - step / 2.0, value + step / 2.0].map(|side| range.place(side));
                sums.for_each(|(sum, normal)| {
                    let [below, above] = sides.map(|side| normal.standard(side));
                    *sum += normal.log_scale + log_mass(below, above);
                });
            }
        }
    }

    /// The value at a quantile in (0, 1) of a kernel.
    pub fn sample(&self, kernel: usize, quantile: f64) -> f64 {
        match self {
            Kernels::Choices(rows) => pick(&rows[kernel], quantile) as f64,
            Kernels::Normals { range, normals } => {
                let normal = normals[kernel];
                let (low, high) = range.ends();
                let [a, b] = [low, high].map(|end| normal.standard(end));
                range.value(normal.mean + normal.deviation * quantile_between(quantile, a, b))
            }
        }
    }
}

impl Normal {
    fn new(range: &Range, mean: f64, deviation: f64) -> Self {
        let (low, high) = range.ends();
        let inside = log_mass((low - mean) / deviation, (high - mean) / deviation);
        let width = if range.step().is_none() { deviation.ln() } else { 0.0 };
        Self { mean, deviation, log_scale: -inside - width }
    }

    /// The standard score of a place on the axis.
    fn standard(&self, place: f64) -> f64 {
        (place - self.mean) / self.deviation
    }
}

/// A truncated normal per observation, then the prior.
fn normals(range: &Range, observations: &[f64]) -> Vec<Normal> {
    let (low, high) = range.ends();
    let width = high - low;
    let mut means: Vec<f64> = observations.iter().map(|value| range.place(*value)).collect();
    let narrowest = width / (2.0 + means.len() as f64).min(100.0);
    let mut deviations = spacings(&means, low, high);
    deviations.iter_mut().for_each(|deviation| *deviation = deviation.clamp(narrowest, width));
    means.push(0.5 * (low + high));
    deviations.push(width);
    let kernels = means.iter().zip(deviations);
    kernels.map(|(mean, deviation)| Normal::new(range, *mean, deviation)).collect()
}

/// The distance of each place from its farther neighbour. The outermost places have one neighbour
/// each. A single place has the ends as neighbours. Equal places keep their order.
fn spacings(places: &[f64], low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|a, b| places[*a].total_cmp(&places[*b]));
    let ends = places.len() < 2;
    let mut spacings = vec![0.0; places.len()];
    for (rank, index) in order.iter().enumerate() {
        let neighbour =
            |rank: Option<usize>| rank.and_then(|rank| order.get(rank)).map(|index| places[*index]);
        let below = neighbour(rank.checked_sub(1)).or(ends.then_some(low));
        let above = neighbour(Some(rank + 1)).or(ends.then_some(high));
        let distance =
            |place: Option<f64>| place.map_or(0.0, |place| (place - places[*index]).abs());
        spacings[*index] = distance(below).max(distance(above));
    }
    spacings
}

/// The probabilities of the choices in each kernel, the prior last: an observation counts 1 for its
/// choice, and every choice has a pseudocount of 1 / kernels.
fn smoothed(choices: usize, observations: &[f64]) -> Vec<Vec<f64>> {
    let kernels = observations.len() + 1;
    let share = 1.0 / kernels as f64;
    let row = |observed: Option<usize>| {
        let sum = choices as f64 * share + f64::from(observed.is_some());
        (0..choices).map(|choice| (share + f64::from(observed == Some(choice))) / sum).collect()
    };
    let observed = observations.iter().map(|value| Some(*value as usize));
    observed.chain([None]).map(row).collect()
}

/// The index whose part of the unit interval contains the quantile; `shares` are the lengths.
pub fn pick(shares: &[f64], quantile: f64) -> usize {
    let mut sum = 0.0;
    let found = shares.iter().position(|share| {
        sum += share;
        quantile < sum
    });
    // rounding can make the sum of the shares less than 1
    found.unwrap_or(shares.len() - 1)
}
