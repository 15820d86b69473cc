//! The nonlinear spectrum: HMcode-2020 without baryonic feedback, Mead, Brieden, Troester & Heymans
//! 2021 (arXiv:2009.01858).
//!
//! Equation and table numbers are those of that paper unless another is named. Against N-body
//! simulations its authors find 2.5 % for k < 10 h/Mpc in a smaller range of cosmologies than
//! Quijote's; `data/simulations/README.md` says how close it comes to the Quijote spectra.

use std::f64::consts::PI;

use crate::cosmology::eisenstein_hu::{ColdRatio, Smooth};
use crate::cosmology::growth::Growth;
use crate::cosmology::halo::{mass_function, profile};
use crate::cosmology::parameters::Cosmology;
use crate::cosmology::spectrum::Spectrum;
use crate::cosmology::variance::Variance;
use crate::error::Result;
use crate::input_error;

/// The largest wavenumber of a nonlinear spectrum in h/Mpc, up to which HMcode-2020 was fitted.
pub(crate) const K_MAX: f64 = 10.0;

/// The critical density today in (Msun/h) / (Mpc/h)^3.
const CRITICAL: f64 = 2.775_366e11;

/// Halos below this mass in Msun/h add nothing at k < 10 h/Mpc.
const SMALLEST: f64 = 1e7;

/// The nonlinear spectrum of total matter today, at the wavenumbers of the `linear` one up to
/// [`K_MAX`].
///
/// # Errors
/// `linear` does not reach from 0.001 to 10 h/Mpc, so that it cannot be the one of
/// [`crate::cosmology::linear::linear()`].
pub fn nonlinear(cosmology: &Cosmology, linear: &Spectrum) -> Result<Spectrum> {
    let (first, last) = (linear.k()[0], linear.k()[linear.k().len() - 1]);
    if first > 1e-3 || last < K_MAX {
        return Err(input_error!(
            "the linear spectrum reaches from k = {first} to {last} h/Mpc; the nonlinear one \
             needs 0.001 to {K_MAX}"
        ));
    }
    let model = Model::new(cosmology, linear);
    let one_halo = model.one_halo();
    let smooth = without_wiggles(cosmology, linear);
    let k: Vec<f64> = (linear.k().iter().copied()).take_while(|&k| k <= K_MAX).collect();
    let values = (k.iter().zip(linear.values()))
        .map(|(&k, &power)| {
            // equation 15: the oscillations are washed out by displacements
            let kept = (-(k * model.displacement).powi(2)).exp();
            let washed = kept * power + (1.0 - kept) * smooth.at(k);
            // equation 16
            let x = (k / model.damping_k).powf(2.853);
            let two_halo = washed * (1.0 - model.damping * x / (1.0 + x));
            // equation 17
            let x = (k / model.one_halo_k).powi(4);
            let one_halo = one_halo.at(k) * x / (1.0 + x);
            // equation 23
            (two_halo.powf(model.joint) + one_halo.powf(model.joint)).powf(1.0 / model.joint)
        })
        .collect();
    Ok(Spectrum::new(k, values))
}

/// The parameters of table 2 and the halos of one universe.
struct Model {
    displacement: f64,
    /// k_d and f of equation 16.
    damping_k: f64,
    damping: f64,
    /// k_* of equation 17.
    one_halo_k: f64,
    /// alpha of equation 23.
    joint: f64,
    halos: Vec<Halo>,
}

/// Halos of one mass.
struct Halo {
    /// What they add to the one-halo term for k = 0, in (Mpc/h)^3.
    power: f64,
    /// The virial radius in Mpc/h, widened by nu^eta (equation 19).
    radius: f64,
    concentration: f64,
}

impl Model {
    fn new(cosmology: &Cosmology, linear: &Spectrum) -> Self {
        let Cosmology { omega_m, h, w, .. } = *cosmology;
        let growth = Growth::new(omega_m, w);
        let neutrinos = cosmology.neutrino_share();
        // halos are made of cold matter
        let ratio = ColdRatio::new(omega_m * h * h, neutrinos, growth.today());
        let cold = Variance::new(|k| linear.at(k) * ratio.at(k * h).powi(2));
        let all = match neutrinos > 0.0 {
            true => Variance::new(|k| linear.at(k)).displacement(),
            false => cold.displacement(),
        };
        let sigma_8 = cold.sigma(8.0);
        let (threshold, contrast) = collapse(omega_m, neutrinos, &growth);
        // for equation 23: the slope of the spectrum where peaks of height 1 collapse, bounded for
        // universes without any
        let (_, slope) = cold.radius_of(threshold);
        let index = (-3.0 - 2.0 * slope).clamp(cosmology.n_s - 4.0, cosmology.n_s);
        // equation 22: dark energy changes when halos form
        let constant = Growth::new(omega_m, -1.0);
        let early = 1.0 / 11.0;
        let formation =
            (growth.at(early) / constant.at(early)) * (constant.today() / growth.today());
        let widening = 0.1281 * sigma_8.powf(-0.3644);
        let halos = (0..cold.count())
            .map(|number| {
                let radius = cold.radius(number);
                let [log_sigma, slope] = cold.knot(number);
                let mass = 4.0 / 3.0 * PI * radius.powi(3);
                let peak = threshold / log_sigma.exp();
                // d nu = -nu (d ln sigma / d ln R) d ln R; masses over the mean density are volumes
                let share = mass_function(peak) * -slope * peak * Variance::SPACING;
                // equation 20, and the redshift in it, at which halos of a hundredth of the mass
                // had collapsed
                let seed = cold.sigma(radius * 0.01f64.cbrt());
                let formed = growth.when((threshold / seed).min(1.0));
                Halo {
                    power: share * mass * (1.0 - neutrinos).powi(2),
                    radius: radius / contrast.cbrt() * peak.powf(widening),
                    concentration: 5.196 / formed * formation,
                }
            })
            .skip_while(|halo| halo.power * omega_m * CRITICAL < SMALLEST * 1e-3)
            .collect();
        Model {
            displacement: all,
            damping_k: 0.05699 * sigma_8.powf(-1.089),
            damping: 0.2696 * sigma_8.powf(0.9403),
            one_halo_k: 0.05618 * sigma_8.powf(-1.013),
            joint: (1.875 * 1.603f64.powf(index)).clamp(0.5, 2.0),
            halos,
        }
    }

    /// The one-halo term before it is damped: smooth, so that few wavenumbers do.
    fn one_halo(&self) -> Spectrum {
        const COUNT: usize = 40;
        let k: Vec<f64> = (0..COUNT)
            .map(|i| 1e-3 * (1.02 * K_MAX / 1e-3f64).powf(i as f64 / (COUNT - 1) as f64))
            .collect();
        let values = k
            .iter()
            .map(|k| {
                let term =
                    |halo: &Halo| halo.power * profile(k * halo.radius, halo.concentration).powi(2);
                self.halos.iter().map(term).sum()
            })
            .collect();
        Spectrum::new(k, values)
    }
}

/// The linear density at which a peak collapses and the density of the halo over the mean, for a
/// flat universe at z = 0: appendix A of Mead 2017 (arXiv:1606.05345), with HMcode-2020's factors
/// for massive neutrinos.
fn collapse(omega_m: f64, neutrinos: f64, growth: &Growth) -> (f64, f64) {
    let (x, y) = (1.0 - growth.today(), 1.0 - growth.accumulated());
    let f = |p: [f64; 4]| p[0] + p[1] * x + p[2] * x * x + p[3] * y;
    let log = omega_m.log10();
    let threshold =
        1.0 + f([-0.0069, -0.0208, 0.0312, 0.0021]) * log + f([0.0001, -0.0647, -0.0417, 0.0646]);
    let contrast =
        1.0 + f([-0.79, -10.17, 2.51, 6.51]) * log + f([-1.89, 0.38, 18.8, -15.87]) * log * log;
    let alone = 3.0 / 20.0 * (12.0 * PI).powf(2.0 / 3.0);
    (
        threshold * alone * (1.0 - 0.041 * neutrinos),
        contrast * 18.0 * PI * PI * (1.0 + 0.763 * neutrinos),
    )
}

/// The linear spectrum without oscillations: over the closed form of EH98 it is smoothed by a
/// Gaussian of width 0.25 in ln k (footnote 7).
fn without_wiggles(cosmology: &Cosmology, linear: &Spectrum) -> Spectrum {
    const STEP: f64 = 0.025;
    const WIDTH: f64 = 0.25;
    let reach = (3.0 * WIDTH / STEP) as usize;
    let h2 = cosmology.h * cosmology.h;
    let form = Smooth::new(cosmology.omega_m * h2, cosmology.omega_b * h2);
    let form = |k: f64| k.powf(cosmology.n_s) * form.at(k * cosmology.h).powi(2);
    let count = ((K_MAX / 1e-3).ln() / STEP) as usize + 2 * reach + 1;
    let k = |i: usize| 1e-3 * (STEP * (i as f64 - reach as f64)).exp();
    let ratio: Vec<f64> = (0..count).map(|i| linear.at(k(i)) / form(k(i))).collect();
    let weights: Vec<f64> = (0..=2 * reach)
        .map(|i| (-0.5 * (STEP * (i as f64 - reach as f64) / WIDTH).powi(2)).exp())
        .collect();
    let total: f64 = weights.iter().sum();
    let (places, values) = (ratio.windows(weights.len()).enumerate())
        .map(|(i, near)| {
            let sum: f64 = near.iter().zip(&weights).map(|(r, w)| r * w).sum();
            (k(i + reach), sum / total * form(k(i + reach)))
        })
        .unzip();
    Spectrum::new(places, values)
}
