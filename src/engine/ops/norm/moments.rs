//! The mean and the deviation of a row.

use crate::engine::real::Real;

/// Added to the variance, as in `torch.nn.LayerNorm`.
const EPSILON: f64 = 1e-5;

/// The mean of a row and one over its deviation.
pub(crate) fn moments<F: Real>(row: &[F]) -> [F; 2] {
    let inverse = F::of(1.0 / row.len() as f64);
    let mean = row.iter().fold(F::zero(), |sum, x| sum + *x) * inverse;
    let square = |sum: F, x: &F| sum + (*x - mean) * (*x - mean);
    let variance = row.iter().fold(F::zero(), square) * inverse;
    [mean, F::one() / (variance + F::of(EPSILON)).sqrt()]
}
