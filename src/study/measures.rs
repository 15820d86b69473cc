//! The functions of [`METRICS`](crate::study::metric::METRICS). Sums over rows are weighted;
//! weights may be negative, as those of generators of collisions are.

use crate::engine::loss::Predicts;
use crate::study::tested::Tested;

/// The weighted mean of a number over the rows of a target.
pub(crate) fn mean(test: &Tested, target: usize, of: impl Fn(f64, f64) -> f64) -> f64 {
    let sums = test.rows(target).fold((0.0, 0.0), |(sum, weights), (prediction, truth, weight)| {
        (sum + weight * of(prediction, truth), weights + weight)
    });
    sums.0 / sums.1
}

pub(crate) fn mean_squared_error(test: &Tested, target: usize) -> f64 {
    if test.weights.is_some() {
        return mean(test, target, |prediction, truth| (prediction - truth).powi(2));
    }
    let rows = test.truth[target].len() as f64;
    test.rows(target)
        .fold(0.0, |sum, (prediction, truth, _)| sum + (prediction - truth).powi(2) / rows)
}

pub(crate) fn r_squared(test: &Tested, target: usize) -> f64 {
    let center = mean(test, target, |_, truth| truth);
    let errors = mean(test, target, |prediction, truth| (prediction - truth).powi(2));
    1.0 - errors / mean(test, target, |_, truth| (truth - center).powi(2))
}

pub(crate) fn resolution(test: &Tested, target: usize) -> f64 {
    let bias = mean(test, target, |prediction, truth| prediction - truth);
    mean(test, target, |prediction, truth| (prediction - truth - bias).powi(2)).sqrt()
}

pub(crate) fn bias(test: &Tested, target: usize) -> f64 {
    mean(test, target, |prediction, truth| prediction - truth).abs()
}

/// Sums of the weights of signal, truth above 1/2, and background, by falling prediction: one entry
/// for each distinct prediction.
pub(crate) fn passing(test: &Tested, target: usize) -> Vec<[f64; 2]> {
    let mut rows: Vec<(f64, f64, f64)> = test.rows(target).collect();
    rows.sort_by(|one, other| other.0.total_cmp(&one.0));
    let (mut sums, mut found): ([f64; 2], Vec<[f64; 2]>) = ([0.0; 2], Vec::new());
    for (place, (prediction, truth, weight)) in rows.iter().enumerate() {
        sums[usize::from(*truth <= 0.5)] += weight;
        if rows.get(place + 1).is_none_or(|next| next.0 != *prediction) {
            found.push(sums);
        }
    }
    found
}

/// The probability that a signal row has a larger prediction than a background row, half of that of
/// the same prediction added.
pub(crate) fn area_under_curve(test: &Tested, target: usize) -> f64 {
    let curve = passing(test, target);
    let (mut area, mut before) = (0.0, [0.0; 2]);
    for here in &curve {
        area += (here[1] - before[1]) * 0.5 * (here[0] + before[0]);
        before = *here;
    }
    area / (before[0] * before[1])
}

/// `1 / background efficiency` where the signal efficiency is `efficiency`, between two cuts
/// linearly interpolated.
pub(crate) fn rejection(test: &Tested, target: usize, efficiency: f64) -> f64 {
    let curve = passing(test, target);
    let all = curve.last().copied().unwrap_or_default();
    let mut before = [0.0; 2];
    for here in &curve {
        let (low, high) = (before[0] / all[0], here[0] / all[0]);
        if high >= efficiency {
            let share = (efficiency - low) / (high - low);
            return all[1] / (before[1] + share * (here[1] - before[1]));
        }
        before = *here;
    }
    f64::NAN
}

/// The largest over cuts of `sqrt(2 ((s + b + 10) ln(1 + s / (b + 10)) - s))` with the weights s
/// and b of signal and background above the cut (Adam-Bourdarios et al., "Learning to discover: the
/// Higgs boson machine learning challenge", 2014, section 4.1, regularisation 10).
pub(crate) fn median_significance(test: &Tested, target: usize) -> f64 {
    passing(test, target).into_iter().map(median_significance_at).fold(0.0, f64::max)
}

/// The same at one cut, from the weights of signal and background above it.
pub(crate) fn median_significance_at([signal, background]: [f64; 2]) -> f64 {
    const REGULARISATION: f64 = 10.0;
    let background = background + REGULARISATION;
    let sound = signal > 0.0 && background > 0.0;
    let square = (signal + background) * (signal / background).ln_1p() - signal;
    if sound { (2.0 * square).max(0.0).sqrt() } else { 0.0 }
}

/// Of a logit for each target the binary one, of classes that exclude each other the common one.
/// Probabilities are at least the rounding of 1, as in scikit-learn.
pub(crate) fn log_loss(test: &Tested, target: usize) -> f64 {
    let limited = |p: f64| p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
    if test.predicts != Predicts::Classes {
        return mean(test, target, |p, t| {
            -(t * limited(p).ln() + (1.0 - t) * limited(1.0 - p).ln())
        });
    }
    let classes = 0..test.predictions.len();
    let of_row = |row: usize| -> f64 {
        classes.clone().map(|j| -test.truth[j][row] * limited(test.predictions[j][row]).ln()).sum()
    };
    of_rows(test, of_row)
}

/// Of a logit for each target the fraction with the right side of 1/2, of classes that exclude each
/// other that of the right largest one.
pub(crate) fn accuracy(test: &Tested, target: usize) -> f64 {
    if test.predicts != Predicts::Classes {
        return mean(test, target, |p, t| f64::from(u8::from((p > 0.5) == (t > 0.5))));
    }
    let largest = |columns: &[Vec<f64>], row: usize| {
        let better = |m: usize, j: usize| if columns[j][row] > columns[m][row] { j } else { m };
        (1..columns.len()).fold(0, better)
    };
    of_rows(test, |row| {
        f64::from(u8::from(largest(&test.predictions, row) == largest(&test.truth, row)))
    })
}

/// The weighted mean of a number of each row.
fn of_rows(test: &Tested, of: impl Fn(usize) -> f64) -> f64 {
    let rows = 0..test.truth[0].len();
    let total: f64 = rows.clone().map(|row| test.weight(row)).sum();
    rows.map(|row| test.weight(row) * of(row)).sum::<f64>() / total
}

/// The weighted mean of a function of the error in units of the predicted deviation, and of that.
fn of_pulls(test: &Tested, target: usize, of: impl Fn(f64, f64) -> f64) -> f64 {
    let Some(deviations) = test.deviations.get(target) else { return f64::NAN };
    let pull =
        |row: usize| (test.predictions[target][row] - test.truth[target][row]) / deviations[row];
    of_rows(test, |row| of(pull(row), deviations[row]))
}

pub(crate) fn coverage(test: &Tested, target: usize) -> f64 {
    of_pulls(test, target, |pull, _| f64::from(u8::from(pull.abs() <= 1.0)))
}

pub(crate) fn chi_squared(test: &Tested, target: usize) -> f64 {
    of_pulls(test, target, |pull, _| pull * pull)
}

pub(crate) fn negative_log_likelihood(test: &Tested, target: usize) -> f64 {
    of_pulls(test, target, |pull, deviation| deviation.ln() + 0.5 * pull * pull)
}
