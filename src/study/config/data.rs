//! A dataset of a study file: a file, files to import, or a scenario to simulate.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Error, IntoDeserializer};

use crate::collider;
use crate::collider::cards::DETECTORS;
use crate::collider::process::Process;
use crate::collider::request::{PARTICLES, PROCESSES};
use crate::cosmology::noise::Statistic;
use crate::cosmology::request::Request;
use crate::cosmology::sampling::Sampling;
use crate::cosmology::scenario::{SCENARIOS, Scenario};
use crate::data::formats::read_axis;
use crate::data::import::options::Import;
use crate::data::names;
use crate::error::Result;
use crate::input_error;
use crate::study::simulation::Simulation;

/// A dataset: the path of an `.npz`, a table with the options of `shoal import`, or a table
/// `simulate`.
#[derive(Clone, Debug, PartialEq)]
pub enum DatasetConfig {
    /// The path of a dataset (`.npz`).
    File(std::path::PathBuf),
    /// Files to import.
    Import(Box<Import>),
    /// A scenario to simulate.
    Simulate(Box<SimulateConfig>),
}

impl<'de> Deserialize<'de> for DatasetConfig {
    // not derived: the errors of an untagged enum do not name the unknown key
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = DatasetConfig;
            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter.write_str(
                    "the path of a dataset (.npz), a table with x and y, or one with simulate",
                )
            }
            fn visit_str<E>(self, path: &str) -> std::result::Result<DatasetConfig, E> {
                Ok(DatasetConfig::File(path.into()))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<DatasetConfig, A::Error> {
                let first = map.next_key::<String>()?;
                if first.as_deref() == Some("simulate") {
                    let table = map.next_value()?;
                    return match map.next_key::<String>()? {
                        None => Ok(DatasetConfig::Simulate(table)),
                        Some(other) => Err(A::Error::custom(format!(
                            "`{other}` beside `simulate`, which needs no files; remove one of them"
                        ))),
                    };
                }
                let map = FromFirst { first, map };
                let source =
                    Import::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(DatasetConfig::Import(Box::new(source)))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// A map whose first key has already been taken.
struct FromFirst<A> {
    first: Option<String>,
    map: A,
}

impl<'de, A: serde::de::MapAccess<'de>> serde::de::MapAccess<'de> for FromFirst<A> {
    type Error = A::Error;

    fn next_key_seed<K: serde::de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> std::result::Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(key) => seed.deserialize(key.into_deserializer()).map(Some),
            None => self.map.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: serde::de::DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> std::result::Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// `simulate`: a scenario in place of files, with the options of `shoal simulate`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulateConfig {
    /// The name of the scenario, of universes or of collisions.
    pub scenario: String,
    /// Number of simulations; default 2000.
    #[serde(default = "two_thousand")]
    pub count: usize,
    /// Seed of the cosmologies and of the noise; default 1.
    #[serde(default = "one")]
    pub seed: u64,
    /// The spectrum: "pk" (default) or "mpk".
    pub spectrum: Option<String>,
    /// The targets to keep, of what is simulated; default all.
    pub targets: Option<Vec<String>>,
    /// Ranges of parameters in place of their priors, by name.
    #[serde(default)]
    pub ranges: BTreeMap<String, [f64; 2]>,
    /// Sampling of the parameters: "sobol" (default) or "latin-hypercube".
    pub sampling: Option<String>,
    /// Whether spectra have the noise of one box; default true.
    #[serde(default = "yes")]
    pub noise: bool,
    /// A file of wavenumbers in h/Mpc; default Quijote's 79 bins.
    pub k: Option<PathBuf>,
    /// What measures collisions: "atlas" (default), "cms", "detailed", or "particles" for
    /// none.
    pub detector: Option<String>,
}

fn two_thousand() -> usize {
    2000
}
fn one() -> u64 {
    1
}
fn yes() -> bool {
    true
}

impl SimulateConfig {
    /// What is simulated. A relative path is relative to `base`.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for an unknown name, with the nearest known one, for an option that
    /// the scenario has not, and for wavenumbers that cannot be read.
    pub fn simulation(&self, base: &Path) -> Result<Simulation> {
        let scenarios = SCENARIOS.iter().map(|scenario| scenario.name);
        let known = scenarios.chain(PROCESSES.iter().map(|process| process.name));
        let known: Vec<String> = known.map(String::from).collect();
        match names::find(&known, &self.scenario, "scenario")?.checked_sub(SCENARIOS.len()) {
            None => self.universes(base).map(Simulation::Universes),
            Some(process) => self.collisions(PROCESSES[process]).map(Simulation::Collisions),
        }
    }

    /// Refuses options that are set but that the scenario has not.
    fn refuse(&self, options: &[(&str, bool)]) -> Result<()> {
        match options.iter().find(|(_, set)| *set) {
            Some((name, _)) => Err(input_error!(
                "the scenario {} has no option `{name}`; leave it out",
                self.scenario
            )),
            None => Ok(()),
        }
    }

    fn collisions(&self, process: &'static Process) -> Result<collider::request::Request> {
        self.refuse(&[
            ("spectrum", self.spectrum.is_some()),
            ("ranges", !self.ranges.is_empty()),
            ("sampling", self.sampling.is_some()),
            ("noise", !self.noise),
            ("k", self.k.is_some()),
        ])?;
        let known = DETECTORS.iter().map(|detector| detector.name).chain([PARTICLES]);
        let known: Vec<String> = known.map(String::from).collect();
        let detector = (self.detector.as_ref())
            .map_or(Ok(0), |name| names::find(&known, name, "detector"))
            .map(|place| DETECTORS.get(place).copied())?;
        let (count, seed) = (self.count, self.seed);
        Ok(collider::request::Request { process, detector, count, seed, threads: None })
    }

    fn universes(&self, base: &Path) -> Result<Request> {
        self.refuse(&[("detector", self.detector.is_some())])?;
        let choose = |known: &[&str], name: &Option<String>, what: &str| -> Result<usize> {
            let known: Vec<String> = known.iter().map(|name| name.to_string()).collect();
            (name.as_ref()).map_or(Ok(0), |name| names::find(&known, name, what))
        };
        let statistics = Statistic::ALL.map(Statistic::name);
        let samplings = Sampling::ALL.map(Sampling::name);
        Ok(Request {
            statistic: Statistic::ALL[choose(&statistics, &self.spectrum, "spectrum")?],
            sampling: Sampling::ALL[choose(&samplings, &self.sampling, "sampling")?],
            ranges: (self.ranges.iter()).map(|(name, range)| (name.clone(), *range)).collect(),
            noise: self.noise,
            k: (self.k.as_ref()).map(|path| read_axis(&base.join(path))).transpose()?,
            ..Request::new(Scenario::named(&self.scenario)?, self.count, self.seed)
        })
    }
}
