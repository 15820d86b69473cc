//! The runs of a study before anything is trained: how large each is, how long it may take, and
//! which runs it waits for.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::data::split::Split;
use crate::engine::graph::Graph;
use crate::engine::measure::cost::Cost;
use crate::engine::optim::update_scale::UpdateScale;
use crate::engine::random::Stream;
use crate::engine::random::key;
use crate::engine::random::pcg4d;
use crate::engine::random::unit;
use crate::engine::run::Run;
use crate::engine::run::Training;
use crate::engine::scale::InputScale;
use crate::engine::sets::{all_rows, most_rows};
use crate::engine::shape::BatchRows;
use crate::engine::table::Table;
use crate::error::Result;
use crate::study::datasets::{FINE_TUNING_TABLE, PRETRAINING_TABLE, Study};
use crate::study::hyperparameters::Hyperparameters;
use crate::study::plan::{GroupKey, TrialsPlan};
use crate::study::search::proposer::generation;
use crate::study::search::proposers::random::Random;
use crate::study::search::space::Stage;
use crate::study::search::trial::{State, Trial};
use crate::study::transfer::Strategy;

/// Patiences after which early stopping is expected to end a network that trains whole, and one on
/// a frozen base: about as in the studies in data/studies, where whole networks took 2 to 5 and
/// heads 11 to 16.
pub const PATIENCES: u32 = 4;
/// The same for a network on a frozen base.
pub const PATIENCES_OF_HEADS: u32 = 15;

/// A value at most, and as expected.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds<T> {
    /// If every run takes all its epochs.
    pub most: T,
    /// As expected.
    pub expected: T,
}

impl<T> Bounds<T> {
    /// A function of both values.
    pub fn map<U>(&self, of: impl Fn(&T) -> U) -> Bounds<U> {
        Bounds { most: of(&self.most), expected: of(&self.expected) }
    }
}

/// A run as it is planned.
#[derive(Clone, Debug)]
pub struct PlannedRun {
    /// Its group.
    pub group: GroupKey,
    /// Its network; of a search, one drawn at random.
    pub network: Arc<Graph>,
    /// How it is trained; the epochs are in `epochs`.
    pub training: Training,
    /// Rows to train on and to validate on.
    pub rows: [usize; 2],
    /// Which rows these are, of sets, whose memory depends on their items.
    pub split: Option<Arc<Split>>,
    /// The most rows of a batch.
    pub most: BatchRows,
    /// The mean number of items and of edges of an example.
    pub mean: [f64; 2],
    /// Epochs.
    pub epochs: Bounds<u32>,
    /// Which runs must all be finished before others begin.
    pub set: usize,
    /// The set that it waits for.
    pub after: Option<usize>,
}

impl PlannedRun {
    /// Training and validation steps of an epoch.
    pub fn steps_per_epoch(&self) -> [usize; 2] {
        self.rows.map(|rows| rows.div_ceil(self.training.batch))
    }

    /// Floating-point operations of an epoch, where a device computes `computed` of the rows that
    /// are present in a batch.
    pub fn flops_per_epoch(&self, computed: fn(usize, usize) -> usize) -> f64 {
        let (batch, precision) = (self.training.batch, self.training.precision);
        let of_kinds = |examples: usize| BatchRows {
            examples,
            items: (self.mean[0] * examples as f64).round() as usize,
            edges: (self.mean[1] * examples as f64).round() as usize,
        };
        let epoch = |rows: usize, step: &dyn Fn(usize) -> Cost| {
            let last = match rows % batch {
                0 => 0.0,
                present => step(computed(present, batch)).flops,
            };
            step(batch).flops * (rows / batch) as f64 + last
        };
        let [training, validation] = self.rows;
        epoch(training, &|rows| Cost::training(&self.network, of_kinds(rows), precision, true))
            + epoch(validation, &|rows| Cost::validation(&self.network, of_kinds(rows), precision))
    }

    /// A run of this shape with zero parameters, on its own rows or the first ones of its table,
    /// again and again if they are not enough.
    pub fn run(&self, id: usize, tables: &[Table], [training, validation]: [usize; 2]) -> Run {
        let table = match self.group.is_pretraining() {
            true => PRETRAINING_TABLE,
            false => FINE_TUNING_TABLE,
        };
        let of = &tables[table];
        let first: Vec<u32> = (0..of.rows as u32).collect();
        let [own, own_validation] = match &self.split {
            Some(split) => [&split.train, &split.validation],
            None => [&first, &first],
        };
        let rows = |from: &[u32], count: usize| {
            from.iter().cycle().take(count).copied().collect::<Vec<u32>>()
        };
        let outputs = self.network.outputs();
        Run {
            id,
            parameters: vec![0.0; self.network.parameter_len()],
            training: Training { learning_rate: 1e-6, balance_classes: false, ..self.training },
            seed: id as u32,
            table,
            training_rows: rows(own, training),
            validation_rows: rows(own_validation, validation),
            scale: InputScale::none(of.inputs),
            item_scale: InputScale::none(of.sets.as_ref().map_or(0, |sets| sets.columns)),
            loss_weights: (0..outputs).map(|o| if o < of.targets { 1.0 } else { 0.0 }).collect(),
            updates: UpdateScale::all(&self.network),
            graph: Graph::clone(&self.network),
        }
    }
}

/// Every run of a study, in the order of the groups.
///
/// # Errors
/// None of a study that was checked.
pub fn planned_runs(study: &Study) -> Result<Vec<PlannedRun>> {
    let tables = study.data.tables();
    let mut planned = Planned {
        study,
        tables,
        runs: vec![],
        sets: 0,
        bases: published(study),
        splits: RefCell::default(),
    };
    for group in study.plan.groups() {
        planned.add(group)?;
    }
    Ok(planned.runs)
}

/// Pre-trained networks of a number of simulations.
struct Base {
    /// One of them; of a search, the one in the middle by its arithmetic.
    network: Arc<Graph>,
    /// The sets of their runs: one for each seed, of a search one for each generation.
    sets: Range<usize>,
}

struct Planned<'a> {
    study: &'a Study,
    runs: Vec<PlannedRun>,
    /// Sets of runs so far.
    sets: usize,
    /// By simulations.
    bases: HashMap<usize, Base>,
    tables: Arc<[Table]>,
    /// The rows of sets, by group kind, simulations and seed.
    splits: RefCell<HashMap<(bool, usize, u32), Arc<Split>>>,
}

/// The networks of `pretraining.models`, which no run waits for.
fn published(study: &Study) -> HashMap<usize, Base> {
    let sizes = study.plan.pretraining_sizes().iter().filter(|_| !study.plan.models().is_empty());
    let base = |size: &usize| {
        let network = Hyperparameters::of_plan(&study.plan, None).base_network(study);
        (*size, Base { network: Arc::new(network), sets: 0..0 })
    };
    sizes.map(base).collect()
}

impl Planned<'_> {
    /// Adds the runs of a group.
    fn add(&mut self, group: GroupKey) -> Result<()> {
        let (plan, trials) = (&self.study.plan, &self.study.plan.trials);
        let base = group.pretrained.map(|simulations| &self.bases[&simulations]);
        let stage = match (group.strategy, base) {
            (Some(strategy), Some(base)) if strategy.gives_layers() => {
                let hidden = base.network.nodes().len() - 1;
                Stage::FineTuning { layers: if strategy.trains_body() { hidden } else { 0 } }
            }
            _ => Stage::Fresh,
        };
        let (space, mut first_set) = (trials.space(stage), self.sets);
        let own = Hyperparameters::of_plan(plan, group.strategy);
        let (mut runs, mut drawn) = (vec![], generation(&Random, 1, &space, &[], 0..trials.count));
        for number in 0..trials.count {
            if number % trials.generation == 0 {
                first_set = self.sets;
            }
            if !plan.is_search() || number % trials.generation == 0 {
                self.sets += 1;
            }
            let (before, now) = drawn.split_at_mut((number - number % trials.generation) as usize);
            let trial = &mut now[number as usize - before.len()];
            let own = match plan.is_search() {
                true => own.with_setting(&space.setting(trial)),
                false => own.clone(),
            };
            let run = self.run(group, &own, base.map(|base| &*base.network))?;
            let expected = expected_epochs(trial, before, trials, run.epochs.expected);
            for seed in trials.seeds_of(number) {
                let first = seed == *trials.seeds_of(number).start();
                let after = match base {
                    _ if number >= trials.generation => Some(first_set - 1),
                    Some(base) if base.sets.is_empty() => None,
                    Some(base) if plan.is_search() => Some(base.sets.end - 1),
                    Some(base) => Some(base.sets.start + seed as usize - 1),
                    None => None,
                };
                // the other networks of a trial train only where the pruner lets the first one
                let skipped = !first && expected < run.epochs.expected;
                let expected = if skipped { 0 } else { expected };
                let epochs = Bounds { expected, ..run.epochs };
                let run = self.of_seed(&run, seed)?;
                runs.push(PlannedRun { epochs, set: self.sets - 1, after, ..run });
            }
        }
        if group.is_pretraining() {
            let mut networks: Vec<Arc<Graph>> =
                runs.iter().map(|run: &PlannedRun| run.network.clone()).collect();
            networks.sort_by_key(|network| network.flops(runs[0].most));
            let network = networks[networks.len() / 2].clone();
            let sets = runs[0].set..self.sets;
            self.bases.insert(group.simulations, Base { network, sets });
        }
        self.runs.extend(runs);
        Ok(())
    }

    /// A run of a group; its set and what it waits for are still to be set.
    fn run(
        &self,
        group: GroupKey,
        own: &Hyperparameters,
        base: Option<&Graph>,
    ) -> Result<PlannedRun> {
        let (network, split) = match (group.strategy, &self.study.plan.pretraining) {
            (None, Some(settings)) => {
                let pool = &self.study.pretraining_data().pool;
                let split = pool.subset(group.simulations, settings.validation, 0)?;
                (own.base_network(self.study), split)
            }
            (strategy, _) => {
                let strategy = strategy.expect("planned: a pre-training without settings");
                let (split, _) = self.study.rows(group.simulations, 1)?;
                (own.strategy_network(self.study, strategy, base), split)
            }
        };
        let patiences = match group.strategy {
            Some(Strategy::AttachHead | Strategy::Frozen) => PATIENCES_OF_HEADS,
            _ => PATIENCES,
        };
        let (most, patience) = (own.training.max_epochs, own.training.patience);
        let most = if group.strategy.is_none_or(Strategy::trains) { most } else { 0 };
        let expected = match patience >= most {
            true => most,
            false => most.min(patience.saturating_mul(patiences)),
        };
        Ok(PlannedRun {
            group,
            network: Arc::new(network),
            training: own.training,
            rows: [split.train.len(), split.validation.len()],
            split: None,
            most: own.training.batch.into(),
            mean: [0.0; 2],
            epochs: Bounds { most, expected },
            set: 0,
            after: None,
        })
    }
}

impl Planned<'_> {
    /// A run with the rows of a seed, if it reads sets.
    fn of_seed(&self, run: &PlannedRun, seed: u32) -> Result<PlannedRun> {
        if !run.network.has_items() {
            return Ok(run.clone());
        }
        let (group, is_pretraining) = (run.group, run.group.is_pretraining());
        let known = self.splits.borrow().get(&(is_pretraining, group.simulations, seed)).cloned();
        let split = match known {
            Some(split) => split,
            None => {
                let split = match (&self.study.plan.pretraining, is_pretraining) {
                    (Some(settings), true) => {
                        let subset = key(self.study.plan.seed, Stream::PretrainingRows, seed);
                        let pool = &self.study.pretraining_data().pool;
                        pool.subset(group.simulations, settings.validation, subset)?
                    }
                    _ => self.study.rows(group.simulations, seed)?.0,
                };
                let split = Arc::new(split);
                let mut all = self.splits.borrow_mut();
                all.insert((is_pretraining, group.simulations, seed), split.clone());
                split
            }
        };
        let table = if is_pretraining { PRETRAINING_TABLE } else { FINE_TUNING_TABLE };
        let sets = self.tables[table].sets.as_ref();
        let lists = [&split.train[..], &split.validation];
        let most = most_rows(&run.network, run.training.batch, sets, lists);
        let all = all_rows(&run.network, sets, lists);
        let mean = [all.items, all.edges].map(|rows| rows as f64 / all.examples as f64);
        Ok(PlannedRun { split: Some(split), most, mean, ..run.clone() })
    }
}

/// Epochs of a trial until the pruner stops it, if its loss is drawn at random and stays the same;
/// `before` are the trials of earlier generations.
fn expected_epochs(trial: &mut Trial, before: &[Trial], plan: &TrialsPlan, expected: u32) -> u32 {
    let loss = unit(pcg4d([trial.number, 0, 0, 0])[0]);
    let mut epoch = 0;
    loop {
        epoch = plan.next_rung(epoch, expected);
        trial.losses.insert(epoch, loss);
        if epoch >= expected {
            *trial = trial.clone().complete(loss);
            return expected;
        }
        if plan.pruner.stops(trial, before) {
            trial.state = State::Pruned;
            return epoch;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::measure::workload::Workload;
    use crate::engine::memory::computed_rows;

    #[test]
    fn the_last_batch_of_an_epoch_takes_the_rows_that_are_computed_of_it() {
        let workload = Workload::alike(1, 16);
        let training = workload.training();
        let network = Arc::new(workload.networks[0].clone());
        let batch = training.batch;
        let flops = |rows, computed| {
            let group = GroupKey { strategy: None, simulations: 0, pretrained: None };
            let epochs = Bounds { most: 1, expected: 1 };
            let (network, set, after) = (network.clone(), 0, None);
            let (split, most, mean) = (None, training.batch.into(), [0.0; 2]);
            let run = PlannedRun {
                group,
                network,
                training,
                rows,
                split,
                most,
                mean,
                epochs,
                set,
                after,
            };
            run.flops_per_epoch(computed)
        };
        let step = |rows| Cost::training(&network, rows, training.precision, true).flops;
        let validation = |rows| Cost::validation(&network, rows, training.precision).flops;
        let of_cpu = 2.0 * step(batch) + step(8) + validation(16);
        assert_eq!(flops([2 * batch + 1, 9], computed_rows), of_cpu);
        let of_gpu = 2.0 * step(batch) + step(batch) + validation(batch);
        assert_eq!(flops([2 * batch + 1, 9], |_, batch| batch), of_gpu);
        assert_eq!(flops([2 * batch, 16], computed_rows), 2.0 * step(batch) + validation(16));
    }
}
