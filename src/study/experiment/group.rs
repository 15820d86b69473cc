//! A group: the trials that compete, generation by generation.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use serde_json::{Value, json};

use crate::engine::random;
use crate::engine::random::Stream;
use crate::error::Result;
use crate::input_error;
use crate::study::objective::Objective;
use crate::study::plan::{GroupKey, Plan, TrialsPlan};
use crate::study::prepare::Pretrained;
use crate::study::search::proposer::generation;
use crate::study::search::space::Space;
use crate::study::search::trial::{State, Trial};
use crate::study::store::journal::Journal;
use crate::study::store::journal::event::JournalEvent;
use crate::study::store::run::{RunRecord, mean};

/// The attribute of a trial with the rows of its runs.
const RUNS: &str = "runs";

/// A finished run of a trial.
pub struct FinishedRun {
    /// Its row.
    pub row: RunRecord,
    /// Its network, unless it diverged or was stopped early.
    pub network: Option<Pretrained>,
}

/// A finished trial.
pub struct FinishedTrial {
    /// Events for the journal.
    pub events: Vec<JournalEvent>,
    /// The rows of its runs, by seed.
    pub rows: Vec<RunRecord>,
    /// The networks of its runs, by seed.
    pub networks: BTreeMap<u32, Pretrained>,
    /// Whether it is the best trial so far.
    pub is_best: bool,
}

/// The trials that compete.
pub struct Group {
    /// Which group.
    pub key: GroupKey,
    /// Its name in the journal.
    name: String,
    /// Whether its trials can begin: its space is known.
    pub is_open: bool,
    /// What its trials may be.
    pub space: Space,
    /// Seed of its proposals.
    seed: u64,
    /// Index in the journal.
    index: usize,
    /// All trials that were proposed.
    pub trials: Vec<Trial>,
    /// Their identifiers in the journal.
    ids: Vec<usize>,
    /// The generation that trains; pruners and proposers see the trials before it.
    generation: Range<usize>,
    /// Runs that wait: trial and seed.
    queue: VecDeque<(u32, u32)>,
    /// Finished runs of unfinished trials.
    finished_runs: BTreeMap<u32, Vec<FinishedRun>>,
    /// Trials that the pruner stopped.
    pruned: BTreeSet<u32>,
    /// Rows of the finished trials, by seed.
    pub rows: BTreeMap<u32, Vec<RunRecord>>,
    /// Value and number of the best trial so far.
    pub best: Option<(f64, u32)>,
    /// Pre-trained networks of the best trial so far, by seed, as far as this process trained them.
    pub networks: BTreeMap<u32, Pretrained>,
}

impl Group {
    /// A group that is not open yet.
    pub fn new(plan: &Plan, key: GroupKey) -> Self {
        let (stream, index) = match key.strategy {
            None => (Stream::PretrainingTrials, 0),
            Some(strategy) => (Stream::FineTuningTrials(strategy as u32), key.simulations as u32),
        };
        let seed = u64::from(random::key(plan.seed, stream, index));
        Self {
            key,
            name: plan.journal_name(&key),
            is_open: false,
            space: Space::new(vec![]),
            seed,
            index: 0,
            trials: vec![],
            ids: vec![],
            generation: 0..0,
            queue: VecDeque::new(),
            finished_runs: BTreeMap::new(),
            pruned: BTreeSet::new(),
            rows: BTreeMap::new(),
            best: None,
            networks: BTreeMap::new(),
        }
    }

    /// Opens the group with the trials that are in the journal.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if the journal's trials are not of this space.
    pub fn open(&mut self, journal: &mut Journal, space: Space, plan: &TrialsPlan) -> Result<()> {
        let sign = plan.objective.better().sign();
        self.index = journal.search_for(&self.name, sign < 0.0);
        let record = &journal.records().searches()[self.index];
        self.trials = record.trials(&space)?;
        self.ids = record.trials.iter().map(|trial| trial.id).collect();
        for (trial, record) in self.trials.iter_mut().zip(&record.trials) {
            trial.value = trial.value.map(|value| sign * value);
            if trial.state == State::Running {
                // its runs begin again, and come to the same losses
                trial.losses.clear();
                continue;
            }
            let rows = record.attributes.get(RUNS).cloned().unwrap_or(Value::Null);
            let rows: Vec<RunRecord> = serde_json::from_value(rows).map_err(|error| {
                input_error!(
                    "the journal's trial {} of '{}' is finished but has no runs ({error}); choose \
                     another folder with -o",
                    trial.number,
                    self.name
                )
            })?;
            let seeds = plan.seeds_of(trial.number);
            if let Some(row) = rows.iter().find(|row| !seeds.contains(&row.key.seed)) {
                return Err(input_error!(
                    "the journal's trial {} of '{}' has a run with seed {}, where {seeds:?} are \
                     expected; a line may be there twice. Restore the file, or choose another \
                     folder with -o",
                    trial.number,
                    self.name,
                    row.key.seed
                ));
            }
            self.rows.insert(trial.number, rows);
        }
        for number in 0..self.trials.len() {
            self.compare(number);
        }
        (self.space, self.is_open) = (space, true);
        Ok(())
    }

    /// Begins the next generation if the last one is finished, and queues the unfinished trials of
    /// a generation that an earlier process began.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if the journal has other trials than are proposed.
    pub fn advance(&mut self, plan: &TrialsPlan) -> Result<()> {
        let (all, size) = (plan.count as usize, plan.generation as usize);
        let first = self.trials.iter().position(is_running).unwrap_or(self.trials.len());
        self.generation = first / size * size..(first / size * size + size).min(all);
        if first >= all {
            self.generation = all..all;
            return Ok(());
        }
        let (before, begun) = self.trials.split_at(self.generation.start);
        let begun = &begun[..begun.len().min(self.generation.len())];
        let numbers = self.generation.start as u32..(self.generation.start + begun.len()) as u32;
        let proposed = generation(&*plan.proposer, self.seed, &self.space, before, numbers);
        let differs = |(begun, proposed): (&Trial, &Trial)| begun.parameters != proposed.parameters;
        if let Some(place) = begun.iter().zip(&proposed).position(differs) {
            return Err(input_error!(
                "the journal's trial {} of '{}' is not the one that this study proposes; it was \
                 written by another version of shoal. Choose another folder with -o",
                self.generation.start + place,
                self.name
            ));
        }
        for trial in begun.iter().filter(|trial| is_running(trial)) {
            self.queue.extend(first_seeds(plan, trial.number).map(|seed| (trial.number, seed)));
        }
        Ok(())
    }

    /// A waiting run whose seed is `ready`: trial and seed. A trial is proposed when its run can
    /// start: proposing a whole generation would hold up the runs that train.
    pub fn next_run(
        &mut self,
        journal: &mut Journal,
        plan: &TrialsPlan,
        ready: impl Fn(u32) -> bool,
    ) -> Option<(u32, u32)> {
        loop {
            if let Some(place) = self.queue.iter().position(|(_, seed)| ready(*seed)) {
                return self.queue.remove(place);
            }
            if !self.is_open || self.trials.len() >= self.generation.end {
                return None;
            }
            let (before, number) = (self.known_trials(), self.trials.len() as u32);
            let parameters = plan.proposer.propose(self.seed, &self.space, &before, number);
            let trial = Trial::running(number, parameters);
            let trials = std::slice::from_ref(&trial);
            self.ids.extend(journal.begin(self.index, &self.space, trials));
            self.trials.push(trial);
            self.queue.extend(first_seeds(plan, number).map(|seed| (number, seed)));
        }
    }

    /// The trials as a proposer sees them: those of the same generation are running.
    fn known_trials(&self) -> Vec<Trial> {
        let (before, now) = self.trials.split_at(self.generation.start);
        let running = now.iter().map(|one| Trial::running(one.number, one.parameters.clone()));
        before.iter().cloned().chain(running).collect()
    }

    /// Notes a loss at a rung; whether the trial goes on, from it and from the trials of earlier
    /// generations alone.
    pub fn goes_on(&mut self, number: u32, epoch: u32, loss: f64, plan: &TrialsPlan) -> bool {
        let (before, now) = self.trials.split_at_mut(self.generation.start);
        let trial = &mut now[number as usize - before.len()];
        trial.losses.insert(epoch, loss);
        let stops = plan.pruner.stops(trial, before);
        if stops {
            self.pruned.insert(number);
        }
        !stops
    }

    /// Whether the pruner stopped a trial.
    pub fn is_pruned(&self, number: u32) -> bool {
        self.pruned.contains(&number)
    }

    /// Takes a finished run; whether all of its trial is finished.
    pub fn take(&mut self, number: u32, run: FinishedRun, plan: &TrialsPlan) -> bool {
        let usable = run.network.is_some();
        let runs = self.finished_runs.entry(number).or_default();
        runs.push(run);
        let finished = runs.len() as u32;
        if finished == 1 && plan.pruner.prunes() {
            if !usable {
                return true;
            }
            self.queue.extend(plan.seeds_of(number).skip(1).map(|seed| (number, seed)));
        }
        finished == plan.seeds
    }

    /// Ends a trial whose runs are finished.
    pub fn end(&mut self, number: u32, objective: Objective) -> FinishedTrial {
        let mut runs = self.finished_runs.remove(&number).expect("group: a trial without runs");
        runs.sort_by_key(|run| run.row.key.seed);
        let values = runs.iter().map(|run| run.row.value().unwrap_or(f64::NAN));
        let value = objective.better().sign() * (values.sum::<f64>() / runs.len() as f64);
        let place = number as usize;
        let trial = self.trials[place].clone();
        self.trials[place] = match self.is_pruned(number) {
            true => Trial { state: State::Pruned, ..trial },
            false => trial.complete(value),
        };
        let networks =
            runs.iter_mut().filter_map(|run| Some((run.row.key.seed, run.network.take()?)));
        let networks = networks.collect();
        let rows: Vec<RunRecord> = runs.into_iter().map(|run| run.row).collect();
        let events = self.events(place, &rows, objective);
        self.rows.insert(number, rows.clone());
        FinishedTrial { events, rows, networks, is_best: self.compare(place) }
    }

    /// What the journal says of a finished trial.
    fn events(&self, place: usize, rows: &[RunRecord], objective: Objective) -> Vec<JournalEvent> {
        let (id, trial) = (self.ids[place], &self.trials[place]);
        let attribute = |key: &str, value: Value| JournalEvent::TrialAttribute {
            trial: id,
            key: key.into(),
            value,
        };
        let loss = |(epoch, loss): (&u32, &f64)| JournalEvent::Loss {
            trial: id,
            epoch: *epoch,
            loss: *loss,
        };
        let mut events: Vec<JournalEvent> = trial.losses.iter().map(loss).collect();
        events.push(attribute(RUNS, json!(rows)));
        for (index, metric) in rows[0].test.iter().map(|score| score.metric).enumerate() {
            let test = mean(rows.iter().map(|row| row.test[index].total));
            events.extend(test.map(|test| attribute(&metric.column(), test.into())));
        }
        events.push(match (objective, trial.state) {
            (Objective::ValidationLoss, _) => JournalEvent::end(id, trial),
            // its last loss is not the value
            (_, State::Pruned) => JournalEvent::End { trial: id, state: trial.state, value: None },
            (Objective::Metric(metric), state) => {
                let value = trial.value.map(|value| metric.better.sign() * value);
                JournalEvent::End { trial: id, state, value }
            }
        });
        events
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

    /// Whether every trial of the generation is finished.
    pub fn generation_is_finished(&self) -> bool {
        let trials = self.trials.get(self.generation.clone());
        trials.is_some_and(|trials| !trials.iter().any(is_running))
    }

    /// Whether every trial is finished.
    pub fn is_finished(&self, plan: &TrialsPlan) -> bool {
        self.is_open && self.rows.len() == plan.count as usize
    }

    /// The best complete trials, the best one first.
    pub fn ranked(&self) -> Vec<u32> {
        let mut ranked: Vec<(f64, u32)> =
            (self.trials.iter()).filter_map(|trial| Some((trial.value?, trial.number))).collect();
        ranked.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        ranked.into_iter().map(|(_, number)| number).collect()
    }
}

fn is_running(trial: &Trial) -> bool {
    trial.state == State::Running
}

/// The seeds of a trial that train at once: where trials may stop early, its other seeds wait until
/// the first one has finished.
fn first_seeds(plan: &TrialsPlan, trial: u32) -> impl Iterator<Item = u32> {
    let count = if plan.pruner.prunes() { 1 } else { usize::MAX };
    plan.seeds_of(trial).take(count)
}
