//! What a study writes into its folder, as runs finish.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::data::dataset::Dataset;
use crate::data::files::write_bytes;
use crate::error::{Error, Result};
use crate::input_error;
use crate::study::datasets::Study;
use crate::study::report;
use crate::study::stats::summary::Summary;
use crate::study::store::folder::{check_settings, earlier, remove_parts};
use crate::study::store::journal::Journal;
use crate::study::store::model::Model;
use crate::study::store::runs;
use crate::study::store::runs::RUNS_FILE;
use crate::study::store::runs::{RunRow, RunsFile};
use crate::study::store::settings::STUDY_FILE;
use crate::study::store::settings::{identity, settings};
use crate::study::store::writer::Saving;

/// The journal of a folder of results.
pub const JOURNAL_FILE: &str = "journal.log";
pub(crate) const PRETRAINING_FILE: &str = "pretraining.csv";
const SUMMARY_FILE: &str = "summary.csv";
const MODELS: &str = "models";
const FIGURE: &str = "test-mse";

/// Where the results of a study come from.
#[derive(Clone, Debug, Serialize)]
pub struct Provenance {
    /// Title of the study.
    pub name: String,
    /// Version of shoal.
    pub shoal: String,
    /// What trained: kind, name, backend, driver, tile set or threads.
    pub device: Value,
    /// The study's seed and how many networks a setting has.
    pub seed: u64,
    /// Networks per size and strategy.
    pub seeds: u32,
    /// Simulations per fine-tuning.
    pub sizes: Vec<usize>,
    /// Names of the strategies.
    pub strategies: Vec<&'static str>,
    /// SHA-256 of the datasets.
    pub data: Value,
    /// Where the datasets are from: files with their SHA-256, or what was simulated.
    pub sources: Value,
    /// Everything that decides what the runs are; a folder is gone on with only by a study that has
    /// the same.
    pub settings: Value,
    /// The processes before this one that worked on the study: `device` and, unless they were
    /// killed, `seconds`.
    pub earlier: Vec<Value>,
    /// `running`, `finished` or `stopped`.
    pub status: &'static str,
    /// Runs that are in the tables.
    pub runs_finished: usize,
    /// Runs of the plan, pre-trainings included.
    pub runs_planned: usize,
    /// Optimiser steps over all runs.
    pub run_steps: u64,
    /// Seconds of training, of this process.
    pub seconds: f64,
    /// Of these, seconds in which the device took steps, averaged over the threads of a CPU; on a
    /// GPU at least so many. The rest is overhead.
    pub device_seconds: f64,
    /// Of these, seconds that the host worked beside the training: searches, journal, tables.
    pub host_seconds: f64,
    /// Most bytes held for runs at one time, by this process.
    pub peak_bytes: u64,
}

impl Provenance {
    /// Of a plan on a device, before it began.
    pub fn new(study: &Study, device: Value, runs_planned: usize) -> Self {
        let plan = &study.plan;
        let pretrain = study.data.pretraining.as_ref().map(|data| &data.dataset);
        let finetune = &study.data.fine_tuning.dataset;
        Self {
            name: plan.name.clone(),
            shoal: env!("CARGO_PKG_VERSION").into(),
            device,
            seed: plan.seed,
            seeds: plan.seeds,
            sizes: plan.sizes.clone(),
            strategies: plan.strategies.iter().map(|plan| plan.strategy.name()).collect(),
            data: serde_json::json!({
                "finetune": finetune.hash(),
                "pretrain": pretrain.map(Dataset::hash),
            }),
            sources: serde_json::json!({
                "finetune": finetune.provenance,
                "pretrain": pretrain.map(|dataset| &dataset.provenance),
            }),
            settings: settings(study),
            earlier: vec![],
            status: "running",
            runs_finished: 0,
            runs_planned,
            run_steps: 0,
            seconds: 0.0,
            device_seconds: 0.0,
            host_seconds: 0.0,
            peak_bytes: 0,
        }
    }
}

/// The folder of a study and its open files.
pub struct Results {
    folder: PathBuf,
    targets: Vec<String>,
    runs: Option<RunsFile>,
    pretraining: Option<RunsFile>,
    rows: Vec<RunRow>,
    pretraining_rows: Vec<RunRow>,
    saving: Saving,
    /// `study.json` as it was found.
    earlier: Option<Value>,
}

impl Results {
    /// Opens the folder of a study, or makes it, and takes the right to write it. The tables are
    /// written by [`Results::begin_tables`].
    ///
    /// # Errors
    /// [`Error::Input`] if there are results of another study or another process writes there;
    /// [`Error::Output`] if it cannot be written.
    pub fn open(folder: &Path, study: &Study) -> Result<(Self, Journal)> {
        if folder.join(RUNS_FILE).exists() && !folder.join(JOURNAL_FILE).exists() {
            return Err(input_error!(
                "{0} already holds the results of a study, but no {JOURNAL_FILE} to go on from; choose another folder with \
                 -o, or remove {0}",
                folder.display()
            ));
        }
        let models = folder.join(MODELS);
        std::fs::create_dir_all(&models).map_err(|e| {
            Error::Output(format!(
                "{}: the folder cannot be made: {e}; choose another one with -o",
                models.display()
            ))
        })?;
        let earlier = earlier(folder);
        check_settings(folder, study, earlier.as_ref())?;
        let journal = Journal::open(&folder.join(JOURNAL_FILE), identity(study))?;
        remove_parts(folder);
        remove_parts(&models);
        let results = Self {
            folder: folder.into(),
            targets: study.data.fine_tuning.dataset.target_names.clone(),
            runs: None,
            pretraining: None,
            rows: vec![],
            pretraining_rows: vec![],
            saving: Saving::default(),
            earlier,
        };
        Ok((results, journal))
    }

    /// Begins the tables with the rows that are there already.
    ///
    /// # Errors
    /// [`Error::Output`] with the path.
    pub fn begin_tables(
        &mut self,
        study: &Study,
        rows: Vec<RunRow>,
        pretraining: Vec<RunRow>,
    ) -> Result<()> {
        let path = self.folder.join(RUNS_FILE);
        self.runs = Some(match study.plan.has_pretraining_sizes() {
            true => RunsFile::create_sized(&path, &self.targets)?,
            false => RunsFile::create(&path, &self.targets)?,
        });
        if let Some(pretraining) = &study.data.pretraining {
            let targets = &pretraining.dataset.target_names;
            self.pretraining =
                Some(RunsFile::create(&self.folder.join(PRETRAINING_FILE), targets)?);
        }
        for row in rows {
            self.append(row)?;
        }
        pretraining.into_iter().try_for_each(|row| self.append_pretraining(row))
    }

    /// A file of the folder, by the path that a row has.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.join(relative)
    }

    /// What `study.json` says of the process before this one.
    pub fn earlier(&self) -> Vec<Value> {
        let Some(study) = &self.earlier else {
            return vec![];
        };
        let mut all = study["earlier"].as_array().cloned().unwrap_or_default();
        let seconds = study["seconds"].as_f64().filter(|_| study["status"] != "running");
        all.push(serde_json::json!({ "device": study["device"], "seconds": seconds }));
        all
    }

    /// Books a fine-tuning.
    ///
    /// # Errors
    /// [`Error::Output`] with the path.
    pub fn append(&mut self, row: RunRow) -> Result<()> {
        let runs = self.runs.as_mut().expect("results: the tables are begun");
        runs.append(&row)?;
        self.rows.push(row);
        Ok(())
    }

    /// Books a pre-training.
    ///
    /// # Errors
    /// [`Error::Output`] with the path.
    pub fn append_pretraining(&mut self, row: RunRow) -> Result<()> {
        let pretraining = self.pretraining.as_mut().expect("results: the tables are begun");
        pretraining.append(&row)?;
        self.pretraining_rows.push(row);
        Ok(())
    }

    /// Saves a network, sooner or later; its path relative to the folder. What names it must not be
    /// booked before [`Results::saving`] says that it is on disk.
    pub fn save(&mut self, stem: &str, model: Model) -> String {
        let relative = Self::model_path(stem);
        self.saving.ask(self.folder.join(&relative), model);
        relative
    }

    /// Which networks are on disk.
    pub fn saving(&self) -> &Saving {
        &self.saving
    }

    /// The path of a network relative to the folder.
    pub fn model_path(stem: &str) -> String {
        format!("{MODELS}/{stem}.safetensors")
    }

    /// Removes the networks whose file names begin so, but for some. One that cannot be removed is
    /// in nobody's way.
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
        let mut text =
            serde_json::to_string_pretty(provenance).expect("results: plain data is JSON");
        text.push('\n');
        write_bytes(&self.folder.join(STUDY_FILE), text.as_bytes())
    }

    /// Puts the rows into the order of the plan, and writes summary and figure.
    ///
    /// # Errors
    /// [`Error::Output`] with the path.
    pub fn finish(mut self, study: &Study) -> Result<Summary> {
        let plan = &study.plan;
        let place = |row: &RunRow| {
            let strategy = plan.strategies.iter().position(|s| s.strategy.name() == row.strategy);
            let pretrained = row.pretraining_simulations;
            (row.simulations, strategy, pretrained, row.seed)
        };
        self.rows.sort_by_key(place);
        runs::write_runs(&self.folder.join(RUNS_FILE), &self.targets, &self.rows)?;
        if let Some(pretraining) = &study.data.pretraining {
            self.pretraining_rows.sort_by_key(|row| (row.simulations, row.seed));
            let path = self.folder.join(PRETRAINING_FILE);
            runs::write_runs(&path, &pretraining.dataset.target_names, &self.pretraining_rows)?;
        }
        let summary = Summary::new(&self.targets, &runs::labelled(&self.rows));
        summary.write(&self.folder.join(SUMMARY_FILE))?;
        report::write_figure(&self.folder, FIGURE, &report::study_figure(&plan.name, &summary)?)?;
        Ok(summary)
    }
}
