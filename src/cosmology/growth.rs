//! The growth of structure in a universe of matter and dark energy, the same on all scales.

/// Growth D(a) of the matter density from a = 0.001, where D = a, to today; radiation and the free
/// streaming of neutrinos are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// ln D at ln a = `START`, `START` + `STEP`, ..., 0.
    log: Vec<f64>,
    /// d ln D / d ln a at the same places.
    rate: Vec<f64>,
    /// The integral of D / a over a, from 0 to 1.
    accumulated: f64,
}

/// ln of the first scale factor, the number of steps and their width.
const START: f64 = -6.907_755_278_982_137;
const STEPS: usize = 128;
const STEP: f64 = -START / STEPS as f64;

impl Growth {
    /// Growth with the matter density `omega_m` today and dark energy of the constant equation of
    /// state `w`, flat.
    ///
    /// f = d ln D / d ln a obeys f' = 3/2 Omega - f^2 - (2 + d ln H / d ln a) f, with Omega the
    /// share of matter at the time and d ln H / d ln a = -3/2 (1 + w (1 - Omega)): the linear
    /// growth of matter, as in Linder & Jenkins 2003 (arXiv:astro-ph/0305286).
    pub fn new(omega_m: f64, w: f64) -> Self {
        let derivative = |x: f64, f: f64| {
            let omega = 1.0 / (1.0 + (1.0 - omega_m) / omega_m * (-3.0 * w * x).exp());
            1.5 * omega - f * f - (0.5 - 1.5 * w * (1.0 - omega)) * f
        };
        let (mut x, mut f, mut log) = (START, 1.0, START);
        let mut growth = Growth { log: vec![log], rate: vec![f], accumulated: START.exp() };
        for _ in 0..STEPS {
            // Runge-Kutta of fourth order; ln D by Simpson's rule with the rate in the middle
            let a = derivative(x, f);
            let b = derivative(x + STEP / 2.0, f + STEP / 2.0 * a);
            let c = derivative(x + STEP / 2.0, f + STEP / 2.0 * b);
            let d = derivative(x + STEP, f + STEP * c);
            let next = f + STEP / 6.0 * (a + 2.0 * b + 2.0 * c + d);
            let end = derivative(x + STEP, next);
            let middle = (f + next) / 2.0 + STEP / 8.0 * (a - end);
            let before = log;
            log += STEP / 6.0 * (f + 4.0 * middle + next);
            let halfway = (before + log) / 2.0 + STEP / 8.0 * (f - next);
            growth.accumulated += STEP / 6.0 * (before.exp() + 4.0 * halfway.exp() + log.exp());
            (x, f) = (x + STEP, next);
            growth.log.push(log);
            growth.rate.push(f);
        }
        growth
    }

    /// D today.
    pub(crate) fn today(&self) -> f64 {
        self.log[STEPS].exp()
    }

    /// The integral of D / a over a up to today.
    pub(crate) fn accumulated(&self) -> f64 {
        self.accumulated
    }

    /// D at the scale factor `a`, in 0.001..=1.
    pub fn at(&self, a: f64) -> f64 {
        let place = (a.ln() - START) / STEP;
        assert!((-1e-9..=STEPS as f64 + 1e-9).contains(&place), "growth: a = {a}");
        let index = (place.max(0.0) as usize).min(STEPS - 1);
        hermite(&self.log, &self.rate, index, place - index as f64).exp()
    }

    /// The scale factor at which D was `share` times what it is today; 1 for a larger share, not
    /// less than 0.001.
    pub fn when(&self, share: f64) -> f64 {
        let wanted = self.log[STEPS] + share.ln();
        let index = self.log.partition_point(|&log| log <= wanted);
        if index == 0 || index > STEPS {
            return if index == 0 { START.exp() } else { 1.0 };
        }
        // D is almost a power law over a step: two Newton steps from the straight line
        let index = index - 1;
        let mut t = (wanted - self.log[index]) / (self.log[index + 1] - self.log[index]);
        for _ in 0..2 {
            let miss = hermite(&self.log, &self.rate, index, t) - wanted;
            t -= miss / (STEP * (self.rate[index] * (1.0 - t) + self.rate[index + 1] * t));
        }
        (START + STEP * (index as f64 + t)).exp()
    }
}

/// The cubic through two values and slopes at `index` and the next place, `t` of the way.
fn hermite(values: &[f64], slopes: &[f64], index: usize, t: f64) -> f64 {
    let (p, q) = (values[index], values[index + 1]);
    let (m, n) = (STEP * slopes[index], STEP * slopes[index + 1]);
    let bend = (1.0 - t) * (m - (q - p)) + t * ((q - p) - n);
    p + t * (q - p) + t * (1.0 - t) * bend
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Carroll, Press & Turner 1992 and Heath 1977: D = 5/2 Omega_m E(a) integral of (a E)^-3 for w
    /// = -1.
    fn heath(omega_m: f64, a: f64) -> f64 {
        let e = |a: f64| (omega_m / a.powi(3) + 1.0 - omega_m).sqrt();
        let steps = 20_000;
        let sum: f64 = (0..steps)
            .map(|i| a * (f64::from(i) + 0.5) / f64::from(steps))
            .map(|b| (b * e(b)).powi(-3))
            .sum();
        2.5 * omega_m * e(a) * sum * a / f64::from(steps)
    }

    #[test]
    fn growth_is_the_known_integral() {
        for omega_m in [0.1, 0.3, 0.5, 1.0] {
            let growth = Growth::new(omega_m, -1.0);
            for a in [0.05, 0.3, 0.77, 1.0] {
                let ratio = growth.at(a) / heath(omega_m, a);
                assert!((ratio - 1.0).abs() < 2e-6, "{omega_m} {a}: {ratio}");
            }
        }
        assert!((Growth::new(1.0, -1.0).accumulated() - 1.0).abs() < 1e-8);
    }

    #[test]
    fn when_undoes_at() {
        let growth = Growth::new(0.25, -0.8);
        for a in [0.002, 0.1, 0.5, 0.99, 1.0] {
            let back = growth.when(growth.at(a) / growth.today());
            assert!((back / a - 1.0).abs() < 1e-7, "{a} {back}");
        }
        assert_eq!(growth.when(1.5), 1.0);
    }
}
