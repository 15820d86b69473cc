//! The folder of a study, open for writing.

use std::path::{Path, PathBuf};

use crate::data::files::is_part;
use crate::error::{Error, Result};
use crate::input_error;
use crate::study::datasets::Study;
use crate::study::store::difference::differences;
use crate::study::store::foreign::{JOURNAL_FILE, check_own};
use crate::study::store::group_predictions::PREDICTIONS;
use crate::study::store::journal::Journal;
use crate::study::store::kept_models::KeptModels;
use crate::study::store::model::{MODELS, Model};
use crate::study::store::model_writer::ModelWriter;
use crate::study::store::provenance::{Provenance, STUDY_FILE};
use crate::study::store::results::StudyResults;
use crate::study::store::run::RunRecord;
use crate::study::store::runs::{PRETRAINING_FILE, RUNS_FILE, RunColumns, RunsFile, write_runs};
use crate::study::store::settings::{identity, settings};
use crate::study::store::trials::TrialRuns;

/// The folder of a study and its open files.
pub struct StudyFolder {
    folder: PathBuf,
    columns: RunColumns,
    pretraining_columns: Option<RunColumns>,
    runs_file: Option<RunsFile>,
    pretraining_file: Option<RunsFile>,
    runs: Vec<RunRecord>,
    pretraining: Vec<RunRecord>,
    models: ModelWriter,
    kept: KeptModels,
    before: Option<Provenance>,
}

impl StudyFolder {
    /// Opens the folder of a study, or creates it, and locks it for writing. The tables begin with
    /// [`StudyFolder::begin_tables`].
    ///
    /// # Errors
    /// [`Error::Input`] if there are results of another study or files of somebody else, or another
    /// process writes there;
    /// [`Error::Output`] if it cannot be written.
    pub fn open(folder: &Path, study: &Study) -> Result<(Self, Journal)> {
        let has = |name: &str| folder.join(name).exists();
        if has(RUNS_FILE) && has(STUDY_FILE) && !has(JOURNAL_FILE) {
            return Err(input_error!(
                "{0} already holds the results of a study, but no {JOURNAL_FILE} to resume from; \
                 choose another folder with -o, or remove {0}",
                folder.display()
            ));
        }
        check_own(folder)?;
        let models = folder.join(MODELS);
        std::fs::create_dir_all(&models).map_err(|e| {
            Error::Output(format!(
                "{}: the folder cannot be created: {e}; choose another one with -o",
                models.display()
            ))
        })?;
        let before = Provenance::read(folder)?;
        if let Some(before) = &before {
            check_settings(folder, study, before)?;
        }
        let journal = Journal::open(&folder.join(JOURNAL_FILE), identity(study))?;
        remove_parts(folder);
        remove_parts(&models);
        remove_parts(&folder.join(PREDICTIONS));
        let pretraining = study.data.pretraining.as_ref();
        let pretraining = pretraining.filter(|_| study.plan.models().is_empty());
        let opened = Self {
            folder: folder.into(),
            columns: RunColumns {
                targets: study.data.fine_tuning.dataset.target_names.clone(),
                metrics: study.plan.metrics.clone(),
                pretraining_sizes: study.plan.has_pretraining_sizes(),
                devices: false,
            },
            pretraining_columns: pretraining.map(|one| RunColumns {
                metrics: study.plan.metrics.clone(),
                ..RunColumns::new(&one.dataset.target_names)
            }),
            runs_file: None,
            pretraining_file: None,
            runs: vec![],
            pretraining: vec![],
            models: ModelWriter::default(),
            kept: KeptModels::default(),
            before,
        };
        Ok((opened, journal))
    }

    /// Begins the tables with the runs that finished before; `several` devices may have trained
    /// them.
    ///
    /// # Errors
    /// [`Error::Output`] with the path.
    pub fn begin_tables(
        &mut self,
        runs: Vec<RunRecord>,
        pretraining: Vec<RunRecord>,
        several: bool,
    ) -> Result<()> {
        let devices = several || runs.iter().chain(&pretraining).any(|run| run.device.is_some());
        self.columns.devices = devices;
        if let Some(columns) = &mut self.pretraining_columns {
            columns.devices = devices;
        }
        let file = RunsFile::create(&self.path(RUNS_FILE), self.columns.clone())?;
        self.runs_file = Some(file);
        if let Some(columns) = self.pretraining_columns.clone() {
            let file = RunsFile::create(&self.path(PRETRAINING_FILE), columns)?;
            self.pretraining_file = Some(file);
        }
        runs.into_iter().try_for_each(|run| self.append(run))?;
        pretraining.into_iter().try_for_each(|run| self.append_pretraining(run))
    }

    /// The path of a file in the folder.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.join(relative)
    }

    /// `study.json` as an earlier process left it.
    pub fn before(&self) -> Option<&Provenance> {
        self.before.as_ref()
    }

    /// Adds a finished fine-tuning.
    ///
    /// # Errors
    /// [`Error::Output`] with the path.
    pub fn append(&mut self, run: RunRecord) -> Result<()> {
        self.runs_file.as_mut().expect("folder: the tables have begun").append(&run)?;
        self.runs.push(run);
        Ok(())
    }

    /// Adds a finished pre-training.
    ///
    /// # Errors
    /// [`Error::Output`] with the path.
    pub fn append_pretraining(&mut self, run: RunRecord) -> Result<()> {
        self.pretraining_file.as_mut().expect("folder: the tables have begun").append(&run)?;
        self.pretraining.push(run);
        Ok(())
    }

    /// Queues a network to be written, and returns its path relative to the folder. A record that
    /// names it may be written once [`StudyFolder::models`] counts it as durable.
    pub fn save(&mut self, stem: &str, run: &RunRecord, model: Model) -> String {
        let relative = Self::model_path(stem);
        self.kept.keep(run, &relative, &model);
        self.models.queue(self.folder.join(&relative), model);
        relative
    }

    /// The writer of networks.
    pub fn models(&self) -> &ModelWriter {
        &self.models
    }

    /// The path of a network relative to the folder.
    pub fn model_path(stem: &str) -> String {
        format!("{MODELS}/{stem}.safetensors")
    }

    /// Removes the networks whose file names begin with `begin`, but for those in `keeps`. Files
    /// that cannot be removed do no harm.
    pub fn remove_models(&self, begin: &str, keeps: &[String]) {
        for entry in std::fs::read_dir(self.path(MODELS)).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let stem = name.strip_suffix(".safetensors").unwrap_or(&name);
            if stem.starts_with(begin) && !keeps.iter().any(|keep| keep == stem) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// Writes `study.json`.
    ///
    /// # Errors
    /// [`Error::Output`] with the path.
    pub fn write_provenance(&self, provenance: &Provenance) -> Result<()> {
        provenance.write(&self.folder)
    }

    /// Writes the tables of runs again, in the order of the plan, and returns all results.
    ///
    /// # Errors
    /// [`Error::Output`] with the path.
    pub fn finish(
        mut self,
        study: &Study,
        provenance: Provenance,
        trials: Vec<TrialRuns>,
    ) -> Result<StudyResults> {
        let strategies = &study.plan.strategies;
        self.runs.sort_by_key(|run| {
            let curve = &run.key.curve;
            let strategy = strategies.iter().position(|one| one.strategy.name() == curve.strategy);
            (run.key.simulations, strategy, curve.pretraining_simulations, run.key.seed)
        });
        write_runs(&self.path(RUNS_FILE), &self.columns, &self.runs)?;
        self.pretraining.sort_by_key(|run| (run.key.simulations, run.key.seed));
        if let Some(columns) = &self.pretraining_columns {
            write_runs(&self.path(PRETRAINING_FILE), columns, &self.pretraining)?;
        }
        Ok(StudyResults {
            folder: self.folder,
            provenance: Some(provenance),
            targets: self.columns.targets,
            runs: self.runs,
            pretraining: self.pretraining,
            trials,
            predictions: vec![],
            tested: vec![],
            usages: vec![],
            degeneracies: vec![],
            models: self.kept,
        })
    }
}

/// Checks that the results in a folder are those of this study. The journal would notice too, but
/// could not say what differs.
pub(crate) fn check_settings(folder: &Path, study: &Study, before: &Provenance) -> Result<()> {
    let found = differences(&before.settings, &settings(study));
    if found.is_empty() {
        return Ok(());
    }
    let more = match found.len() {
        0..=4 => String::new(),
        count => format!(", and {} more", count - 4),
    };
    Err(input_error!(
        "{} already holds the results of another study: {}{more}; choose another folder with -o, \
         or restore the settings",
        folder.display(),
        found[..found.len().min(4)].join(", ")
    ))
}

/// Removes temporary files of a killed process. Files that cannot be removed do no harm.
fn remove_parts(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if is_part(&name.to_string_lossy()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
