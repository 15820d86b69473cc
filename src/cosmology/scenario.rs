//! The kinds of universes, their parameters and the priors of these.

use crate::cosmology::cosmology::{Cosmology, MOST_BARYONS};
use crate::cosmology::noise::FIDUCIAL;
use crate::cosmology::sampling::{DIMENSIONS, Sampling, spare};
use crate::data::names;
use crate::engine::random::{Stream, key};
use crate::error::Result;
use crate::input_error;

/// A kind of universe, as in "Transfer Learning Beyond the Standard Model" (arXiv 2510.19168).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// The standard model with massless neutrinos.
    Lcdm,
    /// Massive neutrinos; the equation of state of dark energy varies too and is not a target.
    Neutrinos,
    /// f(R) gravity of Hu & Sawicki (2007) with n = 1, and massive neutrinos.
    ModifiedGravity,
    /// Primordial non-Gaussianity of the equilateral shape; Omega_b is fixed.
    Equilateral,
    /// Primordial non-Gaussianity of the local shape; nothing else varies.
    Local,
}

/// A parameter of a scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name, as in the targets of a dataset.
    pub name: &'static str,
    /// Its prior, uniform; without extent if it is fixed.
    pub prior: [f64; 2],
    /// Where the formulae are checked; other ranges are refused.
    pub valid: [f64; 2],
    /// Whether networks infer it.
    pub target: bool,
}

const fn parameter(name: &'static str, prior: [f64; 2], valid: [f64; 2]) -> Parameter {
    Parameter { name, prior, valid, target: true }
}

// The ranges of Quijote's Latin hypercubes (Villaescusa-Navarro et al. 2020, table 1; M_nu and w as
// in the published files).
const OMEGA_M: Parameter = parameter("Omega_m", [0.1, 0.5], [0.1, 0.5]);
const OMEGA_B: Parameter = parameter("Omega_b", [0.03, 0.07], [0.02, 0.08]);
const H: Parameter = parameter("h", [0.5, 0.9], [0.5, 0.9]);
const N_S: Parameter = parameter("n_s", [0.8, 1.2], [0.8, 1.2]);
const SIGMA_8: Parameter = parameter("sigma_8", [0.6, 1.0], [0.6, 1.0]);
const M_NU: Parameter = parameter("M_nu", [0.01, 1.0], [0.0, 1.0]);
const F_R0: Parameter = parameter("f_R0", [-3e-4, 0.0], [-3e-4, 0.0]);
const F_EQUILATERAL: Parameter = parameter("f_NL_equilateral", [-600.0, 600.0], [-600.0, 600.0]);
const F_LOCAL: Parameter = parameter("f_NL_local", [-300.0, 300.0], [-300.0, 300.0]);
const W: Parameter = Parameter { target: false, ..parameter("w", [-1.3, -0.7], [-1.3, -0.7]) };

const STANDARD: [Parameter; 5] = [OMEGA_M, OMEGA_B, H, N_S, SIGMA_8];

/// How often a spare point is tried before a range is given up.
const ATTEMPTS: u32 = 1000;

impl Scenario {
    /// All of them. Their order names their random numbers: it must stay.
    pub const ALL: [Self; 5] =
        [Self::Lcdm, Self::Neutrinos, Self::ModifiedGravity, Self::Equilateral, Self::Local];

    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lcdm => "lcdm",
            Self::Neutrinos => "neutrinos",
            Self::ModifiedGravity => "modified-gravity",
            Self::Equilateral => "equilateral",
            Self::Local => "local",
        }
    }

    /// The scenario of a name.
    ///
    /// # Errors
    /// There is none: the nearest one, and all.
    pub fn named(name: &str) -> Result<Self> {
        let all = Self::ALL.map(|scenario| scenario.name().to_string());
        names::find(&all, name, "scenario").map(|place| Self::ALL[place])
    }

    /// Its parameters, those of the standard model first.
    pub fn parameters(self) -> Vec<Parameter> {
        let fixed = |place: usize| Parameter { prior: [FIDUCIAL[place]; 2], ..STANDARD[place] };
        let mut parameters = STANDARD.to_vec();
        match self {
            Self::Lcdm => {}
            Self::Neutrinos => parameters.extend([M_NU, W]),
            Self::ModifiedGravity => parameters.extend([M_NU, F_R0]),
            Self::Equilateral => {
                parameters[1] = fixed(1);
                parameters.push(F_EQUILATERAL);
            }
            Self::Local => {
                parameters = (0..STANDARD.len()).map(fixed).collect();
                parameters.push(F_LOCAL);
            }
        }
        parameters
    }
}

/// One universe of a scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Universe {
    /// What every scenario has.
    pub cosmology: Cosmology,
    /// The scalaron field today, f_R0 <= 0; 0 is general relativity.
    pub f_r0: f64,
    /// The amplitude of equilateral non-Gaussianity.
    pub f_nl_equilateral: f64,
    /// The amplitude of local non-Gaussianity.
    pub f_nl_local: f64,
}

impl Universe {
    /// From values under the names of parameters; Quijote's fiducial cosmology for the others.
    fn new(parameters: &[Parameter], values: &[f64]) -> Self {
        let [omega_m, omega_b, h, n_s, sigma_8] = FIDUCIAL;
        let mut universe = Self {
            cosmology: Cosmology { omega_m, omega_b, h, n_s, sigma_8, m_nu: 0.0, w: -1.0 },
            f_r0: 0.0,
            f_nl_equilateral: 0.0,
            f_nl_local: 0.0,
        };
        let cosmology = &mut universe.cosmology;
        for (parameter, value) in parameters.iter().zip(values) {
            *match parameter.name {
                "Omega_m" => &mut cosmology.omega_m,
                "Omega_b" => &mut cosmology.omega_b,
                "h" => &mut cosmology.h,
                "n_s" => &mut cosmology.n_s,
                "sigma_8" => &mut cosmology.sigma_8,
                "M_nu" => &mut cosmology.m_nu,
                "w" => &mut cosmology.w,
                "f_R0" => &mut universe.f_r0,
                "f_NL_equilateral" => &mut universe.f_nl_equilateral,
                "f_NL_local" => &mut universe.f_nl_local,
                name => unreachable!("scenario: nobody knows the parameter {name}"),
            } = *value;
        }
        universe
    }
}

/// The distribution from which the universes of a request are drawn.
#[derive(Clone, Debug)]
pub struct Prior {
    /// The parameters, their priors replaced by the ranges asked for.
    pub parameters: Vec<Parameter>,
    sampling: Sampling,
    count: u32,
    seed: u64,
}

impl Prior {
    /// The prior of a scenario, with other ranges for some parameters; one without extent fixes its
    /// parameter.
    ///
    /// # Errors
    /// A name that is no parameter of the scenario or comes twice, a range that is reversed or
    /// reaches where the formulae are not checked.
    pub fn new(
        scenario: Scenario,
        ranges: &[(String, [f64; 2])],
        sampling: Sampling,
        count: u32,
        seed: u64,
    ) -> Result<Self> {
        let mut parameters = scenario.parameters();
        let names: Vec<String> = parameters.iter().map(|p| p.name.to_string()).collect();
        for (place, (name, range)) in ranges.iter().enumerate() {
            let what = format!("parameter of {}", scenario.name());
            let parameter = &mut parameters[names::find(&names, name, &what)?];
            if ranges[..place].iter().any(|(other, _)| other == name) {
                return Err(input_error!("the range of {name} is given twice; give it once"));
            }
            parameter.prior = checked(parameter, *range)?;
        }
        assert!(parameters.len() <= DIMENSIONS, "scenario: {names:?}");
        Ok(Self { parameters, sampling, count, seed: of_scenario(scenario, seed) })
    }

    /// The values of the parameters of universe `index`, and the universe. A point with hardly any
    /// cold dark matter ([`Cosmology::check`]) is replaced by a spare one, uniform and named by
    /// seed and index.
    ///
    /// # Errors
    /// No spare point was found: the ranges lie outside validity.
    pub fn universe(&self, index: u32) -> Result<(Vec<f64>, Universe)> {
        let dimensions = self.parameters.len();
        let regular = self.sampling.point(self.seed, index, self.count, dimensions);
        let spares = (0..ATTEMPTS).map(|attempt| spare(self.seed, index, attempt, dimensions));
        let universes = std::iter::once(regular).chain(spares).map(|point| {
            let values: Vec<f64> = self.parameters.iter().zip(point).map(place).collect();
            let universe = Universe::new(&self.parameters, &values);
            (values, universe)
        });
        let mut valid = universes.filter(|(_, universe)| universe.cosmology.check().is_ok());
        valid.next().ok_or_else(|| {
            input_error!(
                "the ranges leave no room for cold dark matter: Omega_b may be at most {MOST_BARYONS} of what neutrinos, \
                 M_nu / (93.14 eV) / h^2, leave of Omega_m; give a larger Omega_m, or a smaller Omega_b or M_nu"
            )
        })
    }
}

/// The seed of a scenario's random numbers: universes of two scenarios with the same seed have
/// nothing in common.
pub fn of_scenario(scenario: Scenario, seed: u64) -> u64 {
    let halves = [Stream::ScenarioHigh, Stream::ScenarioLow];
    let halves = halves.map(|half| u64::from(key(seed, half, scenario as u32)));
    halves[0] << 32 | halves[1]
}

/// From (0, 1) to the range.
fn place((parameter, unit): (&Parameter, f64)) -> f64 {
    let [low, high] = parameter.prior;
    // rounding must not leave the range
    (low + (high - low) * unit).clamp(low, high)
}

fn checked(parameter: &Parameter, [low, high]: [f64; 2]) -> Result<[f64; 2]> {
    let (name, [least, most]) = (parameter.name, parameter.valid);
    if low > high || low.is_nan() || high.is_nan() {
        return Err(input_error!(
            "the range of {name} goes from {low} to {high}; the first number must not be above the second"
        ));
    }
    if low < least || high > most {
        return Err(input_error!(
            "the range of {name} goes from {low} to {high}, but the formulae are checked from {least} to {most}; stay within"
        ));
    }
    Ok([low, high])
}
