//! The trials of a search, summarized.

use std::collections::BTreeMap;

use crate::study::metric::MSE;
use crate::study::objective::Objective;
use crate::study::store::run::{Curve, RunRecord};
use crate::study::store::trials::{SearchSummary, TrialRuns};

/// How many of the best trials are averaged, as in arXiv 2510.19168.
pub const BEST: usize = 10;

/// The best value of the objective up to and including each trial, from the first trial on that
/// has one.
pub fn history(search: &SearchSummary) -> Vec<(u32, f64)> {
    let (mut best, better) = (None, search.objective.better());
    let best = |(trial, value, _): &(u32, Option<f64>, Option<f64>)| {
        let is_better = |value: &f64| best.is_none_or(|best| better.is_better(*value, best));
        best = value.filter(is_better).or(best);
        best.map(|best| (*trial, best))
    };
    search.trials.iter().filter_map(best).collect()
}

/// The searches of trials: curves in the order in which the trials first name them, sizes
/// ascending.
pub fn searches(trials: &[TrialRuns]) -> Vec<SearchSummary> {
    let mut curves: Vec<&Curve> = Vec::new();
    let mut groups: BTreeMap<(usize, usize), BTreeMap<u32, RunRecord>> = BTreeMap::new();
    for trial in trials {
        let mean = RunRecord::mean(&trial.runs.iter().collect::<Vec<_>>());
        let key = &trial.runs[0].key;
        let known = curves.iter().position(|curve| **curve == key.curve);
        let place = known.unwrap_or(curves.len());
        if known.is_none() {
            curves.push(&key.curve);
        }
        let group = groups.entry((place, key.simulations)).or_default();
        group.insert(key.trial.unwrap_or(0), mean);
    }
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    let search = |((place, simulations), group): ((usize, usize), BTreeMap<u32, RunRecord>)| {
        let metric = group.values().next().map_or(MSE, RunRecord::metric);
        let objective = group.values().next().map_or_else(Objective::default, RunRecord::searched);
        let sign = objective.better().sign();
        let trial =
            |(number, mean): (u32, RunRecord)| (number, finite(mean.value()), finite(mean.score()));
        let trials: Vec<_> = group.into_iter().map(trial).collect();
        let ranked: Vec<_> = (trials.iter())
            .map(|(_, value, score)| (value.map(|value| sign * value), *score))
            .collect();
        let best = mean_of_best(&ranked, BEST);
        let curve = curves[place].clone();
        SearchSummary { metric, curve, simulations, objective, trials, best }
    };
    groups.into_iter().map(search).collect()
}

/// The mean test score of the `count` best trials, as in arXiv 2510.19168. A trial is (rank, test
/// score), the lowest rank best: a validation loss, say; the test set is not used for the choice.
/// Trials without both are left out; fewer than `count` are averaged as they are. Absent if none is
/// left.
pub fn mean_of_best(trials: &[(Option<f64>, Option<f64>)], count: usize) -> Option<f64> {
    let mut finished: Vec<(f64, f64)> = (trials.iter())
        .filter_map(|(rank, test)| {
            Some((rank.filter(|rank| rank.is_finite())?, test.filter(|test| test.is_finite())?))
        })
        .collect();
    finished.sort_by(|a, b| a.0.total_cmp(&b.0));
    finished.truncate(count);
    let total: f64 = finished.iter().map(|trial| trial.1).sum();
    (!finished.is_empty()).then(|| total / finished.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::search::trial::State;
    use crate::study::store::run::RunKey;

    #[test]
    fn a_trial_of_several_networks_counts_with_their_mean() {
        let run = |trial: u32, seed: u32, losses: Option<(f64, f64)>| {
            let curve = Curve::of("scratch");
            let key = RunKey { curve, simulations: 50, trial: Some(trial), seed, scenario: None };
            let mut run = RunRecord::untrained(key, 0);
            run.validation_loss = losses.map(|losses| losses.0);
            run.test[0].total = losses.map(|losses| losses.1);
            run
        };
        let trial =
            |runs: Vec<RunRecord>| TrialRuns { state: State::Complete, parameters: vec![], runs };
        let trials = [
            trial(vec![run(0, 1, Some((0.3, 0.4))), run(0, 2, Some((0.1, 0.2)))]),
            trial(vec![run(1, 1, None)]),
            trial(vec![run(2, 1, Some((0.1, 0.1))), run(2, 2, Some((0.1, 0.3)))]),
        ];
        let searches = searches(&trials);
        assert_eq!(searches.len(), 1);
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        near(searches[0].best.unwrap(), (0.3 + 0.2) / 2.0);
        let history = history(&searches[0]);
        assert_eq!(history.iter().map(|one| one.0).collect::<Vec<_>>(), [0, 1, 2]);
        history.iter().zip([0.2, 0.2, 0.1]).for_each(|(one, value)| near(one.1, value));
    }

    #[test]
    fn the_best_trials_are_those_of_the_lowest_rank() {
        let trials = [
            (Some(3.0), Some(30.0)),
            (Some(1.0), Some(10.0)),
            (None, Some(0.0)),
            (Some(2.0), None),
            (Some(2.5), Some(20.0)),
        ];
        assert_eq!(mean_of_best(&trials, 2), Some(15.0));
        assert_eq!(mean_of_best(&trials, 10), Some(20.0));
        assert_eq!(mean_of_best(&trials[2..3], 10), None);
    }
}
