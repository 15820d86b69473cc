//! Given the same history, proposals have Optuna's distribution.

use serde::Deserialize;
use shoal::study::search::Tpe;

use crate::{Histories, reference, trials};

#[derive(Deserialize)]
struct Stored {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    history: String,
    proposals: Vec<Vec<f64>>,
}

/// The largest distance of two empirical distribution functions.
fn distance(a: &mut [f64], b: &mut [f64]) -> f64 {
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    let share = |values: &[f64], limit: f64| {
        values.partition_point(|v| *v <= limit) as f64 / values.len() as f64
    };
    let limits = a.iter().chain(b.iter());
    limits
        .map(|limit| (share(a, *limit) - share(b, *limit)).abs())
        .fold(0.0, f64::max)
}

#[test]
fn proposals_are_distributed_as_optunas() {
    let histories: Histories = reference("estimators.json");
    let stored: Stored = reference("proposals.json");
    let space = histories.space();
    for case in stored.cases {
        let history = histories
            .cases
            .iter()
            .find(|other| other.history == case.history)
            .unwrap();
        let trials = trials(&history.trials);
        let mut ours = vec![Vec::new(); space.parameters().len()];
        for seed in 0..4_000 {
            let tpe = Tpe {
                seed,
                startup: 10,
                candidates: 24,
            };
            let proposal = tpe.propose(&space, &trials, trials.len() as u32);
            for (values, value) in ours.iter_mut().zip(proposal) {
                // stored with seven digits; values in steps must be equal to theirs
                values.extend(value.map(|value| format!("{value:.6e}").parse::<f64>().unwrap()));
            }
        }
        for ((parameter, mut ours), mut theirs) in
            space.parameters().iter().zip(ours).zip(case.proposals)
        {
            let distance = distance(&mut ours, &mut theirs);
            // Kolmogorov and Smirnov: 1.95 is the quantile for one false alarm in a thousand
            let bound = 1.95 * (1.0 / ours.len() as f64 + 1.0 / theirs.len() as f64).sqrt();
            let name = &parameter.name;
            assert!(ours.len() > 500, "{name}: {} proposals", ours.len());
            assert!(
                distance < bound,
                "{}, {name}: {distance:.4}, bound {bound:.4}",
                case.history
            );
        }
    }
}
