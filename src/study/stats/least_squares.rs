//! Least squares by Cholesky's decomposition, in f64. A library for linear algebra would be the
//! largest one of the program, for systems of a hundred equations.

use crate::data::matrix::Matrix;

/// A^T B, of two matrices with as many rows.
pub(crate) fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let mut values = vec![0.0; a.columns * b.columns];
    for row in 0..a.rows {
        let (left, right) = (a.row(row), b.row(row));
        for (sums, x) in values.chunks_exact_mut(b.columns).zip(left) {
            sums.iter_mut().zip(right).for_each(|(sum, y)| *sum += x * y);
        }
    }
    Matrix::new(a.columns, b.columns, values)
}

/// The solution X of A X = B for a symmetric positive definite A; absent if A is not, to within
/// rounding.
pub(crate) fn solve(a: &Matrix, b: &Matrix) -> Option<Matrix> {
    let n = a.rows;
    let mut lower = vec![0.0; n * n];
    for row in 0..n {
        for column in 0..=row {
            let known = (0..column).map(|k| lower[row * n + k] * lower[column * n + k]);
            let rest = a.values[row * n + column] - known.sum::<f64>();
            lower[row * n + column] = match row == column {
                true if rest > 1e-13 * a.values[row * n + row] => rest.sqrt(),
                true => return None,
                false => rest / lower[column * n + column],
            };
        }
    }
    let mut solution = b.clone();
    let width = b.columns;
    for column in 0..width {
        let at = |row: usize| row * width + column;
        for row in 0..n {
            let known = (0..row).map(|k| lower[row * n + k] * solution.values[at(k)]);
            let rest = solution.values[at(row)] - known.sum::<f64>();
            solution.values[at(row)] = rest / lower[row * n + row];
        }
        for row in (0..n).rev() {
            let known = (row + 1..n).map(|k| lower[k * n + row] * solution.values[at(k)]);
            let rest = solution.values[at(row)] - known.sum::<f64>();
            solution.values[at(row)] = rest / lower[row * n + row];
        }
    }
    Some(solution)
}

/// The coefficients X with the least squares of A X - B; absent if the columns of A are not
/// independent.
pub(crate) fn least_squares(a: &Matrix, b: &Matrix) -> Option<Matrix> {
    solve(&product(a, a), &product(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coefficients_are_found_and_dependent_columns_are_not() {
        // y = 2 + 3 x, and y = x^2 at four points: the line 5 x - 5 is nearest to x^2 at 1, 2, 3, 4
        let a = Matrix::new(4, 2, vec![1.0, 1.0, 1.0, 2.0, 1.0, 3.0, 1.0, 4.0]);
        let b = Matrix::new(4, 2, vec![5.0, 1.0, 8.0, 4.0, 11.0, 9.0, 14.0, 16.0]);
        let found = least_squares(&a, &b).unwrap();
        for (found, expected) in found.values.iter().zip([2.0, -5.0, 3.0, 5.0]) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        let same = Matrix::new(3, 2, vec![1.0, 2.0, 2.0, 4.0, 3.0, 6.0]);
        assert!(least_squares(&same, &Matrix::new(3, 1, vec![1.0; 3])).is_none());
    }
}
