//! Halos: their number, and their profile.

use std::f64::consts::FRAC_PI_2;

/// The share of matter in halos per peak height nu = delta_c / sigma: Sheth & Tormen 1999
/// (arXiv:astro-ph/9901122), with nu their square root.
pub fn mass_function(peak: f64) -> f64 {
    let x = 0.707 * peak * peak;
    0.216_16 * (1.0 + x.powf(-0.3)) * (-x / 2.0).exp()
}

/// The transform of the profile of Navarro, Frenk & White 1997, cut off at the virial radius, 1 for
/// k = 0: at k times the virial radius `kr`, with the `concentration`. Equation 81 of Cooray &
/// Sheth 2002 (arXiv:astro-ph/0206508).
pub fn profile(kr: f64, concentration: f64) -> f64 {
    let c = concentration;
    let mass = (1.0 + c).ln() - c / (1.0 + c);
    let scale = kr / c;
    if kr < 0.05 {
        // the second moment of the profile; the fourth is below kr^4 / 120
        let moment = (c * c / 2.0 - 2.0 * c + 3.0 * (1.0 + c).ln() - c / (1.0 + c)) / mass;
        return 1.0 - scale * scale * moment / 6.0;
    }
    let outer = scale * (1.0 + c);
    let (inner_sine, inner_cosine) = sine_cosine_integrals(scale);
    let (outer_sine, outer_cosine) = sine_cosine_integrals(outer);
    let waves =
        scale.cos() * (outer_cosine - inner_cosine) + scale.sin() * (outer_sine - inner_sine);
    (waves - kr.sin() / outer) / mass
}

/// Si(x) and Ci(x) for x > 0: the series for small x, else the rational approximations 5.2.38 and
/// 5.2.39 of Abramowitz & Stegun 1964, right to 5e-7.
fn sine_cosine_integrals(x: f64) -> (f64, f64) {
    /// Euler's constant.
    const GAMMA: f64 = 0.577_215_664_901_532_9;
    let y = x * x;
    if x < 2.0 {
        let (mut sine, mut cosine) = (0.0, GAMMA + x.ln());
        // x^n / n! with the sign of the pair
        let mut term = 1.0;
        for n in 1..=20 {
            term *= x / f64::from(n);
            match n % 2 {
                1 => sine += term / f64::from(n),
                _ => {
                    term = -term;
                    cosine += term / f64::from(n);
                }
            }
        }
        return (sine, cosine);
    }
    let ratio = |a: [f64; 4], b: [f64; 4]| {
        let polynomial = |c: [f64; 4]| (((y + c[0]) * y + c[1]) * y + c[2]) * y + c[3];
        polynomial(a) / polynomial(b)
    };
    let f = ratio(
        [38.027_264, 265.187_033, 335.677_320, 38.102_495],
        [40.021_433, 322.624_911, 570.236_280, 157.105_423],
    ) / x;
    let g = ratio(
        [42.242_855, 302.757_865, 352.018_498, 21.821_899],
        [48.196_927, 482.485_984, 1_114.978_885, 449.690_326],
    ) / y;
    let (sin, cos) = x.sin_cos();
    (FRAC_PI_2 - f * cos - g * sin, f * sin - g * cos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_is_the_integral_over_the_halo() {
        for c in [2.0, 6.0, 15.0] {
            for kr in [0.01, 0.06, 0.7, 3.0, 20.0] {
                let steps = 40_000;
                let (mut sum, mut mass) = (0.0, 0.0);
                for i in 0..steps {
                    let r = (f64::from(i) + 0.5) / f64::from(steps);
                    let shell = r / (1.0 + c * r).powi(2);
                    mass += shell;
                    sum += shell * (kr * r).sin() / (kr * r);
                }
                let right = sum / mass;
                let found = profile(kr, c);
                assert!((found - right).abs() < 2e-6, "{c} {kr}: {found} {right}");
            }
        }
    }

    #[test]
    fn all_matter_lies_in_halos() {
        // in x = ln nu, where the integrand falls slowly to small halos
        let sum: f64 = (0..40_000)
            .map(|i| (-38.0 + 0.001 * f64::from(i)).exp())
            .map(|peak| mass_function(peak) * peak * 0.001)
            .sum();
        assert!((sum - 1.0).abs() < 1e-4, "{sum}");
    }
}
