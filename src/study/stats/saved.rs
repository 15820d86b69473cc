//! How many simulations transfer saves, with an interval over seeds or over the best trials.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::random::{Stream, key, pcg4d};
use crate::study::stats::savings::{Bound, Saving, savings};
use crate::study::stats::summary::Summary;
use crate::study::store::runs::RunRow;
use crate::study::transfer::BASELINE;

use crate::study::stats::scatter::Scatter;

/// N_scratch(MSE) / N(MSE): how many simulations the baseline needs for the test MSE that a
/// strategy has with one, with an interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// The strategy.
    pub strategy: String,
    /// How many simulations it had.
    pub simulations: usize,
    /// The factor from the means over all runs. Where the baseline never gets there it is a lower
    /// bound, where the baseline is better with its fewest simulations an upper one.
    pub factor: f64,
    /// Which of these it is.
    pub bound: Bound,
    /// The 2.5 % quantile over bootstrap samples; absent where the baseline is better with its
    /// fewest simulations.
    pub low: Option<f64>,
    /// The 97.5 % quantile; absent where the baseline never gets there.
    pub high: Option<f64>,
}

/// The savings of every strategy and size, in the order of [`Summary::rows`], with percentile
/// bootstrap intervals (Efron 1979) from `samples` samples. A sample draws seeds with replacement
/// and takes all runs of a drawn seed, of every strategy and size, as often as it was drawn: seeds
/// name simulations, so that runs of one seed stand or fall together. With few seeds such intervals
/// are too narrow; six give an idea. Of the best trials of a search, which have no partners, each
/// strategy and size draws its own.
///
/// # Panics
/// If there are no samples, or a run has not one MSE for each target.
pub fn saved_simulations(
    targets: &[String],
    runs: &[RunRow],
    scatter: Scatter,
    (samples, seed): (usize, u64),
) -> Vec<Saved> {
    assert!(samples > 0, "saved simulations: no samples");
    let summary = Summary::new(targets, runs);
    let sizes = extremes(&summary);
    let mut drawn: BTreeMap<(String, usize), Vec<f64>> = BTreeMap::new();
    for sample in 0..samples {
        let key = key(seed, Stream::BootstrapSamples, sample as u32);
        let runs = match scatter {
            Scatter::Seeds => resampled_seeds(runs, key),
            Scatter::Trials => resampled_trials(runs, key),
        };
        for saving in savings(&Summary::new(targets, &runs), BASELINE) {
            // what lies outside the sizes that ran sorts to its end
            let value = match saving.bound {
                Bound::Exact => factor(&saving, sizes),
                Bound::MoreThanLargest => f64::INFINITY,
                Bound::LessThanSmallest => 0.0,
            };
            drawn.entry((saving.strategy, saving.simulations)).or_default().push(value);
        }
    }
    let interval = |saving: &Saving| {
        let mut values =
            drawn.remove(&(saving.strategy.clone(), saving.simulations)).unwrap_or_default();
        values.sort_by(f64::total_cmp);
        let quantile = |share: f64| {
            let place = (share * (values.len() as f64 - 1.0)).round() as usize;
            values.get(place).copied().filter(|value| value.is_finite() && *value > 0.0)
        };
        (quantile(0.025), quantile(0.975))
    };
    let all = savings(&summary, BASELINE);
    let intervals: Vec<_> = all.iter().map(interval).collect();
    let saved = |(saving, (low, high)): (Saving, (Option<f64>, Option<f64>))| Saved {
        factor: factor(&saving, sizes),
        strategy: saving.strategy,
        simulations: saving.simulations,
        bound: saving.bound,
        low,
        high,
    };
    all.into_iter().zip(intervals).map(saved).collect()
}

/// The smallest and the largest size at which the baseline has a test MSE; 0 if it has none.
fn extremes(summary: &Summary) -> (usize, usize) {
    let finished = summary.of(BASELINE).filter(|row| row.test.mean.is_some());
    let sizes: Vec<usize> = finished.map(|row| row.simulations).collect();
    (sizes.first().copied().unwrap_or(0), sizes.last().copied().unwrap_or(0))
}

fn factor(saving: &Saving, (smallest, largest): (usize, usize)) -> f64 {
    let equivalent = match saving.bound {
        Bound::LessThanSmallest => smallest as f64,
        _ => saving.equivalent.unwrap_or(largest as f64),
    };
    equivalent / saving.simulations as f64
}

/// The runs of as many seeds as there are, drawn with replacement.
fn resampled_seeds(runs: &[RunRow], key: u32) -> Vec<RunRow> {
    let seeds: Vec<u32> =
        runs.iter().map(|run| run.seed).collect::<BTreeSet<_>>().into_iter().collect();
    let chosen = (0..seeds.len()).map(|number| seeds[drawn([key, number as u32, 0], seeds.len())]);
    chosen.flat_map(|seed| runs.iter().filter(move |run| run.seed == seed).cloned()).collect()
}

/// For each strategy and size as many of its trials as there are, drawn with replacement.
fn resampled_trials(runs: &[RunRow], key: u32) -> Vec<RunRow> {
    let mut groups: BTreeMap<(&str, usize), Vec<&RunRow>> = BTreeMap::new();
    for run in runs {
        let group = groups.entry((&run.strategy, run.simulations)).or_default();
        group.push(run);
    }
    let of_group = |(place, group): (usize, Vec<&RunRow>)| {
        let draw = |number: usize| {
            let counters = [key, number as u32, place as u32 + 1];
            group[drawn(counters, group.len())].clone()
        };
        (0..group.len()).map(draw).collect::<Vec<_>>()
    };
    let groups = groups.into_values().enumerate();
    groups.flat_map(of_group).collect()
}

/// A number below `count`.
fn drawn([key, number, place]: [u32; 3], count: usize) -> usize {
    let word = pcg4d([key, number, place, 0])[0];
    ((u64::from(word) * count as u64) >> 32) as usize
}
