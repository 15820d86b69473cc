//! The truncated normal distribution, in logarithms, which keeps precision in the far tails.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2, PI};

/// Logarithm of the cumulative distribution function of the standard normal distribution.
///
/// Below -20 it is the asymptotic series of Abramowitz & Stegun, equation 26.2.12, whose ninth term
/// is below 1e-16 there.
pub fn log_cdf(x: f64) -> f64 {
    if x > 0.0 {
        return (-0.5 * libm::erfc(x * FRAC_1_SQRT_2)).ln_1p();
    }
    if x > -20.0 {
        return (0.5 * libm::erfc(-x * FRAC_1_SQRT_2)).ln();
    }
    let inverse_square = 1.0 / (x * x);
    let (mut term, mut series) = (1.0, 1.0);
    for odd in (1..17).step_by(2) {
        term *= -f64::from(odd) * inverse_square;
        series += term;
    }
    log_density(x) - (-x).ln() + f64::ln(series)
}

/// Logarithm of the density of the standard normal distribution.
pub fn log_density(x: f64) -> f64 {
    -0.5 * x * x - 0.5 * (2.0 * PI).ln()
}

/// Logarithm of the probability that a standard normal variable lies between `a` and `b`.
pub fn log_mass(a: f64, b: f64) -> f64 {
    if a > 0.0 {
        return log_mass(-b, -a);
    }
    if b <= 0.0 {
        let (above, below) = (log_cdf(b), log_cdf(a));
        return above + (-(below - above).exp()).ln_1p();
    }
    // both terms are positive, so nothing cancels
    let half = |x: f64| 0.5 * libm::erf(x * FRAC_1_SQRT_2);
    (half(b) - half(a)).ln()
}

/// The quantile, in (0, 1), of the standard normal distribution truncated to `a` and `b`.
pub fn quantile_between(quantile: f64, a: f64, b: f64) -> f64 {
    let mass = log_mass(a, b);
    let below = log_sum(log_cdf(a), quantile.ln() + mass);
    let above = log_sum(log_cdf(-b), (-quantile).ln_1p() + mass);
    // the smaller tail is the more precise one
    let x = if below <= above { inverse_log_cdf(below) } else { -inverse_log_cdf(above) };
    x.clamp(a, b)
}

fn log_sum(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if small == f64::NEG_INFINITY { large } else { large + (small - large).exp().ln_1p() }
}

/// The `x` with `log_cdf(x) = target`, for targets up to about ln 1/2.
///
/// Newton's method. At the start `log_cdf` is below the target, because the tail is at most
/// exp(-x^2/2) / 2. Since `log_cdf` is concave, no step overshoots the root.
fn inverse_log_cdf(target: f64) -> f64 {
    let mut x = -(-2.0 * target.min(-LN_2)).sqrt();
    for _ in 0..100 {
        let log_probability = log_cdf(x);
        let step = (target - log_probability) * (log_probability - log_density(x)).exp();
        x += step;
        if step.abs() <= 1e-14 * x.abs().max(1e-2) {
            break;
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{a} is not {b}");
    }

    #[test]
    fn the_series_equals_the_error_function_at_the_switch() {
        // at -20 both are accurate to a few roundings of a value near 203
        let series = {
            let x = -20.000_000_000_1;
            log_cdf(x)
        };
        near(series, (0.5 * libm::erfc(20.000_000_000_1 * FRAC_1_SQRT_2)).ln(), 1e-14);
    }

    #[test]
    fn mass_is_symmetric() {
        for (a, b) in [(-1.0, 2.0), (-3.0, -2.9), (5.0, 7.0), (-40.0, -39.0), (-1e-3, 1e-3)] {
            near(log_mass(a, b), log_mass(-b, -a), 1e-14);
        }
        near(log_mass(-1.0, 1.0), 0.682_689_492_137_085_9f64.ln(), 1e-14);
        near(log_mass(-60.0, 60.0), 0.0, 1e-15);
    }

    #[test]
    fn a_quantile_divides_the_mass() {
        for (a, b) in
            [(-1.0, 2.0), (-3.0, -2.9), (5.0, 7.0), (-40.0, -30.0), (30.0, 80.0), (-50.0, 50.0)]
        {
            for quantile in [1e-12, 1e-3, 0.2, 0.5, 0.77, 1.0 - 1e-6] {
                let x = quantile_between(quantile, a, b);
                assert!((a..=b).contains(&x), "{x} is not in {a}..{b}");
                let part = (log_mass(a, x) - log_mass(a, b)).exp();
                near(part, quantile, 1e-11);
            }
        }
    }
}
