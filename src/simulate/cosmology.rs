//! Which universe.

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

/// The sum of the masses in eV at which neutrinos make up the whole critical density, times h^2; Quijote's.
const NEUTRINO_MASS: f64 = 93.14;

impl Cosmology {
    /// The density of massive neutrinos today in units of the critical density.
    pub fn omega_nu(&self) -> f64 {
        self.m_nu / NEUTRINO_MASS / (self.h * self.h)
    }

    /// The share of massive neutrinos in all matter.
    pub fn neutrino_share(&self) -> f64 {
        self.omega_nu() / self.omega_m
    }
}
