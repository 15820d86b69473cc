//! Residuals of spectra after a polynomial fit in the parameters.

/// The terms of Legendre polynomials in the scaled logarithms of the parameters, to a total degree;
/// shape (rows, terms).
fn terms(parameters: &[&[f64]], degree: usize) -> Vec<Vec<f64>> {
    let dimensions = parameters[0].len();
    let logarithm = |row: &[f64], i: usize| row[i].ln();
    let ends: Vec<[f64; 2]> = (0..dimensions)
        .map(|i| {
            let values = parameters.iter().map(|row| logarithm(row, i));
            values.fold([f64::INFINITY, f64::NEG_INFINITY], |[a, b], v| [a.min(v), b.max(v)])
        })
        .collect();
    let mut powers = vec![vec![]];
    for _ in 0..dimensions {
        powers = (powers.iter())
            .flat_map(|given: &Vec<usize>| {
                let left = degree - given.iter().sum::<usize>();
                (0..=left).map(move |power| [given.as_slice(), &[power]].concat())
            })
            .collect();
    }
    let of_row = |row: &&[f64]| -> Vec<f64> {
        let legendre: Vec<Vec<f64>> = (0..dimensions)
            .map(|i| {
                let [low, high] = ends[i];
                let x = 2.0 * (logarithm(row, i) - low) / (high - low) - 1.0;
                let mut values = vec![1.0, x];
                for n in 1..degree {
                    let of = n as f64;
                    let next = (2.0 * of + 1.0) * x * values[n] - of * values[n - 1];
                    values.push(next / (of + 1.0));
                }
                values
            })
            .collect();
        let term = |powers: &Vec<usize>| -> f64 {
            powers.iter().zip(&legendre).map(|(power, values)| values[*power]).product()
        };
        powers.iter().map(term).collect()
    };
    parameters.iter().map(of_row).collect()
}

/// The residuals of each column of `values`, shape (rows, columns), after a least-squares fit with
/// an orthonormal basis of the terms, each over the root of the part of its variance that the fit
/// leaves.
pub fn residuals(parameters: &[&[f64]], degree: usize, values: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let rows = parameters.len();
    let terms = terms(parameters, degree);
    // Gram-Schmidt, applied twice to reduce rounding
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for term in 0..terms[0].len() {
        let mut vector: Vec<f64> = terms.iter().map(|row| row[term]).collect();
        for _ in 0..2 {
            for other in &basis {
                let along: f64 = dot(other, &vector);
                vector.iter_mut().zip(other).for_each(|(v, o)| *v -= along * o);
            }
        }
        let length = dot(&vector, &vector).sqrt();
        vector.iter_mut().for_each(|v| *v /= length);
        basis.push(vector);
    }
    let leverage: Vec<f64> =
        (0..rows).map(|row| basis.iter().map(|vector| vector[row].powi(2)).sum()).collect();
    let mut left = values.to_vec();
    for column in 0..values[0].len() {
        let mut vector: Vec<f64> = values.iter().map(|row| row[column]).collect();
        for other in &basis {
            let along = dot(other, &vector);
            vector.iter_mut().zip(other).for_each(|(v, o)| *v -= along * o);
        }
        for row in 0..rows {
            left[row][column] = vector[row] / (1.0 - leverage[row]).sqrt();
        }
    }
    left
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The covariance of two columns.
fn covariance(values: &[Vec<f64>], a: usize, b: usize) -> f64 {
    let count = values.len() as f64;
    let mean = |column: usize| values.iter().map(|row| row[column]).sum::<f64>() / count;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let product = |row: &Vec<f64>| (row[a] - mean_a) * (row[b] - mean_b);
    values.iter().map(product).sum::<f64>() / count
}

/// The standard deviation of a column.
pub fn deviation(values: &[Vec<f64>], column: usize) -> f64 {
    covariance(values, column, column).sqrt()
}

/// The correlation of two columns.
pub fn correlation(values: &[Vec<f64>], a: usize, b: usize) -> f64 {
    covariance(values, a, b) / deviation(values, a) / deviation(values, b)
}
