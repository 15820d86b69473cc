//! Attributions, and their additivity gap.

use crate::engine::real::Real;

use crate::study::explain::Subject;
use crate::study::explain::passes::{sums, target_outputs};

/// The contribution of each input of each row to each target, in units of the scaled outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Attributions<F> {
    /// Number of explained rows.
    pub rows: usize,
    /// Number of targets.
    pub targets: usize,
    /// Number of inputs.
    pub inputs: usize,
    /// The attributions, shape (rows, targets, inputs).
    pub values: Vec<F>,
    /// The outputs of the network for each row, shape (rows, targets).
    pub outputs: Vec<F>,
    /// Their means over the background, shape (targets).
    pub base: Vec<F>,
}

/// The additivity gap: the absolute difference between the sum of the attributions of a row and a
/// target and the output less the base, in units of the scaled output, and relative to the range of
/// the output over the rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// The largest, over rows and targets.
    pub largest: f64,
    /// The mean over rows and targets.
    pub mean: f64,
    /// The largest relative to its target's range; absent if an output is the same in all rows.
    pub largest_relative: Option<f64>,
    /// The mean relative to the targets' ranges; absent likewise.
    pub mean_relative: Option<f64>,
}

impl Gap {
    /// As JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "largest": self.largest,
            "mean": self.mean,
            "largest_relative": self.largest_relative,
            "mean_relative": self.mean_relative,
        })
    }
}

impl std::fmt::Display for Gap {
    fn fmt(&self, to: &mut std::fmt::Formatter) -> std::fmt::Result {
        let relative =
            |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1e}"));
        write!(
            to,
            "largest {:.1e}, mean {:.1e} of the target's range; {} and {} of the range of the \
             predictions",
            self.largest,
            self.mean,
            relative(self.largest_relative),
            relative(self.mean_relative)
        )
    }
}

impl<F: Real> Attributions<F> {
    /// Attributions from their values; computes the outputs that they should add up to.
    ///
    /// # Panics
    /// If the values are not of shape (rows, targets, inputs).
    pub(crate) fn new(subject: &Subject<F>, rows: &[F], values: Vec<F>) -> Self {
        let (inputs, targets) = (subject.network.inputs(), subject.targets.len());
        let count = rows.len() / inputs;
        assert_eq!(values.len(), count * targets * inputs, "attributions: shape");
        Self {
            rows: count,
            targets,
            inputs,
            values,
            outputs: outputs(subject, rows),
            base: outputs_of_background(subject),
        }
    }

    /// The attributions of one row and target, shape (inputs).
    ///
    /// # Panics
    /// If there is no such row or target.
    pub fn of(&self, row: usize, target: usize) -> &[F] {
        assert!(target < self.targets, "attributions: target {target}");
        &self.values[(row * self.targets + target) * self.inputs..][..self.inputs]
    }

    /// Adds the attributions of another network for the same rows.
    ///
    /// # Panics
    /// If the shapes differ.
    pub(crate) fn add(&mut self, other: &Self) {
        assert_eq!(
            (self.values.len(), self.outputs.len()),
            (other.values.len(), other.outputs.len()),
            "attributions: shapes"
        );
        for (ours, theirs) in
            self.numbers().zip(other.values.iter().chain(&other.outputs).chain(&other.base))
        {
            *ours += *theirs;
        }
    }

    /// Divides all numbers.
    pub(crate) fn divide(&mut self, by: F) {
        self.numbers().for_each(|value| *value /= by);
    }

    fn numbers(&mut self) -> impl Iterator<Item = &mut F> {
        self.values.iter_mut().chain(&mut self.outputs).chain(&mut self.base)
    }

    /// The additivity gap.
    pub fn gap(&self) -> Gap {
        let mut gap =
            Gap { largest: 0.0, mean: 0.0, largest_relative: Some(0.0), mean_relative: Some(0.0) };
        let count = (self.rows * self.targets) as f64;
        for target in 0..self.targets {
            let outputs =
                (0..self.rows).map(|row| self.outputs[row * self.targets + target].wide());
            let (low, high) = outputs
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                    (low.min(value), high.max(value))
                });
            let range = (high > low).then_some(high - low);
            for row in 0..self.rows {
                let miss = self.miss(row, target);
                gap.largest = gap.largest.max(miss);
                gap.mean += miss / count;
                let relative = range.map(|range| miss / range);
                gap.largest_relative = gap.largest_relative.zip(relative).map(|(a, b)| a.max(b));
                gap.mean_relative = gap.mean_relative.zip(relative).map(|(a, b)| a + b / count);
            }
        }
        gap
    }

    /// The gap of one row and target; infinite where a number is NaN.
    fn miss(&self, row: usize, target: usize) -> f64 {
        let total: f64 = self.of(row, target).iter().map(|value| value.wide()).sum();
        let output = self.outputs[row * self.targets + target].wide();
        let miss = (total - (output - self.base[target].wide())).abs();
        if miss.is_nan() { f64::INFINITY } else { miss }
    }
}

/// Outputs of the targets, shape (rows, targets).
fn outputs<F: Real>(subject: &Subject<F>, rows: &[F]) -> Vec<F> {
    let sums = sums(subject.network, subject.parameters, rows);
    target_outputs(subject, &sums[sums.len() - 1])
}

/// Their means over the background, shape (targets).
fn outputs_of_background<F: Real>(subject: &Subject<F>) -> Vec<F> {
    let targets = subject.targets.len();
    let all = outputs(subject, subject.background);
    let count = F::of((all.len() / targets) as f64);
    let mean = |target: usize| {
        let values = all.iter().skip(target).step_by(targets);
        values.fold(F::zero(), |sum, value| sum + *value) / count
    };
    (0..targets).map(mean).collect()
}
