//! `summary.csv`: statistics over runs, for each learning curve and number of simulations.

use std::path::Path;

use crate::error::Result;
use crate::study::metric::{MSE, Metric};
use crate::study::store::run::Curve;
use crate::study::store::table::{columns, number_text, write_curves};

/// The file in a study's folder.
pub const SUMMARY_FILE: &str = "summary.csv";

/// Mean and spread of one number over the runs that have it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// How many runs have a finite value.
    pub count: usize,
    /// The mean; absent without a value.
    pub mean: Option<f64>,
    /// The sample standard deviation, with n - 1 in the denominator; absent with fewer than two
    /// values.
    pub deviation: Option<f64>,
    /// The standard error of the mean, deviation / sqrt(n); absent with fewer than two values.
    pub standard_error: Option<f64>,
    /// The median, of an even count the mean of the middle two; absent without a value.
    pub median: Option<f64>,
}

impl Spread {
    /// The statistics of the values that are present and finite.
    pub fn new(values: impl IntoIterator<Item = Option<f64>>) -> Self {
        let mut values: Vec<f64> =
            values.into_iter().flatten().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let count = values.len();
        if count == 0 {
            return Self::default();
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (count > 1).then(|| (squares / (count as f64 - 1.0)).sqrt());
        Self {
            count,
            mean: Some(mean),
            deviation,
            standard_error: deviation.map(|deviation| deviation / (count as f64).sqrt()),
            median: Some((values[(count - 1) / 2] + values[count / 2]) / 2.0),
        }
    }
}

/// One metric over the runs of a curve and size.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreSpread {
    /// Which metric.
    pub metric: &'static Metric,
    /// The mean over all targets.
    pub total: Spread,
    /// Each target, in the order of [`Summary::targets`].
    pub targets: Vec<Spread>,
}

/// All runs of one curve and number of simulations.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryRow {
    /// Strategy and pre-training size.
    pub curve: Curve,
    /// Simulations of each run, for training and validation together.
    pub simulations: usize,
    /// How many runs finished, diverged ones included.
    pub runs: usize,
    /// How many of them diverged. A run that diverged late counts with its best weights.
    pub diverged: usize,
    /// The validation loss of the kept weights, mean over runs.
    pub validation_loss: Option<f64>,
    /// Each metric of the study, the one that strategies are compared by first.
    pub test: Vec<ScoreSpread>,
}

impl SummaryRow {
    /// The primary metric over all targets.
    pub fn score(&self) -> Spread {
        self.test[0].total
    }

    /// The primary metric of a target.
    pub fn target_score(&self, target: usize) -> Spread {
        self.test[0].targets[target]
    }

    fn fields(&self) -> Vec<String> {
        let mut fields =
            [self.simulations, self.runs, self.diverged].map(|count| count.to_string()).to_vec();
        let mut numbers = vec![self.validation_loss];
        for ScoreSpread { total, targets, .. } in &self.test {
            numbers.extend([total.mean, total.standard_error, total.deviation, total.median]);
            numbers.extend(targets.iter().flat_map(|target| [target.mean, target.standard_error]));
        }
        fields.extend(numbers.into_iter().map(number_text));
        fields
    }
}

/// The statistics of a study.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// The names of the targets.
    pub targets: Vec<String>,
    /// The curves, in the order in which the runs first name them.
    pub curves: Vec<Curve>,
    /// One row per curve and size: curves in their order, sizes ascending.
    pub rows: Vec<SummaryRow>,
}

impl Summary {
    /// The metrics, the one that strategies are compared by first.
    pub fn metrics(&self) -> Vec<&'static Metric> {
        let scores = self.rows.first().map(|row| row.test.iter().map(|score| score.metric));
        scores.map_or(vec![MSE], Iterator::collect)
    }

    /// The metric that strategies are compared by.
    pub fn metric(&self) -> &'static Metric {
        self.metrics()[0]
    }

    /// The row of one curve and size, if there are such runs.
    pub fn row(&self, curve: &Curve, simulations: usize) -> Option<&SummaryRow> {
        self.rows.iter().find(|row| row.curve == *curve && row.simulations == simulations)
    }

    /// The rows of one curve, sizes ascending.
    pub fn of<'a>(&'a self, curve: &'a Curve) -> impl Iterator<Item = &'a SummaryRow> {
        self.rows.iter().filter(move |row| row.curve == *curve)
    }

    /// Every number of simulations of some curve, ascending.
    pub fn sizes(&self) -> Vec<usize> {
        let sizes = self.rows.iter().map(|row| row.simulations);
        sizes.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    }

    /// Writes `summary.csv`, atomically. An absent number is an empty field.
    ///
    /// # Errors
    /// [`Error::Output`](crate::Error::Output) with the path.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut rest = columns(&["simulations", "runs", "diverged", "validation_loss_mean"]);
        for metric in self.metrics() {
            let statistics = ["mean", "standard_error", "deviation", "median"];
            rest.extend(statistics.map(|name| format!("{}_{name}", metric.column())));
            rest.extend(self.targets.iter().flat_map(|target| {
                let column = metric.target_column(target);
                [format!("{column}_mean"), format!("{column}_standard_error")]
            }));
        }
        write_curves(path, &rest, self.rows.iter().map(|row| (&row.curve, row.fields())))
    }
}
