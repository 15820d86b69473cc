//! Hu-Sawicki f(R) gravity, n = 1 (Hu & Sawicki 2007, arXiv 0705.1158): how much more the matter
//! clusters today.
//!
//! The boost is the spectrum of f(R) over that of general relativity *at equal primordial
//! amplitude*, the background the same flat LCDM. So `sigma_8` of a [`Cosmology`] is the one that
//! general relativity would give. That is the `s8(LCDM)` of the Quijote-MG simulations, the one
//! over which their prior is uniform; the sigma_8 of f(R) itself is up to 1.3 times larger.

use crate::cosmology::parameters::Cosmology;
use crate::cosmology::range::within;
use crate::cosmology::spectrum::Spectrum;
use crate::error::Result;
use crate::input_error;

/// c over 100 km/s/Mpc, in Mpc/h.
const HUBBLE_LENGTH: f64 = 2997.92458;

/// Wavenumbers, in h/Mpc, between which the boost holds.
pub(crate) const WAVENUMBERS: [f64; 2] = [1e-3, 1.0];

/// f_R0 between which the boost holds.
pub(crate) const F_R0: [f64; 2] = [-3e-4, 0.0];

/// The scale factor at which the growth starts, and its steps in ln a: converged to 1e-5.
const START: f64 = 0.01;
const STEPS: usize = 48;

/// The boost of the nonlinear spectrum of total matter today at the wavenumbers `k`, in h/Mpc.
///
/// It is 1 + (B - 1) A / (1 + X), where B is [`linear_boost`] and, with f = |f_R0| / 10^-4.5 and
/// kappa = k / (0.3 h/Mpc),
///
/// - ln X = -0.728 - 0.621 ln f + 0.448 ln kappa + 0.279 ln(Om/.3) + 2.284 ln(s8/.8) + 0.503 (n_s -
///   1): chameleon screening, which weakens as the field grows, and the damping by nonlinear
///   motion;
/// - ln A = 0.074 ln kappa - 0.195 ln(Om/.3) - 0.038 ln(s8/.8) - ln kappa (0.066 ln(Om/.3) + 0.092
///   ln(s8/.8)): how strongly a nonlinear spectrum answers to a change of the linear one.
///
/// The eleven numbers are fitted to e-MANTIS (Saez-Casares et al. 2023, arXiv 2303.08899) by
/// `tests/reference/gravity/fit.py`, with |f_R0| from 1e-7 to 1e-4, Om from .155 to .465 and
/// massless neutrinos, where the boost is right to 0.34 % rms and 2.3 % at worst for k in [0.1,
/// 0.5] h/Mpc. X falls and B rises with |f_R0|, so that the boost rises up to 3e-4. There, and for
/// massive neutrinos, it is checked against FREmu (Bai & Xia 2024, arXiv 2405.05840), the emulator
/// of the Quijote-MG simulations, which is 1 % lower in the mean and scatters by 2.4 % around it.
/// For Om < .155 and Om > .465 the fit is extrapolated and not tested.
///
/// # Errors
/// f_R0, a wavenumber or a parameter of the cosmology lies outside the range of the formula.
pub fn nonlinear_boost(cosmology: &Cosmology, f_r0: f64, k: &[f64]) -> Result<Vec<f64>> {
    let linear = linear_boost(cosmology, f_r0, k)?;
    if f_r0 == 0.0 {
        return Ok(linear);
    }
    let (omega, sigma) = ((cosmology.omega_m / 0.3).ln(), (cosmology.sigma_8 / 0.8).ln());
    let field = (-f_r0).ln() + 4.5 * std::f64::consts::LN_10;
    let still =
        -0.728 - 0.621 * field + 0.279 * omega + 2.284 * sigma + 0.503 * (cosmology.n_s - 1.0);
    Ok((k.iter().zip(linear))
        .map(|(k, linear)| {
            let kappa = (k / 0.3).ln();
            let damping = (still + 0.448 * kappa).exp();
            let answer = (0.074 - 0.066 * omega - 0.092 * sigma) * kappa;
            1.0 + (linear - 1.0) * (answer - 0.195 * omega - 0.038 * sigma).exp() / (1.0 + damping)
        })
        .collect())
}

/// The boost of the linear spectrum of matter today at the wavenumbers `k`, in h/Mpc: the square of
/// the ratio of the growths.
///
/// The growth solves D'' + (2 + H'/H) D' = 3/2 Om(a) mu(k, a) c(k, a) D, primes in ln a, with mu =
/// 1 + k^2 / (3 (k^2 + a^2 m^2)) (Pogosian & Silvestri 2008, arXiv 0709.0296, in the quasi-static
/// limit) and m^2 = (H0/c)^2 (Om a^-3 + 4 OL)^3 / (2 |f_R0| (Om + 4 OL)^2) (Hu & Sawicki 2007, the
/// field's mass 1 / (3 f_RR), n = 1). c = 1 - f_nu + f_nu / (1 + k^2/k_fs^2) is the share of matter
/// that clusters, with the free-streaming wavenumber k_fs = 0.82 E a^2 (m / 1 eV) h/Mpc of
/// Lesgourgues & Pastor 2006 (astro-ph/0603494), m = M_nu / 3.
///
/// # Errors
/// f_R0, a wavenumber or a parameter of the cosmology lies outside the range of the formula.
pub fn linear_boost(cosmology: &Cosmology, f_r0: f64, k: &[f64]) -> Result<Vec<f64>> {
    check(cosmology, f_r0, k)?;
    if f_r0 == 0.0 {
        return Ok(vec![1.0; k.len()]);
    }
    let epochs: Vec<Epoch> =
        (0..=2 * STEPS).map(|half| Epoch::new(cosmology, f_r0, half)).collect();
    let boost = |k: f64| (growth(&epochs, k, true) / growth(&epochs, k, false)).powi(2);
    const NODES: usize = 28;
    let ratio = (WAVENUMBERS[1] / WAVENUMBERS[0]).powf(1.0 / (NODES - 1) as f64);
    // the bits of powi depend on whether the compiler computes it, those of powf do not
    let nodes: Vec<f64> = (0..NODES).map(|node| WAVENUMBERS[0] * ratio.powf(node as f64)).collect();
    let values = nodes.iter().map(|&k| boost(k)).collect();
    let curve = Spectrum::new(nodes, values);
    Ok(k.iter().map(|&k| curve.at(k)).collect())
}

fn check(cosmology: &Cosmology, f_r0: f64, k: &[f64]) -> Result<()> {
    let formula = "the boost of f(R) gravity";
    within(formula, "f_R0", f_r0, F_R0)?;
    within(formula, "Omega_m", cosmology.omega_m, [0.1, 0.5])?;
    within(formula, "h", cosmology.h, [0.5, 0.9])?;
    within(formula, "n_s", cosmology.n_s, [0.8, 1.2])?;
    within(formula, "sigma_8", cosmology.sigma_8, [0.6, 1.0])?;
    within(formula, "M_nu", cosmology.m_nu, [0.0, 1.0])?;
    if cosmology.w != -1.0 {
        let w = cosmology.w;
        return Err(input_error!(
            "w is {w}, but {formula} holds for w = -1: f(R) accelerates the expansion itself; \
             leave w at -1"
        ));
    }
    k.iter().try_for_each(|&k| within(formula, "k in h/Mpc", k, WAVENUMBERS))
}

/// The coefficients of the growth at one moment.
struct Epoch {
    /// Om(a).
    omega: f64,
    /// a^2 m^2, in (h/Mpc)^2.
    mass: f64,
    /// The square of the free-streaming wavenumber of the neutrinos, in (h/Mpc)^2.
    free: f64,
    /// The share of neutrinos in matter.
    neutrinos: f64,
}

impl Epoch {
    /// The moment after so many half steps.
    fn new(cosmology: &Cosmology, f_r0: f64, half: usize) -> Self {
        let a = START.powf(1.0 - half as f64 / (2 * STEPS) as f64);
        let (matter, vacuum) = (cosmology.omega_m / a.powi(3), 1.0 - cosmology.omega_m);
        let curvature = matter + 4.0 * vacuum;
        let today = cosmology.omega_m + 4.0 * vacuum;
        let mass = curvature.powi(3) / (2.0 * HUBBLE_LENGTH.powi(2) * -f_r0 * today.powi(2));
        Epoch {
            omega: matter / (matter + vacuum),
            mass: a * a * mass,
            free: (0.82 * a * a * cosmology.m_nu / 3.0).powi(2) * (matter + vacuum),
            neutrinos: cosmology.m_nu / (93.14 * cosmology.h.powi(2) * cosmology.omega_m),
        }
    }

    /// The share of matter that clusters at the wavenumber.
    fn clustering(&self, k: f64) -> f64 {
        if self.neutrinos == 0.0 {
            return 1.0;
        }
        1.0 - self.neutrinos * k * k / (self.free + k * k)
    }

    /// The derivatives in ln a of the growth and of its slope.
    fn slope(&self, k: f64, modified: bool, [d, rate]: [f64; 2]) -> [f64; 2] {
        let fifth = match modified {
            true => k * k / (3.0 * (k * k + self.mass)),
            false => 0.0,
        };
        let force = 1.5 * self.omega * (1.0 + fifth) * self.clustering(k);
        [rate, force * d - (2.0 - 1.5 * self.omega) * rate]
    }
}

/// The growth from [`START`] to today at the wavenumber, by Runge and Kutta's steps of order 4,
/// from the growing mode of matter with free-streaming neutrinos.
fn growth(epochs: &[Epoch], k: f64, modified: bool) -> f64 {
    let step = -START.ln() / STEPS as f64;
    let mut y = [1.0, ((1.0 + 24.0 * epochs[0].clustering(k)).sqrt() - 1.0) / 4.0];
    let shifted =
        |y: [f64; 2], s: [f64; 2], by: f64| [y[0] + by * step * s[0], y[1] + by * step * s[1]];
    for three in epochs.windows(3).step_by(2) {
        let first = three[0].slope(k, modified, y);
        let second = three[1].slope(k, modified, shifted(y, first, 0.5));
        let third = three[1].slope(k, modified, shifted(y, second, 0.5));
        let fourth = three[2].slope(k, modified, shifted(y, third, 1.0));
        for i in 0..2 {
            y[i] += step / 6.0 * (first[i] + 2.0 * (second[i] + third[i]) + fourth[i]);
        }
    }
    y[0]
}
