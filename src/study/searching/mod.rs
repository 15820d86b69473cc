//! Searches for hyper-parameters: first that of the pre-training, then those of all strategies and sizes, whose generations
//! train side by side in one shoal.
//!
//! `one` is a search, `rows` are its table. Every search proposes its next generation as soon as its last one is over, and waits
//! for no other search. What a search proposes and stops follows from the study's seed and its own earlier generations, so the
//! trials are the same on any number of threads, whatever is packed together, and after any interruption.
//!
//! A trial that is over stands in the journal; one that is not begins again. The networks of the best trial of the pre-training
//! are those that are fine-tuned; if their files are lost they are trained again, to the same bits.

mod one;
mod rows;
mod take_up;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use one::{Over, Search, Stage, Trained, mean};
pub use rows::TRIALS_FILE;
use rows::TrialRow;

use super::evaluation;
use super::execution::{Event, with_what_is_on_disk};
use super::jobs::{self, How, Prepared, Pretrained};
use super::journal::{self, Journal};
use super::plan::{Plan, Pretraining};
use super::results::{Provenance, Results};
use super::search_plan::{SearchPlan, of_setting};
use crate::data::Scaling;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::input_error;
use crate::network::Network;
use crate::report::{RunRow, Summary};
use crate::run::{Outcome, Run};
use crate::shoal::{self, Progress, Reached, Work};
use crate::transfer::Start;

/// Trials whose mean counts, as in the paper (arXiv 2510.19168).
const BEST: usize = 10;

/// The word for a run that a pruner stopped.
const PRUNED: &str = "pruned";

/// A run in training.
struct InTraining {
    search: usize,
    trial: u32,
    seed: u32,
    network: Network,
    scaling: Scaling,
    /// Epochs if nothing stops it before.
    epochs: u32,
    /// Its outcome is known; only its network is wanted.
    again: bool,
}

struct Searching<'a> {
    plan: &'a Plan,
    search: &'a SearchPlan,
    stop: &'a AtomicBool,
    observe: &'a mut (dyn FnMut(&Event) + Send),
    results: Results,
    journal: Journal,
    searches: Vec<Search>,
    /// Fine-tunings that wait for the networks of the pre-training.
    closed: Vec<Stage>,
    training: HashMap<usize, InTraining>,
    /// Runs of the best trial of the pre-training that train again for their networks: trial and seed.
    again: Vec<(u32, u32)>,
    pretrained: Vec<Arc<Pretrained>>,
    /// Events that are not yet written: the disk is waited for once for all that are over at one time.
    events: Vec<journal::Event>,
    rows: Vec<(usize, TrialRow)>,
    next_id: usize,
    provenance: Provenance,
    failure: Option<Error>,
}

/// Runs the searches of a plan, as [`super::execute`] runs a plan.
///
/// # Errors
/// As [`super::execute`].
pub fn execute(
    plan: &Plan,
    search: &SearchPlan,
    device: &Device,
    folder: &Path,
    stop: &AtomicBool,
    observe: &mut (dyn FnMut(&Event) + Send),
) -> Result<Summary> {
    let (results, journal) = Results::open(folder, plan)?;
    let mut searching = Searching::new((plan, search), device, stop, observe, (results, journal));
    searching.take_up(device)?;
    let start = Instant::now();
    let trained = shoal::train(device, jobs::tables(plan), &mut searching);
    searching.provenance.seconds = start.elapsed().as_secs_f64();
    let failure = searching.failure.take();
    let trained = failure
        .map_or(trained, Err)
        .and_then(|()| searching.flush());
    searching.provenance.status = if trained.is_ok() {
        "finished"
    } else {
        "stopped"
    };
    let written = (searching.write_trials())
        .and_then(|()| searching.results.write_provenance(&searching.provenance));
    let (finished, planned) = (
        searching.provenance.runs_finished,
        searching.provenance.runs_planned,
    );
    trained.map_err(|error| with_what_is_on_disk(error, finished, planned, folder, TRIALS_FILE))?;
    written?;
    searching.finish()
}

impl Work for Searching<'_> {
    fn next(&mut self) -> Option<Run> {
        if self.failure.is_some() {
            return None;
        }
        self.next_run().unwrap_or_else(|error| {
            // told at the next chance to fail; there is none here
            self.failure = Some(error);
            None
        })
    }

    fn reached(&mut self, at: &Reached) -> Option<u32> {
        let run = &self.training[&at.id];
        if at.epoch >= run.epochs {
            return None;
        }
        let goes_on = run.again
            || self.searches[run.search].rung(run.trial, at.epoch, at.best_loss, self.search);
        goes_on.then(|| self.search.next_rung(at.epoch, run.epochs))
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        let run = self
            .training
            .remove(&outcome.id)
            .expect("search: a run nobody asked for");
        let (place, trial) = (run.search, run.trial);
        if run.again {
            let trained = Trained {
                seed: run.seed,
                start: Start {
                    network: run.network,
                    parameters: outcome.parameters,
                },
                scaling: run.scaling,
            };
            return self.trained_again(place, trial, trained);
        }
        let over = self.over(run, outcome)?;
        if self.searches[place].take(trial, over, self.search) {
            self.end_trial(place, trial)?;
        }
        Ok(())
    }

    fn progress(&mut self, progress: &Progress) -> Result<()> {
        self.flush()?;
        self.provenance.peak_bytes = self.provenance.peak_bytes.max(progress.bytes);
        let done = self.provenance.runs_finished;
        (self.observe)(&Event::Progress {
            progress: *progress,
            done,
            waiting: self
                .provenance
                .runs_planned
                .saturating_sub(done + progress.alive),
        });
        match self.stop.load(Ordering::Relaxed) {
            true => Err(Error::Interrupted("stopped as asked".into())),
            false => Ok(()),
        }
    }
}

impl Searching<'_> {
    fn pretraining(&self) -> &Pretraining {
        self.plan
            .pretraining
            .as_ref()
            .expect("search: no pre-training")
    }

    /// A run that can start, if there is one.
    fn next_run(&mut self) -> Result<Option<Run>> {
        let again = self.again.pop().map(|(trial, seed)| (0, trial, seed, true));
        let queued = || {
            let mut searches = self.searches.iter_mut().enumerate();
            searches.find_map(|(place, search)| {
                let (trial, seed) = search.queue.pop_front()?;
                Some((place, trial, seed, false))
            })
        };
        let Some((place, trial, seed, again)) = again.or_else(queued) else {
            return Ok(None);
        };
        let id = self.next_id;
        self.next_id += 1;
        let Prepared { mut run, scaling } = self.prepare(place, trial, seed, id)?;
        let epochs = run.training.max_epochs;
        // the first network of a trial stands for all of it
        if seed == 1 && !again {
            run.training.max_epochs = self.search.next_rung(0, epochs);
        }
        let network = run.network.clone();
        let in_training = InTraining {
            search: place,
            trial,
            seed,
            network,
            scaling,
            epochs,
            again,
        };
        self.training.insert(id, in_training);
        Ok(Some(run))
    }

    fn prepare(&self, place: usize, trial: u32, seed: u32, id: usize) -> Result<Prepared> {
        let search = &self.searches[place];
        let setting = search.setting(trial);
        match search.stage {
            Stage::Pretraining => {
                let pretraining = self.pretraining();
                let how = of_setting(
                    self.plan,
                    &How::of_pretraining(self.plan, pretraining),
                    &setting,
                );
                jobs::pretrain(self.plan, pretraining, &how, id, seed)
            }
            Stage::Finetuning { strategy, size } => {
                let typed = &self.plan.strategies[strategy];
                let how = of_setting(self.plan, &How::of_strategy(self.plan, typed), &setting);
                let base =
                    (typed.strategy.transfers()).then(|| &*self.pretrained[seed as usize - 1]);
                jobs::finetune(self.plan, base, &how, id, (strategy, size, seed))
            }
        }
    }

    /// What came out of a run of a trial.
    fn over(&self, run: InTraining, outcome: Outcome) -> Result<Over> {
        let search = &self.searches[run.search];
        let pruned = run.seed == 1 && search.pruned.contains(&run.trial);
        let mut row = TrialRow {
            trial: run.trial,
            seed: run.seed,
            state: String::new(),
            validation_mse: outcome.validation_loss,
            test_mse: None,
            target_mse: vec![],
            epochs: outcome.epochs,
            steps: outcome.steps,
            stopped: if pruned {
                PRUNED
            } else {
                outcome.stopped.name()
            }
            .into(),
        };
        let usable = outcome.validation_loss.is_some() && !pruned;
        let trained = usable.then(|| Trained {
            seed: run.seed,
            start: Start {
                network: run.network,
                parameters: outcome.parameters,
            },
            scaling: run.scaling,
        });
        if let (Some(trained), Stage::Finetuning { .. }) = (&trained, search.stage) {
            let model = self.model(search, &row, trained);
            let errors = evaluation::test(self.plan, &model)?;
            row.test_mse = mean(errors.iter().copied().map(Some));
            row.target_mse = errors.into_iter().map(Some).collect();
        }
        Ok(Over { row, trained })
    }

    fn model(&self, search: &Search, row: &TrialRow, trained: &Trained) -> crate::model::Model {
        let row = RunRow {
            seed: trained.seed,
            ..self.run_row(search, &[row], String::new())
        };
        let mut scaling = trained.scaling.clone();
        let mut names = &self.plan.finetune.target_names;
        if search.stage == Stage::Pretraining {
            let dataset = &self.pretraining().dataset;
            (names, scaling.target_ranges) = (&dataset.target_names, dataset.target_ranges.clone());
        }
        evaluation::model(self.plan, &row, trained.start.clone(), scaling, names)
    }

    /// A trial as a row of `runs.csv`: means over its networks.
    fn run_row(&self, search: &Search, rows: &[&TrialRow], model: String) -> RunRow {
        let targets = match search.stage {
            Stage::Pretraining => self.pretraining().dataset.target_names.len(),
            Stage::Finetuning { .. } => self.plan.finetune.target_names.len(),
        };
        let target = |target: usize| {
            mean(
                rows.iter()
                    .map(|row| row.target_mse.get(target).copied().flatten()),
            )
        };
        RunRow {
            strategy: search.strategy.into(),
            simulations: search.simulations,
            seed: rows[0].seed,
            validation_mse: mean(rows.iter().map(|row| row.validation_mse)),
            test_mse: mean(rows.iter().map(|row| row.test_mse)),
            target_mse: (0..targets).map(target).collect(),
            epochs: rows.iter().map(|row| row.epochs).max().unwrap_or(0),
            steps: rows.iter().map(|row| row.steps).sum(),
            stopped: rows[0].stopped.clone(),
            model,
        }
    }

    /// Books a trial whose runs are over, and goes on with its search.
    fn end_trial(&mut self, place: usize, trial: u32) -> Result<()> {
        let first_row = self.searches[place].rows.len();
        let (events, best) = self.searches[place].end(trial);
        if best && self.plan.save_models {
            self.save_best(place)?;
        }
        self.events.extend(events);
        let rows = self.searches[place].rows[first_row..].iter().cloned();
        self.rows.extend(rows.map(|row| (place, row)));
        if self.searches[place].waits_for_nothing() {
            self.flush()?;
            self.write_trials()?;
            self.advance(place)?;
        }
        Ok(())
    }

    fn write_trials(&self) -> Result<()> {
        let targets = &self.plan.finetune.target_names;
        rows::write_trials(&self.results.path(TRIALS_FILE), targets, &self.searches)
    }

    /// Saves the networks of the best trial, before the journal says that it is over.
    fn save_best(&self, place: usize) -> Result<()> {
        let search = &self.searches[place];
        let (_, trial) = search.best.expect("search: no best trial");
        for trained in &search.networks {
            let rows = search.rows_of(trial);
            let row = rows.into_iter().find(|row| row.seed == trained.seed);
            let model = self.model(
                search,
                row.expect("search: a network without a row"),
                trained,
            );
            self.results
                .save(&file_stem(search, trial, trained.seed), &model)?;
        }
        Ok(())
    }

    /// Writes what is over to the journal, and tells of it.
    fn flush(&mut self) -> Result<()> {
        self.journal.append(&std::mem::take(&mut self.events))?;
        for (place, row) in std::mem::take(&mut self.rows) {
            self.provenance.run_steps += u64::from(row.steps);
            if row.seed == 1 {
                self.provenance.runs_finished += self.search.table.seeds as usize;
            }
            let whole = self.run_row(&self.searches[place], &[&row], String::new());
            (self.observe)(&Event::Trial {
                trial: row.trial,
                state: &row.state,
                row: &whole,
            });
        }
        Ok(())
    }

    /// Goes on with a search whose trials so far are over.
    fn advance(&mut self, place: usize) -> Result<()> {
        self.searches[place].advance(&mut self.journal, self.search)?;
        if self.searches[place].finished {
            self.remove_models_but_best(place);
            if self.searches[place].stage == Stage::Pretraining {
                self.open_closed(place)?;
            }
        }
        Ok(())
    }

    fn remove_models_but_best(&self, place: usize) {
        let search = &self.searches[place];
        let stem = stem(search);
        let keeps: Vec<String> = (search.best.iter())
            .flat_map(|(_, trial)| {
                (1..=self.search.table.seeds).map(|seed| file_stem(search, *trial, seed))
            })
            .collect();
        self.results.remove_models(&format!("{stem}-trial"), &keeps);
    }

    /// Trials that were worse than the best ones are in `trials.csv` alone.
    fn finish(self) -> Result<Summary> {
        let (mut runs, mut pretraining) = (vec![], vec![]);
        for search in &self.searches {
            if search.stage == Stage::Pretraining {
                let best = search.best.map(|(_, trial)| trial);
                for row in best.into_iter().flat_map(|trial| search.rows_of(trial)) {
                    pretraining.push(self.run_row(
                        search,
                        &[row],
                        self.saved(search, row.trial, row.seed),
                    ));
                }
                continue;
            }
            for (rank, trial) in (1..).zip(search.ranked().into_iter().take(BEST)) {
                let model = if rank == 1 {
                    self.saved(search, trial, 1)
                } else {
                    String::new()
                };
                let row = self.run_row(search, &search.rows_of(trial), model);
                runs.push(RunRow { seed: rank, ..row });
            }
        }
        let mut results = self.results;
        results.begin_tables(self.plan, runs, pretraining)?;
        results.finish(self.plan)
    }

    /// The path of a network of a best trial, as a row has it.
    fn saved(&self, search: &Search, trial: u32, seed: u32) -> String {
        match self.plan.save_models {
            true => Results::model_path(&file_stem(search, trial, seed)),
            false => String::new(),
        }
    }
}

/// What the files of a search's networks begin with.
fn stem(search: &Search) -> String {
    match search.stage {
        Stage::Pretraining => search.strategy.to_owned(),
        Stage::Finetuning { .. } => format!("{}-{}", search.strategy, search.simulations),
    }
}

fn file_stem(search: &Search, trial: u32, seed: u32) -> String {
    format!("{}-trial{trial}-{seed}", stem(search))
}

/// No network to fine-tune.
fn nothing_to_fine_tune() -> Error {
    input_error!(
        "no trial of the pre-training has a validation loss that is a number, so there is nothing to fine-tune; lower \
         search.space.learning_rate.high, or give more trials"
    )
}
