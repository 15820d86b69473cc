//! The linear spectrum of total matter.
//!
//! Closed formulae are not enough at Quijote's baryon densities: Eisenstein & Hu 1998 is right to a
//! few percent where baryons are a sixth of matter and to tens of percent where they are half of
//! it. So the difference between their transfer function and that of the Boltzmann code CAMB
//! (Lewis, Challinor & Lasenby 2000, arXiv:astro-ph/9911177) is interpolated, and likewise the
//! suppression by massive neutrinos; both come from the table `data/transfer/transfer.npz`, which
//! the scripts beside it make. Massive neutrinos are three of equal mass, T_CMB = 2.7255 K, N_eff =
//! 3.046, as in Quijote.

use std::sync::LazyLock;

use crate::cosmology::eisenstein_hu::{Acoustic, Smooth};
use crate::cosmology::parameters::{Cosmology, FIDUCIAL};
use crate::cosmology::spectrum::Spectrum;
use crate::cosmology::surrogate::{Surrogate, member};
use crate::cosmology::variance::Variance;
use crate::data::npz::Archive;
use crate::error::Result;

/// The ends of a linear spectrum in h/Mpc, which integrals need. The table ends at 1.5 to 4 / Mpc;
/// beyond, the spectrum follows the shape of the closed formula.
pub(crate) const K_RANGE: [f64; 2] = [1e-4, 1e4];

/// The smallest sum of masses in the table, in eV; less suppresses in proportion.
const LIGHTEST: f64 = 0.01;

/// The table of transfer functions.
struct Table {
    /// Wavenumber times sound horizon.
    axis: Vec<f64>,
    /// (T - T_closed) / T_smooth by ln(Omega_m h^2) and the share of baryons.
    massless: Surrogate,
    /// ln S over the share of neutrinos, S the suppression without oscillations, by ln(Omega_cb
    /// h^2), the share of baryons in cold matter, ln of the share of neutrinos in all matter, ln
    /// Omega_m and w.
    massive: Surrogate,
    /// (T / S - T_massless) / T_smooth over the share of neutrinos, by the same.
    rest: Surrogate,
    /// D (T_c - T_b) / T_smooth by ln(Omega_cb h^2) and the share of baryons in cold matter: the
    /// transfer functions of cold dark matter and of baryons at z = 127, D the growth since.
    lag: Surrogate,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let bytes = include_bytes!("../../data/transfer/transfer.npz");
    let mut archive = Archive::open(bytes).unwrap_or_else(|error| panic!("transfer.npz: {error}"));
    Table {
        axis: member(&mut archive, "axis").concat(),
        massless: Surrogate::read(&mut archive, "massless"),
        massive: Surrogate::read(&mut archive, "massive"),
        rest: Surrogate::read(&mut archive, "rest"),
        lag: Surrogate::read(&mut archive, "lag"),
    }
});

/// The linear spectrum of total matter today, normalised to sigma_8 of total matter, for k in
/// [`K_RANGE`].
///
/// # Errors
/// A parameter lies outside the range of the table ([`Cosmology::check`]).
pub fn linear(cosmology: &Cosmology) -> Result<Spectrum> {
    let shape = primordial(cosmology)?;
    Ok(times(&shape, normalisation(cosmology, &shape)))
}

/// The linear spectrum to which Quijote's simulations with massive neutrinos seem to belong; with
/// massless ones [`linear()`].
///
/// At z = 127, where they begin, baryons still lag behind cold dark matter at k above 0.02 h/Mpc.
/// Their spectra are those of a mean of the two contrasts in which baryons always count with
/// Omega_b = 0.049, Quijote's fiducial value, whatever the Omega_b with which the contrasts were
/// computed: T_c + (0.049 / Omega_cb) (T_b - T_c). We know of no publication of this; it is
/// inferred from the spectra (`data/simulations/README.md`).
///
/// # Errors
/// Those of [`linear()`].
pub fn as_quijote_began(cosmology: &Cosmology) -> Result<Spectrum> {
    if cosmology.m_nu == 0.0 {
        return linear(cosmology);
    }
    let excess = (cosmology.omega_b - FIDUCIAL[1]) / cosmology.omega_cold();
    let shape = with_excess(cosmology, excess)?;
    Ok(times(&shape, normalisation(cosmology, &primordial(cosmology)?)))
}

/// The linear spectrum in units in which it is k^n_s on the largest scales.
///
/// # Errors
/// A parameter lies outside the range of the table.
pub fn primordial(cosmology: &Cosmology) -> Result<Spectrum> {
    with_excess(cosmology, 0.0)
}

/// The factor from [`primordial`] to a spectrum with the sigma_8 of the cosmology.
fn normalisation(cosmology: &Cosmology, shape: &Spectrum) -> f64 {
    let sigma = Variance::new(|k| shape.at(k)).sigma(8.0);
    (cosmology.sigma_8 / sigma).powi(2)
}

fn times(spectrum: &Spectrum, factor: f64) -> Spectrum {
    let values = spectrum.values().iter().map(|value| factor * value);
    Spectrum::new(spectrum.k().to_vec(), values.collect())
}

/// The spectrum of [`primordial`] if cold dark matter has a share of cold matter at z = 127 that is
/// larger by `excess`, and baryons one that is smaller by it.
fn with_excess(cosmology: &Cosmology, excess: f64) -> Result<Spectrum> {
    cosmology.check()?;
    let Cosmology { h, n_s, .. } = *cosmology;
    let (k, transfer) = transfer(cosmology, excess);
    let k: Vec<f64> = k.iter().map(|k| k / h).collect();
    let values = (k.iter().zip(transfer)).map(|(k, t)| k.powf(n_s) * t * t).collect();
    Ok(Spectrum::new(k, values))
}

/// Wavenumbers in 1/Mpc and the transfer function of total matter today there.
fn transfer(cosmology: &Cosmology, excess: f64) -> (Vec<f64>, Vec<f64>) {
    let h2 = cosmology.h * cosmology.h;
    let (cold, baryons) = (cosmology.omega_cold() * h2, cosmology.omega_b * h2);
    let acoustic = Acoustic::new(cold, baryons);
    let smooth = Smooth::new(cold, baryons);
    let table = &*TABLE;
    let mut difference = table.massless.at(&[cold.ln(), baryons / cold]);
    if excess != 0.0 {
        let lag = table.lag.at(&[cold.ln(), baryons / cold]);
        (difference.iter_mut().zip(lag)).for_each(|(sum, lag)| *sum += excess * lag);
    }
    let share = cosmology.neutrino_share();
    let mut suppression = vec![1.0; table.axis.len()];
    if share > 0.0 {
        let known = share * (LIGHTEST / cosmology.m_nu).max(1.0);
        let at = [cold.ln(), baryons / cold, known.ln(), cosmology.omega_m.ln(), cosmology.w];
        suppression = table.massive.at(&at);
        (suppression.iter_mut()).for_each(|value| *value = (share * *value).exp());
        let rest = table.rest.at(&at);
        (difference.iter_mut().zip(rest)).for_each(|(sum, rest)| *sum += share * rest);
    }
    let value = |index: usize, k: f64| {
        let form = smooth.at(k);
        let t = acoustic.at(k) + difference[index] * form;
        // where baryons are more than 0.7 of matter its transfer function oscillates through zero,
        // which has no logarithm
        t.abs().max(0.01 * form) * suppression[index]
    };
    let last = table.axis.len() - 1;
    let inside: Vec<f64> = table.axis.iter().map(|x| x / acoustic.horizon()).collect();
    let below = geometric(K_RANGE[0] * cosmology.h, inside[0]);
    let above = geometric(K_RANGE[1] * cosmology.h, inside[last]);
    let knots = (below.map(|k| (0, k)))
        .chain(inside.iter().copied().enumerate())
        .chain(above.collect::<Vec<_>>().into_iter().rev().map(|k| (last, k)));
    knots.map(|(index, k)| (k, value(index, k))).unzip()
}

/// From `start` to `end`, up or down, in equal steps of at most 0.3 in the logarithm; `end` is left
/// out.
fn geometric(start: f64, end: f64) -> impl Iterator<Item = f64> {
    let steps = ((end / start).ln().abs() / 0.3).ceil() as usize;
    (0..steps).map(move |i| start * (end / start).powf(i as f64 / steps as f64))
}
