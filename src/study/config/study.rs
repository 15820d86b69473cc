//! The tables of a study file.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::result::Result;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::engine::loss::Loss;
use crate::error::Error;
use crate::input_error;
use crate::study::config::checks::{nearest, unknown};
use crate::study::config::data::DatasetConfig;
use crate::study::config::network::NetworkConfig;
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
    #[serde(default = "one", deserialize_with = "one_or_several_seeds")]
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

/// The largest number of study seeds.
const MOST_SEEDS: usize = 100;

/// One of the studies of a study file.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The keys of the study file with those of the scenario, and one seed.
    pub config: StudyConfig,
    /// The name of the scenario, or of the one with this seed, and of its folder of results; absent
    /// if it is the only study of the file.
    pub name: Option<String>,
    /// The title of the studies that differ from it in the seed alone, if there are any.
    pub series: Option<String>,
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
    pub(crate) fn standardizes(&self, loss: &Loss) -> Result<bool, Error> {
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
        #[serde(default, deserialize_with = "one_or_several")]
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

/// A list of seeds, or one.
fn one_or_several_seeds<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u64>, D::Error> {
    from.deserialize_any(OneOrSeveral { what: "a seed, or a list of seeds", of: PhantomData })
}

/// A list of numbers of simulations, or one.
fn one_or_several<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<usize>>, D::Error> {
    let what = "a number of simulations, or a list of such numbers";
    from.deserialize_any(OneOrSeveral { what, of: PhantomData }).map(Some)
}

/// A number, or a list of numbers. Not derived: the errors of an untagged enum do not name the
/// expected types.
struct OneOrSeveral<T> {
    what: &'static str,
    of: PhantomData<T>,
}

impl<'de, T: TryFrom<i64> + Deserialize<'de>> Visitor<'de> for OneOrSeveral<T> {
    type Value = Vec<T>;
    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str(self.what)
    }
    fn visit_i64<E: serde::de::Error>(self, one: i64) -> Result<Vec<T>, E> {
        let wrong = |_| E::custom(format!("{one} is not {}", self.what));
        T::try_from(one).map(|one| vec![one]).map_err(wrong)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Vec<T>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list))
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

impl StudyConfig {
    /// Reads a study file: as it stands, and the study of each scenario and seed.
    ///
    /// # Errors
    /// [`Error::Input`] with the line, and the nearest key for an unknown one; with the scenario
    /// for what it says.
    pub fn read(path: &Path) -> Result<(Self, Vec<Scenario>), Error> {
        let text = Self::text(path)?;
        let config = Self::parse(path, &text)?;
        if config.scenario.is_empty() {
            let scenarios = config.clone().by_seed(None)?;
            return Ok((config, scenarios));
        }
        let whole: toml::Table = toml::from_str(&text).expect("config: a table that was read");
        let of_scenario = |one: &ScenarioConfig| {
            let mut table = whole.clone();
            table.remove("scenario");
            for (key, value) in one.keys.clone() {
                match key.as_str() {
                    "finetune" | "pretrain" => {
                        let data = table.entry("data").or_insert_with(|| toml::Table::new().into());
                        data.as_table_mut().expect("config: data is a table").insert(key, value);
                    }
                    _ => drop(table.insert(key, value)),
                }
            }
            let own = Self::deserialize(table).map_err(|error| {
                let hint = hint(error.message()).unwrap_or_default();
                input_error!("{}: scenario {}: {}{hint}", path.display(), one.name, error.message())
            })?;
            let name = format!("{}: {}", config.name, one.name);
            Self { name, ..own }.by_seed(Some(&one.name))
        };
        let scenarios: Result<Vec<_>, Error> = config.scenario.iter().map(of_scenario).collect();
        Ok((config, scenarios?.concat()))
    }

    /// The study of each of its seeds, in the folder of its scenario if there is one.
    fn by_seed(self, scenario: Option<&String>) -> Result<Vec<Scenario>, Error> {
        let seeds = &self.seed;
        if seeds.is_empty() || seeds.iter().collect::<BTreeSet<_>>().len() != seeds.len() {
            return Err(input_error!("seed = {seeds:?}: give at least one seed, each once"));
        }
        if seeds.len() > MOST_SEEDS {
            return Err(input_error!(
                "seed has {} numbers; a study is repeated for at most {MOST_SEEDS} seeds",
                seeds.len()
            ));
        }
        if seeds.len() == 1 {
            let name = scenario.cloned();
            return Ok(vec![Scenario { config: self, name, series: None }]);
        }
        let of_seed = |seed: &u64| {
            let name = format!("{}, seed {seed}", self.name);
            Scenario {
                config: Self { name, seed: vec![*seed], ..self.clone() },
                name: Some(
                    scenario.map_or(String::new(), |name| format!("{name}-"))
                        + &format!("seed-{seed}"),
                ),
                series: Some(self.name.clone()),
            }
        };
        Ok(seeds.iter().map(of_seed).collect())
    }

    fn text(path: &Path) -> Result<String, Error> {
        let name = path.display();
        std::fs::read_to_string(path).map_err(|e| {
            let folder = std::env::current_dir().unwrap_or_default();
            input_error!(
                "{name}: the study file cannot be read: {e} (looked from {})",
                folder.display()
            )
        })
    }

    fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        toml::from_str(text).map_err(|error| {
            let hint = hint(error.message()).unwrap_or_default();
            input_error!("{}: {}{hint}", path.display(), error.to_string().trim_end())
        })
    }
}

/// "did you mean ..." for serde's message about an unknown field.
fn hint(message: &str) -> Option<String> {
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (given, known) = words.split_first()?;
    let unknown = message.starts_with("unknown field");
    let nearest = nearest(given, known.iter().copied()).filter(|_| unknown)?;
    Some(format!("\ndid you mean `{nearest}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str = "name = 'a'\nsizes = [50]\ntest = 10\n[data]\nfinetune = 'b.npz'\n";

    fn error(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("study.toml");
        std::fs::write(&path, text).unwrap();
        StudyConfig::read(&path).unwrap_err().to_string()
    }

    #[test]
    fn the_smallest_study_has_the_papers_defaults() {
        let study: StudyConfig = toml::from_str(SMALLEST).unwrap();
        assert_eq!((study.seeds, study.validation, study.log10), (None, None, None));
        assert_eq!(study.pretraining.simulations, None);
        assert_eq!(study.network.hidden, None);
    }

    #[test]
    fn simulations_to_pretrain_on_are_a_number_or_a_list() {
        let sizes = |given: &str| {
            let text = format!("{SMALLEST}[pretraining]\nsimulations = {given}\n");
            toml::from_str::<StudyConfig>(&text).map(|study| study.pretraining.simulations)
        };
        assert_eq!(sizes("300").unwrap(), Some(vec![300]));
        assert_eq!(sizes("[300, 200]").unwrap(), Some(vec![300, 200]));
        let error = sizes("'all'").unwrap_err().to_string();
        assert!(error.contains("a number of simulations, or a list"), "{error}");
        let error = sizes("-3").unwrap_err().to_string();
        assert!(error.contains("-3 is not a number of simulations"), "{error}");
    }

    #[test]
    fn a_study_is_repeated_for_each_of_its_seeds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("study.toml");
        let scenarios = |text: String| {
            std::fs::write(&path, text).unwrap();
            let (_, all) = StudyConfig::read(&path).unwrap();
            let of = |one: &Scenario| {
                let Scenario { config, name, series } = one.clone();
                (config.name, config.seed[0], name, series)
            };
            all.iter().map(of).collect::<Vec<_>>()
        };
        let (owned, some) = (str::to_owned, |text: &str| Some(text.to_owned()));
        assert_eq!(scenarios(SMALLEST.into()), [(owned("a"), 1, None, None)]);
        assert_eq!(
            scenarios(format!("seed = [3, 1]\n{SMALLEST}")),
            [
                (owned("a, seed 3"), 3, some("seed-3"), some("a")),
                (owned("a, seed 1"), 1, some("seed-1"), some("a"))
            ]
        );
        let two = "[[scenario]]\nname = 'one'\n[[scenario]]\nname = 'two'\nseed = [1, 2]\n";
        assert_eq!(
            scenarios(format!("seed = 4\n{SMALLEST}{two}")),
            [
                (owned("a: one"), 4, some("one"), None),
                (owned("a: two, seed 1"), 1, some("two-seed-1"), some("a: two")),
                (owned("a: two, seed 2"), 2, some("two-seed-2"), some("a: two"))
            ]
        );
        for (seeds, words) in [
            ("[]", "at least one seed"),
            ("[2, 2]", "each once"),
            (
                &format!("{:?}", Vec::from_iter(0..101)),
                "101 numbers; a study is repeated for at most 100",
            ),
            ("-3", "-3 is not a seed"),
            ("'all'", "a seed, or a list of seeds"),
        ] {
            let error = error(&format!("seed = {seeds}\n{SMALLEST}"));
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest_one() {
        let text = format!("{SMALLEST}[training]\nlearningrate = 1e-3\n");
        let error = error(&text);
        assert!(error.contains("did you mean `learning_rate`?"), "{error}");
        assert!(error.contains("line 7"), "{error}");
        let text = SMALLEST.replace("'b.npz'", "{ x = 'a', y = 'b', axes = 'c' }");
        assert!(self::error(&text).contains("did you mean `axis`?"), "{}", self::error(&text));
        let text = format!("{SMALLEST}[strategies.warmstart]\n");
        assert!(
            self::error(&text).contains("did you mean `warm-start`?"),
            "{}",
            self::error(&text)
        );
    }
}
