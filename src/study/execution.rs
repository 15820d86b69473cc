//! Trains a plan on a device: hands out runs as soon as they can start, tests and books them as they finish.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::jobs::{self, Job, Prepared, Pretrained};
use super::plan::Plan;
use super::results::{Provenance, Results};
use crate::data::Scaling;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::model::{About, Model};
use crate::network::Network;
use crate::report::{RunRow, Summary};
use crate::run::{Outcome, Run, Stopped};
use crate::shoal::{self, Progress, Work};
use crate::transfer::Start;

/// What happens in a study, for whoever draws it.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// It begins.
    Started {
        /// Pre-trainings.
        pretrainings: usize,
        /// Fine-tunings.
        finetunings: usize,
    },
    /// A network is pre-trained.
    Pretrained(&'a RunRow),
    /// A fine-tuning is over.
    Finished(&'a RunRow),
    /// Several times a second.
    Progress {
        /// Of the training.
        progress: Progress,
        /// Runs that are over.
        done: usize,
        /// Runs that wait.
        waiting: usize,
    },
}

/// Runs a plan and writes its results into `folder`. It stops, with what is finished on disk, when `stop` becomes true.
///
/// # Errors
/// [`Error::Input`] for a network that the device can never hold, before anything is trained; [`Error::Output`] if results
/// cannot be written; [`Error::Device`] if the device fails; [`Error::Interrupted`]. Each says what is on disk.
pub fn execute(
    plan: &Plan,
    device: &Device,
    folder: &Path,
    stop: &AtomicBool,
    observe: &mut (dyn FnMut(&Event) + Send),
) -> Result<Summary> {
    for (network, batch) in jobs::largest(plan) {
        device.check(&network, batch)?;
    }
    let all = jobs::jobs(plan);
    let results = Results::create(folder, plan)?;
    let provenance = Provenance::new(plan, device.describe(), all.len());
    results.write_provenance(&provenance)?;
    observe(&Event::Started {
        pretrainings: all.len() - plan.runs(),
        finetunings: plan.runs(),
    });
    let mut execution = Execution {
        plan,
        stop,
        observe,
        waiting: (0..all.len()).collect(),
        jobs: all,
        training: HashMap::new(),
        pretrained: HashMap::new(),
        results,
        provenance,
        failure: None,
    };
    let start = Instant::now();
    let trained = shoal::train(device, jobs::tables(plan), &mut execution);
    execution.provenance.seconds = start.elapsed().as_secs_f64();
    let failure = execution.failure.take();
    let trained = failure.map_or(trained, Err);
    execution.provenance.status = if trained.is_ok() {
        "finished"
    } else {
        "stopped"
    };
    let written = execution.results.write_provenance(&execution.provenance);
    let finished = execution.provenance.runs_finished;
    let planned = execution.provenance.runs_planned;
    trained.map_err(|error| with_what_is_on_disk(error, finished, planned, folder))?;
    written?;
    execution.results.finish(plan)
}

fn with_what_is_on_disk(error: Error, finished: usize, planned: usize, folder: &Path) -> Error {
    let kept = format!(
        "; {finished} of {planned} runs are finished and in {} (runs.csv, pretraining.csv, models/)",
        folder.display()
    );
    match error {
        Error::Input(text) => Error::Input(text + &kept),
        Error::Device(text) => Error::Device(text + &kept),
        Error::Output(text) => Error::Output(text + &kept),
        Error::Interrupted(text) => Error::Interrupted(text + &kept),
    }
}

/// What is kept of a run while it trains.
struct InTraining {
    network: Network,
    scaling: Scaling,
}

struct Execution<'a> {
    plan: &'a Plan,
    stop: &'a AtomicBool,
    observe: &'a mut (dyn FnMut(&Event) + Send),
    jobs: Vec<Job>,
    waiting: VecDeque<usize>,
    training: HashMap<usize, InTraining>,
    pretrained: HashMap<u32, Option<Arc<Pretrained>>>,
    results: Results,
    provenance: Provenance,
    failure: Option<Error>,
}

impl Work for Execution<'_> {
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

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        let run = self
            .training
            .remove(&outcome.id)
            .expect("study: a run nobody asked for");
        self.provenance.runs_finished += 1;
        self.provenance.run_steps += u64::from(outcome.steps);
        match self.jobs[outcome.id] {
            Job::Pretrain { seed } => self.pretrained(seed, run, outcome),
            Job::Finetune {
                strategy,
                size,
                seed,
            } => self.finetuned((strategy, size, seed), run, outcome),
        }
    }

    fn progress(&mut self, progress: &Progress) -> Result<()> {
        self.provenance.peak_bytes = self.provenance.peak_bytes.max(progress.bytes);
        (self.observe)(&Event::Progress {
            progress: *progress,
            done: self.provenance.runs_finished,
            waiting: self.waiting.len(),
        });
        match self.stop.load(Ordering::Relaxed) {
            true => Err(Error::Interrupted("stopped as asked".into())),
            false => Ok(()),
        }
    }
}

impl Execution<'_> {
    /// The first waiting job whose pre-training is over, as a run.
    fn next_job(&mut self) -> Result<Option<Run>> {
        let transfers = |strategy: usize| self.plan.strategies[strategy].strategy.transfers();
        let ready = |id: &usize| match self.jobs[*id] {
            Job::Pretrain { .. } => true,
            Job::Finetune { strategy, seed, .. } => {
                !transfers(strategy) || self.pretrained.contains_key(&seed)
            }
        };
        let Some(place) = self.waiting.iter().position(ready) else {
            return Ok(None);
        };
        let id = self
            .waiting
            .remove(place)
            .expect("study: a place just found");
        let prepared = match self.jobs[id] {
            Job::Pretrain { seed } => {
                let pretraining = self.plan.pretraining.as_ref();
                jobs::pretrain(
                    self.plan,
                    pretraining.expect("study: no pre-training"),
                    id,
                    seed,
                )?
            }
            Job::Finetune {
                strategy,
                size,
                seed,
            } => {
                let base = match transfers(strategy) {
                    true => match &self.pretrained[&seed] {
                        Some(base) => Some(base.clone()),
                        None => {
                            self.without_base((strategy, size, seed))?;
                            return self.next_job();
                        }
                    },
                    false => None,
                };
                jobs::finetune(self.plan, base.as_deref(), id, (strategy, size, seed))?
            }
        };
        let Prepared { run, scaling } = prepared;
        self.training.insert(
            id,
            InTraining {
                network: run.network.clone(),
                scaling,
            },
        );
        Ok(Some(run))
    }

    /// A fine-tuning whose pre-training diverged cannot start.
    fn without_base(&mut self, (strategy, size, seed): (usize, usize, u32)) -> Result<()> {
        self.provenance.runs_finished += 1;
        let row = RunRow {
            strategy: self.plan.strategies[strategy].strategy.name().into(),
            simulations: self.plan.sizes[size],
            seed,
            validation_mse: None,
            test_mse: None,
            target_mse: vec![None; self.plan.finetune.target_names.len()],
            epochs: 0,
            steps: 0,
            stopped: Stopped::Diverged.name().into(),
            model: String::new(),
        };
        (self.observe)(&Event::Finished(&row));
        self.results.append(row)
    }

    fn pretrained(&mut self, seed: u32, run: InTraining, outcome: Outcome) -> Result<()> {
        let pretraining = self
            .plan
            .pretraining
            .as_ref()
            .expect("study: no pre-training");
        let start = Start {
            network: run.network,
            parameters: outcome.parameters.clone(),
        };
        let mut row = RunRow {
            strategy: "pretraining".into(),
            simulations: pretraining.simulations,
            seed,
            validation_mse: outcome.validation_loss,
            test_mse: None,
            target_mse: vec![None; pretraining.dataset.target_names.len()],
            epochs: outcome.epochs,
            steps: outcome.steps,
            stopped: outcome.stopped.name().into(),
            model: String::new(),
        };
        let usable = outcome.validation_loss.is_some();
        if usable && self.plan.save_models {
            let scaling = Scaling {
                target_ranges: pretraining.dataset.target_ranges.clone(),
                ..run.scaling.clone()
            };
            let names = &pretraining.dataset.target_names;
            let model = self.model(&row, start.clone(), scaling, names);
            row.model = self.results.save(&format!("pretraining-{seed}"), &model)?;
        }
        let pretrained = Pretrained {
            start,
            scaling: run.scaling,
        };
        self.pretrained
            .insert(seed, usable.then(|| Arc::new(pretrained)));
        self.results.append_pretraining(&row)?;
        (self.observe)(&Event::Pretrained(&row));
        Ok(())
    }

    fn finetuned(
        &mut self,
        (strategy, size, seed): (usize, usize, u32),
        run: InTraining,
        outcome: Outcome,
    ) -> Result<()> {
        let name = self.plan.strategies[strategy].strategy.name();
        let simulations = self.plan.sizes[size];
        let mut row = RunRow {
            strategy: name.into(),
            simulations,
            seed,
            validation_mse: outcome.validation_loss,
            test_mse: None,
            target_mse: vec![None; self.plan.finetune.target_names.len()],
            epochs: outcome.epochs,
            steps: outcome.steps,
            stopped: outcome.stopped.name().into(),
            model: String::new(),
        };
        if outcome.validation_loss.is_some() {
            let start = Start {
                network: run.network,
                parameters: outcome.parameters,
            };
            let model = self.model(&row, start, run.scaling, &self.plan.finetune.target_names);
            let errors = self.test(&model)?;
            row.test_mse = Some(errors.iter().sum::<f64>() / errors.len() as f64);
            row.target_mse = errors.into_iter().map(Some).collect();
            if self.plan.save_models {
                row.model = self
                    .results
                    .save(&format!("{name}-{simulations}-{seed}"), &model)?;
            }
        }
        (self.observe)(&Event::Finished(&row));
        self.results.append(row)
    }

    /// Mean squared error of each scaled target on the test rows.
    fn test(&self, model: &Model) -> Result<Vec<f64>> {
        let finetune = &self.plan.finetune;
        let rows = self.plan.pool.test();
        let predicted =
            model.predict_scaled(&finetune.inputs.select_rows(rows), "data.finetune")?;
        let targets = finetune.target_names.len();
        let mut errors = vec![0.0; targets];
        let mut truth = vec![0.0; targets];
        for (row, predicted) in rows.iter().zip(predicted.chunks_exact(targets)) {
            model
                .about
                .scaling
                .target(finetune.targets.row(*row as usize), &mut truth);
            for ((error, truth), predicted) in errors.iter_mut().zip(&truth).zip(predicted) {
                *error += (f64::from(*predicted) - truth).powi(2) / rows.len() as f64;
            }
        }
        Ok(errors)
    }

    fn model(&self, row: &RunRow, start: Start, scaling: Scaling, targets: &[String]) -> Model {
        let data = &self.plan.finetune;
        let about = About {
            scaling,
            input_names: data.input_names.clone(),
            axis_name: data.axis_name.clone(),
            axis: data.axis.clone(),
            target_names: targets.to_vec(),
            study: self.plan.name.clone(),
            strategy: row.strategy.clone(),
            simulations: row.simulations,
            seed: row.seed,
            validation_mse: row.validation_mse,
            shoal: env!("CARGO_PKG_VERSION").into(),
        };
        Model { start, about }
    }
}
