//! A power spectrum as a curve.

/// A power spectrum: the natural cubic spline of ln P in ln k; k in h/Mpc, P in (Mpc/h)^3.
///
/// Outside its range it continues as a power law with the slope at the end, which integrals need;
/// requested wavenumbers are checked before.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    k: Vec<f64>,
    values: Vec<f64>,
    /// ln k, ln P and the second derivative of the spline at each knot.
    knots: Vec<[f64; 3]>,
}

impl Spectrum {
    /// A spectrum from its values `p` at the wavenumbers `k`.
    ///
    /// # Panics
    /// If there are fewer than two wavenumbers or not as many values, if the wavenumbers do not
    /// rise or a value is not positive.
    pub fn new(k: Vec<f64>, p: Vec<f64>) -> Self {
        assert!(k.len() >= 2, "spectrum: {} wavenumbers", k.len());
        assert_eq!(k.len(), p.len(), "spectrum: wavenumbers and values");
        assert!(
            k[0] > 0.0 && k.windows(2).all(|pair| pair[0] < pair[1]),
            "spectrum: wavenumbers do not rise"
        );
        assert!(
            p.iter().all(|&value| value > 0.0 && value.is_finite()),
            "spectrum: a value is not positive"
        );
        let knots = second_derivatives(&k, &p);
        Spectrum { k, values: p, knots }
    }

    /// The wavenumbers, in h/Mpc.
    pub fn k(&self) -> &[f64] {
        &self.k
    }

    /// The values at [`Spectrum::k`], in (Mpc/h)^3.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// P at the wavenumber `k`, in (Mpc/h)^3.
    pub fn at(&self, k: f64) -> f64 {
        self.value_and_slope(k.ln()).0.exp()
    }

    /// d ln P / d ln k at the wavenumber `k`.
    pub fn slope(&self, k: f64) -> f64 {
        self.value_and_slope(k.ln()).1
    }

    /// ln P and its slope at ln k.
    fn value_and_slope(&self, x: f64) -> (f64, f64) {
        let last = self.knots.len() - 1;
        let inside = x.clamp(self.knots[0][0], self.knots[last][0]);
        let after = self.knots.partition_point(|knot| knot[0] <= inside);
        let [x0, y0, c0] = self.knots[after.clamp(1, last) - 1];
        let [x1, y1, c1] = self.knots[after.clamp(1, last)];
        let width = x1 - x0;
        let (a, b) = ((x1 - inside) / width, (inside - x0) / width);
        let bend = ((a * a * a - a) * c0 + (b * b * b - b) * c1) * width * width / 6.0;
        let slope =
            (y1 - y0) / width + ((3.0 * b * b - 1.0) * c1 - (3.0 * a * a - 1.0) * c0) * width / 6.0;
        (a * y0 + b * y1 + bend + slope * (x - inside), slope)
    }

    /// The scatter of the density in spheres of the radius, in Mpc/h: the square root of the
    /// integral of k^2 P W(kR)^2 / (2 pi^2) over k, W the transform of a top hat.
    pub fn sigma(&self, radius: f64) -> f64 {
        assert!(radius > 0.0, "sigma: radius {radius}");
        // by k = x / R: from where W is 1 and P falls, to where W^2 has fallen to 1e-7
        const STEPS: usize = 2000;
        let (low, high) = ((1e-5_f64).min(1e-3 * self.k[0] * radius).ln(), 200.0_f64.ln());
        let step = (high - low) / STEPS as f64;
        let sum: f64 = (0..=STEPS)
            .map(|index| {
                let x = (low + step * index as f64).exp();
                let k = x / radius;
                let weight = if index == 0 || index == STEPS { 0.5 } else { 1.0 };
                weight * k.powi(3) * self.at(k) * top_hat(x).powi(2)
            })
            .sum();
        (sum * step / (2.0 * std::f64::consts::PI.powi(2))).sqrt()
    }
}

/// The transform of a sphere, 3 (sin x - x cos x) / x^3.
pub(crate) fn top_hat(x: f64) -> f64 {
    if x < 0.01 {
        return 1.0 - x * x / 10.0;
    }
    3.0 * (x.sin() - x * x.cos()) / x.powi(3)
}

/// The second derivatives of the natural spline through (ln k, ln P): the tridiagonal system,
/// solved by elimination.
fn second_derivatives(k: &[f64], p: &[f64]) -> Vec<[f64; 3]> {
    let mut knots: Vec<[f64; 3]> = (k.iter().zip(p)).map(|(k, p)| [k.ln(), p.ln(), 0.0]).collect();
    let count = knots.len();
    let mut above = vec![0.0; count];
    for i in 1..count - 1 {
        let ([x0, y0, c0], [x1, y1, _], [x2, y2, _]) = (knots[i - 1], knots[i], knots[i + 1]);
        let share = (x1 - x0) / (x2 - x0);
        let pivot = share * above[i - 1] + 2.0;
        above[i] = (share - 1.0) / pivot;
        let jump = (y2 - y1) / (x2 - x1) - (y1 - y0) / (x1 - x0);
        knots[i][2] = (6.0 * jump / (x2 - x0) - share * c0) / pivot;
    }
    for i in (1..count - 1).rev() {
        knots[i][2] += above[i] * knots[i + 1][2];
    }
    knots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_law_is_kept_inside_and_outside() {
        let k: Vec<f64> = (0..20).map(|i| 0.01 * 1.3f64.powi(i)).collect();
        let spectrum = Spectrum::new(k.clone(), k.iter().map(|k| 7.0 * k.powf(-1.5)).collect());
        for k in [1e-4, 0.01, 0.0345, 0.5, 30.0] {
            let right = 7.0 * f64::powf(k, -1.5);
            assert!((spectrum.at(k) / right - 1.0).abs() < 1e-12, "{k}");
            assert!((spectrum.slope(k) + 1.5).abs() < 1e-12, "{k}");
        }
    }

    #[test]
    fn the_spline_follows_a_wave() {
        let k: Vec<f64> = (0..200).map(|i| (-5.0 + 0.03 * f64::from(i)).exp()).collect();
        let wave = |x: f64| (3.0 * x).sin();
        let values = k.iter().map(|k| wave(k.ln()).exp()).collect();
        let spectrum = Spectrum::new(k, values);
        for i in 0..400 {
            // not at the ends, where a natural spline has no curvature
            let x = -4.5 + 0.0123 * f64::from(i);
            assert!((spectrum.at(x.exp()).ln() - wave(x)).abs() < 1e-5, "{x}");
            assert!((spectrum.slope(x.exp()) - 3.0 * (3.0 * x).cos()).abs() < 1e-3);
        }
    }

    #[test]
    fn sigma_of_a_power_law_is_known() {
        // P = 2 pi^2 k^-2: sigma^2 = integral of W(kR)^2 dk = 3 pi / (5 R)
        let k = vec![1e-3, 1e3];
        let two = 2.0 * std::f64::consts::PI.powi(2);
        let spectrum = Spectrum::new(k.clone(), k.iter().map(|k| two / (k * k)).collect());
        for radius in [1.0, 8.0] {
            let right = (3.0 * std::f64::consts::PI / (5.0 * radius)).sqrt();
            assert!((spectrum.sigma(radius) / right - 1.0).abs() < 1e-4);
        }
    }
}
