//! `[search]` of a study file, as it is typed. What is left out is as in the paper (arXiv
//! 2510.19168): 100 trials, the first 20 at random; 1 to 3 hidden layers of 4 to 500 units with
//! dropout of 0.2 to 0.8 after each; a learning rate of 1e-5 to 1e-1, of 1e-6 to 1e-3 when
//! fine-tuning; weight decay of 1e-8 to 1; both on logarithmic axes.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::input_error;
use crate::study::search::distribution::Choice;
use crate::study::search::pruning::{Halving, Median, Pruner};
use crate::study::search::tpe::Tpe;

/// `[search]`: how hyper-parameters are searched for.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchTable {
    /// Trials of each search.
    pub trials: u32,
    /// Trials at random before the first that fuses_update from others.
    pub startup: usize,
    /// Trials that are proposed, and train, at once.
    pub generation: u32,
    /// Values that are drawn to choose one from.
    pub candidates: u32,
    /// Whether hyper-parameters are estimated together, as Optuna 5.0 does, and not each on its
    /// own, as before it; default false. In Optuna's stored runs
    /// (`tests/reference/optuna/bests.json`) together is better on smooth functions of few numbers
    /// and worse on the one that has choices.
    pub multivariate: bool,
    /// Networks that score a trial: its value is their mean validation loss.
    pub seeds: u32,
    /// How trials are stopped early.
    pub pruning: PruningTable,
    /// What is searched.
    pub space: SpaceTable,
}

impl Default for SearchTable {
    fn default() -> Self {
        Self {
            trials: 100,
            startup: 20,
            generation: 20,
            candidates: 24,
            multivariate: false,
            seeds: 1,
            pruning: PruningTable::default(),
            space: SpaceTable::default(),
        }
    }
}

impl SearchTable {
    /// The sampler of a search.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if a number is 0 that must not be.
    pub fn tpe(&self, seed: u64) -> Result<Tpe> {
        let numbers = [
            ("trials", self.trials),
            ("generation", self.generation),
            ("candidates", self.candidates),
            ("seeds", self.seeds),
        ];
        for (name, number) in numbers {
            if number == 0 {
                return Err(input_error!("search.{name} is 0; it must be at least 1"));
            }
        }
        Ok(Tpe {
            seed,
            startup: self.startup,
            candidates: self.candidates,
            multivariate: self.multivariate,
        })
    }
}

/// `[search.pruning]`: which trials stop early.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PruningTable {
    /// `halving` (default), `median` or `off`.
    pub rule: Option<String>,
    /// Halving: epochs before the first rung; default 10.
    pub first: Option<u32>,
    /// Halving: of how many trials one goes on; default 4.
    pub factor: Option<u32>,
    /// Halving: rungs left out at the beginning; default 0.
    pub delay: Option<u32>,
    /// Median: complete trials before any is stopped; default 5.
    pub startup: Option<usize>,
    /// Median: epochs in which no trial is stopped; default 0.
    pub warmup: Option<u32>,
    /// Median: epochs from one decision to the next; default 1.
    pub interval: Option<u32>,
}

impl PruningTable {
    /// The rule.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for an unknown rule, a key of another rule, or a number that is too
    /// small.
    pub fn pruner(&self) -> Result<Pruner> {
        let rule = self.rule.as_deref().unwrap_or("halving");
        let halving = [("first", self.first), ("factor", self.factor), ("delay", self.delay)];
        let startup = self.startup.map(|startup| startup as u32);
        let median = [("startup", startup), ("warmup", self.warmup), ("interval", self.interval)];
        let foreign: &[(&str, Option<u32>)] = match rule {
            "halving" => &median,
            "median" => &halving,
            "off" => &[halving, median].concat(),
            other => return Err(unknown_rule(other)),
        };
        if let Some((key, _)) = foreign.iter().find(|(_, value)| value.is_some()) {
            return Err(input_error!(
                "search.pruning.{key} means nothing to the rule '{rule}'; remove it"
            ));
        }
        let at_least = |key: &str, value: u32, least: u32| match value < least {
            true => {
                Err(input_error!("search.pruning.{key} is {value}; it must be at least {least}"))
            }
            false => Ok(value),
        };
        Ok(match rule {
            "halving" => Pruner::Halving(Halving {
                first: at_least("first", self.first.unwrap_or(10), 1)?,
                factor: at_least("factor", self.factor.unwrap_or(4), 2)?,
                delay: self.delay.unwrap_or(0),
            }),
            "median" => Pruner::Median(Median {
                startup: self.startup.unwrap_or(5),
                warmup: self.warmup.unwrap_or(0),
                interval: at_least("interval", self.interval.unwrap_or(1), 1)?,
            }),
            _ => Pruner::Off,
        })
    }
}

fn unknown_rule(rule: &str) -> crate::Error {
    let rules = ["halving", "median", "off"];
    let near = rules
        .iter()
        .max_by(|a, b| strsim::jaro_winkler(rule, a).total_cmp(&strsim::jaro_winkler(rule, b)));
    let hint = near.filter(|near| strsim::jaro_winkler(rule, near) > 0.7);
    let hint = hint.map(|near| format!("; did you mean '{near}'?")).unwrap_or_default();
    input_error!(
        "search.pruning.rule is '{rule}', which is none of 'halving', 'median' and 'off'{hint}"
    )
}

/// `[search.space]`: what each hyper-parameter may be.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SpaceTable {
    /// Hidden layers.
    pub layers: Option<Dimension>,
    /// Units of a hidden layer, each layer its own.
    pub units: Option<Dimension>,
    /// Dropout after a hidden layer, each layer its own.
    pub dropout: Option<Dimension>,
    /// Learning rate of networks that start from random weights.
    pub learning_rate: Option<Dimension>,
    /// Learning rate of networks that start from pre-trained weights.
    pub fine_tuning_learning_rate: Option<Dimension>,
    /// Decoupled weight decay.
    pub weight_decay: Option<Dimension>,
    /// Examples in a minibatch; not searched for unless given.
    pub batch: Option<Dimension>,
    /// Activation of the hidden layers; not searched for unless given.
    pub activation: Option<Dimension>,
}

/// What a hyper-parameter may be: a value, or a table of `low`, `high`, `log` and `step` (those
/// left out are the paper's), or a table of `choices`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Dimension {
    /// This and nothing else.
    Fixed(Choice),
    /// A range or choices.
    Table(RangeTable),
}

/// A range, or choices.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RangeTable {
    /// The smallest value.
    pub low: Option<f64>,
    /// The largest value.
    pub high: Option<f64>,
    /// Whether the axis is logarithmic.
    pub log: Option<bool>,
    /// Distance of neighbouring values.
    pub step: Option<f64>,
    /// A list instead of a range.
    pub choices: Option<Vec<Choice>>,
}

impl<'de> Deserialize<'de> for Dimension {
    // by hand, because an untagged enum would swallow the error that names the unknown key
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Dimension;
            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter
                    .write_str("a value, or a table with low and high, or a table with choices")
            }
            fn visit_i64<E>(self, value: i64) -> std::result::Result<Dimension, E> {
                Ok(Dimension::Fixed(Choice::Integer(value)))
            }
            fn visit_f64<E>(self, value: f64) -> std::result::Result<Dimension, E> {
                Ok(Dimension::Fixed(Choice::Number(value)))
            }
            fn visit_str<E>(self, word: &str) -> std::result::Result<Dimension, E> {
                Ok(Dimension::Fixed(word.into()))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> std::result::Result<Dimension, A::Error> {
                RangeTable::deserialize(serde::de::value::MapAccessDeserializer::new(map))
                    .map(Dimension::Table)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
