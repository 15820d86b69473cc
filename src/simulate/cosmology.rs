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
