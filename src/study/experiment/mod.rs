//! Trains a plan on a device: hands out runs as soon as they can start, tests and books them as
//! they finish, and takes up what an earlier process left behind.

pub(crate) mod take_up;

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::data::scaling::Scaling;
use crate::engine::device::Device;
use crate::engine::graph::Graph;
use crate::engine::queue::Epoch;
use crate::engine::queue::Progress;
use crate::engine::queue::RunQueue;
use crate::engine::queue::Test;
use crate::engine::run::Outcome;
use crate::engine::run::Run;
use crate::engine::train;
use crate::error::{Error, Result};
use crate::study::evaluation::Tests;
use crate::study::event::{Event, Name, Part};
use crate::study::jobs::{How, Job, Prepared, Pretrained};
use crate::study::plan::Plan;
use crate::study::store::folder::StudyFolder;
use crate::study::store::pace::Pace;
use crate::study::store::provenance::{Provenance, Status};
use crate::study::store::record::Record;
use crate::study::store::results::StudyResults;
use crate::study::store::run::{RunKey, RunRecord};
use crate::study::store::runs::RUNS_FILE;
use crate::study::transfer::{PRETRAINING, Start};
use crate::study::{evaluation, jobs, searches};

/// Runs a plan and writes its results into `folder`. It stops, with what is finished on disk, when
/// `stop` becomes true. In a folder where the same plan was begun it goes on: the tables at the end
/// are those of a study that was never stopped.
///
/// # Errors
/// [`Error::Input`] for a network that the device can never hold, before anything is trained, and
/// for a folder of another study or one that another process writes; [`Error::Output`] if results
/// cannot be written; [`Error::Device`] if the device fails; [`Error::Interrupted`]. Each says what
/// is on disk.
pub fn execute(
    plan: &Plan,
    device: &Device,
    folder: &Path,
    stop: &AtomicBool,
    observe: &mut (dyn FnMut(&Event) + Send),
) -> Result<StudyResults> {
    for (network, batch) in jobs::largest(plan) {
        device.check(&network, batch, plan.precision())?;
    }
    if let Some(search) = &plan.search {
        return searches::execute(plan, search, device, folder, stop, observe);
    }
    let (results, record) = StudyFolder::open(folder, plan)?;
    let mut execution = Execution::new(plan, device, stop, observe, results, record);
    execution.take_up(device)?;
    let start = Instant::now();
    let trained = train::train(device, jobs::tables(plan), &mut execution);
    execution.provenance.seconds = start.elapsed().as_secs_f64();
    let failure = execution.failure.take();
    // whatever ended the training, what is over is written; the first failure is the one worth
    // telling
    let written = execution.flush_all();
    let trained = failure.map_or(trained, Err).and(written);
    execution.provenance.status = if trained.is_ok() { Status::Finished } else { Status::Stopped };
    let written = execution.results.write_provenance(&execution.provenance);
    let finished = execution.provenance.runs_finished;
    let planned = execution.provenance.runs_planned;
    trained.map_err(|error| with_what_is_on_disk(error, finished, planned, folder, RUNS_FILE))?;
    written?;
    execution.results.finish(plan, execution.provenance, vec![])
}

pub(crate) fn with_what_is_on_disk(
    error: Error,
    finished: usize,
    planned: usize,
    folder: &Path,
    table: &str,
) -> Error {
    let kept = format!(
        "; {finished} of {planned} runs are finished and in {} ({table}, models/)",
        folder.display()
    );
    let on = "; the same command goes on from there";
    match error {
        Error::Input(text) => Error::Input(text + &kept),
        Error::Device(text) => Error::Device(text + &kept + on),
        Error::Output(text) => Error::Output(text + &kept + on),
        Error::Interrupted(text) => Error::Interrupted(text + &kept + on),
    }
}

/// What is kept of a run while it trains.
struct InTraining {
    network: Graph,
    scaling: Scaling,
}

struct Execution<'a> {
    plan: &'a Plan,
    stop: &'a AtomicBool,
    observe: &'a mut (dyn FnMut(&Event) + Send),
    jobs: Vec<Job>,
    waiting: VecDeque<usize>,
    training: HashMap<usize, InTraining>,
    /// By simulations and seed; nothing for one that diverged.
    pretrained: HashMap<(usize, u32), Option<Arc<Pretrained>>>,
    results: StudyFolder,
    record: Record,
    tests: Tests<'a>,
    /// Jobs that are over and whose networks may not be on disk yet: how many networks were asked
    /// to be saved up to then, the job and its row.
    over: Vec<(usize, usize, RunRecord)>,
    /// Of these, what is noted in the journal and not told yet.
    noted: Vec<(usize, RunRecord)>,
    pace: Pace,
    provenance: Provenance,
    failure: Option<Error>,
}

impl RunQueue for Execution<'_> {
    fn next(&mut self) -> Option<Run> {
        if self.failure.is_some() {
            return None;
        }
        let found = self.next_job();
        found.unwrap_or_else(|error| {
            // told at the next chance to fail; there is none here
            self.failure = Some(error);
            None
        })
    }

    fn begins(&mut self, run: &Run) {
        let name = self.name(run.id);
        (self.observe)(&Event::Begun { name, run });
    }

    fn test(&mut self, id: usize) -> Option<Test> {
        let (job, run) = (self.jobs[id], self.training.get(&id)?);
        let Job::Finetune { size, seed, .. } = job else {
            return None;
        };
        let held_out = (self.tests).held_out(&run.scaling, self.plan.sizes[size], seed);
        Some(held_out.ok()?.test(run.network.clone()))
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        let run = self.training.remove(&outcome.id).expect("study: a run nobody asked for");
        let id = outcome.id;
        let name = self.name(id);
        (self.observe)(&Event::Ended { name });
        let row = match self.jobs[id] {
            Job::Pretrain { simulations, seed } => {
                self.pretrained((simulations, seed), run, outcome)?
            }
            job => self.finetuned(job, run, outcome)?,
        };
        // a pre-trained network whose file was lost is trained again, but it is in the tables
        if self.record.row(id)?.is_none() {
            self.over.push((self.results.models().queued(), id, row));
        }
        Ok(())
    }

    fn trained(&mut self, id: usize, steps: u32, epochs: &[Epoch]) {
        let name = self.name(id);
        (self.observe)(&Event::Trained { name, steps, epochs });
    }

    fn progress(&mut self, progress: &Progress) -> Result<()> {
        let stops = self.stop.load(Ordering::Relaxed);
        self.flush()?;
        if stops || self.pace.is_due() {
            self.force()?;
        }
        self.provenance.peak_bytes = self.provenance.peak_bytes.max(progress.bytes);
        self.provenance.host_seconds = progress.host.as_secs_f64();
        self.provenance.device_seconds = progress.device.as_secs_f64();
        let done = self.provenance.runs_finished;
        (self.observe)(&Event::Progress {
            progress: *progress,
            done,
            waiting: (self.provenance.runs_planned).saturating_sub(done + progress.alive),
        });
        match stops {
            true => Err(Error::Interrupted("stopped as asked".into())),
            false => Ok(()),
        }
    }
}

impl Execution<'_> {
    /// What a job is called.
    fn name(&self, id: usize) -> Name {
        Name { part: self.part(self.jobs[id]), trial: None, seed: self.jobs[id].seed() }
    }

    /// The part of the study that a job is of.
    fn part(&self, job: Job) -> Part {
        match job {
            Job::Pretrain { simulations, .. } => {
                Part { strategy: PRETRAINING, simulations, pretrained: None }
            }
            Job::Finetune { strategy, size, pretrained, .. } => {
                let several = self.plan.has_pretraining_sizes();
                Part {
                    strategy: self.plan.strategies[strategy].strategy.name(),
                    simulations: self.plan.sizes[size],
                    pretrained: (several && pretrained > 0).then_some(pretrained),
                }
            }
        }
    }

    /// Books all jobs that are over, when their networks are on disk.
    fn flush_all(&mut self) -> Result<()> {
        let saved = self.results.models().wait();
        saved.and(self.flush()).and(self.force())
    }

    /// Waits until the journal is on disk.
    fn force(&mut self) -> Result<()> {
        let begun = Instant::now();
        self.record.force()?;
        self.pace.waited(begun);
        Ok(())
    }

    /// Books the jobs that are over and whose networks are on disk, and tells of them.
    fn flush(&mut self) -> Result<()> {
        let durable = self.results.models().durable();
        let ready = (self.over.iter()).take_while(|(asked, ..)| *asked <= durable);
        let ready = ready.count();
        let ready: Vec<_> = (self.over.drain(..ready)).map(|(_, id, row)| (id, row)).collect();
        self.record.note(&ready);
        self.noted.extend(ready);
        self.record.write()?;
        for (id, row) in std::mem::take(&mut self.noted) {
            self.provenance.runs_finished += 1;
            self.provenance.run_steps += u64::from(row.steps);
            let pretraining = matches!(self.jobs[id], Job::Pretrain { .. });
            (self.observe)(&match pretraining {
                true => Event::Pretrained(&row),
                false => Event::Finished(&row),
            });
            match pretraining {
                true => self.results.append_pretraining(row)?,
                false => self.results.append(row)?,
            }
        }
        self.results.models().check()
    }

    /// The first waiting job whose pre-training is over, as a run.
    fn next_job(&mut self) -> Result<Option<Run>> {
        let transfers = |strategy: usize| self.plan.strategies[strategy].strategy.transfers();
        let ready = |id: &usize| match self.jobs[*id] {
            Job::Pretrain { .. } => true,
            Job::Finetune { strategy, pretrained, seed, .. } => {
                !transfers(strategy) || self.pretrained.contains_key(&(pretrained, seed))
            }
        };
        let Some(place) = self.waiting.iter().position(ready) else {
            return Ok(None);
        };
        let id = self.waiting.remove(place).expect("study: a place just found");
        let prepared = match self.jobs[id] {
            Job::Pretrain { simulations, seed } => {
                let pretraining = self.plan.pretraining.as_ref().expect("study: no pre-training");
                let how = How::of_pretraining(self.plan, pretraining);
                jobs::pretrain(self.plan, pretraining, &how, id, (simulations, seed))?
            }
            Job::Finetune { strategy, size, pretrained, seed } => {
                let base = match transfers(strategy) {
                    true => match &self.pretrained[&(pretrained, seed)] {
                        Some(base) => Some(base.clone()),
                        None => {
                            let row = self.untrained_row(self.jobs[id]);
                            self.over.push((self.results.models().queued(), id, row));
                            return self.next_job();
                        }
                    },
                    false => None,
                };
                {
                    let how = How::of_strategy(self.plan, &self.plan.strategies[strategy]);
                    jobs::finetune(self.plan, base.as_deref(), &how, id, (strategy, size, seed))?
                }
            }
        };
        let Prepared { run, scaling } = prepared;
        self.training.insert(id, InTraining { network: run.graph.clone(), scaling });
        Ok(Some(run))
    }

    /// The record of a job that never began: a fine-tuning whose pre-training diverged.
    fn untrained_row(&self, job: Job) -> RunRecord {
        let (plan, part) = (self.plan, self.part(job));
        let targets = match (job, &plan.pretraining) {
            (Job::Pretrain { .. }, Some(pretraining)) => &pretraining.dataset.target_names,
            _ => &plan.finetune.target_names,
        };
        let key = RunKey {
            scenario: plan.scenario.clone(),
            curve: part.curve(),
            simulations: part.simulations,
            trial: None,
            seed: job.seed(),
        };
        RunRecord::untrained(key, targets.len())
    }

    /// The record of a run that is finished, not yet tested.
    fn trained_row(&self, job: Job, outcome: &Outcome) -> RunRecord {
        RunRecord {
            validation_loss: outcome.validation_loss,
            epochs: outcome.epochs,
            steps: outcome.steps,
            stopped: outcome.stopped.into(),
            ..self.untrained_row(job)
        }
    }

    fn pretrained(
        &mut self,
        (simulations, seed): (usize, u32),
        run: InTraining,
        outcome: Outcome,
    ) -> Result<RunRecord> {
        let mut row = self.trained_row(Job::Pretrain { simulations, seed }, &outcome);
        let pretraining = self.plan.pretraining.as_ref().expect("study: no pre-training");
        let start = Start { network: run.network, parameters: outcome.parameters.clone() };
        let usable = outcome.validation_loss.is_some();
        if usable && self.plan.save_models {
            let scaling = Scaling {
                target_ranges: pretraining.dataset.target_ranges.clone(),
                ..run.scaling.clone()
            };
            let names = &pretraining.dataset.target_names;
            let model = evaluation::model(self.plan, &row, start.clone(), scaling, names);
            let stem = match self.plan.has_pretraining_sizes() {
                true => format!("pretraining-{simulations}-{seed}"),
                false => format!("pretraining-{seed}"),
            };
            row.model = self.results.save(&stem, model);
        }
        let pretrained = Pretrained { start, scaling: run.scaling };
        self.pretrained.insert((simulations, seed), usable.then(|| Arc::new(pretrained)));
        Ok(row)
    }

    fn finetuned(&mut self, job: Job, run: InTraining, outcome: Outcome) -> Result<RunRecord> {
        let mut row = self.trained_row(job, &outcome);
        let Some(errors) = outcome.test_errors else {
            return Ok(row);
        };
        row.set_test(&errors);
        if self.plan.save_models {
            let start = Start { network: run.network, parameters: outcome.parameters };
            let names = &self.plan.finetune.target_names;
            let model = evaluation::model(self.plan, &row, start, run.scaling, names);
            let RunKey { curve, simulations, seed, .. } = &row.key;
            let from = curve.pretraining_simulations;
            let from = from.map_or(String::new(), |simulations| format!("-from-{simulations}"));
            let stem = format!("{}{from}-{simulations}-{seed}", curve.strategy);
            row.model = self.results.save(&stem, model);
        }
        Ok(row)
    }
}
