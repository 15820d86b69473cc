//! The mean and the deviation of a row.

use crate::engine::cpu::sums::sum;
use crate::engine::real::Real;

/// Added to the variance, as in `torch.nn.LayerNorm`.
const EPSILON: f64 = 1e-5;

/// The mean of a row and one over its deviation.
#[inline(always)]
pub(crate) fn moments<F: Real>(row: &[F]) -> [F; 2] {
    let inverse = F::of(1.0 / row.len() as f64);
    let mean = sum(row, |x| x) * inverse;
    let variance = sum(row, |x| (x - mean) * (x - mean)) * inverse;
    [mean, F::one() / (variance + F::of(EPSILON)).sqrt()]
}
