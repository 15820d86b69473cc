//! Statistics over seeds, per strategy and number of simulations, and `summary.csv`.

use std::path::Path;

use crate::data::files::write_bytes;
use crate::error::Result;
use crate::study::store::fields::{csv_text, number_text};
use crate::study::store::runs::RunRow;

/// Mean and scatter of one number over the seeds that have it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// How many seeds have a finite value.
    pub count: usize,
    /// Their mean; absent without a value.
    pub mean: Option<f64>,
    /// Their sample standard deviation, with n - 1 below the sum; absent with fewer than two
    /// values.
    pub deviation: Option<f64>,
    /// The standard error of the mean, deviation / sqrt(n); absent with fewer than two values.
    pub standard_error: Option<f64>,
    /// Their median, of an even count the mean of the middle two; absent without a value.
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

/// All runs of one strategy with one number of simulations.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryRow {
    /// The strategy's name.
    pub strategy: String,
    /// How many simulations each run had, training and validation together.
    pub simulations: usize,
    /// How many runs finished, diverged ones included.
    pub runs: usize,
    /// How many of them diverged. One that diverged late still counts with its best weights.
    pub diverged: usize,
    /// The test MSE over all targets.
    pub test: Spread,
    /// The validation MSE of the kept weights, its mean over seeds.
    pub validation_mean: Option<f64>,
    /// The test MSE of each target, in the order of [`Summary::targets`].
    pub targets: Vec<Spread>,
}

/// The statistics of a study.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// The names of the targets.
    pub targets: Vec<String>,
    /// The strategies, in the order in which the runs first name them.
    pub strategies: Vec<String>,
    /// One row per strategy and size: strategies in their order, sizes ascending.
    pub rows: Vec<SummaryRow>,
}

impl Summary {
    /// The statistics of `runs`, whose `target_mse` follow `targets`.
    ///
    /// # Panics
    ///
    /// If a run has another number of targets than `targets`.
    pub fn new(targets: &[String], runs: &[RunRow]) -> Self {
        let mut strategies: Vec<String> = Vec::new();
        for run in runs {
            assert_eq!(
                run.target_mse.len(),
                targets.len(),
                "summary: a run of '{}' has other targets",
                run.strategy
            );
            if !strategies.contains(&run.strategy) {
                strategies.push(run.strategy.clone());
            }
        }
        let mut rows = Vec::new();
        for strategy in &strategies {
            let own: Vec<&RunRow> = runs.iter().filter(|run| run.strategy == *strategy).collect();
            rows.extend(sizes_of(own.iter().map(|run| run.simulations)).into_iter().map(
                |simulations| {
                    let group: Vec<&RunRow> =
                        own.iter().copied().filter(|run| run.simulations == simulations).collect();
                    summarise(strategy, simulations, &group, targets.len())
                },
            ));
        }
        Self { targets: targets.to_vec(), strategies, rows }
    }

    /// The row of one strategy and size, if there are such runs.
    pub fn row(&self, strategy: &str, simulations: usize) -> Option<&SummaryRow> {
        (self.rows.iter()).find(|row| row.strategy == strategy && row.simulations == simulations)
    }

    /// The rows of one strategy, sizes ascending.
    pub fn of<'a>(&'a self, strategy: &'a str) -> impl Iterator<Item = &'a SummaryRow> {
        self.rows.iter().filter(move |row| row.strategy == strategy)
    }

    /// Every number of simulations that some strategy has, ascending.
    pub fn sizes(&self) -> Vec<usize> {
        sizes_of(self.rows.iter().map(|row| row.simulations))
    }

    /// Writes `summary.csv`, atomically. An absent number is an empty field.
    ///
    /// # Errors
    ///
    /// [`Error::Output`](crate::Error::Output) with the path when it cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut lines = vec![self.header()];
        lines.extend(self.rows.iter().map(fields));
        write_bytes(path, &csv_text(lines.iter().map(Vec::as_slice)))
    }

    fn header(&self) -> Vec<String> {
        let fixed = [
            "strategy",
            "simulations",
            "runs",
            "diverged",
            "test_mse_mean",
            "test_mse_standard_error",
            "test_mse_deviation",
            "test_mse_median",
            "validation_mse_mean",
        ];
        let of_targets = self.targets.iter().flat_map(|target| {
            [format!("test_mse_{target}_mean"), format!("test_mse_{target}_standard_error")]
        });
        fixed.iter().map(|&name| name.to_owned()).chain(of_targets).collect()
    }
}

fn summarise(strategy: &str, simulations: usize, group: &[&RunRow], targets: usize) -> SummaryRow {
    SummaryRow {
        strategy: strategy.to_owned(),
        simulations,
        runs: group.len(),
        diverged: group.iter().filter(|run| run.stopped == "diverged").count(),
        test: Spread::new(group.iter().map(|run| run.test_mse)),
        validation_mean: Spread::new(group.iter().map(|run| run.validation_mse)).mean,
        targets: (0..targets)
            .map(|target| Spread::new(group.iter().map(|run| run.target_mse[target])))
            .collect(),
    }
}

fn fields(row: &SummaryRow) -> Vec<String> {
    let mut fields = vec![
        row.strategy.clone(),
        row.simulations.to_string(),
        row.runs.to_string(),
        row.diverged.to_string(),
    ];
    let test = &row.test;
    let numbers =
        [test.mean, test.standard_error, test.deviation, test.median, row.validation_mean];
    let of_targets = row.targets.iter().flat_map(|target| [target.mean, target.standard_error]);
    fields.extend(numbers.into_iter().chain(of_targets).map(number_text));
    fields
}

fn sizes_of(sizes: impl Iterator<Item = usize>) -> Vec<usize> {
    sizes.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}
