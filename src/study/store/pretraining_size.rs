//! `pretraining_size.csv`: the effect of the number of simulations to pre-train on.

use std::path::Path;

use crate::error::Result;
use crate::study::metric::{MSE, Metric};
use crate::study::store::table::{PRETRAINING_SIZE, STRATEGY, columns, number_text, write_table};

/// The file in a study's folder.
pub const PRETRAINING_SIZE_FILE: &str = "pretraining_size.csv";

/// The test score of a strategy at one size after one pre-training size.
#[derive(Clone, Debug, PartialEq)]
pub struct PretrainingSize {
    /// The metric.
    pub metric: &'static Metric,
    /// The strategy.
    pub strategy: String,
    /// Simulations of the fine-tuning.
    pub simulations: usize,
    /// Simulations of the pre-training; 0 for the baseline, which is listed with every strategy.
    pub pretraining_simulations: usize,
    /// Seeds that have a test score.
    pub seeds: usize,
    /// Its mean over them.
    pub mean: f64,
    /// The 95 % interval of the mean from Student's t over seeds; absent with fewer than two.
    pub interval: Option<[f64; 2]>,
    /// The test score relative to that after the largest pre-training, geometric mean over the
    /// seeds that have both. Absent for the largest one itself, or if no seed has both.
    pub ratio: Option<f64>,
    /// The 95 % interval of `ratio` from Student's t of its logarithm, over seeds: runs of one seed
    /// have the same simulations and initial weights, so differences are paired.
    pub ratio_interval: Option<[f64; 2]>,
}

/// Writes `pretraining_size.csv`, atomically.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub fn write_pretraining_sizes(path: &Path, all: &[PretrainingSize]) -> Result<()> {
    let metric = all.first().map_or(MSE, |one| one.metric);
    let mean = format!("{}_mean", metric.column());
    let names = columns(&[
        STRATEGY,
        "simulations",
        PRETRAINING_SIZE,
        "seeds",
        &mean,
        "low",
        "high",
        "ratio_to_largest",
        "ratio_low",
        "ratio_high",
    ]);
    let line = |one: &PretrainingSize| {
        let counts = [one.simulations, one.pretraining_simulations, one.seeds];
        let ends = |interval: Option<[f64; 2]>| [0, 1].map(|end| interval.map(|ends| ends[end]));
        let ([low, high], [ratio_low, ratio_high]) = (ends(one.interval), ends(one.ratio_interval));
        let numbers = [Some(one.mean), low, high, one.ratio, ratio_low, ratio_high];
        std::iter::once(one.strategy.clone())
            .chain(counts.map(|count| count.to_string()))
            .chain(numbers.map(number_text))
            .collect()
    };
    write_table(path, &names, &all.iter().map(line).collect::<Vec<_>>())
}
