//! `savings.csv`: how many simulations transfer saves.

use std::path::Path;

use crate::error::Result;
use crate::study::store::run::Curve;
use crate::study::store::table::{columns, number_text, write_curves};

/// The file in a study's folder.
pub(crate) const SAVINGS_FILE: &str = "savings.csv";

/// Where the equivalent number of simulations of the baseline lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Within the sizes that the baseline ran.
    Exact,
    /// Above the largest of them: the baseline never reaches the score.
    MoreThanLargest,
    /// Below the smallest of them: the baseline is better already there.
    LessThanSmallest,
}

impl Bound {
    /// The word in the table.
    pub fn name(self) -> &'static str {
        match self {
            Bound::Exact => "exact",
            Bound::MoreThanLargest => "at least",
            Bound::LessThanSmallest => "at most",
        }
    }
}

/// N_scratch / N: how many simulations the baseline needs for each one of a strategy to reach the
/// same test score, with an interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Saving {
    /// Strategy and pre-training size.
    pub curve: Curve,
    /// How many simulations it had.
    pub simulations: usize,
    /// The factor from the means over all runs. Where the baseline never reaches the score it is a
    /// lower bound, where the baseline is better with its fewest simulations an upper one.
    pub factor: f64,
    /// Whether it is a bound.
    pub bound: Bound,
    /// The 2.5 % quantile over bootstrap samples; absent where the baseline is better with its
    /// fewest simulations.
    pub low: Option<f64>,
    /// The 97.5 % quantile; absent where the baseline never reaches the score.
    pub high: Option<f64>,
}

/// Writes `savings.csv`, atomically.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub(crate) fn write_savings(path: &Path, savings: &[Saving]) -> Result<()> {
    let rest = columns(&["simulations", "factor", "bound", "low", "high"]);
    let line = |one: &Saving| {
        vec![
            one.simulations.to_string(),
            number_text(Some(one.factor)),
            one.bound.name().to_owned(),
            number_text(one.low),
            number_text(one.high),
        ]
    };
    write_curves(path, &rest, savings.iter().map(|one| (&one.curve, line(one))))
}
