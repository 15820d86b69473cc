//! The settings of a study, checked: nothing in a plan can be invalid. The data stand beside it in
//! [`crate::study::datasets`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::data::columns::Columns;
use crate::engine::activation::Activation;
use crate::engine::loss::{Loss, MSE};
use crate::engine::precision::Precision;
use crate::engine::run::Training;
use crate::study::architecture::Architecture;
use crate::study::config::search::SearchConfig;
use crate::study::metric::Metric;
use crate::study::objective::Objective;
use crate::study::part::PartOf;
use crate::study::search::proposer::Proposer;
use crate::study::search::pruner::Pruner;
use crate::study::search::space::{Space, Stage};
use crate::study::sizes::Sizes;
use crate::study::store::published::Published;
use crate::study::store::run::{Curve, GroupName, RunKey};
use crate::study::transfer::{PRETRAINING, Parts, Reads, Strategy};

/// The settings of a study.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Title.
    pub name: String,
    /// Which of several scenarios; its results have a folder of this name.
    pub scenario: Option<String>,
    /// Its place among the studies of the same file, from 0; absent if it is the only one.
    pub place: Option<usize>,
    /// The title of the studies of the same file that differ from it in the seed alone.
    pub series: Option<String>,
    /// Seed of everything random.
    pub seed: u64,
    /// Networks for each size and strategy; in a search, networks that score a trial.
    pub seeds: u32,
    /// Simulations of each fine-tuning, ascending.
    pub sizes: Vec<usize>,
    /// Fraction of each size to validate on.
    pub validation: f64,
    /// What networks are tested on.
    pub test: TestSet,
    /// Whether every network is saved.
    pub save_models: bool,
    /// Whether networks take the log10 of the inputs.
    pub log10: bool,
    /// What is done to each column of the inputs before that, if anything is.
    pub columns: Option<Columns>,
    /// What is done to the columns of the items before they are scaled.
    pub item_columns: Option<Columns>,
    /// The pre-training, if a strategy transfers.
    pub pretraining: Option<PretrainingPlan>,
    /// The strategies to compare.
    pub strategies: Vec<StrategyPlan>,
    /// The metrics, the one that strategies are compared by first.
    pub metrics: Vec<&'static Metric>,
    /// The architecture of the networks, and its sizes.
    pub network: NetworkPlan,
    /// Whether predicted deviations are scaled to be right on the validation rows.
    pub calibrates: bool,
    /// The trials of each group.
    pub trials: TrialsPlan,
    /// The part of the study that is trained here, if it is not all of it.
    pub share: Option<Share>,
}

/// The share of a part of a study.
#[derive(Clone, Debug)]
pub struct Share {
    /// Which part.
    pub of: PartOf,
    /// Its groups.
    pub groups: BTreeSet<GroupKey>,
}

/// What networks are tested on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TestSet {
    /// The same simulations for every size: how many.
    Shared(usize),
    /// A fraction of each size.
    Fraction(f64),
}

/// How networks are pre-trained.
#[derive(Clone, Debug)]
pub struct PretrainingPlan {
    /// Simulations, ascending; each number has its own networks.
    pub simulations: Vec<usize>,
    /// Fraction to validate on.
    pub validation: f64,
    /// Units of a last hidden layer that only pre-trained networks have.
    pub bottleneck: Option<usize>,
    /// Outputs that the loss ignores.
    pub dummies: usize,
    /// How they are trained.
    pub training: Training,
    /// Networks to start from instead: that of a seed is the next one, again and again.
    pub models: Vec<Published>,
}

/// One strategy and what differs in it.
#[derive(Clone, Debug)]
pub struct StrategyPlan {
    /// Which.
    pub strategy: Strategy,
    /// How its runs are trained.
    pub training: Training,
    /// Its dropout.
    pub dropout: f32,
    /// Factors of the learning rate and the weight decay of the pre-trained layers.
    pub parts: Parts,
    /// What a head reads.
    pub reads: Reads,
    /// Hidden widths of a head.
    pub head: Vec<usize>,
}

/// The architecture, hidden layers and activations of the networks of a study.
#[derive(Clone, Debug)]
pub struct NetworkPlan {
    /// The architecture.
    pub architecture: &'static Architecture,
    /// The sizes that it has besides the hidden layers.
    pub sizes: Sizes,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// Activation of the outputs.
    pub output: Activation,
    /// Dropout after each hidden layer.
    pub dropout: f32,
}

/// The trials of each group: a study without a search has a fixed setting and a trial for each
/// seed.
#[derive(Clone, Debug)]
pub struct TrialsPlan {
    /// Trials of a group.
    pub count: u32,
    /// Trials that are proposed, and train, together.
    pub generation: u32,
    /// Networks that score a trial.
    pub seeds: u32,
    /// What a search looks for.
    pub objective: Objective,
    /// Which settings are tried.
    pub proposer: Arc<dyn Proposer>,
    /// Which trials stop early.
    pub pruner: Arc<dyn Pruner>,
    /// The architecture of the networks, on which the space depends.
    pub architecture: &'static Architecture,
    /// The search of the study file, if there is one.
    pub search: Option<SearchConfig>,
}

impl Plan {
    /// The folder of its results in that of a study: with several scenarios, each has its own.
    pub fn folder(&self, study: &Path) -> PathBuf {
        self.scenario.as_ref().map_or_else(|| study.into(), |scenario| study.join(scenario))
    }

    /// Whether hyper-parameters are searched for.
    pub fn is_search(&self) -> bool {
        self.trials.search.is_some()
    }

    /// The loss of every run.
    pub fn loss(&self) -> &'static Loss {
        self.strategies.first().map_or(&MSE, |how| how.training.loss)
    }

    /// How numbers are stored, in every run of the study.
    pub fn precision(&self) -> Precision {
        (self.strategies.first()).map_or(Precision::default(), |how| how.training.precision)
    }

    /// The settings of a strategy.
    ///
    /// # Panics
    /// If the study does not compare it.
    pub fn strategy(&self, strategy: Strategy) -> &StrategyPlan {
        let mut all = self.strategies.iter();
        all.find(|plan| plan.strategy == strategy).expect("plan: a strategy of another study")
    }

    /// Simulations that networks are pre-trained on, ascending; empty if no strategy transfers.
    pub fn pretraining_sizes(&self) -> &[usize] {
        (self.pretraining.as_ref()).map_or(&[], |pretraining| &pretraining.simulations)
    }

    /// Networks to start from in place of a pre-training; empty if there is one, or none.
    pub fn models(&self) -> &[Published] {
        self.pretraining.as_ref().map_or(&[], |pretraining| &pretraining.models)
    }

    /// Whether networks are pre-trained on several numbers of simulations, so that runs must say on
    /// how many.
    pub fn has_pretraining_sizes(&self) -> bool {
        self.pretraining_sizes().len() > 1
    }

    /// The groups of trials, of a part its own: pre-trainings first, then by size, strategy and
    /// pre-training size.
    pub fn groups(&self) -> Vec<GroupKey> {
        let group =
            |strategy, simulations, pretrained| GroupKey { strategy, simulations, pretrained };
        let pretraining = self.pretraining_sizes().iter().filter(|_| self.models().is_empty());
        let mut groups: Vec<GroupKey> = pretraining.map(|size| group(None, *size, None)).collect();
        for size in &self.sizes {
            for strategy in self.strategies.iter().map(|plan| plan.strategy) {
                match strategy.transfers() {
                    false => groups.push(group(Some(strategy), *size, None)),
                    true => groups.extend(
                        (self.pretraining_sizes().iter())
                            .map(|pretrained| group(Some(strategy), *size, Some(*pretrained))),
                    ),
                }
            }
        }
        if let Some(share) = &self.share {
            groups.retain(|group| share.groups.contains(group));
        }
        groups
    }

    /// The name of a group in the journal; it says on how many simulations networks were
    /// pre-trained only where there are several such numbers.
    pub fn journal_name(&self, key: &GroupKey) -> String {
        let several = self.has_pretraining_sizes();
        let (name, simulations) = (key.name(), key.simulations);
        match key.pretrained {
            None if key.is_pretraining() && !several => name.into(),
            Some(pretrained) if several => {
                format!("{name}, {simulations} simulations, pre-trained on {pretrained}")
            }
            _ => format!("{name}, {simulations} simulations"),
        }
    }

    /// The name of a group; it has a pre-training size only where there are several.
    pub fn group_name(&self, group: &GroupKey) -> GroupName {
        let pretraining_simulations = group.pretrained.filter(|_| self.has_pretraining_sizes());
        let curve = Curve { strategy: group.name().to_owned(), pretraining_simulations };
        GroupName { curve, simulations: group.simulations }
    }

    /// The key of a run; it has a trial only in a search.
    pub fn run_key(&self, group: &GroupKey, trial: u32, seed: u32) -> RunKey {
        let GroupName { curve, simulations } = self.group_name(group);
        let trial = self.is_search().then_some(trial);
        RunKey { scenario: self.scenario.clone(), curve, simulations, trial, seed }
    }

    /// Runs of all kinds, if no trial stops early.
    pub fn planned_runs(&self) -> usize {
        self.groups().len() * self.trials.runs()
    }
}

impl TrialsPlan {
    /// Runs of a group, if no trial stops early.
    pub fn runs(&self) -> usize {
        self.count as usize * self.seeds as usize
    }

    /// The seeds of the networks of a trial.
    pub fn seeds_of(&self, trial: u32) -> std::ops::RangeInclusive<u32> {
        match self.search {
            Some(_) => 1..=self.seeds,
            None => trial + 1..=trial + 1,
        }
    }

    /// The epoch after `epoch` at which the pruner decides, or `epochs`, where training ends.
    pub fn next_rung(&self, epoch: u32, epochs: u32) -> u32 {
        if self.search.is_none() {
            return epochs;
        }
        let mut later = epoch + 1..epochs;
        later.find(|epoch| self.pruner.decides_after(*epoch)).unwrap_or(epochs)
    }

    /// The search space of a stage; without a search nothing varies.
    pub fn space(&self, stage: Stage) -> Space {
        match &self.search {
            Some(search) => {
                let space = search.space.space_of(self.architecture, stage);
                space.expect("plan: a space that was checked")
            }
            None => Space::new(vec![]),
        }
    }
}

/// The trials that compete: those of the pre-training, or of a strategy and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey {
    /// The strategy; none for the pre-training.
    pub strategy: Option<Strategy>,
    /// Simulations, those to validate on included.
    pub simulations: usize,
    /// Simulations of the pre-trained networks that its runs start from, if they do.
    pub pretrained: Option<usize>,
}

impl GroupKey {
    /// The name of its strategy, or [`PRETRAINING`].
    pub fn name(&self) -> &'static str {
        self.strategy.map_or(PRETRAINING, Strategy::name)
    }

    /// Whether its runs pre-train.
    pub fn is_pretraining(&self) -> bool {
        self.strategy.is_none()
    }
}
