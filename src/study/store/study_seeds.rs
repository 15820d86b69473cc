//! `study_seeds.csv`: what several studies have in common that differ in their seed alone.

use std::path::Path;

use crate::error::Result;
use crate::study::metric::{MSE, Metric};
use crate::study::store::run::Curve;
use crate::study::store::savings::Bound;
use crate::study::store::table::{columns, curve_columns, curve_fields, number_text, write_table};

/// The file in the folder above those of the studies.
pub const STUDY_SEEDS_FILE: &str = "study_seeds.csv";

/// The figure beside it, as `.svg` and `.png`.
pub(crate) const STUDY_SEEDS_FIGURE: &str = "study-seeds";

/// A mean over study seeds with its 95 % interval from Student's t; absent with one seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean, of a ratio the geometric one.
    pub mean: f64,
    /// The interval, of a ratio from the t test of its logarithm. Of bounds one end is open: 0, or
    /// infinity.
    pub interval: Option<[f64; 2]>,
}

impl Estimate {
    /// ` (1.2 to 3.4)`, ` (from 1.2)` or ` (up to 3.4)`; nothing without an interval.
    pub fn interval_text(&self, number: impl Fn(f64) -> String) -> String {
        match self.interval {
            None => String::new(),
            Some([low, f64::INFINITY]) => format!(" (from {})", number(low)),
            Some([0.0, high]) => format!(" (up to {})", number(high)),
            Some([low, high]) => format!(" ({} to {})", number(low), number(high)),
        }
    }
}

/// A strategy at one size over several study seeds. Each study seed has test rows, subsets and
/// pre-trainings of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct OverStudySeeds {
    /// The title that the studies share.
    pub series: String,
    /// The metric.
    pub metric: &'static Metric,
    /// Strategy and pre-training size.
    pub curve: Curve,
    /// How many simulations.
    pub simulations: usize,
    /// The target; absent for the mean over all.
    pub target: Option<String>,
    /// Studies that have a test score.
    pub seeds: usize,
    /// The mean test score.
    pub score: Estimate,
    /// The test score divided by that of the baseline in the same study; absent for the baseline.
    pub ratio: Option<Estimate>,
    /// How many times fewer simulations it needs than the baseline; of the mean over all targets.
    pub saving: Option<Estimate>,
    /// Whether that is a bound in some of the studies.
    pub bound: Bound,
}

impl OverStudySeeds {
    /// Whether its test score is worse than the baseline's, by an interval that excludes 1.
    pub(crate) fn is_worse(&self) -> bool {
        let ends = self.ratio.and_then(|ratio| ratio.interval);
        ends.is_some_and(|ends| ends.iter().all(|end| self.metric.better.is_better(1.0, *end)))
    }
}

/// Writes `study_seeds.csv`, atomically. The target is empty for the mean over all.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub fn write_study_seeds(path: &Path, all: &[OverStudySeeds]) -> Result<()> {
    let sized = all.iter().any(|one| one.curve.pretraining_simulations.is_some());
    let score = all.first().map_or(MSE, |one| one.metric).column();
    let names = [score.as_str(), "ratio", "saving"];
    let ends = names.map(|name| ["", "_low", "_high"].map(|end| format!("{name}{end}")));
    let heading = [
        columns(&["study"]),
        curve_columns(sized),
        columns(&["simulations", "target", "study_seeds"]),
        ends.concat(),
        columns(&["bound"]),
    ]
    .concat();
    let line = |one: &OverStudySeeds| {
        let numbers = [Some(one.score), one.ratio, one.saving].map(|estimate| {
            let end = |end: usize| estimate.and_then(|one| one.interval).map(|ends| ends[end]);
            [estimate.map(|one| one.mean), end(0), end(1)].map(number_text)
        });
        [
            vec![one.series.clone()],
            curve_fields(&one.curve, sized),
            vec![
                one.simulations.to_string(),
                one.target.clone().unwrap_or_default(),
                one.seeds.to_string(),
            ],
            numbers.concat(),
            vec![one.saving.map_or("", |_| one.bound.name()).to_owned()],
        ]
        .concat()
    };
    write_table(path, &heading, &all.iter().map(line).collect::<Vec<_>>())
}
