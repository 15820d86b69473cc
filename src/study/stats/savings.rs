//! How many simulations transfer saves, with an interval over seeds or over the best trials.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::random::Stream;
use crate::engine::random::key;
use crate::engine::random::pcg4d;
use crate::study::metric::Better;
use crate::study::stats::scatter::Scatter;
use crate::study::store::run::{Curve, RunRecord};
use crate::study::store::savings::{Bound, Saving};
use crate::study::store::summary::{Spread, Summary};
use crate::study::transfer::BASELINE;

/// The number of simulations with which the baseline reaches the mean test score of one curve and
/// size.
#[derive(Clone, Debug, PartialEq)]
pub struct Equivalent {
    /// Strategy and pre-training size.
    pub curve: Curve,
    /// Simulations of that curve.
    pub simulations: usize,
    /// Simulations that the baseline needs; absent outside the range of its sizes.
    pub equivalent: Option<f64>,
    /// Whether that number is known, or only a bound.
    pub bound: Bound,
}

/// A mean test score of a curve at a size.
type Mean<'a> = (&'a Curve, usize, f64);

/// For each curve other than the baseline and each size, how many simulations the baseline needs
/// for the same mean test score.
///
/// The baseline's curve is interpolated linearly in the logarithms of both axes, which is exact for
/// a power law. Scatter can make the curve worse with more simulations; it is replaced by the best
/// score so far, from small to large sizes. Empty when the baseline has no finished run.
pub fn equivalent_simulations(summary: &Summary) -> Vec<Equivalent> {
    let means = summary
        .rows
        .iter()
        .filter_map(|row| row.score().mean.map(|mean| (&row.curve, row.simulations, mean)));
    equivalents(&means.collect::<Vec<_>>(), summary.metric().better)
}

fn equivalents(means: &[Mean], better: Better) -> Vec<Equivalent> {
    let reference = best_so_far(means, better);
    if reference.is_empty() {
        return vec![];
    }
    let others = means.iter().filter(|(curve, ..)| curve.strategy != BASELINE);
    let equivalent = |(curve, simulations, mean): &Mean| {
        let (equivalent, bound) = invert(&reference, *mean, better);
        Equivalent { curve: (*curve).clone(), simulations: *simulations, equivalent, bound }
    };
    others.map(equivalent).collect()
}

/// The points (simulations, mean score) of the baseline, sizes ascending, each score the best so
/// far.
fn best_so_far(means: &[Mean], better: Better) -> Vec<(f64, f64)> {
    let baseline = means.iter().filter(|(curve, ..)| curve.strategy == BASELINE);
    // zero has no logarithm; nobody measures such a score
    let mut points: Vec<(f64, f64)> = baseline
        .map(|(_, simulations, mean)| (*simulations as f64, *mean))
        .filter(|&(simulations, mean)| simulations > 0.0 && mean > 0.0)
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut best: Option<f64> = None;
    for (_, mean) in &mut points {
        *mean = best.filter(|best| better.is_better(*best, *mean)).unwrap_or(*mean);
        best = Some(*mean);
    }
    points
}

/// The fewest simulations with which a curve, each point at least as good as the one before,
/// reaches a score.
fn invert(curve: &[(f64, f64)], score: f64, better: Better) -> (Option<f64>, Bound) {
    if better.is_better(curve[0].1, score) {
        return (None, Bound::LessThanSmallest);
    }
    let Some(after) = curve.iter().position(|&(_, value)| !better.is_better(score, value)) else {
        return (None, Bound::MoreThanLargest);
    };
    let (right, reached) = curve[after];
    if after == 0 || reached == score {
        return (Some(right), Bound::Exact);
    }
    let (left, before) = curve[after - 1];
    let share = (before / score).ln() / (before / reached).ln();
    (Some(left * (right / left).powf(share)), Bound::Exact)
}

/// The savings of every curve and size, in the order of [`Summary::rows`], with percentile
/// bootstrap intervals (Efron 1979) from `samples` samples. A sample draws seeds with replacement
/// and takes all runs of a drawn seed, of every curve and size, as often as it was drawn: runs of
/// one seed have the same simulations. With few seeds, such as six, the intervals are too narrow.
/// The best trials of a search are not paired, so each curve and size draws its own.
///
/// # Panics
/// If there are no samples.
pub fn savings(
    summary: &Summary,
    runs: &[RunRecord],
    scatter: Scatter,
    (samples, seed): (usize, u64),
) -> Vec<Saving> {
    assert!(samples > 0, "savings: no samples");
    let sizes = extremes(summary);
    let groups = groups(runs);
    let seeds: BTreeSet<u32> = runs.iter().map(|run| run.key.seed).collect();
    let seeds: Vec<u32> = seeds.into_iter().collect();
    let mut drawn: BTreeMap<(Curve, usize), Vec<f64>> = BTreeMap::new();
    for sample in 0..samples {
        let key = key(seed, Stream::BootstrapSamples, sample as u32);
        let means = match scatter {
            Scatter::Seeds => resample_seeds(&groups, &seeds, key),
            Scatter::Trials => resample_trials(&groups, key),
        };
        for one in equivalents(&means, summary.metric().better) {
            // values outside the sizes that ran sort to the ends
            let value = match one.bound {
                Bound::Exact => factor(&one, sizes),
                Bound::MoreThanLargest => f64::INFINITY,
                Bound::LessThanSmallest => 0.0,
            };
            drawn.entry((one.curve, one.simulations)).or_default().push(value);
        }
    }
    let saving = |one: Equivalent| {
        let factor = factor(&one, sizes);
        let Equivalent { curve, simulations, bound, .. } = one;
        let mut values = drawn.remove(&(curve.clone(), simulations)).unwrap_or_default();
        values.sort_by(f64::total_cmp);
        let quantile = |share: f64| {
            let place = (share * (values.len() as f64 - 1.0)).round() as usize;
            values.get(place).copied().filter(|value| value.is_finite() && *value > 0.0)
        };
        Saving { curve, simulations, factor, bound, low: quantile(0.025), high: quantile(0.975) }
    };
    equivalent_simulations(summary).into_iter().map(saving).collect()
}

/// The smallest and the largest size at which the baseline has a test score; 0 if it has none.
fn extremes(summary: &Summary) -> (usize, usize) {
    let baseline = summary.rows.iter().filter(|row| row.curve.strategy == BASELINE);
    let sizes = baseline.filter(|row| row.score().mean.is_some()).map(|row| row.simulations);
    (sizes.clone().min().unwrap_or(0), sizes.max().unwrap_or(0))
}

fn factor(one: &Equivalent, (smallest, largest): (usize, usize)) -> f64 {
    let equivalent = match one.bound {
        Bound::LessThanSmallest => smallest as f64,
        _ => one.equivalent.unwrap_or(largest as f64),
    };
    equivalent / one.simulations as f64
}

/// The seeds and scores of the runs of each curve and size.
type Groups<'a> = BTreeMap<(&'a Curve, usize), Vec<(u32, Option<f64>)>>;

fn groups(runs: &[RunRecord]) -> Groups<'_> {
    let mut groups = Groups::new();
    for run in runs {
        let group = groups.entry((&run.key.curve, run.key.simulations)).or_default();
        group.push((run.key.seed, run.score()));
    }
    groups
}

/// The means of all groups over as many seeds as there are, drawn with replacement.
fn resample_seeds<'a>(groups: &Groups<'a>, seeds: &[u32], key: u32) -> Vec<Mean<'a>> {
    let chosen = (0..seeds.len()).map(|number| seeds[draw([key, number as u32, 0], seeds.len())]);
    let chosen: Vec<u32> = chosen.collect();
    let mean = |group: &[(u32, Option<f64>)]| {
        let of_seed = |seed: &u32| {
            let seed = *seed;
            group.iter().filter(move |run| run.0 == seed).map(|run| run.1)
        };
        Spread::new(chosen.iter().flat_map(of_seed)).mean
    };
    let all = groups.iter();
    all.filter_map(|((curve, size), group)| Some((*curve, *size, mean(group)?))).collect()
}

/// The means of all groups over as many trials as each has, drawn with replacement.
fn resample_trials<'a>(groups: &Groups<'a>, key: u32) -> Vec<Mean<'a>> {
    let mean = |place: usize, group: &[(u32, Option<f64>)]| {
        let counters = |number: usize| [key, number as u32, place as u32 + 1];
        let drawn = (0..group.len()).map(|number| group[draw(counters(number), group.len())].1);
        Spread::new(drawn).mean
    };
    let all = groups.iter().enumerate();
    all.filter_map(|(place, ((curve, size), group))| Some((*curve, *size, mean(place, group)?)))
        .collect()
}

/// A number below `count`.
fn draw([key, number, place]: [u32; 3], count: usize) -> usize {
    let word = pcg4d([key, number, place, 0])[0];
    ((u64::from(word) * count as u64) >> 32) as usize
}
