//! Scenarios: the kinds of universes, and the priors from which universes of a kind are drawn.

use crate::cosmology::linear::{as_quijote_began, linear};
use crate::cosmology::parameter;
use crate::cosmology::parameter::{Parameter, Universe};
use crate::cosmology::parameters::{Cosmology, MOST_BARYONS};
use crate::cosmology::sampling::{DIMENSIONS, Sampling, spare};
use crate::cosmology::spectrum::Spectrum;
use crate::data::names;
use crate::data::names::number_text;
use crate::engine::random::Stream;
use crate::engine::random::key;
use crate::error::Result;
use crate::input_error;

/// A kind of universe, as in "Transfer Learning Beyond the Standard Model" (arXiv 2510.19168).
#[derive(Debug)]
pub struct Scenario {
    /// Its name in commands and study files.
    pub name: &'static str,
    /// What it is, in one line of help.
    pub help: &'static str,
    /// Its parameters, those of the standard model first.
    pub parameters: &'static [Parameter],
    /// Whether the marked spectrum is known.
    pub has_marked: bool,
    /// The linear spectrum from which its power spectrum is made.
    pub(crate) linear: fn(&Cosmology) -> Result<Spectrum>,
    /// Names its random numbers: each scenario has its own, for good.
    stream: u32,
}

/// The standard model with massless neutrinos.
pub static LCDM: Scenario = Scenario {
    name: "lcdm",
    help: "the standard model with massless neutrinos",
    parameters: &parameter::LCDM,
    has_marked: true,
    linear,
    stream: 0,
};

/// Massive neutrinos; the equation of state of dark energy varies too and is not a target.
pub static NEUTRINOS: Scenario = Scenario {
    name: "neutrinos",
    help: "massive neutrinos; w, the equation of state of dark energy, varies too and is no target",
    parameters: &parameter::NEUTRINOS,
    has_marked: true,
    linear: as_quijote_began,
    stream: 1,
};

/// f(R) gravity of Hu & Sawicki (2007) with n = 1, and massive neutrinos.
pub static MODIFIED_GRAVITY: Scenario = Scenario {
    name: "modified-gravity",
    help: "f(R) gravity (Hu-Sawicki, n = 1) and massive neutrinos; sigma_8 is that of general \
           relativity with the same primordial fluctuations",
    parameters: &parameter::MODIFIED_GRAVITY,
    has_marked: false,
    linear,
    stream: 2,
};

/// Primordial non-Gaussianity of the equilateral shape; Omega_b is fixed.
pub static EQUILATERAL: Scenario = Scenario {
    name: "equilateral",
    help: "primordial non-Gaussianity of the equilateral shape; Omega_b is fixed",
    parameters: &parameter::EQUILATERAL,
    has_marked: false,
    linear,
    stream: 3,
};

/// Primordial non-Gaussianity of the local shape; nothing else varies.
pub static LOCAL: Scenario = Scenario {
    name: "local",
    help: "primordial non-Gaussianity of the local shape in Quijote's fiducial cosmology; nothing \
           else varies",
    parameters: &parameter::LOCAL,
    has_marked: false,
    linear,
    stream: 4,
};

/// All scenarios.
pub static SCENARIOS: [&Scenario; 5] = [&LCDM, &NEUTRINOS, &MODIFIED_GRAVITY, &EQUILATERAL, &LOCAL];

impl PartialEq for Scenario {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Scenario {
    /// The scenario of a name.
    ///
    /// # Errors
    /// There is none: the nearest one, and all.
    pub fn named(name: &str) -> Result<&'static Self> {
        let all = SCENARIOS.map(|scenario| scenario.name.to_string());
        names::find(&all, name, "scenario").map(|place| SCENARIOS[place])
    }

    /// The seed of its random numbers: universes of two scenarios with the same seed have nothing
    /// in common.
    pub(crate) fn seed(&self, seed: u64) -> u64 {
        let halves = [Stream::ScenarioHigh, Stream::ScenarioLow];
        let halves = halves.map(|half| u64::from(key(seed, half, self.stream)));
        halves[0] << 32 | halves[1]
    }
}

/// Number of spare points that are tried before a range is refused.
const ATTEMPTS: u32 = 1000;

/// The distribution from which the universes of a request are drawn.
#[derive(Clone, Debug)]
pub struct Prior {
    /// The parameters, their priors replaced by the requested ranges.
    pub parameters: Vec<Parameter>,
    sampling: Sampling,
    count: u32,
    seed: u64,
}

impl Prior {
    /// The prior of a scenario, with other ranges for some parameters; a range without extent fixes
    /// its parameter.
    ///
    /// # Errors
    /// A name that is no parameter of the scenario or comes twice, a range that is reversed or
    /// reaches where the formulae are not checked.
    pub fn new(
        scenario: &Scenario,
        ranges: &[(String, [f64; 2])],
        sampling: Sampling,
        count: u32,
        seed: u64,
    ) -> Result<Self> {
        let mut parameters = scenario.parameters.to_vec();
        let names: Vec<String> = parameters.iter().map(|p| p.name.to_string()).collect();
        for (place, (name, range)) in ranges.iter().enumerate() {
            let what = format!("parameter of {}", scenario.name);
            let parameter = &mut parameters[names::find(&names, name, &what)?];
            if ranges[..place].iter().any(|(other, _)| other == name) {
                return Err(input_error!("the range of {name} is given twice; give it once"));
            }
            parameter.prior = checked(parameter, *range)?;
        }
        assert!(parameters.len() <= DIMENSIONS, "scenario: {names:?}");
        Ok(Self { parameters, sampling, count, seed: scenario.seed(seed) })
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
            let mut universe = Universe::default();
            let known = self.parameters.iter().zip(&values);
            known.for_each(|(parameter, value)| (parameter.set)(&mut universe, *value));
            (values, universe)
        });
        let mut valid = universes.filter(|(_, universe)| universe.cosmology.check().is_ok());
        valid.next().ok_or_else(|| {
            input_error!(
                "the ranges leave no room for cold dark matter: Omega_b may be at most \
                 {MOST_BARYONS} of what neutrinos, M_nu / (93.14 eV) / h^2, leave of Omega_m; \
                 give a larger Omega_m, or a smaller Omega_b or M_nu"
            )
        })
    }
}

/// From (0, 1) to the range.
fn place((parameter, unit): (&Parameter, f64)) -> f64 {
    let [low, high] = parameter.prior;
    // rounding must not leave the range
    (low + (high - low) * unit).clamp(low, high)
}

fn checked(parameter: &Parameter, [low, high]: [f64; 2]) -> Result<[f64; 2]> {
    let (name, [least, most]) = (parameter.name, parameter.valid);
    let range = format!("from {} to {}", number_text(low), number_text(high));
    if !(low.is_finite() && high.is_finite()) {
        return Err(input_error!(
            "the range of {name} goes {range}; both ends must be finite numbers"
        ));
    }
    if low > high {
        return Err(input_error!(
            "the range of {name} goes {range}; the first number must not be above the second"
        ));
    }
    if low < least || high > most {
        return Err(input_error!(
            "the range of {name} goes {range}, but the formulae are checked from {least} to \
             {most}; stay within"
        ));
    }
    Ok([low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_has_its_own_stream_and_a_row_of_the_documentation() {
        let documentation = include_str!("mod.rs");
        for (place, scenario) in SCENARIOS.iter().enumerate() {
            let earlier = &SCENARIOS[..place];
            assert!(earlier.iter().all(|other| other.stream != scenario.stream));
            let start = format!("//! | `{}` |", scenario.name);
            let row = documentation.lines().find(|line| line.starts_with(&start));
            let row = row.unwrap_or_else(|| panic!("no row of {}", scenario.name));
            for parameter in &scenario.parameters[LCDM.parameters.len()..] {
                assert!(row.contains(parameter.name), "{}: {}", scenario.name, parameter.name);
            }
        }
    }
}
