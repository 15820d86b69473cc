//! What a study writes into its folder, as runs finish.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::plan::Plan;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::files::write_bytes;
use crate::input_error;
use crate::model::Model;
use crate::report::{self, RunRow, RunsFile, Summary};

/// One row a fine-tuning.
pub const RUNS_FILE: &str = "runs.csv";
const PRETRAINING_FILE: &str = "pretraining.csv";
const SUMMARY_FILE: &str = "summary.csv";
const STUDY_FILE: &str = "study.json";
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
    pub device: serde_json::Value,
    /// The study's seed and how many networks a setting has.
    pub seed: u64,
    /// Networks per size and strategy.
    pub seeds: u32,
    /// Simulations per fine-tuning.
    pub sizes: Vec<usize>,
    /// Names of the strategies.
    pub strategies: Vec<&'static str>,
    /// SHA-256 of the datasets.
    pub data: serde_json::Value,
    /// Where the datasets are from: files with their SHA-256, or what was simulated.
    pub sources: serde_json::Value,
    /// `running`, `finished` or `stopped`.
    pub status: &'static str,
    /// Runs that are in the tables.
    pub runs_finished: usize,
    /// Runs of the plan, pre-trainings included.
    pub runs_planned: usize,
    /// Optimiser steps over all runs.
    pub run_steps: u64,
    /// Seconds of training.
    pub seconds: f64,
    /// Most bytes held for runs at one time.
    pub peak_bytes: u64,
}

impl Provenance {
    /// Of a plan on a device, before it began.
    pub fn new(plan: &Plan, device: serde_json::Value, runs_planned: usize) -> Self {
        let pretrain = plan.pretraining.as_ref().map(|p| &p.dataset);
        let finetune = &plan.finetune;
        Self {
            name: plan.name.clone(),
            shoal: env!("CARGO_PKG_VERSION").into(),
            device,
            seed: plan.seed,
            seeds: plan.seeds,
            sizes: plan.sizes.clone(),
            strategies: plan
                .strategies
                .iter()
                .map(|plan| plan.strategy.name())
                .collect(),
            data: serde_json::json!({
                "finetune": finetune.hash(),
                "pretrain": pretrain.map(Dataset::hash),
            }),
            sources: serde_json::json!({
                "finetune": finetune.provenance,
                "pretrain": pretrain.map(|dataset| &dataset.provenance),
            }),
            status: "running",
            runs_finished: 0,
            runs_planned,
            run_steps: 0,
            seconds: 0.0,
            peak_bytes: 0,
        }
    }
}

/// The folder of a study and its open files.
pub struct Results {
    folder: PathBuf,
    targets: Vec<String>,
    runs: RunsFile,
    pretraining: Option<RunsFile>,
    /// Rows of the fine-tunings so far.
    pub rows: Vec<RunRow>,
}

impl Results {
    /// Makes the folder and its tables.
    ///
    /// # Errors
    /// [`Error::Input`] if there are results already, [`Error::Output`] if it cannot be written.
    pub fn create(folder: &Path, plan: &Plan) -> Result<Self> {
        let runs = folder.join(RUNS_FILE);
        if runs.exists() {
            return Err(input_error!(
                "{} already holds the results of a study; choose another folder with -o, or remove it",
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
        let targets = plan.finetune.target_names.clone();
        let pretraining = match &plan.pretraining {
            Some(p) => Some(RunsFile::create(
                &folder.join(PRETRAINING_FILE),
                &p.dataset.target_names,
            )?),
            None => None,
        };
        Ok(Self {
            folder: folder.into(),
            runs: RunsFile::create(&runs, &targets)?,
            pretraining,
            targets,
            rows: vec![],
        })
    }

    /// Books a fine-tuning.
    ///
    /// # Errors
    /// [`Error::Output`] with the path.
    pub fn append(&mut self, row: RunRow) -> Result<()> {
        self.runs.append(&row)?;
        self.rows.push(row);
        Ok(())
    }

    /// Books a pre-training.
    ///
    /// # Errors
    /// [`Error::Output`] with the path.
    pub fn append_pretraining(&mut self, row: &RunRow) -> Result<()> {
        self.pretraining
            .as_mut()
            .map_or(Ok(()), |file| file.append(row))
    }

    /// Saves a network; its path relative to the folder.
    ///
    /// # Errors
    /// [`Error::Output`] with the path.
    pub fn save(&self, stem: &str, model: &Model) -> Result<String> {
        let relative = format!("{MODELS}/{stem}.safetensors");
        model.save(&self.folder.join(&relative))?;
        Ok(relative)
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
    pub fn finish(mut self, plan: &Plan) -> Result<Summary> {
        let place = |row: &RunRow| {
            let strategy = plan
                .strategies
                .iter()
                .position(|s| s.strategy.name() == row.strategy);
            (row.simulations, strategy, row.seed)
        };
        self.rows.sort_by_key(place);
        report::write_runs(&self.folder.join(RUNS_FILE), &self.targets, &self.rows)?;
        let summary = Summary::new(&self.targets, &self.rows);
        summary.write(&self.folder.join(SUMMARY_FILE))?;
        report::write_figure(
            &self.folder,
            FIGURE,
            &report::study_figure(&plan.name, &summary)?,
        )?;
        Ok(summary)
    }
}
