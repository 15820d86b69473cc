//! The parameters of a flat universe.

use crate::error::Result;
use crate::input_error;

/// A flat universe. Densities are those of today in units of the critical density.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cosmology {
    /// All matter: cold dark matter, baryons and massive neutrinos.
    pub omega_m: f64,
    /// Baryons.
    pub omega_b: f64,
    /// The Hubble constant in 100 km/s/Mpc.
    pub h: f64,
    /// The slope of the primordial power spectrum.
    pub n_s: f64,
    /// The scatter of total matter in spheres of 8 Mpc/h today, by linear theory.
    pub sigma_8: f64,
    /// The sum of the neutrino masses in eV, three equal ones; 0 for massless neutrinos.
    pub m_nu: f64,
    /// The equation of state of dark energy, constant in time; -1 is a cosmological constant.
    pub w: f64,
}

/// Quijote's fiducial Omega_m, Omega_b, h, n_s and sigma_8.
pub const FIDUCIAL: [f64; 5] = [0.3175, 0.049, 0.6711, 0.9624, 0.834];

/// The sum of the masses in eV at which neutrinos make up the whole critical density, times h^2;
/// Quijote's.
const NEUTRINO_MASS: f64 = 93.14;

/// The range of each parameter: where the linear spectrum was fitted, and for n_s and sigma_8 where
/// the nonlinear model holds.
pub const RANGES: [(&str, [f64; 2]); 7] = [
    ("Omega_m", [0.1, 0.5]),
    ("Omega_b", [0.02, 0.08]),
    ("h", [0.5, 0.9]),
    ("n_s", [0.7, 1.3]),
    ("sigma_8", [0.4, 1.2]),
    ("M_nu", [0.0, 1.0]),
    ("w", [-1.3, -0.7]),
];

/// The largest share of baryons in cold matter, baryons and cold dark matter together.
pub(crate) const MOST_BARYONS: f64 = 0.9;

impl Cosmology {
    /// A row of Quijote's parameter files: Omega_m, Omega_b, h, n_s, sigma_8 and, where they vary,
    /// M_nu in eV and w.
    ///
    /// # Panics
    /// If the row has fewer than five numbers.
    pub fn from_row(row: &[f64]) -> Self {
        Self {
            omega_m: row[0],
            omega_b: row[1],
            h: row[2],
            n_s: row[3],
            sigma_8: row[4],
            m_nu: row.get(5).copied().unwrap_or(0.0),
            w: row.get(6).copied().unwrap_or(-1.0),
        }
    }

    /// Checks that the spectra of this crate hold for this universe.
    ///
    /// # Errors
    /// A parameter outside [`RANGES`], or so many baryons and neutrinos that (almost) no matter is
    /// left to be cold and dark.
    pub fn check(&self) -> Result<()> {
        let Cosmology { omega_m, omega_b, h, n_s, sigma_8, m_nu, w } = *self;
        let values = [omega_m, omega_b, h, n_s, sigma_8, m_nu, w];
        for ((name, [low, high]), value) in RANGES.into_iter().zip(values) {
            if !(low..=high).contains(&value) {
                return Err(input_error!(
                    "{name} is {value}; the spectra here hold from {low} to {high}"
                ));
            }
        }
        let most = MOST_BARYONS * self.omega_cold();
        if omega_b > most {
            return Err(input_error!(
                "Omega_b is {omega_b}, but of Omega_m = {omega_m} neutrinos of {m_nu} eV with h = \
                 {h} leave only {:.4}; Omega_b may be at most {MOST_BARYONS} of that, {most:.4}",
                self.omega_cold()
            ));
        }
        Ok(())
    }

    /// The density of cold matter, which is baryons and cold dark matter, today in units of the
    /// critical density.
    pub fn omega_cold(&self) -> f64 {
        self.omega_m - self.omega_nu()
    }

    /// The density of massive neutrinos today in units of the critical density.
    pub(crate) fn omega_nu(&self) -> f64 {
        self.m_nu / NEUTRINO_MASS / (self.h * self.h)
    }

    /// The share of massive neutrinos in all matter.
    pub(crate) fn neutrino_share(&self) -> f64 {
        self.omega_nu() / self.omega_m
    }
}
