//! The runs of a plan before anything is trained: how large each is, how long it may take, and whom
//! it waits for.

use std::sync::Arc;

use crate::engine::graph::Graph;
use crate::engine::measure::cost::Cost;
use crate::engine::run::InputScale;
use crate::engine::run::Run;
use crate::engine::run::Training;
use crate::engine::table::Table;
use crate::error::Result;
use crate::study::jobs;
use crate::study::jobs::{How, Job};
use crate::study::plan::{Plan, Pretraining};
use crate::study::transfer::Strategy;

/// Epochs at most, and as expected.
pub const MOST: usize = 0;
pub const EXPECTED: usize = 1;

/// Patiences that a network which trains whole is expected to take, and one of which a frozen part
/// is given: about what early stopping left of the studies in data/studies, where whole networks
/// took 2 to 5 and heads 11 to 16.
const PATIENCES: u32 = 4;
const PATIENCES_OF_HEADS: u32 = 15;

/// A run as it is planned.
#[derive(Clone, Debug)]
pub struct Sketch {
    /// Index of its family: 0 for the pre-training, then the strategies.
    pub family: usize,
    /// Its network; of a search, one drawn at random.
    pub network: Arc<Graph>,
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

/// How a device plays steps, as far as it tells what they take.
#[derive(Clone, Copy)]
pub struct Played<'a> {
    /// Whether a run uses the fused update.
    pub fuses_update: &'a dyn Fn(&Training) -> bool,
    /// The rows that are computed of a batch where so many are present.
    pub computed_rows: fn(usize, usize) -> usize,
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

    /// What an epoch takes, training and validation.
    pub fn epoch_costs(&self, played: Played) -> [Cost; 2] {
        let (batch, precision) = (self.training.batch, self.training.precision);
        let fuses_update = (played.fuses_update)(&self.training);
        let epoch = |rows: usize, step: &dyn Fn(usize) -> Cost| {
            let last = match rows % batch {
                0 => Cost::default(),
                present => step((played.computed_rows)(present, batch)),
            };
            step(batch) * (rows / batch) as f64 + last
        };
        [
            epoch(self.rows[0], &|rows| {
                Cost::training(&self.network, rows, precision, fuses_update)
            }),
            epoch(self.rows[1], &|rows| Cost::validation(&self.network, rows, precision)),
        ]
    }

    /// A run of this shape that has learnt nothing and fuses_update next to nothing, on the first
    /// rows of its table, again and again if they are not enough.
    pub fn run(&self, id: usize, tables: &[Table], [training, validation]: [usize; 2]) -> Run {
        let table = &tables[self.table];
        let rows = |count: usize| (0..count).map(|row| (row % table.rows) as u32).collect();
        let (inputs, outputs) = (self.network.inputs(), self.network.outputs());
        Run {
            id,
            parameters: vec![0.0; self.network.parameter_len()],
            training: Training { learning_rate: 1e-6, ..self.training },
            seed: id as u32,
            table: self.table,
            training_rows: rows(training),
            validation_rows: rows(validation),
            scale: InputScale { mean: vec![0.0; inputs], inverse_deviation: vec![1.0; inputs] },
            loss_weights: (0..outputs).map(|o| if o < table.targets { 1.0 } else { 0.0 }).collect(),
            graph: Graph::clone(&self.network),
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
        Some(search) => crate::study::estimate::drawn::searched(plan, search),
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

fn pretraining_rows(pretraining: &Pretraining, simulations: usize) -> Result<[usize; 2]> {
    let split = (pretraining.pool).subset(simulations, pretraining.validation, 0)?;
    Ok([split.train.len(), split.validation.len()])
}

fn rows(plan: &Plan, size: usize) -> Result<[usize; 2]> {
    let (split, _) = plan.rows(plan.sizes[size], 0)?;
    Ok([split.train.len(), split.validation.len()])
}

/// A pre-training on so many simulations; its group is still to be said.
pub fn of_pretraining(
    plan: &Plan,
    pretraining: &Pretraining,
    simulations: usize,
    how: &How,
) -> Result<Sketch> {
    Ok(Sketch {
        family: 0,
        network: Arc::new(how.base(plan, pretraining)),
        training: how.training,
        table: 1,
        rows: pretraining_rows(pretraining, simulations)?,
        epochs: epochs(&how.training, PATIENCES),
        group: 0,
        needs: None,
    })
}

/// A fine-tuning; its group is still to be said.
pub fn of_strategy(
    plan: &Plan,
    strategy: usize,
    size: usize,
    how: &How,
    base: Option<&Graph>,
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
    let bases = match &plan.pretraining {
        Some(pretraining) => {
            let how = How::of_pretraining(plan, pretraining);
            let base = |simulations: &usize| of_pretraining(plan, pretraining, *simulations, &how);
            plan.pretraining_sizes().iter().map(base).collect::<Result<Vec<_>>>()?
        }
        None => vec![],
    };
    let number = |simulations: usize| {
        let mut sizes = plan.pretraining_sizes().iter();
        sizes.position(|size| *size == simulations).expect("forecast: no pre-training")
    };
    let mut sketches = Vec::new();
    for (group, job) in jobs::jobs(plan).into_iter().enumerate() {
        let sketch = match job {
            Job::Pretrain { simulations, .. } => bases[number(simulations)].clone(),
            Job::Finetune { strategy, size, pretrained, seed } => {
                let typed = &plan.strategies[strategy];
                let how = How::of_strategy(plan, typed);
                let network = bases.first().map(|base| &*base.network);
                // pre-trainings come first, by size and seed
                let needed = || number(pretrained) * plan.seeds as usize + seed as usize - 1;
                Sketch {
                    needs: typed.strategy.transfers().then(needed),
                    ..of_strategy(plan, strategy, size, &how, network)?
                }
            }
        };
        sketches.push(Sketch { group, ..sketch });
    }
    Ok(sketches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::measure::workload::Workload;
    use crate::engine::memory::computed_rows;
    use crate::study::estimate::whole_batches;

    #[test]
    fn the_last_batch_of_an_epoch_takes_the_rows_that_are_computed_of_it() {
        let workload = Workload::alike(1, 16);
        let training = workload.training();
        let network = Arc::new(workload.networks[0].clone());
        let of = |rows: [usize; 2], computed_rows| {
            let sketch = Sketch {
                family: 0,
                network: network.clone(),
                training,
                table: 0,
                rows,
                epochs: [1, 1],
                group: 0,
                needs: None,
            };
            let fuses_update = &|_: &Training| true;
            sketch.epoch_costs(Played { fuses_update, computed_rows })
        };
        let step = |rows| Cost::training(&network, rows, training.precision, true);
        let validation = |rows| Cost::validation(&network, rows, training.precision);
        let batch = training.batch;
        let [trained, validated] = of([2 * batch + 1, 9], computed_rows);
        assert_eq!(trained, step(batch) * 2.0 + step(8));
        assert_eq!(validated, validation(16));
        let [trained, validated] = of([2 * batch + 1, 9], whole_batches);
        assert_eq!(trained, step(batch) * 2.0 + step(batch));
        assert_eq!(validated, validation(batch));
        let [trained, _] = of([2 * batch, 9], computed_rows);
        assert_eq!(trained, step(batch) * 2.0);
    }
}
