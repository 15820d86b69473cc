//! A study file as it is typed: TOML, with unknown keys refused and the nearest known one
//! suggested.

pub(crate) mod schedule;
pub(crate) mod search;
pub(crate) mod search_plan;
pub(crate) mod source;
pub(crate) mod sources;
pub(crate) mod space;

use std::path::Path;

use serde::Deserialize;

use crate::error::Result;
use crate::input_error;
use crate::study::config::search::SearchTable;
use crate::study::config::source::DataSource;

/// A study file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudyFile {
    /// Title of tables and plots.
    pub name: String,
    /// Names everything random; default 1.
    #[serde(default = "one")]
    pub seed: u64,
    /// Networks per size and strategy; default 6.
    pub seeds: Option<u32>,
    /// Simulations of each fine-tuning: training and validation together; with `split`, the test
    /// too.
    pub sizes: Vec<usize>,
    /// Simulations that are kept aside to test on, the same ones for every size; needed without
    /// `split`.
    pub test: Option<usize>,
    /// The part of each size that is validated on; default 0.2.
    pub validation: Option<f64>,
    /// Each size has a test set of its own, inside it, as in arXiv 2510.19168; in place of `test`
    /// and `validation`.
    pub split: Option<SplitTable>,
    /// Whether every network is saved; default true.
    #[serde(default = "yes")]
    pub save_models: bool,
    /// Whether inputs are taken as log10; default true.
    #[serde(default = "yes")]
    pub log10: bool,
    /// The datasets.
    pub data: DataTable,
    /// The networks; default as in the paper.
    #[serde(default)]
    pub network: NetworkTable,
    /// How every run is trained.
    #[serde(default)]
    pub training: TrainingTable,
    /// How pre-training differs.
    #[serde(default)]
    pub pretraining: PretrainingTable,
    /// The strategies to compare, with what differs in each; default all four.
    #[serde(default)]
    pub strategies: StrategiesTable,
    /// The search for hyper-parameters; without it every run has those above.
    pub search: Option<SearchTable>,
    /// Several kinds of simulations to fine-tune on, in place of `data.finetune`; each has its own
    /// folder of results.
    #[serde(default)]
    pub scenario: Vec<ScenarioTable>,
}

/// `[[scenario]]`: one kind of simulations to fine-tune on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioTable {
    /// Its name, and that of its folder of results.
    pub name: String,
    /// What to fine-tune on.
    pub finetune: DataSource,
    /// Overrides the study's.
    pub sizes: Option<Vec<usize>>,
    /// Overrides the study's.
    pub test: Option<usize>,
}

/// `[split]`: how each size is divided; the parts add up to 1.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SplitTable {
    /// The part that is learned from.
    pub training: f64,
    /// The part that is validated on.
    pub validation: f64,
    /// The part that is tested on.
    pub test: f64,
}

impl Default for SplitTable {
    /// As in arXiv 2510.19168.
    fn default() -> Self {
        Self { training: 0.7, validation: 0.15, test: 0.15 }
    }
}

fn one() -> u64 {
    1
}
fn yes() -> bool {
    true
}

/// `[data]`: the datasets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataTable {
    /// What to pre-train on; not needed if no strategy transfers.
    pub pretrain: Option<DataSource>,
    /// What to fine-tune on; not needed if there are scenarios.
    pub finetune: Option<DataSource>,
}

/// `[network]`: the hidden layers of every network, and its outputs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkTable {
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Activation of the hidden layers.
    pub activation: String,
    /// Slope of leaky_relu below 0.
    pub slope: f32,
    /// Activation of the outputs.
    pub output: String,
    /// Probability with which a hidden unit is dropped in training.
    pub dropout: f32,
}

impl Default for NetworkTable {
    fn default() -> Self {
        Self {
            hidden: vec![256, 256],
            activation: "leaky_relu".into(),
            slope: 0.2,
            output: "sigmoid".into(),
            dropout: 0.2,
        }
    }
}

/// `[training]`: AdamW and stopping. Every key may be left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingTable {
    /// Examples in a minibatch; default 32.
    pub batch: Option<usize>,
    /// Step size; default 1e-3.
    pub learning_rate: Option<f64>,
    /// Decoupled weight decay; default 1e-4.
    pub weight_decay: Option<f64>,
    /// Decays of the moments; default [0.5, 0.999].
    pub betas: Option<[f64; 2]>,
    /// Added to the root of the second moment; default 1e-8.
    pub epsilon: Option<f64>,
    /// Epochs at most; default 1000.
    pub epochs: Option<u32>,
    /// Epochs without improvement before a run stops; default 50.
    pub patience: Option<u32>,
    /// By how much the validation loss must fall to count; default 1e-6.
    pub min_delta: Option<f64>,
    /// "f32" (default), or "f16": inputs, activations, deltas and gradients in halves, and of the
    /// parameters a copy.
    pub precision: Option<String>,
    /// All gradients of a batch together are scaled down to this norm where theirs is larger;
    /// default inf: never.
    pub clip_norm: Option<f64>,
    /// "constant" (default), or "cosine": the learning rate falls along half a cosine over all
    /// epochs.
    pub schedule: Option<String>,
    /// Epochs over which the learning rate rises before that, step by step; default 0.
    pub warmup: Option<f64>,
    /// The part of the learning rate that is left at the end of a cosine; default 0.
    pub final_fraction: Option<f64>,
}

/// `[pretraining]`: what differs when pre-training.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PretrainingTable {
    /// Simulations; default all. Of a list, each number has its own pre-trained networks, and what
    /// starts from them is trained once for each.
    #[serde(default, deserialize_with = "one_or_several")]
    pub simulations: Option<Vec<usize>>,
    /// The part that is validated on; default 0.15.
    pub validation: Option<f64>,
    /// Units of one more hidden layer, the last one, which only pre-trained networks have; none by
    /// default.
    pub bottleneck: Option<usize>,
    /// Dummy outputs; default as many as there are new targets.
    pub dummies: Option<usize>,
    /// Overrides `[training]`.
    pub learning_rate: Option<f64>,
    /// Overrides `[training]`.
    pub weight_decay: Option<f64>,
    /// Overrides `[training]`.
    pub batch: Option<usize>,
    /// Overrides `[training]`.
    pub epochs: Option<u32>,
    /// Overrides `[training]`.
    pub patience: Option<u32>,
    /// Overrides `[training]`.
    pub clip_norm: Option<f64>,
    /// Overrides `[training]`.
    pub schedule: Option<String>,
    /// Overrides `[training]`.
    pub warmup: Option<f64>,
    /// Overrides `[training]`.
    pub final_fraction: Option<f64>,
}

/// A number, or a list of numbers. By hand, because an untagged enum would not say what was
/// expected.
fn one_or_several<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Vec<usize>>, D::Error> {
    struct Visitor;
    impl<'de> serde::de::Visitor<'de> for Visitor {
        type Value = Option<Vec<usize>>;
        fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
            formatter.write_str("a number of simulations, or a list of such numbers")
        }
        fn visit_i64<E: serde::de::Error>(self, one: i64) -> std::result::Result<Self::Value, E> {
            let count = usize::try_from(one);
            count
                .map(|count| Some(vec![count]))
                .map_err(|_| E::custom(format!("{one} simulations; there must be at least one")))
        }
        fn visit_seq<A: serde::de::SeqAccess<'de>>(
            self,
            list: A,
        ) -> std::result::Result<Self::Value, A::Error> {
            Vec::deserialize(serde::de::value::SeqAccessDeserializer::new(list)).map(Some)
        }
    }
    deserializer.deserialize_any(Visitor)
}

/// `[strategies]`: one table a strategy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StrategiesTable {
    /// No transfer.
    pub scratch: Option<StrategyTable>,
    /// Dummy outputs become the new targets.
    pub dummy_node: Option<StrategyTable>,
    /// Fresh outputs for the new targets.
    pub warm_start: Option<StrategyTable>,
    /// A fresh network on a frozen one.
    pub attach_head: Option<HeadTable>,
}

/// `[strategies.<name>]`: what differs in a strategy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrategyTable {
    /// Overrides `[training]`.
    pub learning_rate: Option<f64>,
    /// Overrides `[training]`.
    pub weight_decay: Option<f64>,
    /// Overrides `[training]`.
    pub clip_norm: Option<f64>,
    /// Overrides `[training]`.
    pub schedule: Option<String>,
    /// Overrides `[training]`.
    pub warmup: Option<f64>,
    /// Overrides `[training]`.
    pub final_fraction: Option<f64>,
    /// Overrides `[network]`.
    pub dropout: Option<f32>,
}

/// `[strategies.attach-head]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadTable {
    /// Overrides `[training]`.
    pub learning_rate: Option<f64>,
    /// Overrides `[training]`.
    pub weight_decay: Option<f64>,
    /// Overrides `[training]`.
    pub clip_norm: Option<f64>,
    /// Overrides `[training]`.
    pub schedule: Option<String>,
    /// Overrides `[training]`.
    pub warmup: Option<f64>,
    /// Overrides `[training]`.
    pub final_fraction: Option<f64>,
    /// Dropout in the head; overrides `[network]`.
    pub dropout: Option<f32>,
    /// What the head reads: "outputs" (default) or "last-hidden".
    pub reads: Option<String>,
    /// Hidden widths of the head; default those of `[network]`.
    pub hidden: Option<Vec<usize>>,
}

impl StudyFile {
    /// Reads a study file.
    ///
    /// # Errors
    /// [`crate::Error::Input`] with the line, and the nearest key for an unknown one.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display();
        let text = std::fs::read_to_string(path).map_err(|e| {
            let folder = std::env::current_dir().unwrap_or_default();
            input_error!(
                "{name}: the study file cannot be read: {e} (looked from {})",
                folder.display()
            )
        })?;
        toml::from_str(&text).map_err(|error| {
            let hint = suggestion(error.message()).unwrap_or_default();
            input_error!("{name}: {}{hint}", error.to_string().trim_end())
        })
    }
}

/// "; did you mean ..." for serde's message about an unknown field.
fn suggestion(message: &str) -> Option<String> {
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (typed, known) = words.split_first()?;
    if !message.starts_with("unknown field") {
        return None;
    }
    let near = |other: &&&str| strsim::jaro_winkler(typed, other);
    let best = known.iter().max_by(|a, b| near(a).total_cmp(&near(b)))?;
    (near(&best) > 0.7).then(|| format!("\ndid you mean `{best}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str = "name = 'a'\nsizes = [50]\ntest = 10\n[data]\nfinetune = 'b.npz'\n";

    fn error(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("study.toml");
        std::fs::write(&path, text).unwrap();
        StudyFile::read(&path).unwrap_err().to_string()
    }

    #[test]
    fn the_smallest_study_has_the_papers_defaults() {
        let study: StudyFile = toml::from_str(SMALLEST).unwrap();
        assert_eq!((study.seeds, study.validation, study.log10), (None, None, true));
        assert_eq!(study.pretraining.simulations, None);
        assert_eq!(study.network.hidden, [256, 256]);
    }

    #[test]
    fn simulations_to_pretrain_on_are_a_number_or_a_list() {
        let sizes = |typed: &str| {
            let text = format!("{SMALLEST}[pretraining]\nsimulations = {typed}\n");
            toml::from_str::<StudyFile>(&text).map(|study| study.pretraining.simulations)
        };
        assert_eq!(sizes("300").unwrap(), Some(vec![300]));
        assert_eq!(sizes("[300, 200]").unwrap(), Some(vec![300, 200]));
        let error = sizes("'all'").unwrap_err().to_string();
        assert!(error.contains("a number of simulations, or a list"), "{error}");
        let error = sizes("-3").unwrap_err().to_string();
        assert!(error.contains("-3 simulations"), "{error}");
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
