//! The scatter of a spectrum as one box of 1 (Gpc/h)^3 measures it: few modes on large scales, few
//! halos on small ones.
//!
//! A bin with N modes has the scatter of its finite number of Gaussian modes, sigma^2 = 2 P^2 / N
//! (Feldman, Kaiser & Peacock 1994 without shot noise), here as chi-squared, which never falls
//! below 0. To this come two modes of scatter that all bins of a box share. Their curves, how they
//! grow with the cosmology, and how P(k) and M(k) of one box go together were fitted to what a
//! polynomial of fourth degree in the logarithms of the parameters leaves of ln P and ln M of
//! Quijote's LCDM Latin hypercube: with the two, no correlation between bins is left beyond the
//! sampling error.

use crate::cosmology::parameters::{Cosmology, FIDUCIAL};
use crate::cosmology::shells::Shells;
use crate::cosmology::spectrum::Spectrum;
use crate::engine::normals::normal_pair;
use crate::engine::random::Stream;
use crate::engine::random::key;
use crate::engine::random::pcg4d;
use crate::error::Result;
use crate::input_error;

/// The side of the box in Mpc/h.
pub(crate) const BOX: f64 = 1000.0;

/// Quijote's bins up to 0.5 h/Mpc.
pub(crate) const QUIJOTE_BINS: usize = 79;

/// Where the scatter was measured, in h/Mpc, with room for the halves of the outer bins.
const MEASURED: [f64; 2] = [0.0062, 0.51];

/// Fewer modes than these are no measurement.
const FEWEST_MODES: f64 = 6.0;

/// A statistic that is measured in a box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Statistic {
    /// P(k), the power spectrum of matter.
    #[default]
    Power,
    /// M(k), the power spectrum of marked matter.
    Marked,
}

impl Statistic {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Power, Self::Marked];

    /// Its name in commands and study files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Power => "pk",
            Self::Marked => "mpk",
        }
    }

    /// Its letter, as in `P(k)`.
    pub fn letter(self) -> char {
        match self {
            Self::Power => 'P',
            Self::Marked => 'M',
        }
    }
}

/// Bins of wavenumbers in a box.
#[derive(Clone, Debug, PartialEq)]
pub struct Bins {
    /// The mean wavenumber of each, in h/Mpc, rising.
    pub k: Vec<f64>,
    /// Modes in each, k and -k counted both.
    pub modes: Vec<f64>,
    /// The shells of a box that they are, if they are.
    shells: Option<Shells>,
}

impl Bins {
    /// Quijote's: the shells i <= |n| < i + 1 of vectors of integers n = k / (2 pi / BOX), i from 1
    /// to 79.
    pub fn quijote() -> Self {
        let shells = Shells::new(BOX, QUIJOTE_BINS);
        Self { k: shells.k(), modes: shells.modes(), shells: Some(shells) }
    }

    /// The expectation in each bin: the mean of the spectrum over the waves of Quijote's shells,
    /// else its value at k.
    pub fn expectation(&self, spectrum: &Spectrum) -> Vec<f64> {
        match &self.shells {
            Some(shells) => shells.average(spectrum),
            None => self.k.iter().map(|k| spectrum.at(*k)).collect(),
        }
    }

    /// Bins around the wavenumbers, in h/Mpc, which must rise: their edges lie halfway between
    /// neighbours, the first and the last bin are as wide on both sides, and the modes are the
    /// volume of the shell in units of (2 pi / BOX)^3. One wavenumber alone has a bin of width 2 pi
    /// / BOX. Wavenumbers that are Quijote's get its exact count.
    pub fn around(k: &[f64]) -> Self {
        let quijote = Self::quijote();
        let same = |(a, b): (&f64, &f64)| (a / b - 1.0).abs() < 1e-6;
        if k.len() == QUIJOTE_BINS && k.iter().zip(&quijote.k).all(same) {
            return quijote;
        }
        let fundamental = std::f64::consts::TAU / BOX;
        let mut edges: Vec<f64> = k.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0).collect();
        let [first, last] = match edges.as_slice() {
            [] => [k[0] - fundamental / 2.0, k[0] + fundamental / 2.0],
            [first, .., last] => [2.0 * k[0] - first, 2.0 * k[k.len() - 1] - last],
            [middle] => [2.0 * k[0] - middle, 2.0 * k[1] - middle],
        };
        edges.insert(0, first.max(0.0));
        edges.push(last);
        let volume = |edge: f64| 4.0 / 3.0 * std::f64::consts::PI * (edge / fundamental).powi(3);
        let modes = edges.windows(2).map(|edge| volume(edge[1]) - volume(edge[0]));
        Self { modes: modes.collect(), k: k.into(), shells: None }
    }
}

/// Where the curves below have their values, in h/Mpc; between them they are straight in ln k, and
/// level beyond.
const KNOTS: [f64; 6] = [0.009, 0.04, 0.1, 0.2, 0.36, 0.5];

/// The two shared modes of scatter: for the fiducial cosmology, what one standard deviation adds to
/// ln P and to ln M.
const SHARED: [[[f64; 6]; 2]; 2] = [
    [[0.021, 0.009, 0.0075, 0.008, 0.0093, 0.0095], [0.015, 0.002, 0.0, -0.0007, -0.0008, -0.0014]],
    [[0.0, 0.0, 0.0, 0.0004, 0.0008, 0.0011], [0.002, 0.002, 0.001, 0.0018, 0.0019, 0.0025]],
];

/// Their growth: powers of Omega_m, Omega_b, h, n_s and sigma_8 over those of [`FIDUCIAL`].
const GROWTH: [[f64; 5]; 2] = [[-1.05, 0.0, -0.65, -1.05, 0.95], [-1.0, -0.5, -0.3, -0.4, 0.0]];

/// How the modes of a bin in P and in M go together, at these wavenumbers in h/Mpc.
const TOGETHER: [[f64; 10]; 2] = [
    [0.009, 0.05, 0.1, 0.15, 0.18, 0.2, 0.22, 0.28, 0.36, 0.5],
    [0.965, 0.925, 0.865, 0.75, 0.6, 0.25, 0.04, 0.18, 0.34, 0.39],
];

/// The scatter of boxes in given bins. P and M of box `index` of a seed are those of the same box,
/// in any order of calls.
#[derive(Clone, Debug)]
pub struct Noise {
    modes: Vec<f64>,
    /// Per bin the correlation of P and M.
    together: Vec<f64>,
    /// Per shared mode and statistic a curve over the bins.
    shared: [[Vec<f64>; 2]; 2],
    key: u32,
}

impl Noise {
    /// The scatter of the boxes named by `seed`.
    ///
    /// # Errors
    /// A bin beyond where the scatter was measured, or with too few modes to be one: with its
    /// numbers.
    pub fn new(bins: &Bins, seed: u64) -> Result<Self> {
        let [low, high] = MEASURED;
        if let Some(k) = bins.k.iter().find(|k| !(low..=high).contains(*k)) {
            return Err(input_error!(
                "k = {k} h/Mpc: the scatter of a box of 1 (Gpc/h)^3 is known from {low} to {high} \
                 h/Mpc; choose k there, or leave the noise out (--no-noise, `noise = false`)"
            ));
        }
        if let Some(place) = bins.modes.iter().position(|modes| *modes < FEWEST_MODES) {
            return Err(input_error!(
                "the bin at k = {} h/Mpc is so narrow that a box of 1 (Gpc/h)^3 has {:.1} modes \
                 in it; at least {FEWEST_MODES} are needed. Give wider bins (2 pi / box is 0.0063 \
                 h/Mpc), or leave the noise out (--no-noise, `noise = false`)",
                bins.k[place],
                bins.modes[place]
            ));
        }
        let over = |knots: &[f64], values: &[f64]| -> Vec<f64> {
            bins.k.iter().map(|k| curve(knots, values, *k)).collect()
        };
        Ok(Self {
            modes: bins.modes.clone(),
            together: over(&TOGETHER[0], &TOGETHER[1]),
            shared: SHARED.map(|mode| mode.map(|values| over(&KNOTS, &values))),
            key: key(seed, Stream::BoxNoise, 0),
        })
    }

    /// Turns the expected spectrum of a cosmology, a value per bin, into what box `index` measures.
    pub fn apply(&self, cosmology: &Cosmology, index: u32, what: Statistic, spectrum: &mut [f64]) {
        assert_eq!(spectrum.len(), self.modes.len(), "noise: bins of a spectrum");
        let words = pcg4d([self.key, index, 0, Stream::SharedNoise.label()]);
        let shared = normal_pair(words[0], words[1]);
        let growth = GROWTH.map(|powers| growth(cosmology, powers));
        for (bin, value) in spectrum.iter_mut().enumerate() {
            let mut logarithm = 0.0;
            for mode in 0..2 {
                let scatter = growth[mode] * self.shared[mode][what as usize][bin];
                // half the variance less, so that the mean stays
                logarithm += scatter * (shared[mode] - scatter / 2.0);
            }
            *value *= self.gaussian(index, bin, what) * logarithm.exp();
        }
    }

    /// The mean square of a bin's Gaussian modes over its expectation: chi-squared over its degrees
    /// of freedom, by the cube of a normal number (Wilson & Hilferty 1931), which carries the
    /// correlation of P and M.
    fn gaussian(&self, index: u32, bin: usize, what: Statistic) -> f64 {
        let words = pcg4d([self.key, index, bin as u32, Stream::BinNoise.label()]);
        let [power, other] = normal_pair(words[0], words[1]);
        let normal = match what {
            Statistic::Power => power,
            Statistic::Marked => {
                let together = self.together[bin];
                together * power + (1.0 - together * together).sqrt() * other
            }
        };
        let share = 2.0 / (9.0 * self.modes[bin]);
        // below 0.01 only where a handful of modes all but vanish; the cube would go through 0
        // there
        (1.0 - share + normal * share.sqrt()).max(0.01).powi(3)
    }
}

/// The shared scatter over that of the fiducial cosmology.
fn growth(cosmology: &Cosmology, powers: [f64; 5]) -> f64 {
    let c = cosmology;
    let values = [c.omega_m, c.omega_b, c.h, c.n_s, c.sigma_8];
    let ratios = values.iter().zip(FIDUCIAL);
    ratios.zip(powers).map(|((value, fiducial), power)| (value / fiducial).powf(power)).product()
}

/// The value at `k` of a curve through `values` at `knots`.
fn curve(knots: &[f64], values: &[f64], k: f64) -> f64 {
    let k = k.clamp(knots[0], knots[knots.len() - 1]);
    let after = knots.partition_point(|knot| *knot < k).max(1);
    let part = (k / knots[after - 1]).ln() / (knots[after] / knots[after - 1]).ln();
    values[after - 1] + part * (values[after] - values[after - 1])
}
