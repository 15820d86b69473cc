//! The record of one finished run, the same in memory, in tables and in the journal.

use serde::{Deserialize, Serialize};

use crate::engine::run::Stopped;
use crate::study::metric::{MSE, Metric};
use crate::study::objective::Objective;
use crate::study::transfer::PRETRAINING;

/// A learning curve: a strategy, after a pre-training on a number of simulations.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Curve {
    /// The strategy, or [`PRETRAINING`](crate::study::transfer::PRETRAINING).
    pub strategy: String,
    /// Simulations of the pre-training. Absent for strategies without one, and in studies that
    /// pre-train on one number of simulations only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretraining_simulations: Option<usize>,
}

impl Curve {
    /// The curve of a strategy in a study with one pre-training size.
    pub fn of(strategy: &str) -> Self {
        Self { strategy: strategy.to_owned(), pretraining_simulations: None }
    }

    /// The label in figures and messages, such as `dummy-node` or `dummy-node (2048)`.
    pub fn label(&self) -> String {
        match self.pretraining_simulations {
            Some(simulations) => format!("{} ({simulations})", self.strategy),
            None => self.strategy.clone(),
        }
    }
}

/// Identifies a run of a study.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunKey {
    /// The scenario, in studies with several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// Strategy and pre-training size.
    #[serde(flatten)]
    pub curve: Curve,
    /// Simulations, for training and validation together.
    pub simulations: usize,
    /// Number of the trial, from 0, in a search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<u32>,
    /// The seed of weights, batches and dropout, from 1. In `runs.csv` of a search the rank of the
    /// trial.
    pub seed: u32,
}

/// A group of trials as users know it: the pre-training, or a strategy and a size.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName {
    /// Strategy and pre-training size.
    pub curve: Curve,
    /// Simulations, training and validation together.
    pub simulations: usize,
}

impl GroupName {
    /// What the files of its runs begin with; `several` says whether the study has several
    /// pre-training sizes.
    pub fn stem(&self, several: bool) -> String {
        let Curve { strategy, pretraining_simulations } = &self.curve;
        let from = pretraining_simulations.map(|base| format!("-from-{base}")).unwrap_or_default();
        match strategy == PRETRAINING && !several {
            true => strategy.clone(),
            false => format!("{strategy}{from}-{}", self.simulations),
        }
    }
}

impl RunKey {
    /// The group that it belongs to.
    pub fn group(&self) -> GroupName {
        GroupName { curve: self.curve.clone(), simulations: self.simulations }
    }

    /// The name of its files, without an ending, such as `dummy-node-400-1`; `several` as in
    /// [`GroupName::stem`].
    pub fn stem(&self, several: bool) -> String {
        let trial = self.trial.map(|trial| format!("-trial{trial}")).unwrap_or_default();
        format!("{}{trial}-{}", self.group().stem(several), self.seed)
    }
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StopReason {
    /// The validation loss did not improve for too many epochs.
    Patience,
    /// All epochs are done.
    Epochs,
    /// The loss is no longer finite.
    Diverged,
    /// A pruner stopped the trial.
    Pruned,
}

impl StopReason {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Patience, Self::Epochs, Self::Diverged, Self::Pruned];

    /// The word in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Patience => "patience",
            Self::Epochs => "epochs",
            Self::Diverged => "diverged",
            Self::Pruned => "pruned",
        }
    }
}

impl From<Stopped> for StopReason {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Patience => Self::Patience,
            Stopped::Epochs => Self::Epochs,
            Stopped::Diverged => Self::Diverged,
        }
    }
}

/// One metric of a run on the test set. Absent numbers were not measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Which metric.
    #[serde(default = "mse", with = "metric_name")]
    pub metric: &'static Metric,
    /// The mean over all targets.
    pub total: Option<f64>,
    /// Each target, in the order of the targets.
    pub targets: Vec<Option<f64>>,
}

impl Score {
    /// Not measured.
    pub fn absent(metric: &'static Metric, targets: usize) -> Self {
        Self { metric, total: None, targets: vec![None; targets] }
    }
}

fn mse() -> &'static Metric {
    MSE
}

/// A metric is written as its name.
mod metric_name {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::study::metric::Metric;

    pub fn serialize<S: Serializer>(metric: &&Metric, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(metric.name)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<&'static Metric, D::Error> {
        let name = String::deserialize(from)?;
        let unknown = || serde::de::Error::custom(format!("there is no metric '{name}'"));
        Metric::named(&name).ok_or_else(unknown)
    }
}

/// One finished run.
///
/// Absent numbers were not measured: the run diverged before. Numbers that are not finite are
/// written as absent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Which run.
    #[serde(flatten)]
    pub key: RunKey,
    /// The lowest validation loss, that of the weights that were kept.
    pub validation_loss: Option<f64>,
    /// The kept weights on the validation rows: the metric that the search looks for, if it is not
    /// the validation loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<Score>,
    /// The kept weights on the test set: each metric of the study, the one that strategies are
    /// compared by first.
    pub test: Vec<Score>,
    /// Epochs.
    pub epochs: u32,
    /// Optimiser steps.
    pub steps: u32,
    /// Why the run ended.
    pub stopped: StopReason,
    /// The path of the model relative to the study's folder; empty if none was saved.
    pub model: String,
    /// The one of several devices that has trained it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

impl RunRecord {
    /// A run that never began, as a fine-tuning whose pre-training diverged, of a study with the
    /// squared error as its metric.
    pub fn untrained(key: RunKey, targets: usize) -> Self {
        Self {
            key,
            validation_loss: None,
            objective: None,
            test: vec![Score::absent(MSE, targets)],
            epochs: 0,
            steps: 0,
            stopped: StopReason::Diverged,
            model: String::new(),
            device: None,
        }
    }

    /// The run with these metrics, none of which is measured.
    pub fn with_metrics(self, metrics: &[&'static Metric]) -> Self {
        let targets = self.test[0].targets.len();
        let absent = |metric: &&'static Metric| Score::absent(metric, targets);
        Self { test: metrics.iter().map(absent).collect(), ..self }
    }

    /// The run of a search with this objective, which is not measured.
    pub fn with_objective(self, objective: Objective) -> Self {
        Self { objective: objective.metric().map(|metric| Score::absent(metric, 0)), ..self }
    }

    /// What its search looks for.
    pub fn searched(&self) -> Objective {
        self.objective.as_ref().map_or_else(Objective::default, |one| Objective::Metric(one.metric))
    }

    /// The value of what its search looks for.
    pub fn value(&self) -> Option<f64> {
        self.objective.as_ref().map_or(self.validation_loss, |one| one.total)
    }

    /// The metric that strategies are compared by.
    pub fn metric(&self) -> &'static Metric {
        self.test[0].metric
    }

    /// Sets the test scores from values of shape (metrics, targets). Fewer than all metrics are the
    /// first ones; the others stay as they are.
    ///
    /// # Panics
    /// If a metric lacks a target, or there are too many values.
    pub fn set_test(&mut self, values: &[f64]) {
        let targets = self.test[0].targets.len().max(1);
        let fits =
            values.len().is_multiple_of(targets) && values.len() / targets <= self.test.len();
        assert!(fits, "record: {} scores of {targets} targets", values.len());
        for (score, values) in self.test.iter_mut().zip(values.chunks_exact(targets)) {
            score.total = Some(values.iter().sum::<f64>() / targets as f64);
            score.targets = values.iter().copied().map(Some).collect();
        }
    }

    /// The primary metric over all targets.
    pub fn score(&self) -> Option<f64> {
        self.test[0].total
    }

    /// The primary metric of a target.
    pub fn target_score(&self, target: usize) -> Option<f64> {
        self.test[0].targets[target]
    }

    /// The mean of the runs of a trial: means of losses and scores, the longest run's epochs, all
    /// steps, the rest from the first run. A number that is absent in one run is absent.
    ///
    /// # Panics
    /// If there is no run.
    pub fn mean(runs: &[&RunRecord]) -> Self {
        let value = |of: &dyn Fn(&RunRecord) -> Option<f64>| mean(runs.iter().map(|run| of(run)));
        let score = |metric: usize| Score {
            metric: runs[0].test[metric].metric,
            total: value(&|run| run.test[metric].total),
            targets: (0..runs[0].test[metric].targets.len())
                .map(|target| value(&|run| run.test[metric].targets[target]))
                .collect(),
        };
        Self {
            validation_loss: value(&|run| run.validation_loss),
            objective: runs[0]
                .objective
                .as_ref()
                .map(|one| Score { total: value(&|run| run.value()), ..one.clone() }),
            test: (0..runs[0].test.len()).map(score).collect(),
            epochs: runs.iter().map(|run| run.epochs).max().unwrap_or(0),
            steps: runs.iter().map(|run| run.steps).sum(),
            ..runs[0].clone()
        }
    }
}

/// The mean, if all values are present and there is one.
pub fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.collect::<Option<_>>()?;
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
