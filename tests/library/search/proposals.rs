//! Given the same history, proposals have the same distribution as those of Optuna.

use serde::Deserialize;
use shoal::study::search::{Proposer, Space, Tpe, Trial};

use super::{Histories, reference, trials};

#[derive(Deserialize)]
struct Stored {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    history: String,
    /// By parameter, each proposed by itself.
    proposals: Vec<Vec<f64>>,
    /// By parameter, proposed jointly.
    joint: Vec<Vec<f64>>,
}

/// The largest distance of two empirical distribution functions.
fn distance(a: &mut [f64], b: &mut [f64]) -> f64 {
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    let share = |values: &[f64], limit: f64| {
        values.partition_point(|v| *v <= limit) as f64 / values.len() as f64
    };
    let limits = a.iter().chain(b.iter());
    limits.map(|limit| (share(a, *limit) - share(b, *limit)).abs()).fold(0.0, f64::max)
}

/// The proposals of this crate after a history, by parameter.
fn ours(space: &Space, trials: &[Trial], multivariate: bool) -> Vec<Vec<f64>> {
    let mut ours = vec![Vec::new(); space.parameters().len()];
    for seed in 0..2_000 {
        let tpe = Tpe { startup: 10, candidates: 24, multivariate };
        let proposal = tpe.propose(seed, space, trials, trials.len() as u32);
        for (values, value) in ours.iter_mut().zip(proposal) {
            // stored with seven digits; stepped values must be equal
            values.push(format!("{:.6e}", value.unwrap()).parse().unwrap());
        }
    }
    ours
}

#[track_caller]
fn alike(what: &str, mut ours: Vec<f64>, mut theirs: Vec<f64>) {
    let distance = distance(&mut ours, &mut theirs);
    // Kolmogorov and Smirnov: 1.95 is the quantile for one false alarm in a thousand
    let bound = 1.95 * (1.0 / ours.len() as f64 + 1.0 / theirs.len() as f64).sqrt();
    assert!(distance < bound, "{what}: {distance:.4}, bound {bound:.4}");
}

#[test]
fn proposals_are_distributed_as_those_of_optuna() {
    let histories: Histories = reference("estimators.json");
    let stored: Stored = reference("proposals.json");
    let space = histories.space();
    for case in stored.cases {
        let history = histories.cases.iter().find(|other| other.history == case.history).unwrap();
        let trials = trials(&history.trials);
        let ours = ours(&space, &trials, false);
        for ((parameter, ours), theirs) in space.parameters().iter().zip(ours).zip(case.proposals) {
            alike(&format!("{}, {}", case.history, parameter.name), ours, theirs);
        }
    }
}

#[test]
fn joint_proposals_are_distributed_as_those_of_optuna() {
    let histories: Histories = reference("estimators.json");
    let stored: Stored = reference("proposals.json");
    let space = histories.space();
    for case in stored.cases {
        let history = histories.cases.iter().find(|other| other.history == case.history).unwrap();
        let trials = trials(&history.trials);
        let all = ours(&space, &trials, true);
        let ours: Vec<&Vec<f64>> =
            Tpe::shared(&space, &trials).into_iter().map(|index| &all[index]).collect();
        assert_eq!(ours.len(), case.joint.len());
        for (index, theirs) in case.joint.iter().enumerate() {
            alike(&format!("{}, {index}", case.history), ours[index].clone(), theirs.clone());
            // and the sum with the next one, which depends on their correlation
            let next = (index + 1) % ours.len();
            let spread = |values: &[f64]| {
                let ends = values
                    .iter()
                    .fold([f64::MAX, f64::MIN], |[low, high], v| [low.min(*v), high.max(*v)]);
                (ends[1] - ends[0]).max(f64::MIN_POSITIVE)
            };
            let scale = spread(theirs) / spread(&case.joint[next]);
            let sum = |a: &[f64], b: &[f64]| {
                a.iter().zip(b).map(|(a, b)| a + scale * b).collect::<Vec<f64>>()
            };
            let what = format!("{}, {index} and {next}", case.history);
            alike(&what, sum(ours[index], ours[next]), sum(theirs, &case.joint[next]));
        }
    }
}
