//! The tables of a study file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::engine::loss::Loss;
use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::unknown;
use crate::study::config::data::DatasetConfig;
use crate::study::config::network::NetworkConfig;
use crate::study::config::one_or_several;
use crate::study::config::overrides::{Overrides, with_overrides};
use crate::study::config::search::SearchConfig;
use crate::study::transfer::Strategy;

/// A study file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudyConfig {
    /// Title of tables and plots.
    pub name: String,
    /// Seed of everything random; default 1. With a list the study is run once for each.
    #[serde(default = "one", deserialize_with = "one_or_several::seeds")]
    pub seed: Vec<u64>,
    /// Networks for each size and strategy; default 6.
    pub seeds: Option<u32>,
    /// Simulations of each fine-tuning, those to validate on included; with `split` those to test
    /// on too.
    pub sizes: Vec<usize>,
    /// Simulations to test on, the same for every size; required without `split`.
    pub test: Option<usize>,
    /// Fraction of each size to validate on; default 0.2.
    pub validation: Option<f64>,
    /// Gives each size a test set of its own, as in arXiv 2510.19168; replaces `test` and
    /// `validation`.
    pub split: Option<SplitConfig>,
    /// Whether every network is saved; default true.
    #[serde(default = "yes")]
    pub save_models: bool,
    /// Whether inputs are taken as log10, or a list of the inputs that are; default true, unless
    /// many inputs are not positive.
    pub log10: Option<toml::Value>,
    /// Inputs that are taken as ln(1 + x).
    pub log1p: Option<Vec<String>>,
    /// A number that stands for a missing input, or a list of such numbers.
    pub missing: Option<toml::Value>,
    /// The metrics, the one that strategies are compared by first; default by the loss.
    pub metrics: Option<Vec<String>>,
    /// The datasets.
    #[serde(default)]
    pub data: DataConfig,
    /// The networks; default perceptrons as in the paper.
    #[serde(default)]
    pub network: NetworkConfig,
    /// How every run is trained.
    #[serde(default)]
    pub training: TrainingConfig,
    /// How pre-training differs.
    #[serde(default)]
    pub pretraining: PretrainingConfig,
    /// The strategies to compare, with what differs in each; default
    /// [`Strategy::DEFAULT`].
    #[serde(default)]
    pub strategies: StrategiesConfig,
    /// The search for hyper-parameters; without it every run has those above.
    pub search: Option<SearchConfig>,
    /// Several studies that differ in some keys, such as what to fine-tune on; each has its own
    /// folder of results.
    #[serde(default)]
    pub scenario: Vec<ScenarioConfig>,
}

/// `[[scenario]]`: a name, and keys of the study file in place of the study's.
#[derive(Clone, Debug, Deserialize)]
pub struct ScenarioConfig {
    /// Its name, and that of its folder of results.
    pub name: String,
    /// The other keys; `finetune` and `pretrain` are those of `[data]`.
    #[serde(flatten)]
    pub keys: toml::Table,
}

/// `[split]`: how each size is divided; the parts add up to 1.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SplitConfig {
    /// Fraction to train on.
    pub training: f64,
    /// Fraction to validate on.
    pub validation: f64,
    /// Fraction to test on.
    pub test: f64,
}

impl Default for SplitConfig {
    /// As in arXiv 2510.19168.
    fn default() -> Self {
        Self { training: 0.7, validation: 0.15, test: 0.15 }
    }
}

fn one() -> Vec<u64> {
    vec![1]
}
fn yes() -> bool {
    true
}

/// `[data]`: the datasets.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// What to pre-train on; not needed if no strategy transfers.
    pub pretrain: Option<DatasetConfig>,
    /// What to fine-tune on; not needed if there are scenarios.
    pub finetune: Option<DatasetConfig>,
    /// Ranges of targets by name, which become [0, 1], in place of those of the datasets.
    #[serde(default)]
    pub ranges: BTreeMap<String, [f64; 2]>,
    /// What becomes 0 and 1 of the other targets: the ends of their range ("range", the default),
    /// or their mean and one deviation above it ("deviation").
    pub target_scaling: Option<String>,
}

/// The ways to scale targets, of which the first one is the default.
pub(crate) const TARGET_SCALINGS: [&str; 2] = ["range", "deviation"];

impl DataConfig {
    /// Whether targets are scaled by their mean and deviation.
    ///
    /// # Errors
    /// [`crate::Error::Input`] with the known names; for a loss of classes.
    pub(crate) fn standardizes(&self, loss: &Loss) -> Result<bool> {
        let Some(name) = self.target_scaling.as_deref() else { return Ok(false) };
        if loss.predicts.is_class() {
            return Err(input_error!(
                "data.target_scaling = \"{name}\", but training.loss = \"{}\" has classes, which \
                 are not scaled; remove it",
                loss.name
            ));
        }
        match TARGET_SCALINGS.iter().position(|known| *known == name) {
            Some(place) => Ok(place == 1),
            None => Err(unknown("data.target_scaling", name, "scaling", &TARGET_SCALINGS)),
        }
    }
}

with_overrides! {
    /// `[training]`: AdamW and early stopping.
    pub struct TrainingConfig {
        /// "f32" (default), or "f16": inputs, activations, deltas and gradients in f16, and a copy
        /// of the parameters.
        pub precision: Option<String>,
        /// The name of a loss, or a table of its name and its parameter; default "mse".
        pub loss: Option<toml::Value>,
        /// Whether each class has the same weight in the loss; default false.
        pub balance_classes: Option<bool>,
        /// Whether predicted deviations are multiplied by factors that make them right on the
        /// validation rows; default true where the loss has deviations.
        pub calibrate: Option<bool>,
        /// What stops a run and decides which weights are kept: "validation_loss" (default), or a
        /// loss as above.
        pub stop_on: Option<toml::Value>,
    }
}

with_overrides! {
    /// `[pretraining]`: the pre-training, and what differs in its training.
    pub struct PretrainingConfig {
        /// Simulations; default all. With a list, each number has its own pre-trained networks, and
        /// the runs that start from them are trained once for each.
        #[serde(default, deserialize_with = "one_or_several::simulations")]
        pub simulations: Option<Vec<usize>>,
        /// Fraction of the simulations to validate on; default 0.15.
        pub validation: Option<f64>,
        /// Units of one more hidden layer, the last one, which only pre-trained networks have;
        /// default none.
        pub bottleneck: Option<usize>,
        /// Networks to start from in place of a pre-training: files, or folders of studies.
        pub models: Option<Vec<PathBuf>>,
        /// Dummy outputs; default as many as there are new targets.
        pub dummies: Option<usize>,
    }
}

/// `[strategies]`: one table a strategy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StrategiesConfig {
    /// No transfer.
    pub scratch: Option<StrategyConfig>,
    /// Dummy outputs become the new targets.
    pub dummy_node: Option<FineTuningConfig>,
    /// Fresh outputs for the new targets.
    pub warm_start: Option<FineTuningConfig>,
    /// A fresh network on a frozen one.
    pub attach_head: Option<AttachHeadConfig>,
    /// Only biases and norms train.
    pub bias_only: Option<FineTuningConfig>,
    /// A fresh last layer on a frozen network.
    pub frozen: Option<FrozenConfig>,
    /// Nothing trains.
    pub applied: Option<AppliedConfig>,
}

with_overrides! {
    /// `[strategies.scratch]`: what differs in it.
    pub struct StrategyConfig {
        /// Dropout; overrides `[network]`.
        pub dropout: Option<f32>,
    }
}

with_overrides! {
    /// `[strategies.<name>]` of a strategy that trains the pre-trained layers.
    pub struct FineTuningConfig {
        /// Dropout; overrides `[network]`.
        pub dropout: Option<f32>,
        /// Factor of the learning rate of all layers but the last; default 1.
        pub body_rate: Option<f32>,
        /// Factor of the learning rate of the last layer; default 1.
        pub head_rate: Option<f32>,
        /// Factor of the weight decay of all layers but the last; default 1.
        pub body_decay: Option<f32>,
        /// Factor of the weight decay of the last layer; default 1.
        pub head_decay: Option<f32>,
    }
}

with_overrides! {
    /// `[strategies.attach-head]`.
    pub struct AttachHeadConfig {
        /// Dropout in the head; overrides `[network]`.
        pub dropout: Option<f32>,
        /// What the head reads: "outputs" (default), "last-hidden", or a layer by its number or its
        /// op.
        pub reads: Option<toml::Value>,
        /// Hidden widths of the head; default those of `[network]`.
        pub hidden: Option<Vec<usize>>,
    }
}

with_overrides! {
    /// `[strategies.frozen]`.
    pub struct FrozenConfig {}
}

/// `[strategies.applied]`, which has no keys.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppliedConfig {}

/// What the table of any strategy says.
#[derive(Clone, Debug, Default)]
pub struct StrategyTable {
    /// The keys of training.
    pub overrides: Overrides,
    /// Dropout.
    pub dropout: Option<f32>,
    /// Factors of body and head: rate and decay of each.
    pub parts: [(&'static str, Option<f32>); 4],
    /// What a head reads.
    pub reads: Option<toml::Value>,
    /// Hidden widths of a head.
    pub hidden: Option<Vec<usize>>,
}

impl StrategiesConfig {
    /// The table of a strategy, if there is one.
    pub fn table(&self, strategy: Strategy) -> Option<StrategyTable> {
        match strategy {
            Strategy::Scratch => self.scratch.as_ref().map(|table| StrategyTable {
                overrides: table.overrides(),
                dropout: table.dropout,
                ..StrategyTable::default()
            }),
            Strategy::DummyNode => self.dummy_node.as_ref().map(StrategyTable::from),
            Strategy::WarmStart => self.warm_start.as_ref().map(StrategyTable::from),
            Strategy::BiasOnly => self.bias_only.as_ref().map(StrategyTable::from),
            Strategy::AttachHead => self.attach_head.as_ref().map(|table| StrategyTable {
                overrides: table.overrides(),
                dropout: table.dropout,
                reads: table.reads.clone(),
                hidden: table.hidden.clone(),
                ..StrategyTable::default()
            }),
            Strategy::Frozen => self.frozen.as_ref().map(|table| StrategyTable {
                overrides: table.overrides(),
                ..StrategyTable::default()
            }),
            Strategy::Applied => self.applied.as_ref().map(|_| StrategyTable::default()),
        }
    }
}

impl From<&FineTuningConfig> for StrategyTable {
    fn from(table: &FineTuningConfig) -> Self {
        Self {
            overrides: table.overrides(),
            dropout: table.dropout,
            parts: [
                ("body_rate", table.body_rate),
                ("body_decay", table.body_decay),
                ("head_rate", table.head_rate),
                ("head_decay", table.head_decay),
            ],
            ..Self::default()
        }
    }
}
