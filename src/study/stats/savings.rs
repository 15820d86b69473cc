//! How many simulations transfer saves, with an interval over seeds or over the best trials.

use std::collections::BTreeMap;

use crate::study::metric::Better;
use crate::study::stats::bootstrap::{Bootstrap, Mean, interval};
use crate::study::store::run::Curve;
use crate::study::store::savings::{Bound, Saving};
use crate::study::store::summary::Summary;
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
/// intervals of bootstrap samples. With few seeds, such as six, they are too narrow.
pub fn savings(summary: &Summary, bootstrap: &Bootstrap) -> Vec<Saving> {
    let sizes = extremes(summary);
    let mut drawn: BTreeMap<(Curve, usize), Vec<f64>> = BTreeMap::new();
    for means in bootstrap.samples() {
        for one in equivalents(means, summary.metric().better) {
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
        let values = drawn.remove(&(curve.clone(), simulations));
        let values = values.filter(|_| bootstrap.has_scatter());
        let [low, high] = values.map_or([None; 2], |values| {
            let [low, high] = interval(values);
            // beyond the sizes that ran, an end is a bound or open
            let bound = |size: usize| size as f64 / simulations as f64;
            let low = if low.is_finite() { low } else { bound(sizes.1) };
            let high = if high > 0.0 { high } else { bound(sizes.0) };
            [Some(low).filter(|low| *low > 0.0), Some(high).filter(|high| high.is_finite())]
        });
        Saving { curve, simulations, factor, bound, low, high }
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
