//! Which targets transfer makes worse, with its significance over seeds or over the best trials.

use std::collections::{BTreeMap, BTreeSet};

use crate::study::store::runs::RunRow;
use crate::study::transfer::BASELINE;

use crate::study::stats::scatter::Scatter;
use crate::study::stats::statistics::{Group, holm, paired_t, signed_rank, welch};

/// A corrected p-value below this is called significant.
pub const LEVEL: f64 = 0.05;

/// How one target fares with one strategy and size, against training from scratch on the same
/// simulations.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    /// The strategy.
    pub strategy: String,
    /// How many simulations.
    pub simulations: usize,
    /// The target; absent for the mean over all.
    pub target: Option<String>,
    /// How many seeds have a test MSE for both; or how many trials the one with fewer has.
    pub runs: usize,
    /// The mean over these of the strategy's test MSE, divided by that of the baseline.
    pub ratio: f64,
    /// The p-value of a t test, see [`Scatter`]: over seeds [`paired_t`]; absent with fewer than
    /// two runs.
    pub p: Option<f64>,
    /// The p-value of Wilcoxon's signed-rank test, see [`signed_rank`]. With n seeds it is at least
    /// 2 / 2^n. Trials have none.
    pub p_signed_rank: Option<f64>,
    /// The p-value of the t test, corrected for all comparisons of its kind in the study (targets;
    /// or totals), see [`holm`].
    pub p_corrected: Option<f64>,
}

impl Transfer {
    /// Transfer hurts: a larger error, beyond the scatter over runs even after the correction.
    pub fn is_negative(&self) -> bool {
        self.ratio > 1.0 && self.significant()
    }

    /// Transfer helps, likewise.
    pub fn is_positive(&self) -> bool {
        self.ratio < 1.0 && self.significant()
    }

    fn significant(&self) -> bool {
        self.p_corrected.is_some_and(|p| p < LEVEL)
    }
}

/// Compares every strategy with the baseline, by size and target, over the runs that both have.
/// First the totals of all strategies and sizes, then the targets; strategies in the order of their
/// names, sizes ascending.
///
/// # Panics
/// If a run has not one MSE for each target.
pub fn transfers(targets: &[String], runs: &[RunRow], scatter: Scatter) -> Vec<Transfer> {
    let groups: BTreeSet<(&str, usize)> = (runs.iter())
        .filter(|run| run.strategy != BASELINE)
        .map(|run| (run.strategy.as_str(), run.simulations))
        .collect();
    let total = |run: &RunRow| run.test_mse;
    let mut totals: Vec<Transfer> = (groups.iter())
        .filter_map(|group| transfer((runs, scatter), *group, None, total))
        .collect();
    let mut of_targets = Vec::new();
    for group in &groups {
        for (place, target) in targets.iter().enumerate() {
            let value = |run: &RunRow| {
                assert_eq!(run.target_mse.len(), targets.len(), "transfers: targets of a run");
                run.target_mse[place]
            };
            of_targets.extend(transfer((runs, scatter), *group, Some(target), value));
        }
    }
    for family in [&mut totals, &mut of_targets] {
        let corrected = holm(&family.iter().map(|one| one.p).collect::<Vec<_>>());
        family.iter_mut().zip(corrected).for_each(|(one, p)| one.p_corrected = p);
    }
    totals.extend(of_targets);
    totals
}

/// One comparison; absent if no seed, or no size, has both.
fn transfer(
    (runs, scatter): (&[RunRow], Scatter),
    (strategy, simulations): (&str, usize),
    target: Option<&String>,
    value: impl Fn(&RunRow) -> Option<f64>,
) -> Option<Transfer> {
    let by_seed = |strategy: &str| -> BTreeMap<u32, f64> {
        let same =
            runs.iter().filter(|run| run.strategy == strategy && run.simulations == simulations);
        same.filter_map(|run| Some((run.seed, value(run).filter(|value| value.is_finite())?)))
            .collect()
    };
    let (ours, baseline) = (by_seed(strategy), by_seed(BASELINE));
    let compared = Transfer {
        strategy: strategy.to_owned(),
        simulations,
        target: target.cloned(),
        runs: 0,
        ratio: f64::NAN,
        p: None,
        p_signed_rank: None,
        p_corrected: None,
    };
    let compared = match scatter {
        Scatter::Seeds => paired(compared, &ours, &baseline),
        Scatter::Trials => apart(compared, &ours, &baseline),
    };
    compared.ratio.is_finite().then_some(compared)
}

/// With the numbers of runs that are pairs of one seed.
fn paired(empty: Transfer, ours: &BTreeMap<u32, f64>, baseline: &BTreeMap<u32, f64>) -> Transfer {
    let pairs: Vec<(f64, f64)> =
        (ours.iter()).filter_map(|(seed, our)| Some((*our, *baseline.get(seed)?))).collect();
    let sum = |side: fn(&(f64, f64)) -> f64| pairs.iter().map(side).sum::<f64>();
    let differences: Vec<f64> = pairs.iter().map(|(our, baseline)| our - baseline).collect();
    Transfer {
        runs: pairs.len(),
        ratio: sum(|pair| pair.0) / sum(|pair| pair.1),
        p: paired_t(&differences),
        p_signed_rank: signed_rank(&differences),
        ..empty
    }
}

/// With the numbers of runs that have no partner.
fn apart(empty: Transfer, ours: &BTreeMap<u32, f64>, baseline: &BTreeMap<u32, f64>) -> Transfer {
    let group = |values: &BTreeMap<u32, f64>| Group::new(values.values().copied());
    let (ours, baseline) = (group(ours), group(baseline));
    Transfer {
        runs: ours.count.min(baseline.count),
        ratio: ours.mean / baseline.mean,
        p: welch(&[(ours, baseline)]),
        ..empty
    }
}
