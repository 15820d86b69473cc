//! The journal of a study's runs: which are over, and what came out. `runs.csv` is written from it.
//!
//! Strategy and size make a search of the journal, a seed is a trial of it; its row stands in the
//! attribute `run`.

use std::path::Path;

use serde_json::json;

use crate::error::Result;
use crate::input_error;
use crate::study::jobs::Job;
use crate::study::plan::Plan;
use crate::study::search::space::Space;
use crate::study::search::trial::{State, Trial};
use crate::study::store::journal::event::Event;
use crate::study::store::journal::{Identity, Journal};
use crate::study::store::run::RunRecord;
use crate::study::transfer::PRETRAINING;

/// The journal of a folder of results.
pub const JOURNAL_FILE: &str = "journal.log";
/// The attribute of a trial with the row of its run.
const ROW: &str = "run";

/// The runs of a plan in its journal.
pub struct Record {
    journal: Journal,
    /// The trial of each job.
    trials: Vec<usize>,
}

impl Record {
    /// Opens the journal in `folder`, or begins it. Nobody else can write the folder from now on.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open(folder: &Path, identity: Identity) -> Result<Self> {
        let journal = Journal::open(&folder.join(JOURNAL_FILE), identity)?;
        Ok(Self { journal, trials: vec![] })
    }

    /// The journal itself, for searches, which book trials and not runs.
    pub fn into_journal(self) -> Journal {
        self.journal
    }

    /// What was wrong with the file and was put right, in words for the user.
    pub fn repaired(&self) -> Option<&str> {
        self.journal.repaired()
    }

    /// Begins a trial for every job that has none. Jobs of a search must come in the order of their
    /// seeds.
    ///
    /// # Errors
    /// [`crate::Error::Output`] if the journal cannot be written.
    pub fn begin(&mut self, plan: &Plan, jobs: &[Job]) -> Result<()> {
        let space = Space::new(vec![]);
        for job in jobs {
            let (name, seed) = (name(plan, job), job.seed());
            let search = self.journal.search(&name);
            let there = self.journal.records().searches()[search].trials.len() as u32;
            let missing: Vec<Trial> =
                (there..plan.seeds).map(|number| Trial::running(number, vec![])).collect();
            self.journal.begin(search, &space, &missing);
            let trials = &self.journal.records().searches()[search].trials;
            self.trials.push(trials[seed as usize - 1].id);
        }
        self.journal.force()
    }

    /// The record of a job that is finished.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if another version of shoal wrote it.
    pub fn row(&self, job: usize) -> Result<Option<RunRecord>> {
        let trial = self.journal.records().trial(self.trials[job]);
        let row = trial.filter(|trial| trial.state != State::Running);
        let row = row.and_then(|trial| trial.attributes.get(ROW));
        row.map(|row| serde_json::from_value(row.clone())).transpose().map_err(|error| {
            input_error!(
                "the journal has a run that another version of shoal wrote ({error}); choose another folder with -o"
            )
        })
    }

    /// Notes jobs that are over; [`Record::write`] books them.
    pub fn note(&mut self, over: &[(usize, RunRecord)]) {
        let mut events = Vec::new();
        for (job, row) in over {
            let trial = self.trials[*job];
            let state = match row.validation_loss {
                Some(_) => State::Complete,
                None => State::Failed,
            };
            events.push(Event::TrialAttribute { trial, key: ROW.into(), value: json!(row) });
            events.push(Event::End { trial, state, value: row.validation_loss });
        }
        self.journal.note(&events);
    }

    /// Books what was noted, for the processes after this one.
    ///
    /// # Errors
    /// [`crate::Error::Output`] if the journal cannot be written.
    pub fn write(&mut self) -> Result<()> {
        self.journal.write()
    }

    /// Waits until what was booked is on disk.
    ///
    /// # Errors
    /// As [`Record::write`].
    pub fn force(&mut self) -> Result<()> {
        self.journal.force()
    }
}

/// The search of the journal that a job is a trial of; it says on how many simulations networks
/// were pre-trained only where there are several such numbers.
fn name(plan: &Plan, job: &Job) -> String {
    let several = plan.has_pretraining_sizes();
    match *job {
        Job::Pretrain { simulations, .. } if several => {
            format!("{PRETRAINING}, {simulations} simulations")
        }
        Job::Pretrain { .. } => PRETRAINING.into(),
        Job::Finetune { strategy, size, pretrained, .. } => {
            let name = plan.strategies[strategy].strategy.name();
            let simulations = plan.sizes[size];
            match pretrained {
                1.. if several => {
                    format!("{name}, {simulations} simulations, pre-trained on {pretrained}")
                }
                _ => format!("{name}, {simulations} simulations"),
            }
        }
    }
}
