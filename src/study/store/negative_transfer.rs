//! `negative_transfer.csv`: test scores relative to the baseline, with their significance.

use std::path::Path;

use crate::error::Result;
use crate::study::metric::Metric;
use crate::study::store::run::Curve;
use crate::study::store::table::{columns, number_text, write_curves};

/// The file in a study's folder.
pub const NEGATIVE_TRANSFER_FILE: &str = "negative_transfer.csv";

/// A corrected p-value below this is called significant.
pub const LEVEL: f64 = 0.05;

/// The test score of one strategy, size and target, compared with training from scratch on the same
/// simulations.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    /// The metric.
    pub metric: &'static Metric,
    /// Strategy and pre-training size.
    pub curve: Curve,
    /// How many simulations.
    pub simulations: usize,
    /// The target; absent for the mean over all.
    pub target: Option<String>,
    /// How many seeds have a test score for both; or how many trials the one with fewer has.
    pub runs: usize,
    /// The mean over these of the strategy's test score, divided by that of the baseline.
    pub ratio: f64,
    /// The mean over these of the strategy's test score minus that of the baseline.
    pub difference: f64,
    /// Its 95 % bootstrap interval over runs and test rows; only of the mean over all targets.
    pub interval: Option<[f64; 2]>,
    /// The p-value of a t test: paired over seeds, Welch's over trials; absent with fewer than two
    /// runs.
    pub p: Option<f64>,
    /// The p-value of Wilcoxon's signed-rank test. With n seeds it is at least 2 / 2^n. Absent for
    /// trials.
    pub p_signed_rank: Option<f64>,
    /// The p-value of the t test after Holm's correction for all comparisons of its kind in the
    /// study (targets; or totals).
    pub p_corrected: Option<f64>,
}

impl Transfer {
    /// Whether transfer hurts: a worse score, significant after the correction.
    pub fn is_negative(&self) -> bool {
        self.metric.better.is_better(1.0, self.ratio) && self.is_significant()
    }

    /// Whether transfer helps, likewise.
    pub fn is_positive(&self) -> bool {
        self.metric.better.is_better(self.ratio, 1.0) && self.is_significant()
    }

    fn is_significant(&self) -> bool {
        self.p_corrected.is_some_and(|p| p < LEVEL)
    }

    /// The word in the table.
    fn kind(&self) -> &'static str {
        match (self.is_negative(), self.is_positive()) {
            (true, _) => "negative",
            (_, true) => "positive",
            _ => "none",
        }
    }
}

/// Writes `negative_transfer.csv`, atomically. The target is empty for the mean over all.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub fn write_transfers(path: &Path, transfers: &[Transfer]) -> Result<()> {
    let rest = columns(&[
        "simulations",
        "target",
        "runs",
        "ratio",
        "difference",
        "low",
        "high",
        "p",
        "p_signed_rank",
        "p_corrected",
        "transfer",
    ]);
    let line = |one: &Transfer| {
        vec![
            one.simulations.to_string(),
            one.target.clone().unwrap_or_default(),
            one.runs.to_string(),
            number_text(Some(one.ratio)),
            number_text(Some(one.difference)),
            number_text(one.interval.map(|ends| ends[0])),
            number_text(one.interval.map(|ends| ends[1])),
            number_text(one.p),
            number_text(one.p_signed_rank),
            number_text(one.p_corrected),
            one.kind().to_owned(),
        ]
    };
    write_curves(path, &rest, transfers.iter().map(|one| (&one.curve, line(one))))
}
