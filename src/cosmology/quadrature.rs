//! Points and weights of Gauss-Legendre quadrature.
//!
//! The crate `gauss-quad` is as good, but its points differ in the last bits, and so would all
//! spectra.

/// The points and weights of Gauss and Legendre on [-1, 1], which integrate polynomials of degree 2
/// `count` - 1 exactly.
///
/// The points are the roots of the Legendre polynomial, by Newton's method from the cosines near
/// them; the weights are 2 / ((1 - x^2) P'(x)^2) (Abramowitz & Stegun 1964, 25.4.29).
pub fn gauss_legendre(count: usize) -> Vec<[f64; 2]> {
    let size = count as f64;
    (0..count)
        .map(|index| {
            let mut x = (std::f64::consts::PI * (index as f64 + 0.75) / (size + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..100 {
                let (mut before, mut now) = (1.0, x);
                for degree in 2..=count {
                    let n = degree as f64;
                    (before, now) = (now, ((2.0 * n - 1.0) * x * now - (n - 1.0) * before) / n);
                }
                slope = size * (x * now - before) / (x * x - 1.0);
                let step = now / slope;
                x -= step;
                if step.abs() < 1e-15 {
                    break;
                }
            }
            [x, 2.0 / ((1.0 - x * x) * slope * slope)]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::gauss_legendre;

    #[test]
    fn polynomials_are_integrated_exactly() {
        for count in [1, 2, 5, 12, 24, 64] {
            for power in 0..2 * count {
                let sum: f64 = gauss_legendre(count)
                    .iter()
                    .map(|[x, weight]| weight * x.powi(power as i32))
                    .sum();
                let right = if power % 2 == 0 { 2.0 / (power + 1) as f64 } else { 0.0 };
                assert!((sum - right).abs() < 1e-13, "{count} {power}: {sum}");
            }
        }
    }
}
