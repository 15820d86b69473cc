//! Whether two strategies differ significantly, over seeds or over the best trials.

use std::collections::BTreeMap;

use crate::study::stats::statistics::{Group, paired_t, welch};
use crate::study::store::run::{Curve, RunRecord};

/// What the runs of one strategy and size differ in, which decides how strategies are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scatter {
    /// Seeds. A seed selects the same simulations for every strategy, so differences are paired.
    Seeds,
    /// The best trials of a search, `seed` being the rank. They share their simulations and differ
    /// in hyper-parameters, which are not paired between strategies: means are compared by Welch's
    /// t test. It accounts neither for other simulations nor for the choice of the trials.
    Trials,
}

impl Scatter {
    /// `seeds` or `trials`.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Scatter::Seeds => "seeds",
            Scatter::Trials => "trials",
        }
    }

    /// What is averaged over: `over seeds`, `over the best trials`.
    pub fn over(self) -> &'static str {
        match self {
            Scatter::Seeds => "over seeds",
            Scatter::Trials => "over the best trials",
        }
    }
}

/// The difference of two curves in ln(test score), over all sizes that both have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Contrast {
    /// The mean difference.
    pub mean: f64,
    /// The p-value of no difference; absent with too few runs.
    pub p: Option<f64>,
    /// How many seeds, or trials at the size that has fewest.
    pub runs: usize,
}

/// ln(test score) of the runs of a curve, by size and seed.
type Values = BTreeMap<usize, BTreeMap<u32, f64>>;

fn logarithms(runs: &[RunRecord], curve: &Curve) -> Values {
    let mut values = Values::new();
    for run in runs.iter().filter(|run| run.key.curve == *curve) {
        if let Some(score) = run.score().filter(|score| *score > 0.0) {
            let of_size = values.entry(run.key.simulations).or_default();
            of_size.insert(run.key.seed, score.ln());
        }
    }
    values
}

/// The difference of two curves; absent if they share no size, or no seed of one.
pub(crate) fn contrast(
    runs: &[RunRecord],
    (one, other): (&Curve, &Curve),
    scatter: Scatter,
) -> Option<Contrast> {
    let (ours, theirs) = (logarithms(runs, one), logarithms(runs, other));
    let shared = || {
        let size = |(size, our)| Some((our, theirs.get(size)?));
        ours.iter().filter_map(size)
    };
    match scatter {
        Scatter::Seeds => {
            let mut by_seed: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
            for (our, their) in shared() {
                for (seed, value) in our {
                    if let Some(other) = their.get(seed) {
                        by_seed.entry(*seed).or_default().push(value - other);
                    }
                }
            }
            let differences: Vec<f64> = by_seed.values().map(|values| mean(values)).collect();
            (!differences.is_empty()).then(|| Contrast {
                mean: mean(&differences),
                p: paired_t(&differences),
                runs: differences.len(),
            })
        }
        Scatter::Trials => {
            let group = |values: &BTreeMap<u32, f64>| Group::new(values.values().copied());
            let pairs: Vec<(Group, Group)> =
                shared().map(|(our, their)| (group(our), group(their))).collect();
            let differences: Vec<f64> = pairs.iter().map(|(a, b)| a.mean - b.mean).collect();
            let fewest = pairs.iter().map(|(a, b)| a.count.min(b.count)).min()?;
            Some(Contrast { mean: mean(&differences), p: welch(&pairs), runs: fewest })
        }
    }
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
