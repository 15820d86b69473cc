//! Large scales: the one-loop spectrum of standard perturbation theory.
//!
//! HMcode's two-halo term is the linear spectrum with its oscillations damped. Where baryons are
//! much of matter the linear spectrum has troughs. Mode coupling fills them, and damping cannot say
//! how far; perturbation theory can. To one loop
//!
//! P = P_lin + P22 + P13, P22(k) = 2 integral d^3q / (2 pi)^3 F2(q, k - q)^2 P_lin(q) P_lin(|k -
//! q|),
//!
//! P13(k) = k^2 P_lin(k) / (1008 pi^2) integral dq P_lin(q) Z(q / k), Z(r) = 12 / r^2 - 158 + 100
//! r^2 - 42 r^4 + 3 / r^3 (r^2 - 1)^3 (7 r^2 + 2) ln |(1 + r) / (1 - r)|
//!
//! (Makino, Sasaki & Suto 1992; Jain & Bertschinger 1994, arXiv:astro-ph/9311070), with F2 of
//! [`crate::cosmology::bispectrum`]. Massive neutrinos count as if they were cold; loops
//! of cold matter alone, which are larger by twice the share of neutrinos, come no closer to
//! Quijote's spectra.

use std::f64::consts::PI;

use crate::cosmology::nonlinear::nonlinear;
use crate::cosmology::parameters::Cosmology;
use crate::cosmology::quadrature::gauss_legendre;
use crate::cosmology::spectrum::Spectrum;
use crate::error::Result;

/// Wavenumbers, in h/Mpc, between which the loops are summed.
const LOOP: [f64; 2] = [1e-4, 10.0];

/// Wavenumbers, in h/Mpc, between which the loops are computed: below, where they are less than
/// 0.5 % of the linear spectrum, they continue as powers of k; above they are not used.
const KNOWN: [f64; 2] = [0.004, 0.17];
const KNOTS: usize = 26;

/// The wavenumber between perturbation theory and HMcode, in h/Mpc, and how sharp the change is: of
/// Quijote's LCDM spectra with more than 0.4 of baryons, one loop is right in the mean to 3 % up to
/// 0.07 h/Mpc and off by tens of percent in single ones from 0.1 on.
const HANDOVER: f64 = 0.08;
const SHARPNESS: i32 = 4;

/// The smallest ratio of the one-loop spectrum to HMcode's. Where displacements are as large as the
/// waves, in universes of low Omega_m with most of it baryons, P13 takes away more than there is.
const LEAST: f64 = 0.95;

/// Gauss's points in ln q, on panels of at most so many e-folds, and in the cosine.
const RADII: usize = 8;
const PANEL: f64 = 1.2;
const ANGLES: usize = 16;

/// The spectrum of total matter today: HMcode's ([`nonlinear()`]) with that of one loop on large
/// scales ([`one_loop`]).
///
/// # Errors
/// Those of [`nonlinear()`].
pub fn matter(cosmology: &Cosmology, linear: &Spectrum) -> Result<Spectrum> {
    Ok(one_loop(linear, &nonlinear(cosmology, linear)?))
}

/// The `nonlinear` spectrum of HMcode with that of one loop on large scales: their geometric mean,
/// in which one loop counts with exp(-(k / 0.08 h/Mpc)^4) and is at least 0.95 of HMcode's.
/// `linear` is the linear spectrum of the same universe, from 1e-4 h/Mpc on.
pub fn one_loop(linear: &Spectrum, nonlinear: &Spectrum) -> Spectrum {
    let loops = Loops::new(linear);
    let values = (nonlinear.k().iter().zip(nonlinear.values()))
        .map(|(&k, &halos)| {
            let weight = (-(k / HANDOVER).powi(SHARPNESS)).exp();
            // nothing to rounding, and beyond the loops that are computed
            if weight < 1e-6 {
                return halos;
            }
            let waves = (linear.at(k) * (1.0 + loops.at(k))).max(LEAST * halos);
            halos * (waves / halos).powf(weight)
        })
        .collect();
    Spectrum::new(nonlinear.k().to_vec(), values)
}

/// (P22 + P13) / P_lin: P22 / k^2 and P13 / (k^2 P_lin) are smooth.
struct Loops {
    linear: Spectrum,
    coupled: Spectrum,
    /// -P13 / (k^2 P_lin), which is positive.
    lost: Spectrum,
}

impl Loops {
    fn new(linear: &Spectrum) -> Self {
        let table = Table::new(linear);
        let (radii, angles) = (gauss_legendre(RADII), gauss_legendre(ANGLES));
        let step = (KNOWN[1] / KNOWN[0]).ln() / (KNOTS - 1) as f64;
        let k: Vec<f64> = (0..KNOTS).map(|i| KNOWN[0] * (step * i as f64).exp()).collect();
        let loops: Vec<[f64; 2]> = k.iter().map(|&k| table.loops(k, &radii, &angles)).collect();
        let part =
            |place: usize| Spectrum::new(k.clone(), loops.iter().map(|pair| pair[place]).collect());
        Loops { linear: linear.clone(), coupled: part(0), lost: part(1) }
    }

    fn at(&self, k: f64) -> f64 {
        self.coupled.at(k) / self.linear.at(k) - k * k * self.lost.at(k)
    }
}

/// The linear spectrum at equal steps of ln k.
struct Table {
    values: Vec<f64>,
}

impl Table {
    const NODES: usize = 3000;

    /// The logarithms of the first wavenumber and of the step.
    fn grid() -> (f64, f64) {
        let (low, high) = (LOOP[0].ln(), (LOOP[1] + 2.0 * KNOWN[1]).ln());
        (low, (high - low) / (Self::NODES - 1) as f64)
    }

    fn new(linear: &Spectrum) -> Self {
        let (first, step) = Self::grid();
        let k = (0..Self::NODES).map(|node| (first + step * node as f64).exp());
        Table { values: k.map(|k| linear.at(k)).collect() }
    }

    /// P at ln k, between the two nodes beside it.
    fn at(&self, log_k: f64) -> f64 {
        let (first, step) = Self::grid();
        let place = ((log_k - first) / step).clamp(0.0, (Self::NODES - 2) as f64);
        let node = place as usize;
        let (a, b) = (self.values[node], self.values[node + 1]);
        a + (place - node as f64) * (b - a)
    }

    /// P22 and -P13 / (k^2 P_lin) at the wavenumber `k`. The integrand of P22 is symmetric in q and
    /// p = |k - q|, so that twice the half with q < p is summed: there p stays away from 0.
    fn loops(&self, k: f64, radii: &[[f64; 2]], angles: &[[f64; 2]]) -> [f64; 2] {
        let (mut coupled, mut lost) = (0.0, 0.0);
        // at k/2 the region q < p begins to cut the angles; around k the integrand changes most
        for [low, high] in [[LOOP[0], k / 2.0], [k / 2.0, 2.0 * k], [2.0 * k, LOOP[1]]] {
            let panels = ((high / low).ln() / PANEL).ceil();
            let half = (high / low).ln() / panels / 2.0;
            for panel in 0..panels as usize {
                let middle = low.ln() + half * (2 * panel + 1) as f64;
                for [x, share] in radii {
                    let log_q = middle + half * x;
                    let q = log_q.exp();
                    let weight = share * half * self.at(log_q);
                    coupled += weight * q.powi(3) * self.ring(k, q, angles);
                    lost -= weight * q * lost_to_coupling(q / k);
                }
            }
        }
        // 2 from P22, 2 from the half, 2 pi / (2 pi)^3 from the azimuth
        [coupled / (PI * PI), lost / (1008.0 * PI * PI)]
    }

    /// The integral of F2^2 P(p) over the cosine between k and q, where q < p.
    fn ring(&self, k: f64, q: f64, angles: &[[f64; 2]]) -> f64 {
        let top = (k / (2.0 * q)).min(1.0);
        let half = (top + 1.0) / 2.0;
        let sum: f64 = angles
            .iter()
            .map(|[y, share]| {
                let mu = half * y + (top - 1.0) / 2.0;
                let p2 = k * k + q * q - 2.0 * k * q * mu;
                let dot = k * q * mu - q * q;
                let product = q * q * p2;
                let kernel = 5.0 / 7.0
                    + dot / 2.0 * (q * q + p2) / product
                    + 2.0 / 7.0 * dot * dot / product;
                share * kernel * kernel * self.at(0.5 * p2.ln())
            })
            .sum();
        half * sum
    }
}

/// Z(r); by its series where the terms cancel.
fn lost_to_coupling(r: f64) -> f64 {
    let r2 = r * r;
    if r < 0.02 {
        return -168.0 + 928.0 / 5.0 * r2 - 4512.0 / 35.0 * r2 * r2;
    }
    if r > 20.0 {
        return -488.0 / 5.0 + 96.0 / (5.0 * r2) - 160.0 / (21.0 * r2 * r2);
    }
    // (r^2 - 1)^3 makes the pole of the logarithm harmless
    let logarithm = match (r - 1.0).abs() < 1e-9 {
        true => 0.0,
        false => ((1.0 + r) / (1.0 - r)).abs().ln(),
    };
    12.0 / r2 - 158.0 + 100.0 * r2 - 42.0 * r2 * r2
        + 3.0 / (r2 * r) * (r2 - 1.0).powi(3) * (7.0 * r2 + 2.0) * logarithm
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P_lin ~ k^-2: the divergences of P22 and P13 cancel, and the loops add 55 pi^2 / 392 of k^3
    /// P / (2 pi^2).
    #[test]
    fn the_loops_of_a_power_law_are_known() {
        let k = vec![1e-4, 1.0, 1e2];
        let linear = Spectrum::new(k.clone(), k.iter().map(|k| 3.0 / (k * k)).collect());
        let loops = Loops::new(&linear);
        for k in [0.01, 0.03, 0.1, 0.15] {
            let contrast = 3.0 * k / (2.0 * PI * PI);
            let ratio = loops.at(k) / contrast / (55.0 * PI * PI / 392.0);
            // this spectrum goes on beyond both ends of the sum: below, the rest of what cancels is
            // of the order of LOOP[0] / k; above, P13 lacks 61/105 k^2 P times the integral of P /
            // (6 pi^2), 0.14 k / LOOP[1] of the whole
            let missing = 2.0 * LOOP[0] / k + 0.14 * k / LOOP[1];
            assert!((ratio - 1.0).abs() < missing + 1e-3, "{k}: {ratio}");
        }
    }

    #[test]
    fn what_is_lost_is_one_curve() {
        for r in [0.02, 1.0, 20.0] {
            let [below, above] = [1.0 - 1e-6, 1.0 + 1e-6].map(|near| lost_to_coupling(r * near));
            assert!((below / above - 1.0).abs() < 1e-5, "{r}: {below} {above}");
        }
    }
}
