//! Ratios of test scores to the baseline, with their significance over seeds or best trials.

use std::collections::{BTreeMap, BTreeSet};

use crate::study::stats::bootstrap::Bootstrap;
use crate::study::stats::scatter::Scatter;
use crate::study::stats::statistics::{Group, holm, paired_t, signed_rank, welch};
use crate::study::store::negative_transfer::Transfer;
use crate::study::store::run::{Curve, RunRecord};
use crate::study::transfer::BASELINE;

/// Compares every curve with the baseline, by size and target, over the runs that both have. First
/// the totals of all curves and sizes, then the targets; curves and sizes ascending.
///
/// # Panics
/// If a run has another number of scores than there are targets.
pub fn transfers(
    targets: &[String],
    runs: &[RunRecord],
    scatter: Scatter,
    bootstrap: &Bootstrap,
) -> Vec<Transfer> {
    let groups: BTreeSet<(&Curve, usize)> = (runs.iter())
        .filter(|run| run.key.curve.strategy != BASELINE)
        .map(|run| (&run.key.curve, run.key.simulations))
        .collect();
    let total = RunRecord::score;
    let mut totals: Vec<Transfer> = (groups.iter())
        .filter_map(|group| transfer((runs, scatter), *group, None, total))
        .collect();
    for one in &mut totals {
        one.interval = bootstrap.difference(&one.curve, &Curve::of(BASELINE), one.simulations);
    }
    let mut of_targets = Vec::new();
    for group in &groups {
        for (place, target) in targets.iter().enumerate() {
            let value = |run: &RunRecord| run.target_score(place);
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
    (runs, scatter): (&[RunRecord], Scatter),
    (curve, simulations): (&Curve, usize),
    target: Option<&String>,
    value: impl Fn(&RunRecord) -> Option<f64>,
) -> Option<Transfer> {
    let by_seed = |curve: &Curve| -> BTreeMap<u32, f64> {
        let same = |run: &&RunRecord| run.key.curve == *curve && run.key.simulations == simulations;
        let finite = |run: &RunRecord| value(run).filter(|value| value.is_finite());
        let values = runs.iter().filter(same);
        values.filter_map(|run| Some((run.key.seed, finite(run)?))).collect()
    };
    let (ours, baseline) = (by_seed(curve), by_seed(&Curve::of(BASELINE)));
    let compared = Transfer {
        metric: runs.first()?.metric(),
        curve: curve.clone(),
        simulations,
        target: target.cloned(),
        runs: 0,
        ratio: f64::NAN,
        difference: f64::NAN,
        interval: None,
        p: None,
        p_signed_rank: None,
        p_corrected: None,
    };
    let compared = match scatter {
        Scatter::Seeds => paired(compared, &ours, &baseline),
        Scatter::Trials => unpaired(compared, &ours, &baseline),
    };
    compared.ratio.is_finite().then_some(compared)
}

/// The comparison of runs paired by seed.
fn paired(empty: Transfer, ours: &BTreeMap<u32, f64>, baseline: &BTreeMap<u32, f64>) -> Transfer {
    let pairs: Vec<(f64, f64)> =
        (ours.iter()).filter_map(|(seed, our)| Some((*our, *baseline.get(seed)?))).collect();
    let sum = |side: fn(&(f64, f64)) -> f64| pairs.iter().map(side).sum::<f64>();
    let differences: Vec<f64> = pairs.iter().map(|(our, baseline)| our - baseline).collect();
    Transfer {
        runs: pairs.len(),
        ratio: sum(|pair| pair.0) / sum(|pair| pair.1),
        difference: differences.iter().sum::<f64>() / differences.len() as f64,
        p: paired_t(&differences),
        p_signed_rank: signed_rank(&differences),
        ..empty
    }
}

/// The comparison of unpaired runs.
fn unpaired(empty: Transfer, ours: &BTreeMap<u32, f64>, baseline: &BTreeMap<u32, f64>) -> Transfer {
    let group = |values: &BTreeMap<u32, f64>| Group::new(values.values().copied());
    let (ours, baseline) = (group(ours), group(baseline));
    Transfer {
        runs: ours.count.min(baseline.count),
        ratio: ours.mean / baseline.mean,
        difference: ours.mean - baseline.mean,
        p: welch(&[(ours, baseline)]),
        ..empty
    }
}
