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
        let pairs: Vec<(f64, f64)> = truth.column(column).zip(prediction.column(column)).collect();
        of_target(pairs, groups)
    };
    (0..truth.columns).map(column).collect()
}

/// The power of two next to the largest number: divided by it, no square overflows, and the largest
/// ones do not vanish. The division rounds nothing.
fn unit(pairs: &[(f64, f64)]) -> f64 {
    let largest = pairs.iter().map(|pair| pair.0.abs().max(pair.1.abs())).fold(0.0, f64::max);
    match largest > 0.0 && largest.is_finite() {
        true => 2f64.powi(largest.log2().floor().clamp(-1022.0, 1022.0) as i32),
        false => 1.0,
    }
}

fn of_target(mut pairs: Vec<(f64, f64)>, groups: usize) -> Agreement {
    let unit = unit(&pairs);
    pairs.iter_mut().for_each(|pair| *pair = (pair.0 / unit, pair.1 / unit));
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
        [mean(rows, &|pair| pair.1) * unit, mean(rows, &|pair| pair.0) * unit]
    };
    Agreement {
        r_squared: varies(&pairs, |pair| pair.0).then(|| 1.0 - squares / variance),
        bias: bias * unit,
        rms_error: squares.sqrt() * unit,
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
        for unit in [1e300, 1e-300, 1e-310] {
            let scaled = |prediction: fn(f64) -> f64| {
                let column = |values: Vec<f64>| Matrix::new(100, 1, values);
                let predicted = truth.iter().map(|value| prediction(*value) * unit).collect();
                let truth = truth.iter().map(|value| value * unit).collect();
                agreement(&column(truth), &column(predicted), 4).remove(0)
            };
            let same = scaled(|truth| 0.495 + 2.0 * (truth - 0.495));
            // numbers below 1e-308 keep fewer digits
            let digits = if unit < 1e-305 { 1e-6 } else { 1e-12 };
            assert!(same.r_squared.unwrap().abs() < digits, "{same:?} in units of {unit:e}");
            assert!((same.slope.unwrap() - 0.5).abs() < digits, "{same:?} in units of {unit:e}");
            let shifted = scaled(|truth| truth + 0.1);
            assert!((shifted.bias / unit - 0.1).abs() < digits, "{shifted:?}");
            assert!((shifted.rms_error / unit - 0.1).abs() < digits, "{shifted:?}");
        }
        let constant = of(|_| 0.495);
        assert!(constant.slope.is_none() && constant.r_squared.unwrap().abs() < 1e-12);
    }
}
