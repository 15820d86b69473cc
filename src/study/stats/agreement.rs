//! How predictions agree with the truth.

use crate::data::matrix::Matrix;
use crate::study::store::agreement::Agreement;

/// The agreement of each target (column), with at most `groups` groups.
///
/// # Panics
/// If the matrices have different shapes or there is no row or group.
pub fn agreement(truth: &Matrix, prediction: &Matrix, groups: usize) -> Vec<Agreement> {
    let shape = |matrix: &Matrix| (matrix.rows, matrix.columns);
    assert_eq!(shape(truth), shape(prediction), "agreement: shapes");
    assert!(truth.rows > 0 && groups > 0, "agreement: no rows or groups");
    let column = |column: usize| {
        let unit = unit(truth.column(column));
        let pairs = truth.column(column).zip(prediction.column(column));
        let agreement = of_target(pairs.map(|(a, b)| (a / unit, b / unit)).collect(), groups);
        Agreement {
            bias: agreement.bias * unit,
            rms_error: agreement.rms_error * unit,
            groups: agreement.groups.iter().map(|pair| pair.map(|mean| mean * unit)).collect(),
            ..agreement
        }
    };
    (0..truth.columns).map(column).collect()
}

/// A power of two near the largest number, so that squares of 1e300 and 1e-300 are finite and no
/// digit changes.
fn unit(values: impl Iterator<Item = f64>) -> f64 {
    let largest = values.map(f64::abs).fold(0.0, f64::max);
    match largest.log2().floor() {
        power if power.is_finite() => power.clamp(-1000.0, 1000.0).exp2(),
        _ => 1.0,
    }
}

fn of_target(mut pairs: Vec<(f64, f64)>, groups: usize) -> Agreement {
    let count = pairs.len() as f64;
    let mean = |pairs: &[(f64, f64)], value: &dyn Fn(&(f64, f64)) -> f64| {
        pairs.iter().map(value).sum::<f64>() / pairs.len() as f64
    };
    let (truth, prediction) = (mean(&pairs, &|pair| pair.0), mean(&pairs, &|pair| pair.1));
    let squares = mean(&pairs, &|pair| (pair.1 - pair.0).powi(2));
    let variance = mean(&pairs, &|pair| (pair.0 - truth).powi(2));
    let spread = mean(&pairs, &|pair| (pair.1 - prediction).powi(2));
    let together = mean(&pairs, &|pair| (pair.0 - truth) * (pair.1 - prediction));
    let bias = prediction - truth;
    pairs.sort_by(|a, b| a.1.total_cmp(&b.1));
    let groups = groups.min(pairs.len());
    let bounds: Vec<usize> =
        (0..=groups).map(|group| (group as f64 * count / groups as f64) as usize).collect();
    let group = |pair: &[usize]| {
        let rows = &pairs[pair[0]..pair[1]];
        [mean(rows, &|pair| pair.1), mean(rows, &|pair| pair.0)]
    };
    Agreement {
        r_squared: varies(&pairs, |pair| pair.0).then(|| 1.0 - squares / variance),
        bias,
        rms_error: squares.sqrt(),
        slope: varies(&pairs, |pair| pair.1).then(|| together / spread),
        groups: bounds.windows(2).map(group).collect(),
    }
}

/// Whether a value differs between rows. The values are compared, since rounding can give a
/// constant a variance.
fn varies(pairs: &[(f64, f64)], value: impl Fn(&(f64, f64)) -> f64) -> bool {
    pairs.iter().any(|pair| value(pair) != value(&pairs[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfect_shifted_and_stretched_predictions() {
        let truth: Vec<f64> = (0..100).map(|row| f64::from(row) * 0.01).collect();
        let of = |prediction: fn(f64) -> f64| {
            let predicted = truth.iter().map(|value| prediction(*value)).collect();
            let columns = |values: Vec<f64>| Matrix::new(100, 1, values);
            agreement(&columns(truth.clone()), &columns(predicted), 4).remove(0)
        };
        let perfect = of(|truth| truth);
        assert_eq!((perfect.r_squared, perfect.bias, perfect.rms_error), (Some(1.0), 0.0, 0.0));
        assert!((perfect.slope.unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(perfect.groups.len(), 4);
        assert!(perfect.groups.iter().all(|[predicted, true_mean]| predicted == true_mean));
        let shifted = of(|truth| truth + 0.1);
        assert!((shifted.bias - 0.1).abs() < 1e-12 && (shifted.rms_error - 0.1).abs() < 1e-12);
        let stretched = of(|truth| 0.495 + 2.0 * (truth - 0.495));
        assert!(
            (stretched.slope.unwrap() - 0.5).abs() < 1e-12,
            "twice as far from the mean: {stretched:?}"
        );
        assert!(stretched.r_squared.unwrap().abs() < 1e-12);
        for unit in [1e-300, 1e300] {
            let columns = |by: f64| Matrix::new(100, 1, truth.iter().map(|t| t * by).collect());
            let found = agreement(&columns(unit), &columns(2.0 * unit), 4).remove(0);
            // sum t^2 / sum (t - mean)^2 for t = 0, ..., 99 is 328350 / 83325
            assert!((found.r_squared.unwrap() - (1.0 - 328350.0 / 83325.0)).abs() < 1e-12);
            assert!((found.slope.unwrap() - 0.5).abs() < 1e-12, "{found:?}");
            assert!((found.bias / unit - 0.495).abs() < 1e-12, "{found:?}");
        }
        let constant = of(|_| 0.495);
        assert!(constant.slope.is_none() && constant.r_squared.unwrap().abs() < 1e-12);
    }
}
