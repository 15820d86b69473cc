//! The tree-structured Parzen estimator (Bergstra et al. 2011, section 4), as Optuna's `TPESampler`
//! with `constant_liar=True`.
//!
//! The best trials and the rest give two densities of a parameter, l and g; of some candidates from
//! l, the one where l / g is largest is proposed. Trials that still run count among the rest, so
//! that a batch does not propose the same thing twice.
//!
//! Multivariate, as Optuna 5.0 is by default, the densities are those of all parameters
//! together that every finished trial has (Falkner, Klein & Hutter, "BOHB", ICML 2018, section
//! 3.2). Other parameters, and without it each parameter, have densities of their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Result;
use crate::study::config::search::SearchConfig;
use crate::study::search::distribution::Distribution;
use crate::study::search::parzen::Parzen;
use crate::study::search::proposer::{Proposer, ProposerEntry};
use crate::study::search::proposers::random::{ParameterDraws, Random};
use crate::study::search::space::Space;
use crate::study::search::trial::{State, Trial};

/// How trials are proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tpe {
    /// Trials that must have finished before proposals are no longer random.
    pub startup: usize,
    /// Values that are drawn to choose one from.
    pub candidates: u32,
    /// Whether parameters are estimated together.
    pub multivariate: bool,
}

impl Proposer for Tpe {
    fn propose(&self, seed: u64, space: &Space, others: &[Trial], number: u32) -> Vec<Option<f64>> {
        if others.iter().filter(|trial| trial.counts()).count() < self.startup {
            return Random.propose(seed, space, others, number);
        }
        let parts = split(others);
        let best = |indices: &[usize]| self.best_candidate(space, indices, &parts, (seed, number));
        let mut together = BTreeMap::new();
        if self.multivariate {
            let shared = Self::shared(space, others);
            let values = best(&shared);
            together = shared.into_iter().zip(values).collect();
        }
        let mut values = Vec::new();
        for (index, parameter) in space.parameters().iter().enumerate() {
            let value = match parameter.distribution.only() {
                _ if !space.applies(index, &values) => None,
                Some(only) => Some(only),
                None => together.get(&index).copied().or_else(|| best(&[index]).first().copied()),
            };
            values.push(value);
        }
        values
    }
}

impl Tpe {
    /// In the list of proposers.
    pub const ENTRY: ProposerEntry = ProposerEntry {
        name: "tpe",
        summary: "the tree-structured Parzen estimator, as Optuna's TPESampler",
        build: Self::build,
    };

    fn build(config: &SearchConfig) -> Result<Arc<dyn Proposer>> {
        Ok(Arc::new(Self {
            startup: config.startup,
            candidates: config.candidates,
            multivariate: config.multivariate,
        }))
    }

    /// The parameters that are estimated together: those of every finished trial, but for those
    /// with a single value.
    pub fn shared(space: &Space, others: &[Trial]) -> Vec<usize> {
        let finished: Vec<&Trial> = others.iter().filter(|trial| trial.counts()).collect();
        let everywhere =
            |index: usize| finished.iter().all(|trial| trial.parameters[index].is_some());
        let open = |index: &usize| space.parameters()[*index].distribution.only().is_none();
        let indices = (0..space.parameters().len()).filter(open);
        indices.filter(|index| !finished.is_empty() && everywhere(*index)).collect()
    }

    /// The densities l and g of some parameters together.
    pub fn estimators(space: &Space, others: &[Trial], indices: &[usize]) -> [Parzen; 2] {
        split(others).map(|trials| estimate(space, &trials, indices))
    }

    fn best_candidate(
        &self,
        space: &Space,
        indices: &[usize],
        parts: &[Vec<&Trial>; 2],
        (seed, number): (u64, u32),
    ) -> Vec<f64> {
        let [good, bad] = parts.each_ref().map(|trials| estimate(space, trials, indices));
        let names = indices.iter().map(|index| &space.parameters()[*index].name);
        let streams: Vec<ParameterDraws> =
            names.map(|name| ParameterDraws::new(seed, number, name)).collect();
        let mut best = (f64::NEG_INFINITY, Vec::new());
        let mut seen: Vec<Vec<f64>> = Vec::new();
        for candidate in 0..self.candidates {
            let draws: Vec<[f64; 2]> =
                streams.iter().map(|stream| stream.draw(candidate)).collect();
            let Some([kernel, _]) = draws.first() else {
                break;
            };
            let places: Vec<f64> = draws.iter().map(|[_, place]| *place).collect();
            let values = good.sample(*kernel, &places);
            // whole numbers are drawn again and again: the second is not better than the first
            if seen.contains(&values) {
                continue;
            }
            seen.push(values.clone());
            let gain = good.log_density(&values) - bad.log_density(&values);
            if gain > best.0 || candidate == 0 {
                best = (gain, values);
            }
        }
        best.1
    }
}

/// From the trials that have all these parameters.
fn estimate(space: &Space, trials: &[&Trial], indices: &[usize]) -> Parzen {
    let distributions: Vec<&Distribution> =
        indices.iter().map(|index| &space.parameters()[*index].distribution).collect();
    let values = |trial: &&Trial| indices.iter().map(|index| trial.parameters[*index]).collect();
    let observations: Vec<Vec<f64>> = trials.iter().filter_map(values).collect();
    Parzen::new(&distributions, &observations)
}

/// The best tenth of the finished trials, 25 at most, and all the others with those that run; both
/// by number.
///
/// Complete trials come before pruned ones. Of the pruned, those that got farther are better, then
/// those with the lower last loss; a last loss that is no number is worst, and no loss at all worse
/// than any.
fn split(trials: &[Trial]) -> [Vec<&Trial>; 2] {
    let of = |state: State| trials.iter().filter(move |trial| trial.state == state);
    let mut complete: Vec<&Trial> = of(State::Complete).collect();
    let mut pruned: Vec<&Trial> = of(State::Pruned).collect();
    // both sorts are stable: the earlier of two equal trials is the better one
    complete.sort_by(|a, b| order(a.value.unwrap_or(f64::NAN), b.value.unwrap_or(f64::NAN)));
    pruned.sort_by(|a, b| {
        let ((epoch_a, loss_a), (epoch_b, loss_b)) = (progress(a), progress(b));
        epoch_b.cmp(&epoch_a).then(order(loss_a, loss_b))
    });
    let count = (complete.len() + pruned.len()).div_ceil(10).min(25);
    let mut best = complete;
    best.extend(pruned);
    let mut rest = best.split_off(count);
    rest.extend(of(State::Running));
    best.sort_by_key(|trial| trial.number);
    rest.sort_by_key(|trial| trial.number);
    [best, rest]
}

/// Numbers by size, 0 and -0 alike.
fn order(a: f64, b: f64) -> std::cmp::Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// How far a pruned trial got, and its last loss.
fn progress(trial: &Trial) -> (i64, f64) {
    match trial.last() {
        None => (-1, 0.0),
        Some((epoch, loss)) if loss.is_nan() => (epoch.into(), f64::INFINITY),
        Some((epoch, loss)) => (epoch.into(), loss),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(number: u32, value: f64) -> Trial {
        Trial::running(number, vec![Some(f64::from(number))]).complete(value)
    }

    fn pruned(number: u32, losses: &[(u32, f64)]) -> Trial {
        let losses = losses.iter().copied().collect();
        Trial { state: State::Pruned, losses, ..Trial::running(number, vec![None]) }
    }

    #[test]
    fn the_best_tenth_is_split_off() {
        let trials: Vec<Trial> = (0..21).map(|i| trial(i, f64::from((i * 13) % 21))).collect();
        let [best, rest] = split(&trials);
        assert_eq!(
            best.iter().map(|trial| trial.value.unwrap()).collect::<Vec<_>>(),
            [0.0, 2.0, 1.0]
        );
        assert_eq!(rest.len(), 18);
        assert!(rest.windows(2).all(|pair| pair[0].number < pair[1].number));
    }

    #[test]
    fn pruned_trials_come_after_complete_ones_and_by_progress() {
        let mut trials = vec![
            pruned(0, &[]),
            pruned(1, &[(1, 0.1), (2, f64::NAN)]),
            pruned(2, &[(1, 0.1)]),
            pruned(3, &[(1, 0.9), (2, 0.5)]),
            trial(4, 7.0),
            Trial::running(5, vec![None]),
            trial(6, f64::NAN),
        ];
        // one of five is best; more of them by adding trials that are worse than all
        let mut best_numbers = Vec::new();
        for count in 0..4 {
            let [best, rest] = split(&trials);
            assert!(
                rest.iter().any(|trial| trial.number == 5)
                    && rest.iter().all(|trial| trial.number != 6)
            );
            best_numbers.push(best.iter().map(|trial| trial.number).collect::<Vec<_>>());
            trials.extend((0..10).map(|i| pruned(10 + 10 * count + i, &[])));
        }
        assert_eq!(best_numbers, [vec![4], vec![3, 4], vec![1, 3, 4], vec![1, 2, 3, 4]]);
    }
}
