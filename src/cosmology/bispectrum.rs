//! Primordial non-Gaussianity: what a primordial bispectrum adds to the matter power spectrum.
//!
//! To first order in f_NL the spectrum is P(k) = P_nl(k) + f_NL P12(k), where P_nl is the nonlinear
//! spectrum of Gaussian initial conditions and P12 the one-loop term that the tree-level primordial
//! bispectrum feeds (Taruya, Koyama & Matsubara 2008, arXiv 0808.4085; Sefusatti 2009, arXiv
//! 0905.0717): the correlation of the linear density with that of second order,
//!
//! P12(k) = 2 integral d^3q / (2 pi)^3 F2(q, p) M(k) M(q) M(p) B(k, q, p), p = |k - q|,
//!
//! F2 = 5/7 + (nu/2)(q/p + p/q) + (2/7) nu^2 with nu the cosine between q and k - q. M(k) = 2/3 (c
//! k / H0)^2 T(k) D / Om turns the primordial potential into the linear density today, D being the
//! growth that equals the scale factor in the matter era (the CMB's convention of f_NL). The
//! bispectra B are those of the Quijote-PNG simulations (Coulton et al. 2023, arXiv 2206.01619).
//!
//! Second order in f_NL and the loops beyond the first are left out; simulations follow P12 to k of
//! about 0.1 h/Mpc and then grow less than it says.

use crate::cosmology::growth::Growth;
use crate::cosmology::parameters::Cosmology;
use crate::cosmology::quadrature::gauss_legendre;
use crate::cosmology::range::within;
use crate::cosmology::spectrum::Spectrum;
use crate::error::Result;
use crate::input_error;

/// c over 100 km/s/Mpc, in Mpc/h.
const HUBBLE_LENGTH: f64 = 2997.92458;

/// Wavenumbers, in h/Mpc, between which P12 holds.
pub(crate) const WAVENUMBERS: [f64; 2] = [1e-3, 1.0];

/// Wavenumbers, in h/Mpc, between which the loop is summed: what lies beyond adds less than 0.5 %
/// of P12.
const LOOP: [f64; 2] = [1e-4, 30.0];

/// Gauss's points in ln q, on panels of at most so many e-folds, and in the cosine: converged to
/// 1e-3 of P12's peak.
const RADII: usize = 8;
const PANEL: f64 = 1.6;
const ANGLES: usize = 12;

/// The shape of the primordial bispectrum of the potential, whose power spectrum is P.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// 2 [P(k1) P(k2) + 2 permutations].
    Local,
    /// 6 [-(P(k1) P(k2) + 2 permutations) - 2 (P(k1) P(k2) P(k3))^(2/3) + (P(k1) P(k2)^2
    /// P(k3)^3)^(1/3) + 5 permutations] (Creminelli et al. 2006, astro-ph/0509029).
    Equilateral,
}

impl Shape {
    /// f_NL between which the first order is enough: the priors of the simulations.
    pub fn f_nl(self) -> [f64; 2] {
        match self {
            Shape::Local => [-300.0, 300.0],
            Shape::Equilateral => [-600.0, 600.0],
        }
    }

    /// The bispectrum for f_NL = 1 from the cubic roots of the power spectra of its three sides.
    fn bispectrum(self, [a, b, c]: [f64; 3]) -> f64 {
        let (a3, b3, c3) = (a * a * a, b * b * b, c * c * c);
        let pairs = a3 * b3 + b3 * c3 + c3 * a3;
        match self {
            Shape::Local => 2.0 * pairs,
            Shape::Equilateral => {
                // the six permutations of a b^2 c^3 hold a b c: the rest is the sum over a c^2, ...
                let ordered = a * b * (a + b) + b * c * (b + c) + c * a * (c + a);
                let product = a * b * c;
                6.0 * (product * ordered - 2.0 * product * product - pairs)
            }
        }
    }
}

/// f_NL P12 at the wavenumbers `k`, in h/Mpc: what is added to the nonlinear spectrum today, in
/// (Mpc/h)^3.
///
/// `linear` is the linear spectrum of the cosmology today.
///
/// # Errors
/// f_NL, a wavenumber or a parameter of the cosmology lies outside the range of the formula.
pub fn correction(
    cosmology: &Cosmology,
    linear: &Spectrum,
    shape: Shape,
    f_nl: f64,
    k: &[f64],
) -> Result<Vec<f64>> {
    within("first order in f_NL", "f_NL", f_nl, shape.f_nl())?;
    let mut added = response(cosmology, linear, shape, k)?;
    added.iter_mut().for_each(|value| *value *= f_nl);
    Ok(added)
}

/// P12 at the wavenumbers `k`, in h/Mpc: the derivative of the spectrum by f_NL, in (Mpc/h)^3.
///
/// # Errors
/// A wavenumber or a parameter of the cosmology lies outside the range of the formula.
pub fn response(
    cosmology: &Cosmology,
    linear: &Spectrum,
    shape: Shape,
    k: &[f64],
) -> Result<Vec<f64>> {
    let formula = "the one-loop term of a primordial bispectrum";
    within(formula, "Omega_m", cosmology.omega_m, [0.05, 0.95])?;
    if cosmology.m_nu != 0.0 {
        return Err(input_error!(
            "M_nu is {} eV, but {formula} holds for 0, where growth is the same at all \
             wavenumbers; leave M_nu at 0",
            cosmology.m_nu
        ));
    }
    if linear.k()[0] > 2.0 * LOOP[0] {
        return Err(input_error!(
            "the linear spectrum begins at k = {} h/Mpc, but {formula} needs it from {} on",
            linear.k()[0],
            LOOP[0]
        ));
    }
    for &k in k {
        within(formula, "k in h/Mpc", k, WAVENUMBERS)?;
    }
    let primordial = Primordial::new(cosmology, linear);
    let (radii, angles) = (gauss_legendre(RADII), gauss_legendre(ANGLES));
    Ok(k.iter().map(|&k| p12(&primordial, shape, k, &radii, &angles)).collect())
}

/// The integral of P12 at one wavenumber. The integrand is symmetric in q and p, so that twice the
/// half with q < p is summed: there p stays away from 0.
fn p12(
    primordial: &Primordial,
    shape: Shape,
    k: f64,
    radii: &[[f64; 2]],
    angles: &[[f64; 2]],
) -> f64 {
    let [to_matter, root] = primordial.at(k.ln());
    let mut sum = 0.0;
    // at k/2 the region q < p begins to cut the angles; around k the integrand changes most
    for [low, high] in [[LOOP[0], k / 2.0], [k / 2.0, 2.0 * k], [2.0 * k, LOOP[1]]] {
        let panels = ((high / low).ln() / PANEL).ceil();
        let half = (high / low).ln() / panels / 2.0;
        let middles = (0..panels as usize).map(|panel| low.ln() + half * (2 * panel + 1) as f64);
        let points = middles
            .flat_map(|middle| radii.iter().map(move |[x, weight]| (middle + half * x, weight)));
        for (log_q, weight) in points {
            let q = log_q.exp();
            let [matter_q, root_q] = primordial.at(log_q);
            let top = (k / (2.0 * q)).min(1.0);
            let mut ring = 0.0;
            for [y, share] in angles {
                let mu = (top + 1.0) / 2.0 * y + (top - 1.0) / 2.0;
                let p2 = k * k + q * q - 2.0 * k * q * mu;
                let [matter_p, root_p] = primordial.at(0.5 * p2.ln());
                // nu q p = q . (k - q)
                let dot = k * q * mu - q * q;
                let product = q * q * p2;
                let kernel = 5.0 / 7.0
                    + dot / 2.0 * (q * q + p2) / product
                    + 2.0 / 7.0 * dot * dot / product;
                ring += share * kernel * matter_p * shape.bispectrum([root, root_q, root_p]);
            }
            sum += weight * half * q.powi(3) * matter_q * ring * (top + 1.0) / 2.0;
        }
    }
    // 2 from P12, 2 from the half, 2 pi from the azimuth
    8.0 * std::f64::consts::PI * to_matter * sum / (2.0 * std::f64::consts::PI).powi(3)
}

/// M(k) and the cubic root of the power spectrum of the potential, as a table in ln k.
struct Primordial {
    values: Vec<[f64; 2]>,
}

impl Primordial {
    const NODES: usize = 3000;

    /// The logarithms of the first wavenumber and of the step.
    fn grid() -> (f64, f64) {
        let (low, high) = (LOOP[0].ln(), (2.0 * LOOP[1]).ln());
        (low, (high - low) / (Self::NODES - 1) as f64)
    }

    fn new(cosmology: &Cosmology, linear: &Spectrum) -> Self {
        // T is 1 where the loop begins, within 3e-4
        let k = LOOP[0];
        let growth = Growth::new(cosmology.omega_m, cosmology.w).today();
        let to_matter = 2.0 / 3.0 * (k * HUBBLE_LENGTH).powi(2) * growth / cosmology.omega_m;
        let tilt = cosmology.n_s - 4.0;
        let amplitude = linear.at(k) / to_matter.powi(2) / k.powf(tilt);
        let (first, step) = Self::grid();
        let values = (0..Self::NODES)
            .map(|node| {
                let k = (first + step * node as f64).exp();
                let potential = amplitude * k.powf(tilt);
                [(linear.at(k) / potential).sqrt(), potential.cbrt()]
            })
            .collect();
        Primordial { values }
    }

    /// Both at ln k, between the two nodes beside it.
    fn at(&self, log_k: f64) -> [f64; 2] {
        let (first, step) = Self::grid();
        let place = ((log_k - first) / step).clamp(0.0, (Self::NODES - 2) as f64);
        let node = place as usize;
        let share = place - node as f64;
        let ([a, b], [c, d]) = (self.values[node], self.values[node + 1]);
        [a + share * (c - a), b + share * (d - b)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_equilateral_shape_is_one_for_equal_sides_and_vanishes_when_squeezed() {
        // 6 (-3 - 2 + 6) = 6
        assert!((Shape::Equilateral.bispectrum([1.0; 3]) - 6.0).abs() < 1e-12);
        assert!((Shape::Local.bispectrum([1.0; 3]) - 6.0).abs() < 1e-12);
        // P ~ 1/k^3, so that the roots are 1/k: local grows as the cube of the squeezing,
        // equilateral as its first power
        let squeezed =
            |shape: Shape, k: f64| shape.bispectrum([1.0 / k, 1.0, 1.0 / (1.0 + k / 2.0)]);
        assert!(squeezed(Shape::Local, 1e-3) > 1e9);
        assert!(squeezed(Shape::Equilateral, 1e-3).abs() < 1e5);
    }
}
