//! Statistics over runs, for each learning curve and number of simulations.

use crate::study::store::run::{Curve, RunRecord, StopReason};
use crate::study::store::summary::{ScoreSpread, Spread, Summary, SummaryRow};

/// The statistics of `runs`, whose scores follow `targets`.
///
/// # Panics
/// If a run has another number of targets than `targets`.
pub fn summarize(targets: &[String], runs: &[RunRecord]) -> Summary {
    let mut curves: Vec<Curve> = Vec::new();
    for run in runs {
        let curve = &run.key.curve;
        let same = run.test.iter().all(|score| score.targets.len() == targets.len());
        assert!(same, "summary: a run of '{}' has other targets", curve.label());
        if !curves.contains(curve) {
            curves.push(curve.clone());
        }
    }
    let mut rows = Vec::new();
    for curve in &curves {
        let own: Vec<&RunRecord> = runs.iter().filter(|run| run.key.curve == *curve).collect();
        let mut sizes: Vec<usize> = own.iter().map(|run| run.key.simulations).collect();
        sizes.sort_unstable();
        sizes.dedup();
        for simulations in sizes {
            let group = own.iter().copied().filter(|run| run.key.simulations == simulations);
            let group: Vec<&RunRecord> = group.collect();
            rows.push(row(curve, simulations, &group, targets.len()));
        }
    }
    Summary { targets: targets.to_vec(), curves, rows }
}

fn row(curve: &Curve, simulations: usize, group: &[&RunRecord], targets: usize) -> SummaryRow {
    let spread = |metric: usize| ScoreSpread {
        metric: group[0].test[metric].metric,
        total: Spread::new(group.iter().map(|run| run.test[metric].total)),
        targets: (0..targets)
            .map(|target| Spread::new(group.iter().map(|run| run.test[metric].targets[target])))
            .collect(),
    };
    SummaryRow {
        curve: curve.clone(),
        simulations,
        runs: group.len(),
        diverged: group.iter().filter(|run| run.stopped == StopReason::Diverged).count(),
        validation_loss: Spread::new(group.iter().map(|run| run.validation_loss)).mean,
        test: (0..group[0].test.len()).map(spread).collect(),
    }
}
