//! One search: the trials of the pre-training, or of a strategy and size, generation by generation.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use crate::data::scaling::Scaling;
use crate::error::Result;
use crate::input_error;
use crate::study::config::search_plan::SearchPlan;
use crate::study::jobs::Pretrained;
use crate::study::metric::PRIMARY;
use crate::study::search::space::{Setting, Space};
use crate::study::search::tpe::Tpe;
use crate::study::search::trial::{State, Trial};
use crate::study::store::journal::Journal;
use crate::study::store::journal::event::Event;
use crate::study::store::run::{RunRecord, mean};
use crate::study::transfer::Start;

/// What is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The pre-training.
    Pretraining,
    /// A fine-tuning.
    Finetuning {
        /// Index into the plan's strategies.
        strategy: usize,
        /// Index into the plan's sizes.
        size: usize,
    },
}

/// The attribute of a trial with the rows of its runs.
const ROWS: &str = "runs";

/// A network of a trial that is over.
#[derive(Clone)]
pub struct Trained {
    /// Which seed of the trial.
    pub seed: u32,
    /// The network and its best parameters.
    pub start: Start,
    /// How its inputs and targets are scaled.
    pub scaling: Scaling,
}

/// A run of a trial that is over.
pub struct Over {
    /// What came out.
    pub row: RunRecord,
    /// Its network, unless it diverged or was stopped early.
    pub trained: Option<Trained>,
}

/// One search and its trials.
pub struct Search {
    /// What is searched for.
    pub stage: Stage,
    /// What its trials may be.
    pub space: Space,
    tpe: Tpe,
    /// The name of its strategy and its simulations, for rows and files.
    pub strategy: &'static str,
    /// Simulations.
    pub simulations: usize,
    /// Index in the journal.
    index: usize,
    /// All trials that were proposed.
    pub trials: Vec<Trial>,
    /// Their identifiers in the journal.
    ids: Vec<usize>,
    /// The first trial of the generation that trains; only those before it are shown to pruners.
    generation: usize,
    /// Trials of the generation that are not proposed yet.
    unproposed: Range<u32>,
    /// Runs that can start: trial and seed.
    pub queue: VecDeque<(u32, u32)>,
    /// Runs that are over, of trials that are not.
    pub over: BTreeMap<u32, Vec<Over>>,
    /// Trials that are stopped early.
    pub pruned: Vec<u32>,
    /// Rows of the trials that are over.
    pub rows: Vec<RunRecord>,
    /// Value and number of the best trial so far.
    pub best: Option<(f64, u32)>,
    /// Networks of the best trial so far, by seed; after an interruption only those that were read
    /// again.
    pub networks: Vec<Trained>,
    /// Whether every trial is over.
    pub finished: bool,
}

impl Search {
    /// Begins a search, or takes up what the journal has of it.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if the journal's trials are not of this space.
    pub fn open(
        journal: &mut Journal,
        (stage, strategy, simulations): (Stage, &'static str, usize),
        space: Space,
        tpe: Tpe,
    ) -> Result<Self> {
        let name = match stage {
            Stage::Pretraining => strategy.to_owned(),
            Stage::Finetuning { .. } => format!("{strategy}, {simulations} simulations"),
        };
        let index = journal.search(&name);
        let record = &journal.records().searches()[index];
        let mut search = Self {
            stage,
            strategy,
            simulations,
            index,
            trials: record.trials(&space)?,
            ids: record.trials.iter().map(|trial| trial.id).collect(),
            space,
            tpe,
            generation: 0,
            unproposed: 0..0,
            queue: VecDeque::new(),
            over: BTreeMap::new(),
            pruned: vec![],
            rows: vec![],
            best: None,
            networks: vec![],
            finished: false,
        };
        for (trial, record) in search.trials.iter_mut().zip(&record.trials) {
            if trial.state == State::Running {
                // its runs begin again, and come to the same losses
                trial.losses.clear();
                continue;
            }
            let rows = record.attributes.get(ROWS).cloned().unwrap_or(Value::Null);
            let rows: Vec<RunRecord> = serde_json::from_value(rows).map_err(|error| {
                input_error!(
                    "the journal's trial {} of '{name}' is over but has no rows ({error}); choose another folder with -o",
                    trial.number
                )
            })?;
            search.rows.extend(rows);
        }
        for number in 0..search.trials.len() {
            search.compare(number);
        }
        Ok(search)
    }

    /// Begins the next generation, if all trials so far are over, and queues what is not over of
    /// one that was begun before.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if the journal has other trials.
    pub fn advance(&mut self, plan: &SearchPlan) -> Result<()> {
        let (all, size) = (plan.table.trials as usize, plan.table.generation as usize);
        let running = |trial: &Trial| trial.state == State::Running;
        let open = self.trials.iter().position(running).unwrap_or(self.trials.len());
        if open >= all {
            self.finished = true;
            return Ok(());
        }
        self.generation = open / size * size;
        let end = (self.generation + size).min(all);
        let before = &self.trials[..self.generation];
        let there = &self.trials[self.generation..];
        let begun = self.generation as u32..self.trials.len() as u32;
        self.unproposed = begun.end..end as u32;
        let proposed = self.tpe.generation(&self.space, before, begun);
        let differs = |(there, proposed): (&Trial, &Trial)| there.parameters != proposed.parameters;
        if let Some(place) = there.iter().zip(&proposed).position(differs) {
            return Err(input_error!(
                "the journal's trial {} of {} with {} simulations is not the one that this study proposes; it was written by \
                 another version of shoal. Choose another folder with -o",
                self.generation + place,
                self.strategy,
                self.simulations
            ));
        }
        for trial in self.trials[self.generation..].iter().filter(|trial| running(trial)) {
            self.queue.extend(first_seeds(plan).map(|seed| (trial.number, seed)));
        }
        Ok(())
    }

    /// A run that can start: trial and seed. A trial is proposed when its run can start: proposing
    /// all of a generation at one time would hold up those that train. Each knows the trials of
    /// earlier generations, and that those of its own run.
    pub fn next_run(&mut self, journal: &mut Journal, plan: &SearchPlan) -> Option<(u32, u32)> {
        if self.queue.is_empty()
            && let Some(number) = self.unproposed.next()
        {
            let running = |trial: &Trial| Trial::running(trial.number, trial.parameters.clone());
            let (before, now) = self.trials.split_at(self.generation);
            let mut others = before.to_vec();
            others.extend(now.iter().map(running));
            let parameters = self.tpe.propose(&self.space, &others, number);
            let trial = Trial::running(number, parameters);
            let proposed = std::slice::from_ref(&trial);
            self.ids.extend(journal.begin(self.index, &self.space, proposed));
            self.trials.push(trial);
            self.queue.extend(first_seeds(plan).map(|seed| (number, seed)));
        }
        self.queue.pop_front()
    }

    /// Its place in tables: the pre-training, then sizes, then strategies.
    pub fn place(&self) -> Option<(usize, usize)> {
        match self.stage {
            Stage::Pretraining => None,
            Stage::Finetuning { strategy, size } => Some((size, strategy)),
        }
    }

    /// The hyper-parameters of a trial.
    pub fn setting(&self, trial: u32) -> Setting {
        self.space.setting(&self.trials[trial as usize])
    }

    /// Books a loss at a rung; whether the trial goes on, from it and from the trials of earlier
    /// generations alone.
    pub fn rung(&mut self, number: u32, epoch: u32, loss: f64, plan: &SearchPlan) -> bool {
        let (before, now) = self.trials.split_at_mut(self.generation);
        let trial = &mut now[number as usize - before.len()];
        trial.losses.insert(epoch, loss);
        let stops = plan.pruner.stops(trial, before);
        if stops {
            self.pruned.push(number);
        }
        !stops
    }

    /// Takes a run that is over. The trial's number, if all of it is; then its networks may be the
    /// best so far.
    pub fn take(&mut self, number: u32, over: Over, plan: &SearchPlan) -> bool {
        let first = over.row.key.seed == 1;
        let fails = over.trained.is_none();
        self.over.entry(number).or_default().push(over);
        let so_far = self.over[&number].len() as u32;
        if first && *first_seeds(plan).end() == 1 {
            if fails {
                return true;
            }
            self.queue.extend((2..=plan.table.seeds).map(|seed| (number, seed)));
        }
        so_far == plan.table.seeds
    }

    /// Ends a trial whose runs are over: the events that tell of it, and whether it is the best so
    /// far.
    pub fn end(&mut self, number: u32) -> (Vec<Event>, bool) {
        let mut over = self.over.remove(&number).expect("search: a trial without runs");
        over.sort_by_key(|over| over.row.key.seed);
        let place = number as usize;
        let pruned = self.pruned.contains(&number);
        let losses = over.iter().map(|over| over.row.validation_loss.unwrap_or(f64::NAN));
        let value = losses.sum::<f64>() / over.len() as f64;
        let trial = self.trials[place].clone();
        self.trials[place] = match pruned {
            true => Trial { state: State::Pruned, ..trial },
            false => trial.complete(value),
        };
        let (trial, id) = (&self.trials[place], self.ids[place]);
        let rows: Vec<&RunRecord> = over.iter().map(|over| &over.row).collect();
        let attribute =
            |key: &str, value: Value| Event::TrialAttribute { trial: id, key: key.into(), value };
        let losses = trial.losses.iter().map(|(epoch, loss)| Event::Loss {
            trial: id,
            epoch: *epoch,
            loss: *loss,
        });
        let mut events: Vec<Event> = losses.collect();
        events.push(attribute(ROWS, serde_json::json!(rows)));
        if let Some(test) = mean(rows.iter().map(|row| row.score())) {
            events.push(attribute(&PRIMARY.column(), test.into()));
        }
        events.push(Event::end(id, trial));
        let best = self.compare(place);
        if best {
            self.networks = over.iter().filter_map(|over| over.trained.clone()).collect();
        }
        self.rows.extend(over.into_iter().map(|over| over.row));
        (events, best)
    }

    /// Whether a trial is the best so far; of equal ones it is the first.
    fn compare(&mut self, place: usize) -> bool {
        let trial = &self.trials[place];
        let Some(value) = trial.value.filter(|_| trial.state == State::Complete) else {
            return false;
        };
        let better = self.best.is_none_or(|best| (value, trial.number) < best);
        if better {
            self.best = Some((value, trial.number));
        }
        better
    }

    /// Whether every trial of the generation is over.
    pub fn waits_for_nothing(&self) -> bool {
        let over = |trial: &Trial| trial.state != State::Running;
        self.unproposed.is_empty() && self.trials[self.generation..].iter().all(over)
    }

    /// The best complete trials, the best one first.
    pub fn ranked(&self) -> Vec<u32> {
        let mut ranked: Vec<(f64, u32)> =
            (self.trials.iter()).filter_map(|trial| Some((trial.value?, trial.number))).collect();
        ranked.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        ranked.into_iter().map(|(_, number)| number).collect()
    }

    /// The rows of a trial, by seed.
    pub fn rows_of(&self, number: u32) -> Vec<&RunRecord> {
        let mut rows: Vec<&RunRecord> =
            self.rows.iter().filter(|row| row.key.trial == Some(number)).collect();
        rows.sort_by_key(|row| row.key.seed);
        rows
    }

    /// The networks of the best trial, to fine-tune.
    pub fn pretrained(&self) -> Vec<Arc<Pretrained>> {
        let mut networks: Vec<&Trained> = self.networks.iter().collect();
        networks.sort_by_key(|trained| trained.seed);
        let pretrained = |trained: &Trained| Pretrained {
            start: trained.start.clone(),
            scaling: trained.scaling.clone(),
        };
        networks.into_iter().map(|trained| Arc::new(pretrained(trained))).collect()
    }
}

/// The seeds of a trial that train at once: where trials may stop early, its other seeds wait until
/// the first came through.
fn first_seeds(plan: &SearchPlan) -> std::ops::RangeInclusive<u32> {
    match plan.pruner {
        crate::study::search::Pruner::Off => 1..=plan.table.seeds,
        _ => 1..=1,
    }
}
