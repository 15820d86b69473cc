//! Which targets transfer makes worse, with the significance over seeds.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::{BASELINE, RunRow};

use super::statistics::{holm, paired_t, signed_rank};

/// A corrected p-value below this is called significant.
pub const LEVEL: f64 = 0.05;

/// How one target fares with one strategy and size, against training from scratch on the same simulations.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    /// The strategy.
    pub strategy: String,
    /// How many simulations.
    pub simulations: usize,
    /// The target; absent for the mean over all.
    pub target: Option<String>,
    /// How many seeds have a test MSE for both.
    pub seeds: usize,
    /// The mean over these seeds of the strategy's test MSE, divided by that of the baseline.
    pub ratio: f64,
    /// The p-value of a paired t test over seeds, see [`paired_t`]; absent with fewer than two seeds.
    pub p: Option<f64>,
    /// The p-value of Wilcoxon's signed-rank test, see [`signed_rank`]. With n seeds it is at least 2 / 2^n.
    pub p_signed_rank: Option<f64>,
    /// The p-value of the t test, corrected for all comparisons of its kind in the study (targets; or totals), see [`holm`].
    pub p_corrected: Option<f64>,
}

impl Transfer {
    /// Transfer hurts: a larger error, beyond the scatter over seeds even after the correction.
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

/// Compares every strategy with the baseline, by size and target, over the seeds that both have: a seed names the same
/// simulations whatever the strategy, so differences are paired. First the totals of all strategies and sizes, then the targets;
/// strategies in the order of their names, sizes ascending.
///
/// # Panics
/// If a run has not one MSE for each target.
pub fn transfers(targets: &[String], runs: &[RunRow]) -> Vec<Transfer> {
    let groups: BTreeSet<(&str, usize)> = (runs.iter())
        .filter(|run| run.strategy != BASELINE)
        .map(|run| (run.strategy.as_str(), run.simulations))
        .collect();
    let total = |run: &RunRow| run.test_mse;
    let mut totals: Vec<Transfer> = (groups.iter())
        .filter_map(|group| transfer(runs, *group, None, total))
        .collect();
    let mut of_targets = Vec::new();
    for group in &groups {
        for (place, target) in targets.iter().enumerate() {
            let value = |run: &RunRow| {
                assert_eq!(
                    run.target_mse.len(),
                    targets.len(),
                    "transfers: targets of a run"
                );
                run.target_mse[place]
            };
            of_targets.extend(transfer(runs, *group, Some(target), value));
        }
    }
    for family in [&mut totals, &mut of_targets] {
        let corrected = holm(&family.iter().map(|one| one.p).collect::<Vec<_>>());
        family
            .iter_mut()
            .zip(corrected)
            .for_each(|(one, p)| one.p_corrected = p);
    }
    totals.extend(of_targets);
    totals
}

/// One comparison; absent if no seed has both.
fn transfer(
    runs: &[RunRow],
    (strategy, simulations): (&str, usize),
    target: Option<&String>,
    value: impl Fn(&RunRow) -> Option<f64>,
) -> Option<Transfer> {
    let by_seed = |strategy: &str| -> BTreeMap<u32, f64> {
        let same = runs
            .iter()
            .filter(|run| run.strategy == strategy && run.simulations == simulations);
        same.filter_map(|run| Some((run.seed, value(run).filter(|value| value.is_finite())?)))
            .collect()
    };
    let (ours, baseline) = (by_seed(strategy), by_seed(BASELINE));
    let pairs: Vec<(f64, f64)> = (ours.iter())
        .filter_map(|(seed, our)| Some((*our, *baseline.get(seed)?)))
        .collect();
    let sum = |side: fn(&(f64, f64)) -> f64| pairs.iter().map(side).sum::<f64>();
    let ratio = sum(|pair| pair.0) / sum(|pair| pair.1);
    let differences: Vec<f64> = pairs.iter().map(|(our, baseline)| our - baseline).collect();
    ratio.is_finite().then(|| Transfer {
        strategy: strategy.to_owned(),
        simulations,
        target: target.cloned(),
        seeds: pairs.len(),
        ratio,
        p: paired_t(&differences),
        p_signed_rank: signed_rank(&differences),
        p_corrected: None,
    })
}

/// One sentence for each strategy: which targets transfer makes worse and where it does so most, or that it makes none worse.
pub fn negative_transfer_verdict(transfers: &[Transfer]) -> Vec<String> {
    let strategies: BTreeSet<&str> = transfers.iter().map(|one| one.strategy.as_str()).collect();
    let sentence = |strategy: &str| {
        let own: Vec<&Transfer> = (transfers.iter())
            .filter(|one| one.strategy == strategy && one.target.is_some())
            .collect();
        let tested = own.iter().filter(|one| one.p.is_some()).count();
        if tested == 0 {
            return format!(
                "{strategy}: with fewer than two seeds no negative transfer can be told from chance."
            );
        }
        let targets: BTreeSet<&String> = own.iter().filter_map(|one| one.target.as_ref()).collect();
        let worst = targets.into_iter().filter_map(|target| {
            let negative = own
                .iter()
                .filter(|one| one.target.as_ref() == Some(target) && one.is_negative());
            negative.max_by(|a, b| a.ratio.total_cmp(&b.ratio))
        });
        let list: Vec<String> = worst.map(|one| describe(one)).collect();
        match list.is_empty() {
            true => format!(
                "{strategy}: no target is worse than with {BASELINE} beyond the scatter over seeds, in {tested} comparisons of \
                 targets and sizes."
            ),
            false => format!("{strategy}: negative transfer for {}.", list.join(", ")),
        }
    };
    strategies.into_iter().map(sentence).collect()
}

fn describe(one: &Transfer) -> String {
    format!(
        "{} ({:.2}x the test MSE of {BASELINE} at {} simulations, corrected p = {:.1e} over {} seeds)",
        one.target.as_deref().unwrap_or_default(),
        one.ratio,
        one.simulations,
        one.p_corrected.unwrap_or(1.0),
        one.seeds
    )
}
