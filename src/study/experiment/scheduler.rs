//! Hands out the runs of all groups as soon as they can start, and takes their outcomes.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::data::scaling::Scaling;
use crate::engine::device::{Description, Device, names};
use crate::engine::evaluate::validation_loss;
use crate::engine::graph::Graph;
use crate::engine::queue::Epoch;
use crate::engine::queue::Progress;
use crate::engine::queue::Reached;
use crate::engine::queue::RunQueue;
use crate::engine::queue::Test;
use crate::engine::run::{Outcome, Run, Stopped};
use crate::engine::several;
use crate::error::{Error, Result};
use crate::study::datasets::Study;
use crate::study::evaluation::{Tests, held_out_rows};
use crate::study::event::Event;
use crate::study::experiment::group::{FinishedRun, Group};
use crate::study::hyperparameters::{Hyperparameters, largest_networks};
use crate::study::objective::Objective;
use crate::study::prepare::{self, Pretrained};
use crate::study::store::folder::StudyFolder;
use crate::study::store::journal::Journal;
use crate::study::store::journal::event::JournalEvent;
use crate::study::store::pace::Pace;
use crate::study::store::provenance::{Provenance, Status};
use crate::study::store::results::StudyResults;
use crate::study::store::run::{RunKey, RunRecord};
use crate::study::store::runs::RUNS_FILE;
use crate::study::store::trials::TRIALS_FILE;
use crate::study::transfer::Strategy;

/// How often `trials.csv` is written while trials train.
const WRITE_TRIALS: Duration = Duration::from_secs(5);

/// A run that trains.
pub struct RunInTraining {
    /// Index of its group.
    pub group: usize,
    /// Its trial.
    pub trial: u32,
    /// Its key.
    pub key: RunKey,
    /// Its network.
    pub network: Graph,
    /// The scaling of its inputs and targets.
    pub scaling: Scaling,
    /// Its validation rows, if a metric of them is searched for or deviations are calibrated.
    validation_rows: Vec<u32>,
    /// Epochs if nothing stops it before.
    epochs: u32,
    /// The one of several devices that has trained it.
    pub device: Option<String>,
    /// Its outcome is known; only its network is wanted.
    restores: bool,
}

/// A finished trial whose networks may not be on disk yet.
struct Unrecorded {
    /// How many networks were queued to be written up to then.
    networks: usize,
    group: usize,
    trial: u32,
    events: Vec<JournalEvent>,
    rows: Vec<RunRecord>,
}

/// All groups of a study.
pub struct Scheduler<'a> {
    pub(crate) study: &'a Study,
    stop: &'a AtomicBool,
    pub(crate) observe: &'a mut (dyn FnMut(&Event) + Send),
    pub(crate) results: StudyFolder,
    pub(crate) journal: Journal,
    /// In the order of the tables.
    pub(crate) groups: Vec<Group>,
    training: HashMap<usize, RunInTraining>,
    /// Runs that train again for their networks: group, trial and seed.
    pub(crate) restore: Vec<(usize, u32, u32)>,
    /// Pre-trained networks by simulations and seed; none where the pre-training diverged.
    pub(crate) pretrained: HashMap<(usize, u32), Option<Arc<Pretrained>>>,
    tests: Tests<'a>,
    unrecorded: VecDeque<Unrecorded>,
    pace: Pace,
    next_id: usize,
    trials_written: Instant,
    pub(crate) provenance: Provenance,
    /// The names of several devices.
    pub(crate) devices: Vec<String>,
    failure: Option<Error>,
}

/// Runs a study and writes its results into `folder`. It stops, with what is finished on disk, when
/// `stop` becomes true. In a folder where the same study was begun it resumes: the tables at the
/// end are those of a study that was never stopped.
///
/// # Errors
/// [`Error::Input`] for a network that the device can never hold, before anything is trained, and
/// for a folder of another study or one that another process writes; [`Error::Output`] if results
/// cannot be written; [`Error::Device`] if the device fails; [`Error::Interrupted`]. Each says what
/// is on disk.
pub fn execute(
    study: &Study,
    devices: &[Device],
    folder: &Path,
    stop: &AtomicBool,
    observe: &mut (dyn FnMut(&Event) + Send),
) -> Result<StudyResults> {
    for (network, training, rows) in largest_networks(study) {
        devices.iter().try_for_each(|device| device.check(&network, rows, &training))?;
    }
    let mut scheduler = Scheduler::new(study, devices, folder, stop, observe)?;
    scheduler.resume()?;
    let start = Instant::now();
    let trained = several::train(devices, study.data.tables(), &mut scheduler);
    scheduler.provenance.seconds = start.elapsed().as_secs_f64();
    let failure = scheduler.failure.take();
    // whatever ended the training, finished trials are written; the first failure is reported
    let written = scheduler.record_all();
    let trained = failure.map_or(trained, Err).and(written);
    if let Some(before) = scheduler.results.before().filter(|_| scheduler.next_id == 0) {
        scheduler.provenance.keep_process(before);
    }
    scheduler.provenance.status = if trained.is_ok() { Status::Finished } else { Status::Stopped };
    let written = (scheduler.write_trials())
        .and_then(|()| scheduler.results.write_provenance(&scheduler.provenance));
    trained.map_err(|error| with_what_is_on_disk(error, &scheduler, folder))?;
    written?;
    scheduler.finish()
}

fn with_what_is_on_disk(error: Error, scheduler: &Scheduler, folder: &Path) -> Error {
    let table = if scheduler.study.plan.is_search() { TRIALS_FILE } else { RUNS_FILE };
    let kept = format!(
        "; {} of {} runs are finished and in {} ({table}, models/)",
        scheduler.provenance.runs_finished,
        scheduler.provenance.runs_planned,
        folder.display()
    );
    let resume = "; the same command resumes the study";
    match error {
        Error::Input(text) => Error::Input(text + &kept),
        Error::Device(text) => Error::Device(text + &kept + resume),
        Error::Output(text) => Error::Output(text + &kept + resume),
        Error::Interrupted(text) => Error::Interrupted(text + &kept + resume),
    }
}

impl RunQueue for Scheduler<'_> {
    fn next(&mut self) -> Option<Run> {
        if self.failure.is_some() {
            return None;
        }
        self.next_run().unwrap_or_else(|error| {
            // there is no chance to fail here; `progress` does
            self.failure = Some(error);
            None
        })
    }

    fn started(&mut self, run: &Run) {
        if let Some(key) = key(&self.training, run.id) {
            let max_epochs = self.training[&run.id].epochs;
            (self.observe)(&Event::Begun { key, run, max_epochs });
        }
    }

    fn reached(&mut self, at: &Reached) -> Option<u32> {
        let run = &self.training[&at.id];
        if at.epoch >= run.epochs {
            return None;
        }
        let trials = &self.study.plan.trials;
        let group = &mut self.groups[run.group];
        let goes_on = run.restores || group.goes_on(run.trial, at.epoch, at.best_loss, trials);
        goes_on.then(|| trials.next_rung(at.epoch, run.epochs))
    }

    fn trained(&mut self, id: usize, steps: u32, epochs: &[Epoch]) {
        if let Some(key) = key(&self.training, id) {
            (self.observe)(&Event::Trained { key, steps, epochs });
        }
    }

    fn test(&mut self, id: usize) -> Option<Test> {
        let run = self.training.get(&id)?;
        let group = &self.groups[run.group];
        if group.is_pruned(run.trial) {
            return None;
        }
        let is_pretraining = group.key.is_pretraining();
        let (simulations, seed) = (group.key.simulations, run.key.seed);
        let test = match is_pretraining {
            true => None,
            false => Some(self.tests.held_out(&run.scaling, simulations, seed).ok()?),
        };
        let objective = self.study.plan.trials.objective.metric();
        // a strategy without training has the calibration of its pre-training
        let calibrates =
            self.study.plan.calibrates && group.key.strategy.is_none_or(Strategy::trains);
        let data = self.study.data_of(is_pretraining);
        let validation = (objective.is_some() || calibrates)
            .then(|| held_out_rows(self.study, data, &run.validation_rows, &run.scaling));
        if test.is_none() && validation.is_none() {
            return None;
        }
        let network = run.network.clone();
        Some(Box::new(move |parameters| {
            if let Some(validation) = validation.as_ref().filter(|_| calibrates) {
                validation.calibrate(&network, parameters);
            }
            let mut scores = test.map_or_else(Vec::new, |test| test.scores(&network, parameters));
            if let (Some(metric), Some(validation)) = (objective, &validation) {
                scores.push(metric.of_targets(&validation.tested(&network, parameters)));
            }
            scores
        }))
    }

    fn finished_on(&mut self, device: usize, outcome: Outcome) -> Result<()> {
        if let Some(run) = self.training.get_mut(&outcome.id) {
            run.device = Some(self.devices[device].clone());
        }
        self.finished(outcome)
    }

    fn returned(&mut self, ids: &[usize], error: &Error) {
        for key in ids.iter().filter_map(|id| key(&self.training, *id)) {
            (self.observe)(&Event::Ended { key });
        }
        (self.observe)(&Event::DeviceFailed { error, runs: ids.len() });
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        if let Some(key) = key(&self.training, outcome.id) {
            (self.observe)(&Event::Ended { key });
        }
        let run = self.training.remove(&outcome.id).expect("scheduler: an unknown run");
        if run.restores {
            return self.restored(run, outcome);
        }
        let (group, trial) = (run.group, run.trial);
        let finished = self.finished_run(run, outcome);
        self.take(group, trial, finished)
    }

    fn progress(&mut self, progress: &Progress) -> Result<()> {
        let stops = self.stop.load(Ordering::Relaxed);
        self.record()?;
        if stops || self.pace.is_due() {
            self.force()?;
        }
        self.provenance.peak_bytes = self.provenance.peak_bytes.max(progress.bytes);
        self.provenance.host_seconds = progress.host.as_secs_f64();
        self.provenance.device_seconds = progress.device.as_secs_f64();
        let done = self.provenance.runs_finished;
        let waiting = self.provenance.runs_planned.saturating_sub(done + progress.alive);
        (self.observe)(&Event::Progress { progress: *progress, done, waiting });
        match stops {
            true => Err(Error::Interrupted("interrupted".into())),
            false => Ok(()),
        }
    }
}

impl<'a> Scheduler<'a> {
    fn new(
        study: &'a Study,
        devices: &[Device],
        folder: &Path,
        stop: &'a AtomicBool,
        observe: &'a mut (dyn FnMut(&Event) + Send),
    ) -> Result<Self> {
        let (results, journal) = StudyFolder::open(folder, study)?;
        let runs = study.plan.planned_runs();
        let provenance = Provenance::new(study, Description::of(devices), runs, results.before());
        Ok(Self {
            study,
            stop,
            observe,
            results,
            journal,
            groups: study
                .plan
                .groups()
                .into_iter()
                .map(|key| Group::new(&study.plan, key))
                .collect(),
            training: HashMap::new(),
            restore: vec![],
            pretrained: prepare::published(study),
            tests: Tests::new(study),
            unrecorded: VecDeque::new(),
            pace: Pace::default(),
            next_id: 0,
            trials_written: Instant::now(),
            provenance,
            devices: if devices.len() > 1 { names(devices) } else { vec![] },
            failure: None,
        })
    }

    /// A run that can start, if there is one.
    fn next_run(&mut self) -> Result<Option<Run>> {
        loop {
            let ready = |(group, _, seed): &(usize, u32, u32)| {
                let base = self.groups[*group].key.pretrained;
                base.is_none_or(|simulations| self.pretrained.contains_key(&(simulations, *seed)))
            };
            let Some(place) = self.restore.iter().position(ready) else { break };
            let (group, trial, seed) = self.restore.swap_remove(place);
            let Some(run) = self.begin(group, trial, seed, true)? else { return Ok(None) };
            if let Some(run) = self.train_or_finish(run)? {
                return Ok(Some(run));
            }
        }
        for group in 0..self.groups.len() {
            while let Some((trial, seed)) = self.next_of(group) {
                let Some(run) = self.begin(group, trial, seed, false)? else {
                    // its pre-training diverged
                    let row = self.untrained_row(&self.groups[group].key, trial, seed);
                    self.take(group, trial, FinishedRun { row, network: None })?;
                    continue;
                };
                if let Some(run) = self.train_or_finish(run)? {
                    return Ok(Some(run));
                }
            }
        }
        Ok(None)
    }

    /// The run, if it trains. The network of a strategy that trains nothing is tested at once, and
    /// the run is finished.
    fn train_or_finish(&mut self, run: Run) -> Result<Option<Run>> {
        let group = &self.groups[self.training[&run.id].group];
        if group.key.strategy.is_none_or(Strategy::trains) {
            return Ok(Some(run));
        }
        let test = self.test(run.id);
        let (id, mut parameters) = (run.id, run.parameters.clone());
        let loss = validation_loss(run, self.study.data.tables());
        self.finished(Outcome {
            id,
            stopped: Stopped::Epochs,
            steps: 0,
            epochs: 0,
            best_epoch: 0,
            validation_loss: Some(loss).filter(|loss| loss.is_finite()),
            training_loss: None,
            test_errors: test.map(|test| test(&mut parameters)),
            parameters,
        })?;
        Ok(None)
    }

    /// A run of a group that can start: trial and seed.
    fn next_of(&mut self, group: usize) -> Option<(u32, u32)> {
        let (group, pretrained) = (&mut self.groups[group], &self.pretrained);
        let base = group.key.pretrained;
        let ready =
            |seed| base.is_none_or(|simulations| pretrained.contains_key(&(simulations, seed)));
        group.next_run(&mut self.journal, &self.study.plan.trials, ready)
    }

    /// The run of a trial; none if its pre-training diverged.
    fn begin(
        &mut self,
        group: usize,
        trial: u32,
        seed: u32,
        restores: bool,
    ) -> Result<Option<Run>> {
        let id = self.next_id;
        let Some((mut run, scaling)) = self.prepare(group, trial, seed, id)? else {
            return Ok(None);
        };
        self.next_id += 1;
        let (trials, epochs) = (&self.study.plan.trials, run.training.max_epochs);
        // the first network decides whether a trial goes on
        if seed == *trials.seeds_of(trial).start() && !restores {
            run.training.max_epochs = trials.next_rung(0, epochs);
        }
        let network = run.graph.clone();
        let key = self.study.plan.run_key(&self.groups[group].key, trial, seed);
        let begun = RunInTraining {
            group,
            trial,
            key,
            network,
            scaling,
            validation_rows: match (trials.objective, self.study.plan.calibrates) {
                (Objective::ValidationLoss, false) => vec![],
                _ => run.validation_rows.clone(),
            },
            epochs,
            device: None,
            restores,
        };
        self.training.insert(id, begun);
        Ok(Some(run))
    }

    /// The run of a trial with its scaling; none if its pre-training diverged.
    pub(crate) fn prepare(
        &self,
        group: usize,
        trial: u32,
        seed: u32,
        id: usize,
    ) -> Result<Option<(Run, Scaling)>> {
        let (study, group) = (self.study, &self.groups[group]);
        let mut own = Hyperparameters::of_plan(&study.plan, group.key.strategy);
        if study.plan.is_search() {
            own = own.with_setting(&group.space.setting(&group.trials[trial as usize]));
        }
        let which = (group.key.simulations, seed);
        let Some(strategy) = group.key.strategy else {
            return prepare::pretraining(study, &own, id, which).map(Some);
        };
        let base = match group.key.pretrained {
            None => None,
            Some(simulations) => match &self.pretrained[&(simulations, seed)] {
                Some(base) => Some(&**base),
                None => return Ok(None),
            },
        };
        prepare::fine_tuning(study, &own, id, (strategy, base), which).map(Some)
    }

    /// Takes a finished run, and ends its trial if that is finished.
    fn take(&mut self, group: usize, trial: u32, run: FinishedRun) -> Result<()> {
        let trials = &self.study.plan.trials;
        if !self.groups[group].take(trial, run, trials) {
            return Ok(());
        }
        let ended = self.groups[group].end(trial, trials.objective);
        self.save(group, trial, &ended);
        let networks = self.results.models().queued();
        let (events, rows) = (ended.events, ended.rows);
        self.unrecorded.push_back(Unrecorded { networks, group, trial, events, rows });
        self.keep_networks(group, trial, ended.networks, ended.is_best)?;
        if self.groups[group].generation_is_finished() {
            self.advance(group)?;
        }
        Ok(())
    }

    /// Begins the next generation of a group, or finishes the group.
    pub(crate) fn advance(&mut self, group: usize) -> Result<()> {
        let trials = &self.study.plan.trials;
        self.groups[group].advance(trials)?;
        match self.groups[group].is_finished(trials) {
            true => self.group_finished(group),
            false => Ok(()),
        }
    }

    /// Records all finished trials, and waits until they are on disk.
    fn record_all(&mut self) -> Result<()> {
        let saved = self.results.models().wait();
        saved.and(self.record()).and(self.force())
    }

    /// Waits until the journal is on disk.
    fn force(&mut self) -> Result<()> {
        let begun = Instant::now();
        self.journal.force()?;
        self.pace.waited(begun);
        if self.trials_written.elapsed() > WRITE_TRIALS {
            self.write_trials()?;
            self.trials_written = Instant::now();
        }
        Ok(())
    }

    /// Records the finished trials whose networks are on disk, and reports them.
    fn record(&mut self) -> Result<()> {
        let durable = self.results.models().durable();
        let ready = self.unrecorded.iter().take_while(|trial| trial.networks <= durable).count();
        let ready: Vec<Unrecorded> = self.unrecorded.drain(..ready).collect();
        ready.iter().for_each(|trial| self.journal.note(&trial.events));
        self.journal.write()?;
        for trial in ready {
            self.provenance.runs_finished += self.study.plan.trials.seeds as usize;
            for row in trial.rows {
                self.provenance.run_steps += u64::from(row.steps);
                self.report(trial.group, trial.trial, row)?;
            }
        }
        self.results.models().check()
    }
}

/// The key of a run for events; none for one that trains again.
fn key(training: &HashMap<usize, RunInTraining>, id: usize) -> Option<&RunKey> {
    training.get(&id).filter(|run| !run.restores).map(|run| &run.key)
}
