//! A dataset of a study file: a file, files to import, or a scenario to simulate.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Error, IntoDeserializer};

use crate::cosmology::noise::Statistic;
use crate::cosmology::request::Request;
use crate::cosmology::sampling::Sampling;
use crate::cosmology::scenario::Scenario;
use crate::data::formats::read_axis;
use crate::data::import::options::Import;
use crate::data::names;
use crate::error::Result;

/// A dataset: the path of an `.npz`, a table of files as `shoal import` takes them, or what to
/// `simulate`.
#[derive(Clone, Debug, PartialEq)]
pub enum DatasetConfig {
    /// A dataset of shoal.
    File(std::path::PathBuf),
    /// Files to import on the way.
    Import(Box<Import>),
    /// No files at all.
    Simulate(Box<SimulateConfig>),
}

impl<'de> Deserialize<'de> for DatasetConfig {
    // by hand, because an untagged enum would swallow the error that names the unknown key
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
                            "`{other}` stands beside `simulate`, which needs no files; leave one of them out"
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

/// A table whose first key was looked at already.
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
    /// Which: lcdm, neutrinos, modified-gravity, equilateral or local.
    pub scenario: String,
    /// How many simulations; default 2000.
    #[serde(default = "two_thousand")]
    pub count: usize,
    /// Names the universes and their boxes; default 1.
    #[serde(default = "one")]
    pub seed: u64,
    /// What is measured: "pk" (default) or "mpk".
    pub spectrum: Option<String>,
    /// Ranges in place of the prior's.
    #[serde(default)]
    pub ranges: BTreeMap<String, [f64; 2]>,
    /// How the parameters fill their ranges: "sobol" (default) or "latin-hypercube".
    pub sampling: Option<String>,
    /// Whether spectra have the scatter of one box; default true.
    #[serde(default = "yes")]
    pub noise: bool,
    /// A file of wavenumbers in h/Mpc; default Quijote's 79 bins.
    pub k: Option<PathBuf>,
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
    /// What is meant; a relative path from `base`.
    ///
    /// # Errors
    /// An unknown word, with the nearest one; wavenumbers that cannot be read.
    pub fn request(&self, base: &Path) -> Result<Request> {
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
