//! What a network does on its test rows, as curves: of classes the ROC curve, scores, calibration
//! and AMS, of values bias and resolution in bins of the truth. Rows are weighted.

use crate::study::measures::{median_significance_at, passing};
use crate::study::tested::Tested;

/// Points of a curve; one of them may be NaN.
pub type Points = Vec<(f64, f64)>;

/// Bins of scores, of calibration and of the truth.
const SCORES: usize = 25;
const CALIBRATION: usize = 10;
const TRUTH: usize = 10;
/// Points of curves between 0 and 1.
const STEPS: usize = 200;
/// Below this efficiency of the signal a rejection counts a handful of rows.
const FEW: f64 = 0.05;

/// Fractions of background and signal that pass each cut, from none to all, as
/// `sklearn.metrics.roc_curve` with `drop_intermediate=False`.
pub fn roc(test: &Tested, target: usize) -> Points {
    let sums = passing(test, target);
    let [signal, background] = sums.last().copied().unwrap_or_default();
    let point = |sum: &[f64; 2]| (sum[1] / background, sum[0] / signal);
    std::iter::once((0.0, 0.0)).chain(sums.iter().map(point)).collect()
}

/// The ROC curve at efficiencies of the background that all networks share, closer to 0 denser.
pub fn signal_efficiency(test: &Tested, target: usize) -> Points {
    let curve = roc(test, target);
    steps().map(|x| x * x).map(|x| (x, at(&curve, x))).collect()
}

/// 1 / efficiency of the background against that of the signal.
pub fn rejection(test: &Tested, target: usize) -> Points {
    let curve: Points = roc(test, target).into_iter().map(|(x, y)| (y, x)).collect();
    steps().filter(|x| *x >= FEW).map(|x| (x, 1.0 / at(&curve, x))).collect()
}

/// For each bin of the predicted probability its mean and the fraction of signal, as
/// `sklearn.calibration.calibration_curve` with ten bins; NaN in empty bins.
pub fn calibration(test: &Tested, target: usize) -> Points {
    let mut sums = [[0.0; 3]; CALIBRATION];
    for (prediction, truth, weight) in test.rows(target) {
        // an edge belongs to the bin below it
        let edges = (1..CALIBRATION).map(|edge| edge as f64 / CALIBRATION as f64);
        let sum = &mut sums[edges.filter(|edge| *edge < prediction).count()];
        let terms = [weight, weight * prediction, weight * truth];
        sum.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
    }
    sums.iter().map(|[weight, prediction, truth]| (prediction / weight, truth / weight)).collect()
}

/// The fraction of signal, or of background, in each bin of the predicted probability, as steps.
pub fn scores(test: &Tested, target: usize, signal: bool) -> Points {
    let (mut sums, mut all) = ([0.0; SCORES], 0.0);
    for (prediction, truth, weight) in test.rows(target) {
        if (truth > 0.5) == signal {
            sums[((prediction * SCORES as f64) as usize).min(SCORES - 1)] += weight;
            all += weight;
        }
    }
    let edge = |bin: usize| bin as f64 / SCORES as f64;
    let step = |(bin, sum): (usize, &f64)| [edge(bin), edge(bin + 1)].map(|x| (x, sum / all));
    sums.iter().enumerate().flat_map(step).collect()
}

/// AMS of the rows above a cut on the predicted probability.
pub fn significance(test: &Tested, target: usize) -> Points {
    let of_cut = |cut: f64| {
        let mut sums = [0.0; 2];
        for (prediction, truth, weight) in test.rows(target) {
            if prediction >= cut {
                sums[usize::from(truth <= 0.5)] += weight;
            }
        }
        (cut, median_significance_at(sums))
    };
    steps().step_by(4).map(of_cut).collect()
}

/// In bins of the truth with equally many rows: its mean and the mean error.
pub fn bias(test: &Tested, target: usize) -> Points {
    let errors = pairs(test, target, |prediction, truth| prediction - truth);
    in_bins(errors).into_iter().map(|(x, mean, _)| (x, mean)).collect()
}

/// Likewise the standard deviation of the error.
pub fn resolution(test: &Tested, target: usize) -> Points {
    let errors = pairs(test, target, |prediction, truth| prediction - truth);
    in_bins(errors).into_iter().map(|(x, _, deviation)| (x, deviation)).collect()
}

/// Of two targets that are a vector in the plane, in bins of its length t: the mean of p t / t²,
/// which is 1 if predictions p are as long as they should be.
pub fn response(test: &Tested, targets: [usize; 2], ranges: &[[f64; 2]]) -> Points {
    let share =
        |p: [f64; 2], t: [f64; 2]| (p[0] * t[0] + p[1] * t[1]) / (t[0] * t[0] + t[1] * t[1]);
    let shares = vectors(test, targets, ranges, share);
    in_bins(shares).into_iter().map(|(x, mean, _)| (x, mean)).collect()
}

/// Likewise the root of the mean square of the error of a component.
pub fn vector_resolution(test: &Tested, targets: [usize; 2], ranges: &[[f64; 2]]) -> Points {
    let square = |p: [f64; 2], t: [f64; 2]| ((p[0] - t[0]).powi(2) + (p[1] - t[1]).powi(2)) / 2.0;
    let squares = vectors(test, targets, ranges, square);
    in_bins(squares).into_iter().map(|(x, mean, _)| (x, mean.sqrt())).collect()
}

/// (place on the axis, value, weight) of rows.
type Rows = Vec<(f64, f64, f64)>;

fn pairs(test: &Tested, target: usize, of: impl Fn(f64, f64) -> f64) -> Rows {
    test.rows(target).map(|(p, t, weight)| (t, of(p, t), weight)).collect()
}

fn vectors(
    test: &Tested,
    targets: [usize; 2],
    ranges: &[[f64; 2]],
    of: impl Fn([f64; 2], [f64; 2]) -> f64,
) -> Rows {
    let row = |row: usize| {
        let physical = |columns: &[Vec<f64>]| {
            targets.map(|j| ranges[j][0] + columns[j][row] * (ranges[j][1] - ranges[j][0]))
        };
        let (prediction, truth) = (physical(&test.predictions), physical(&test.truth));
        (truth[0].hypot(truth[1]), of(prediction, truth), test.weight(row))
    };
    // a vector of no length has no direction
    (0..test.truth[targets[0]].len()).map(row).filter(|row| row.1.is_finite()).collect()
}

/// (mean place, mean, standard deviation) of each of ten bins with equally many rows.
fn in_bins(mut rows: Rows) -> Vec<(f64, f64, f64)> {
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let bins = TRUTH.min(rows.len());
    let bounds: Vec<usize> = (0..=bins).map(|bin| bin * rows.len() / bins.max(1)).collect();
    let of_bin = |ends: &[usize]| {
        let rows = &rows[ends[0]..ends[1]];
        let mean = |of: &dyn Fn(&(f64, f64, f64)) -> f64| {
            let all: f64 = rows.iter().map(|row| row.2).sum();
            rows.iter().map(|row| row.2 * of(row)).sum::<f64>() / all
        };
        let centre = mean(&|row| row.1);
        (mean(&|row| row.0), centre, mean(&|row| (row.1 - centre).powi(2)).sqrt())
    };
    bounds.windows(2).map(of_bin).collect()
}

fn steps() -> impl Iterator<Item = f64> {
    (0..=STEPS).map(|step| step as f64 / STEPS as f64)
}

/// A curve between its points, x ascending, as `numpy.interp`.
fn at(curve: &[(f64, f64)], x: f64) -> f64 {
    let after = curve.partition_point(|point| point.0 <= x);
    match (after.checked_sub(1).map(|before| curve[before]), curve.get(after)) {
        (Some(left), Some(right)) => {
            left.1 + (x - left.0) / (right.0 - left.0) * (right.1 - left.1)
        }
        (Some(only), None) | (None, Some(&only)) => only.1,
        (None, None) => f64::NAN,
    }
}
