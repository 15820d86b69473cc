//! The runs of a plan before anything is trained: how large each is, how long it may take, and whom it waits for.

use std::sync::Arc;

use crate::error::Result;
use crate::measure::Cost;
use crate::network::Network;
use crate::run::{InputScale, Run, Table, Training};
use crate::study::jobs::{self, How, Job};
use crate::study::plan::{Plan, Pretraining};
use crate::study::search::{Pruner, Tpe};
use crate::study::search_plan::{SearchPlan, of_setting};
use crate::transfer::Strategy;

/// Epochs at most, and as expected.
pub const MOST: usize = 0;
pub const EXPECTED: usize = 1;

/// Patiences that a network which trains whole is expected to take, and one of which a frozen part is given: about what early
/// stopping left of the studies in data/studies, where whole networks took 2 to 5 and heads 11 to 16.
const PATIENCES: u32 = 4;
const PATIENCES_OF_HEADS: u32 = 15;

/// A run as it is planned.
#[derive(Clone, Debug)]
pub struct Sketch {
    /// Index of its family: 0 for the pre-training, then the strategies.
    pub family: usize,
    /// Its network; of a search, one drawn at random.
    pub network: Arc<Network>,
    /// How it is trained; the epochs stand in `epochs`.
    pub training: Training,
    /// Index of its table.
    pub table: usize,
    /// Rows to train on and to validate on.
    pub rows: [usize; 2],
    /// Epochs: [`MOST`], [`EXPECTED`].
    pub epochs: [u32; 2],
    /// Which runs must all be over before others begin.
    pub group: usize,
    /// The group that it waits for.
    pub needs: Option<usize>,
}

impl Sketch {
    /// Training and validation steps of an epoch.
    pub fn steps(&self) -> [usize; 2] {
        self.rows.map(|rows| rows.div_ceil(self.training.batch))
    }

    /// Steps of all kinds in so many epochs.
    pub fn ticks(&self, which: usize) -> u64 {
        u64::from(self.epochs[which]) * self.steps().iter().sum::<usize>() as u64
    }

    /// What an epoch takes: training, and validation.
    pub fn epoch_costs(&self) -> [Cost; 2] {
        let [training, validation] = self.steps();
        let batch = self.training.batch;
        [
            Cost::training(&self.network, batch) * training as f64,
            Cost::validation(&self.network, batch) * validation as f64,
        ]
    }

    /// A run of this shape that has learnt nothing and learns next to nothing, on the first rows of its table, again and again
    /// if they are not enough.
    pub fn run(&self, id: usize, tables: &[Table], [training, validation]: [usize; 2]) -> Run {
        let table = &tables[self.table];
        let rows = |count: usize| (0..count).map(|row| (row % table.rows) as u32).collect();
        let (inputs, outputs) = (self.network.inputs(), self.network.outputs());
        Run {
            id,
            parameters: vec![0.0; self.network.parameter_len()],
            training: Training {
                learning_rate: 1e-6,
                ..self.training
            },
            seed: id as u32,
            table: self.table,
            training_rows: rows(training),
            validation_rows: rows(validation),
            scale: InputScale {
                mean: vec![0.0; inputs],
                inverse_deviation: vec![1.0; inputs],
            },
            loss_weights: (0..outputs)
                .map(|o| if o < table.targets { 1.0 } else { 0.0 })
                .collect(),
            network: Network::clone(&self.network),
        }
    }
}

/// Every run of a plan, in the order in which they are handed out.
///
/// # Errors
/// None of a plan that was checked.
pub fn sketches(plan: &Plan) -> Result<Vec<Sketch>> {
    match &plan.search {
        None => plain(plan),
        Some(search) => searched(plan, search),
    }
}

fn epochs(training: &Training, patiences: u32) -> [u32; 2] {
    let (most, patience) = (training.max_epochs, training.patience);
    let expected = match patience >= most {
        true => most,
        false => most.min(patience.saturating_mul(patiences)),
    };
    [most, expected]
}

fn pretraining_rows(pretraining: &Pretraining) -> Result<[usize; 2]> {
    let split = (pretraining.pool).subset(pretraining.simulations, pretraining.validation, 0)?;
    Ok([split.train.len(), split.validation.len()])
}

fn rows(plan: &Plan, size: usize) -> Result<[usize; 2]> {
    let split = plan.pool.subset(plan.sizes[size], plan.validation, 0)?;
    Ok([split.train.len(), split.validation.len()])
}

fn of_pretraining(plan: &Plan, pretraining: &Pretraining, how: &How) -> Result<Sketch> {
    Ok(Sketch {
        family: 0,
        network: Arc::new(jobs::base_shape(plan, pretraining, how)),
        training: how.training,
        table: 1,
        rows: pretraining_rows(pretraining)?,
        epochs: epochs(&how.training, PATIENCES),
        group: 0,
        needs: None,
    })
}

fn of_strategy(
    plan: &Plan,
    strategy: usize,
    size: usize,
    how: &How,
    base: Option<&Network>,
) -> Result<Sketch> {
    let typed = &plan.strategies[strategy];
    let patiences = match typed.strategy {
        Strategy::AttachHead => PATIENCES_OF_HEADS,
        _ => PATIENCES,
    };
    Ok(Sketch {
        family: 1 + strategy,
        network: Arc::new(jobs::shape(plan, typed, how, base)),
        training: how.training,
        table: 0,
        rows: rows(plan, size)?,
        epochs: epochs(&how.training, patiences),
        group: 0,
        needs: None,
    })
}

fn plain(plan: &Plan) -> Result<Vec<Sketch>> {
    let base = match &plan.pretraining {
        Some(pretraining) => {
            let how = How::of_pretraining(plan, pretraining);
            Some(of_pretraining(plan, pretraining, &how)?)
        }
        None => None,
    };
    let mut sketches = Vec::new();
    for (group, job) in jobs::jobs(plan).into_iter().enumerate() {
        let sketch = match job {
            Job::Pretrain { .. } => base.clone().expect("forecast: no pre-training"),
            Job::Finetune {
                strategy,
                size,
                seed,
            } => {
                let typed = &plan.strategies[strategy];
                let how = How::of_strategy(plan, typed);
                let network = base.as_ref().map(|base| &*base.network);
                Sketch {
                    // pre-trainings come first, by seed
                    needs: (typed.strategy.transfers()).then_some(seed as usize - 1),
                    ..of_strategy(plan, strategy, size, &how, network)?
                }
            }
        };
        sketches.push(Sketch { group, ..sketch });
    }
    Ok(sketches)
}

fn searched(plan: &Plan, search: &SearchPlan) -> Result<Vec<Sketch>> {
    let mut sketches: Vec<Sketch> = Vec::new();
    let mut base: Option<Arc<Network>> = None;
    let mut after = None;
    if let Some(pretraining) = &plan.pretraining {
        let how = How::of_pretraining(plan, pretraining);
        let make = |how: &How| of_pretraining(plan, pretraining, how);
        let trials = trials((plan, search), None, &how, search.fresh(), &make)?;
        // which one is the best nobody knows yet: the middle one by its arithmetic
        let mut networks: Vec<_> = trials.iter().map(|trial| trial.network.clone()).collect();
        networks.sort_by_key(|network| network.flops());
        base = Some(networks[networks.len() / 2].clone());
        after = generations(search, trials, None, &mut sketches);
    }
    let mut all = Vec::new();
    for size in 0..plan.sizes.len() {
        for (strategy, typed) in plan.strategies.iter().enumerate() {
            let how = How::of_strategy(plan, typed);
            let make = |how: &How| of_strategy(plan, strategy, size, how, base.as_deref());
            let hidden = base.as_ref().map_or(0, |base| base.layers().len() - 1);
            let space = match typed.strategy.gives_layers() {
                true => search.fine_tuning(hidden),
                false => search.fresh(),
            };
            let what = Some((typed.strategy, plan.sizes[size]));
            let trials = trials((plan, search), what, &how, space, &make)?;
            all.push((trials, typed.strategy.transfers()));
        }
    }
    // all searches of fine-tunings open when the pre-training is over
    for (trials, _) in all {
        generations(search, trials, after, &mut sketches);
    }
    Ok(sketches)
}

/// The runs of a search, its trials drawn at random.
fn trials(
    (plan, search): (&Plan, &SearchPlan),
    what: Option<(Strategy, usize)>,
    how: &How,
    space: crate::study::search::Space,
    make: &dyn Fn(&How) -> Result<Sketch>,
) -> Result<Vec<Sketch>> {
    let count = search.table.trials;
    let tpe = Tpe {
        startup: count as usize,
        ..search.tpe(what)
    };
    let drawn = tpe.generation(&space, &[], 0..count);
    let of_trial = |trial| {
        let sketch = make(&of_setting(plan, how, &space.setting(trial)))?;
        let number = drawn.iter().position(|other| std::ptr::eq(other, trial));
        let epochs = [
            sketch.epochs[MOST],
            pruned(search, number.unwrap_or(0), sketch.epochs[EXPECTED]),
        ];
        Ok(Sketch { epochs, ..sketch })
    };
    drawn.iter().map(of_trial).collect()
}

/// Epochs of a trial, if those that a pruner stops are drawn by lot: one in `factor` goes on from a rung of successive halving,
/// every second one from the first look at the median. The first generation, or those trials that start the median, all go on.
fn pruned(search: &SearchPlan, number: usize, epochs: u32) -> u32 {
    let place = number % search.table.generation as usize;
    match &search.pruner {
        Pruner::Off => epochs,
        Pruner::Median(median) if number < median.startup.max(1) || place.is_multiple_of(2) => {
            epochs
        }
        Pruner::Median(median) => epochs.min(median.warmup.max(1)),
        Pruner::Halving(_) if number < search.table.generation as usize => epochs,
        Pruner::Halving(halving) => {
            let mut share = halving.factor as usize;
            let mut rung = 0;
            while place.is_multiple_of(share) && halving.epochs(rung) < u64::from(epochs) {
                share = share.saturating_mul(halving.factor as usize);
                rung += 1;
            }
            epochs.min(u32::try_from(halving.epochs(rung)).unwrap_or(u32::MAX))
        }
    }
}

/// Adds the runs of a search, generation after generation; the group of the last one.
fn generations(
    search: &SearchPlan,
    trials: Vec<Sketch>,
    mut after: Option<usize>,
    sketches: &mut Vec<Sketch>,
) -> Option<usize> {
    let seeds = search.table.seeds as usize;
    let first = sketches.last().map_or(0, |last| last.group + 1);
    let generations = trials.chunks(search.table.generation as usize);
    for (group, generation) in (first..).zip(generations) {
        for trial in generation {
            // the other networks of a trial train only where the first one came through
            let through = trial.epochs[EXPECTED] == epochs_unpruned(trial);
            for seed in 0..seeds {
                let mut sketch = Sketch {
                    group,
                    needs: after,
                    ..trial.clone()
                };
                if seed > 0 && !through {
                    sketch.epochs[EXPECTED] = 0;
                }
                sketches.push(sketch);
            }
        }
        after = Some(group);
    }
    after
}

fn epochs_unpruned(sketch: &Sketch) -> u32 {
    let patiences = match sketch.network.first_trained() {
        0 => PATIENCES,
        _ => PATIENCES_OF_HEADS,
    };
    epochs(&sketch.training, patiences)[EXPECTED]
}
