//! Searches for hyper-parameters: first that of the pre-training, then those of all strategies and
//! sizes, whose generations train side by side in one shoal.
//!
//! `one` is a search, `rows` are its table. Every search proposes its next generation as soon as
//! its last one is over, and waits for no other search. What a search proposes and stops follows
//! from the study's seed and its own earlier generations, so the trials are the same on any number
//! of threads, whatever is packed together, and after any interruption.
//!
//! A trial that is over stands in the journal; one that is not begins again. The networks of the
//! best trial of the pre-training are those that are fine-tuned; if their files are lost they are
//! trained again, to the same bits.

pub(crate) mod one;
pub(crate) mod over;
pub(crate) mod rows;
pub(crate) mod take_up;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use one::{Search, Stage, Trained};

use crate::data::scaling::Scaling;
use crate::engine::device::Device;
use crate::engine::graph::Graph;
use crate::engine::queue::Epoch;
use crate::engine::queue::Progress;
use crate::engine::queue::Reached;
use crate::engine::queue::RunQueue;
use crate::engine::queue::Test;
use crate::engine::run::Outcome;
use crate::engine::run::Run;
use crate::engine::train;
use crate::error::{Error, Result};
use crate::input_error;
use crate::study::config::search_plan::{SearchPlan, of_setting};
use crate::study::evaluation::Tests;
use crate::study::event::{Event, Name};
use crate::study::experiment::with_what_is_on_disk;
use crate::study::jobs;
use crate::study::jobs::{How, Prepared, Pretrained};
use crate::study::plan::{Plan, Pretraining};
use crate::study::store::folder::StudyFolder;
use crate::study::store::journal::Journal;
use crate::study::store::pace::Pace;
use crate::study::store::provenance::{Provenance, Status};
use crate::study::store::results::StudyResults;
use crate::study::store::run::RunRecord;
use crate::study::store::trials::{TRIALS_FILE, write_trials};
use crate::study::transfer::Start;

/// How often `trials.csv` is written anew while trials train.
const WRITE_TRIALS: Duration = Duration::from_secs(5);

/// A run in training.
struct InTraining {
    search: usize,
    trial: u32,
    seed: u32,
    network: Graph,
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
    results: StudyFolder,
    journal: Journal,
    searches: Vec<Search>,
    /// Fine-tunings that wait for the networks of the pre-training.
    closed: Vec<Stage>,
    training: HashMap<usize, InTraining>,
    /// Runs of the best trial of the pre-training that train again for their networks: trial and
    /// seed.
    again: Vec<(u32, u32)>,
    pretrained: Vec<Arc<Pretrained>>,
    tests: Tests<'a>,
    /// Rows of trials that are noted in the journal and not yet written: the disk is waited for
    /// once for all that are over at one time.
    rows: Vec<(usize, RunRecord)>,
    /// Searches whose best trial is new, and whose networks are to be saved before the journal is
    /// written.
    better: BTreeSet<usize>,
    pace: Pace,
    next_id: usize,
    /// When `trials.csv` was written last.
    written: Instant,
    provenance: Provenance,
    failure: Option<Error>,
}

/// Runs the searches of a plan, as [`crate::study::experiment::execute`] runs a plan.
///
/// # Errors
/// As [`crate::study::experiment::execute`].
pub fn execute(
    plan: &Plan,
    search: &SearchPlan,
    device: &Device,
    folder: &Path,
    stop: &AtomicBool,
    observe: &mut (dyn FnMut(&Event) + Send),
) -> Result<StudyResults> {
    let (results, journal) = StudyFolder::open(folder, plan)?;
    let mut searching = Searching::new((plan, search), device, stop, observe, (results, journal));
    searching.take_up(device)?;
    let start = Instant::now();
    let trained = train::train(device, jobs::tables(plan), &mut searching);
    searching.provenance.seconds = start.elapsed().as_secs_f64();
    let failure = searching.failure.take();
    // whatever ended the training, what is over is written; the first failure is the one worth
    // telling
    let written = searching.flush();
    let trained = failure.map_or(trained, Err).and(written);
    searching.provenance.status = if trained.is_ok() { Status::Finished } else { Status::Stopped };
    let written = (searching.write_trials())
        .and_then(|()| searching.results.write_provenance(&searching.provenance));
    let (finished, planned) =
        (searching.provenance.runs_finished, searching.provenance.runs_planned);
    trained.map_err(|error| with_what_is_on_disk(error, finished, planned, folder, TRIALS_FILE))?;
    written?;
    searching.finish()
}

impl RunQueue for Searching<'_> {
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

    fn begins(&mut self, run: &Run) {
        let training = &self.training[&run.id];
        if !training.again {
            let name = self.name(training.search, training.trial, training.seed);
            (self.observe)(&Event::Begun { name, run });
        }
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

    fn trained(&mut self, id: usize, steps: u32, epochs: &[Epoch]) {
        let run = &self.training[&id];
        if run.again {
            return;
        }
        let name = self.name(run.search, run.trial, run.seed);
        (self.observe)(&Event::Trained { name, steps, epochs });
    }

    fn test(&mut self, id: usize) -> Option<Test> {
        let run = self.training.get(&id)?;
        let search = &self.searches[run.search];
        let tests = search.stage != Stage::Pretraining && !self.is_pruned(run);
        let held_out = || (self.tests).held_out(&run.scaling, search.simulations, run.seed);
        Some(tests.then(held_out)?.ok()?.test(run.network.clone()))
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        let run = self.training.remove(&outcome.id).expect("search: a run nobody asked for");
        let (place, trial) = (run.search, run.trial);
        if run.again {
            let trained = Trained {
                seed: run.seed,
                start: Start { network: run.network, parameters: outcome.parameters },
                scaling: run.scaling,
            };
            return self.trained_again(place, trial, trained);
        }
        let name = self.name(place, trial, run.seed);
        (self.observe)(&Event::Ended { name });
        let over = self.over(run, outcome);
        if self.searches[place].take(trial, over, self.search) {
            self.end_trial(place, trial)?;
        }
        Ok(())
    }

    fn progress(&mut self, progress: &Progress) -> Result<()> {
        let stops = self.stop.load(Ordering::Relaxed);
        if stops || self.pace.is_due() {
            self.flush()?;
        }
        self.provenance.peak_bytes = self.provenance.peak_bytes.max(progress.bytes);
        self.provenance.host_seconds = progress.host.as_secs_f64();
        self.provenance.device_seconds = progress.device.as_secs_f64();
        let done = self.provenance.runs_finished;
        (self.observe)(&Event::Progress {
            progress: *progress,
            done,
            waiting: self.provenance.runs_planned.saturating_sub(done + progress.alive),
        });
        match stops {
            true => Err(Error::Interrupted("stopped as asked".into())),
            false => Ok(()),
        }
    }
}

impl Searching<'_> {
    fn pretraining(&self) -> &Pretraining {
        self.plan.pretraining.as_ref().expect("search: no pre-training")
    }

    /// What a run of a trial is called.
    fn name(&self, place: usize, trial: u32, seed: u32) -> Name {
        Name { part: self.part(self.searches[place].stage), trial: Some(trial), seed }
    }

    /// A run that can start, if there is one.
    fn next_run(&mut self) -> Result<Option<Run>> {
        let again = self.again.pop().map(|(trial, seed)| (0, trial, seed, true));
        let queued = || {
            let mut searches = self.searches.iter_mut().enumerate();
            searches.find_map(|(place, search)| {
                let (trial, seed) = search.next_run(&mut self.journal, self.search)?;
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
        let network = run.graph.clone();
        let in_training =
            InTraining { search: place, trial, seed, network, scaling, epochs, again };
        self.training.insert(id, in_training);
        Ok(Some(run))
    }

    fn prepare(&self, place: usize, trial: u32, seed: u32, id: usize) -> Result<Prepared> {
        let search = &self.searches[place];
        let setting = search.setting(trial);
        match search.stage {
            Stage::Pretraining => {
                let pretraining = self.pretraining();
                let how =
                    of_setting(self.plan, &How::of_pretraining(self.plan, pretraining), &setting);
                let simulations = pretraining.simulations[0];
                jobs::pretrain(self.plan, pretraining, &how, id, (simulations, seed))
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

    /// Books a trial whose runs are over, and goes on with its search.
    fn end_trial(&mut self, place: usize, trial: u32) -> Result<()> {
        let first_row = self.searches[place].rows.len();
        let (events, best) = self.searches[place].end(trial);
        if best && self.plan.save_models {
            self.better.insert(place);
        }
        self.journal.note(&events);
        let rows = self.searches[place].rows[first_row..].iter().cloned();
        self.rows.extend(rows.map(|row| (place, row)));
        if self.searches[place].waits_for_nothing() {
            self.advance(place)?;
        }
        Ok(())
    }

    fn write_trials(&self) -> Result<()> {
        let targets = &self.plan.finetune.target_names;
        let names = rows::setting_names(&self.searches);
        let trials = rows::trials(&self.searches);
        write_trials(&self.results.path(TRIALS_FILE), targets, &names, &trials)
    }

    /// Writes what is over, the best networks before the journal that tells of them, and tells of
    /// it.
    fn flush(&mut self) -> Result<()> {
        let begun = Instant::now();
        for place in std::mem::take(&mut self.better) {
            self.save_best(place);
        }
        self.results.models().wait()?;
        self.journal.force()?;
        for (place, row) in std::mem::take(&mut self.rows) {
            self.provenance.run_steps += u64::from(row.steps);
            if row.key.seed == 1 {
                self.provenance.runs_finished += self.search.table.seeds as usize;
            }
            let trial = row.key.trial.expect("search: a run of no trial");
            let state = self.searches[place].trials[trial as usize].state.name();
            (self.observe)(&Event::Trial { trial, state, row: &row });
        }
        if self.written.elapsed() > WRITE_TRIALS {
            self.write_trials()?;
            self.written = Instant::now();
        }
        self.pace.waited(begun);
        Ok(())
    }

    /// Goes on with a search whose trials so far are over.
    fn advance(&mut self, place: usize) -> Result<()> {
        self.searches[place].advance(self.search)?;
        if self.searches[place].finished {
            // the journal must tell of the best trial before the networks of others go
            self.flush()?;
            self.remove_models_but_best(place);
            if self.searches[place].stage == Stage::Pretraining {
                self.open_closed(place)?;
            }
        }
        Ok(())
    }
}

/// No network to fine-tune.
fn nothing_to_fine_tune() -> Error {
    input_error!(
        "no trial of the pre-training has a validation loss that is a number, so there is nothing to fine-tune; lower \
         search.space.learning_rate.high, or give more trials"
    )
}
