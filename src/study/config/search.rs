//! `[search]` of a study file. Defaults are those of arXiv 2510.19168: 100 trials, the first 20 at
//! random; 1 to 3 hidden layers of 4 to 500 units, each with a dropout of 0.2 to 0.8; a learning
//! rate of 1e-5 to 1e-1, or 1e-6 to 1e-3 for fine-tuning; a weight decay of 1e-8 to 1; both on
//! logarithmic axes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::input_error;
use crate::study::search::distribution::Choice;

/// `[search]`: how hyper-parameters are searched for.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchConfig {
    /// Trials of each group: of the pre-training, and of each strategy and size.
    pub trials: u32,
    /// The name of one of [`PROPOSERS`](crate::study::search::PROPOSERS); default "tpe".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposer: Option<String>,
    /// TPE: random trials before the first that depends on others.
    pub startup: usize,
    /// Trials that are proposed, and train, together.
    pub generation: u32,
    /// TPE: values that are drawn to choose one from.
    pub candidates: u32,
    /// TPE: whether hyper-parameters are estimated together, as Optuna 5.0 does, and not each on
    /// its own, as before it; default false. In Optuna's stored runs
    /// (`tests/reference/optuna/bests.json`) together is better on smooth functions of few numbers
    /// and worse on the one that has choices.
    pub multivariate: bool,
    /// Networks that score a trial: its value is the mean of theirs.
    pub seeds: u32,
    /// What is minimised: "validation_loss" (default), or a metric on the validation rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimise: Option<String>,
    /// What is maximised in place of that: a metric on the validation rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximise: Option<String>,
    /// How trials are stopped early.
    pub pruning: PruningConfig,
    /// What is searched.
    pub space: SpaceConfig,
}

/// Most trials, candidates and networks of a search.
const MOST: u32 = 1_000_000;

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            trials: 100,
            proposer: None,
            startup: 20,
            generation: 20,
            candidates: 24,
            multivariate: false,
            seeds: 1,
            minimise: None,
            maximise: None,
            pruning: PruningConfig::default(),
            space: SpaceConfig::default(),
        }
    }
}

impl SearchConfig {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if a number is 0 that must not be, or larger than any search needs.
    pub fn check(&self) -> Result<()> {
        let numbers = [
            ("trials", self.trials),
            ("generation", self.generation),
            ("candidates", self.candidates),
            ("seeds", self.seeds),
        ];
        match numbers.into_iter().find(|(_, number)| !(1..=MOST).contains(number)) {
            Some((name, 0)) => Err(input_error!("search.{name} is 0; it must be at least 1")),
            Some((name, number)) => {
                Err(input_error!("search.{name} is {number}; it must be at most {MOST}"))
            }
            None => Ok(()),
        }
    }
}

/// `[search.pruning]`: which trials stop early.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct PruningConfig {
    /// The name of one of [`PRUNERS`](crate::study::search::PRUNERS); default "halving".
    pub rule: Option<String>,
    /// The keys of the rule.
    #[serde(flatten)]
    pub keys: BTreeMap<String, u32>,
}

/// `[search.space]`: what each hyper-parameter may be.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SpaceConfig {
    /// Hidden layers.
    pub layers: Option<DimensionConfig>,
    /// Units of a hidden layer, each layer its own.
    pub units: Option<DimensionConfig>,
    /// Dropout after a hidden layer, each layer its own.
    pub dropout: Option<DimensionConfig>,
    /// Learning rate of networks that start from random weights.
    pub learning_rate: Option<DimensionConfig>,
    /// Learning rate of networks that start from pre-trained weights.
    pub fine_tuning_learning_rate: Option<DimensionConfig>,
    /// Decoupled weight decay.
    pub weight_decay: Option<DimensionConfig>,
    /// Examples in a minibatch; not searched for unless given.
    pub batch: Option<DimensionConfig>,
    /// Factor of the learning rate of pre-trained layers but the last, where they train; not
    /// searched for unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_rate: Option<DimensionConfig>,
    /// The loss, a name or choices of names; not searched for unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<DimensionConfig>,
    /// Activation of the hidden layers; not searched for unless given.
    pub activation: Option<DimensionConfig>,
    /// deep-set: layers on items; not searched for unless given, as what follows.
    pub items_layers: Option<DimensionConfig>,
    /// deep-set: units of a layer on items, each layer its own.
    pub items_units: Option<DimensionConfig>,
    /// transformer: width of the blocks.
    pub width: Option<DimensionConfig>,
    /// transformer: heads of each attention.
    pub heads: Option<DimensionConfig>,
    /// transformer: how many blocks.
    pub blocks: Option<DimensionConfig>,
    /// transformer: width of the wide layer of each block.
    pub feed_forward: Option<DimensionConfig>,
}

impl SpaceConfig {
    /// What is searched for of the sizes of architectures, by the key of the size; of widths of
    /// layers, their number and their units.
    pub fn sizes(&self) -> [(&'static str, [Option<&DimensionConfig>; 2]); 5] {
        [
            ("items", [self.items_layers.as_ref(), self.items_units.as_ref()]),
            ("width", [self.width.as_ref(), None]),
            ("heads", [self.heads.as_ref(), None]),
            ("blocks", [self.blocks.as_ref(), None]),
            ("feed_forward", [self.feed_forward.as_ref(), None]),
        ]
    }
}

/// What a hyper-parameter may be: a value, or a table of `low`, `high`, `log` and `step` (those
/// left out are the paper's), or a table of `choices`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum DimensionConfig {
    /// This and nothing else.
    Fixed(Choice),
    /// A range or choices.
    Table(RangeConfig),
}

/// A range, or choices.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RangeConfig {
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

impl<'de> Deserialize<'de> for DimensionConfig {
    // not derived: the errors of an untagged enum do not name the unknown key
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = DimensionConfig;
            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter
                    .write_str("a value, or a table with low and high, or a table with choices")
            }
            fn visit_i64<E>(self, value: i64) -> std::result::Result<DimensionConfig, E> {
                Ok(DimensionConfig::Fixed(Choice::Integer(value)))
            }
            fn visit_f64<E>(self, value: f64) -> std::result::Result<DimensionConfig, E> {
                Ok(DimensionConfig::Fixed(Choice::Number(value)))
            }
            fn visit_str<E>(self, word: &str) -> std::result::Result<DimensionConfig, E> {
                Ok(DimensionConfig::Fixed(word.into()))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> std::result::Result<DimensionConfig, A::Error> {
                RangeConfig::deserialize(serde::de::value::MapAccessDeserializer::new(map))
                    .map(DimensionConfig::Table)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
