//! The parameters of universes, with their priors.

use crate::cosmology::parameters::{Cosmology, FIDUCIAL};
use crate::data::names::without_unit;

/// One universe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Universe {
    /// What every universe has.
    pub cosmology: Cosmology,
    /// The scalaron field today, f_R0 <= 0; 0 is general relativity.
    pub f_r0: f64,
    /// The amplitude of equilateral non-Gaussianity.
    pub f_nl_equilateral: f64,
    /// The amplitude of local non-Gaussianity.
    pub f_nl_local: f64,
}

impl Default for Universe {
    /// Quijote's fiducial cosmology.
    fn default() -> Self {
        let [omega_m, omega_b, h, n_s, sigma_8] = FIDUCIAL;
        Self {
            cosmology: Cosmology { omega_m, omega_b, h, n_s, sigma_8, m_nu: 0.0, w: -1.0 },
            f_r0: 0.0,
            f_nl_equilateral: 0.0,
            f_nl_local: 0.0,
        }
    }
}

/// A parameter of universes.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name, as in the targets of a dataset.
    pub name: &'static str,
    /// All names by which files may call it, in lower case without punctuation.
    aliases: &'static [&'static str],
    /// Its unit; empty for a pure number.
    pub unit: &'static str,
    /// Its prior, uniform; without extent if it is fixed.
    pub prior: [f64; 2],
    /// Where the formulae are checked; other ranges are refused.
    pub valid: [f64; 2],
    /// The range that scaling takes to [0, 1], the same in all datasets, so that their networks can
    /// be compared. None for a parameter that is no target.
    pub scaled: Option<[f64; 2]>,
    /// Sets it in a universe.
    pub(crate) set: fn(&mut Universe, f64),
}

impl Parameter {
    /// Whether networks infer it.
    pub(crate) fn is_target(&self) -> bool {
        self.scaled.is_some()
    }

    /// The same parameter with one value.
    const fn fixed(self, value: f64) -> Self {
        Self { prior: [value, value], ..self }
    }
}

/// A target with one range for everything.
const fn parameter(
    name: &'static str,
    aliases: &'static [&'static str],
    range: [f64; 2],
    set: fn(&mut Universe, f64),
) -> Parameter {
    let scaled = Some(range);
    Parameter { name, aliases, unit: "", prior: range, valid: range, scaled, set }
}

// The ranges of Quijote's Latin hypercubes (Villaescusa-Navarro et al. 2020, arXiv 1909.05273,
// table 1; M_nu and w as in the published files), and of the simulations in arXiv 2510.19168.
const OMEGA_M: Parameter =
    parameter("Omega_m", &["om", "omegam", "ωm"], [0.1, 0.5], |u, x| u.cosmology.omega_m = x);
const OMEGA_B: Parameter = Parameter {
    prior: [0.03, 0.07],
    ..parameter("Omega_b", &["ob", "omegab", "ωb"], [0.02, 0.08], |u, x| u.cosmology.omega_b = x)
};
const H: Parameter = parameter("h", &["h"], [0.5, 0.9], |u, x| u.cosmology.h = x);
const N_S: Parameter = parameter("n_s", &["ns"], [0.8, 1.2], |u, x| u.cosmology.n_s = x);
const SIGMA_8: Parameter =
    parameter("sigma_8", &["s8", "sigma8", "σ8"], [0.6, 1.0], |u, x| u.cosmology.sigma_8 = x);
const M_NU: Parameter = Parameter {
    unit: "eV",
    valid: [0.0, 1.0],
    ..parameter("M_nu", &["mnu", "summnu", "mν"], [0.01, 1.0], |u, x| u.cosmology.m_nu = x)
};
const W: Parameter =
    Parameter { scaled: None, ..parameter("w", &["w"], [-1.3, -0.7], |u, x| u.cosmology.w = x) };
const F_R0: Parameter = parameter("f_R0", &["fr0"], [-3e-4, 0.0], |u, x| u.f_r0 = x);
const F_NL_EQUILATERAL: Parameter = parameter(
    "f_NL_equilateral",
    &["fnlequilateral", "fnlequil", "fnleq", "equilateralfnl"],
    [-600.0, 600.0],
    |u, x| u.f_nl_equilateral = x,
);
const F_NL_LOCAL: Parameter =
    parameter("f_NL_local", &["fnllocal", "fnlloc", "localfnl"], [-300.0, 300.0], |u, x| {
        u.f_nl_local = x
    });

/// All parameters.
pub static PARAMETERS: [Parameter; 10] =
    [OMEGA_M, OMEGA_B, H, N_S, SIGMA_8, M_NU, W, F_R0, F_NL_EQUILATERAL, F_NL_LOCAL];

// The parameters of each scenario, those of the standard model first.
pub(crate) const LCDM: [Parameter; 5] = [OMEGA_M, OMEGA_B, H, N_S, SIGMA_8];
pub(crate) const NEUTRINOS: [Parameter; 7] = [OMEGA_M, OMEGA_B, H, N_S, SIGMA_8, M_NU, W];
pub(crate) const MODIFIED_GRAVITY: [Parameter; 7] = [OMEGA_M, OMEGA_B, H, N_S, SIGMA_8, M_NU, F_R0];
pub(crate) const EQUILATERAL: [Parameter; 6] =
    [OMEGA_M, OMEGA_B.fixed(FIDUCIAL[1]), H, N_S, SIGMA_8, F_NL_EQUILATERAL];
pub(crate) const LOCAL: [Parameter; 6] = [
    OMEGA_M.fixed(FIDUCIAL[0]),
    OMEGA_B.fixed(FIDUCIAL[1]),
    H.fixed(FIDUCIAL[2]),
    N_S.fixed(FIDUCIAL[3]),
    SIGMA_8.fixed(FIDUCIAL[4]),
    F_NL_LOCAL,
];

/// The range that scaling takes to [0, 1], for a target by its name: `Om`, `Omega_m` and `OmegaM`
/// are the same. `None` for an unknown name, and for `f_NL` without its shape, because the two
/// shapes differ.
pub(crate) fn known_range(name: &str) -> Option<[f64; 2]> {
    let bare: String =
        without_unit(name).chars().filter(|character| character.is_alphanumeric()).collect();
    let bare = bare.to_lowercase();
    let called = |parameter: &&Parameter| parameter.aliases.contains(&bare.as_str());
    PARAMETERS.iter().find(called).and_then(|parameter| parameter.scaled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_parameters_have_their_priors_under_each_of_their_names() {
        for name in ["Om", "Omega_m", "omega_M", "OmegaM", "Ω_m"] {
            assert_eq!(known_range(name), Some([0.1, 0.5]), "{name}");
        }
        assert_eq!(known_range("n_s"), Some([0.8, 1.2]));
        assert_eq!(known_range("M_nu[eV]"), Some([0.01, 1.0]));
        assert_eq!(known_range("f_R0"), Some([-3e-4, 0.0]));
        assert_eq!(known_range("f_NL_local"), Some([-300.0, 300.0]));
        assert_eq!(known_range("f_NL"), None);
        assert_eq!(known_range("w"), None);
    }

    #[test]
    fn every_parameter_sets_its_own_value_and_is_known_by_its_name() {
        for parameter in PARAMETERS {
            assert_eq!(known_range(parameter.name), parameter.scaled, "{}", parameter.name);
            let mut universe = Universe::default();
            (parameter.set)(&mut universe, 0.123);
            assert_eq!(format!("{universe:?}").matches("0.123").count(), 1, "{}", parameter.name);
        }
    }
}
