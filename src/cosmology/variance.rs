//! The scatter of the linear density in spheres of many radii at once.

use std::f64::consts::PI;
use std::sync::LazyLock;

use crate::cosmology::spectrum::top_hat;

/// Steps of ln k; radii are four steps apart, so that ln(k R) lies on one grid.
const STEP: f64 = 0.025;
const STRIDE: usize = 4;
/// The smallest wavenumber in h/Mpc and how many.
const K_MIN: f64 = 1e-4;
const WAVENUMBERS: usize = 738;
/// The smallest radius in Mpc/h and how many: to 99 Mpc/h.
const R_MIN: f64 = 1e-3;
const RADII: usize = 116;

/// W^2 of a top hat and its derivative by ln x, on the grid of ln(k R).
static WINDOW: LazyLock<Vec<[f64; 2]>> = LazyLock::new(|| {
    let x = |i: usize| K_MIN * R_MIN * (STEP * i as f64).exp();
    (0..WAVENUMBERS + STRIDE * RADII).map(|i| window(x(i))).collect()
});

/// W^2 and its derivative by ln x. Where the grid does not resolve the waves, their mean.
fn window(x: f64) -> [f64; 2] {
    if x > 40.0 {
        let mean = 4.5 * (1.0 + 1.0 / (x * x)) / x.powi(4);
        return [mean, -4.0 * mean];
    }
    let w = top_hat(x);
    // x W' = 3 (sin x / x - W)
    let slope = if x < 0.01 { -x * x / 5.0 } else { 3.0 * (x.sin() / x - w) };
    [w * w, 2.0 * w * slope]
}

/// ln sigma(R) over ln R from 0.001 to 99 Mpc/h, with its slope.
#[derive(Clone, Debug)]
pub struct Variance {
    /// ln sigma and d ln sigma / d ln R at the radii [`Variance::radius`].
    table: Vec<[f64; 2]>,
    /// The scatter of the displacement along one axis, in Mpc/h.
    displacement: f64,
}

impl Variance {
    /// Of a spectrum P(k) in (Mpc/h)^3, with k in h/Mpc from 1e-4 to 1e4.
    pub fn new(power: impl Fn(f64) -> f64) -> Self {
        let k = |i: usize| K_MIN * (STEP * i as f64).exp();
        let contrast: Vec<f64> =
            (0..WAVENUMBERS).map(|i| STEP * power(k(i)) * k(i).powi(3) / (2.0 * PI * PI)).collect();
        let squares = contrast.iter().enumerate();
        let displacement = squares.map(|(i, d)| d / (3.0 * k(i).powi(2))).sum::<f64>().sqrt();
        let table = (0..RADII)
            .map(|j| {
                let (mut sum, mut slope) = (0.0, 0.0);
                for (d, [w, dw]) in contrast.iter().zip(&WINDOW[STRIDE * j..]) {
                    sum += d * w;
                    slope += d * dw;
                }
                [0.5 * sum.ln(), 0.5 * slope / sum]
            })
            .collect();
        Variance { table, displacement }
    }

    /// Number of radii.
    pub fn count(&self) -> usize {
        RADII
    }

    /// ln of the ratio of a radius to the one before.
    pub(crate) const SPACING: f64 = STEP * STRIDE as f64;

    /// The radius in Mpc/h with the number `index`.
    pub(crate) fn radius(&self, index: usize) -> f64 {
        R_MIN * (Self::SPACING * index as f64).exp()
    }

    /// ln sigma and its slope d ln sigma / d ln R at the radius with the number `index`.
    pub(crate) fn knot(&self, index: usize) -> [f64; 2] {
        self.table[index]
    }

    /// sigma at any radius in Mpc/h, by cubics between the radii; the smallest radius for smaller
    /// ones.
    pub(crate) fn sigma(&self, radius: f64) -> f64 {
        let place = ((radius / R_MIN).ln() / Self::SPACING).clamp(0.0, (RADII - 1) as f64);
        let index = (place as usize).min(RADII - 2);
        let t = place - index as f64;
        let ([p, m], [q, n]) = (self.table[index], self.table[index + 1]);
        let bend = (1.0 - t) * (Self::SPACING * m - (q - p)) + t * ((q - p) - Self::SPACING * n);
        (p + t * (q - p) + t * (1.0 - t) * bend).exp()
    }

    /// The radius at which sigma is `value`, and the slope d ln sigma / d ln R there. The smallest
    /// radius if sigma is less everywhere.
    pub(crate) fn radius_of(&self, value: f64) -> (f64, f64) {
        let above = self.table.partition_point(|knot| knot[0] > value.ln());
        if above == 0 || above == RADII {
            let end = if above == 0 { 0 } else { RADII - 1 };
            return (self.radius(end), self.table[end][1]);
        }
        // halve the interval: sigma falls with the radius
        let (mut low, mut high) = (self.radius(above - 1).ln(), self.radius(above).ln());
        for _ in 0..30 {
            let middle = (low + high) / 2.0;
            match self.sigma(middle.exp()) > value {
                true => low = middle,
                false => high = middle,
            }
        }
        let share = (low - self.radius(above - 1).ln()) / Self::SPACING;
        let slope = self.table[above - 1][1] * (1.0 - share) + self.table[above][1] * share;
        (low.exp(), slope)
    }

    /// The scatter of linear displacements along one axis in Mpc/h: the root of the integral of P
    /// over k / (6 pi^2).
    pub(crate) fn displacement(&self) -> f64 {
        self.displacement
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosmology::spectrum::Spectrum;

    #[test]
    fn the_table_is_the_integral() {
        let power = |k: f64| 1e4 * k / (1.0 + (k / 0.02).powi(2)).powf(1.4);
        let variance = Variance::new(power);
        let k: Vec<f64> = (0..600).map(|i| 1e-5 * (0.04 * f64::from(i)).exp()).collect();
        let spectrum = Spectrum::new(k.clone(), k.iter().map(|&k| power(k)).collect());
        for radius in [0.02, 0.5, 3.3, 8.0, 40.0] {
            let right = spectrum.sigma(radius);
            let ratio = variance.sigma(radius) / right;
            assert!((ratio - 1.0).abs() < 3e-4, "{radius}: {ratio}");
            let (found, slope) = variance.radius_of(right);
            assert!((found / radius - 1.0).abs() < 1e-3, "{radius} {found}");
            let (up, down) = (spectrum.sigma(radius * 1.05), spectrum.sigma(radius / 1.05));
            assert!(
                (slope - (up / down).ln() / (2.0 * 1.05f64.ln())).abs() < 3e-3,
                "{radius} {slope}"
            );
        }
    }
}
