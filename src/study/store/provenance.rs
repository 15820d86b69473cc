//! `study.json`: where the results of a study come from.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::data::dataset::Dataset;
use crate::data::files::{opened, write_bytes};
use crate::engine::device::Description;
use crate::error::Result;
use crate::input_error;
use crate::study::datasets::Study;
use crate::study::part::PartOf;
use crate::study::store::settings::settings;

/// The file in a study's folder.
pub const STUDY_FILE: &str = "study.json";

/// Where the results of a study come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Title of the study.
    pub name: String,
    /// The scenario, in studies with several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// Its place among the studies of one file, from 0, if there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<usize>,
    /// The title of the studies beside it that differ from it in the seed alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// The part of the study that is in this folder, if it is not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<PartOf>,
    /// Version of shoal.
    pub shoal: String,
    /// The device.
    pub device: Description,
    /// The study's seed.
    pub seed: u64,
    /// Networks per size and strategy.
    pub seeds: u32,
    /// Simulations per fine-tuning.
    pub sizes: Vec<usize>,
    /// Names of the strategies.
    pub strategies: Vec<String>,
    /// SHA-256 of the datasets.
    pub data: OfDatasets<String>,
    /// Origin of the datasets: files with their SHA-256, or what was simulated.
    pub sources: OfDatasets<Value>,
    /// Everything that determines the runs; a folder is resumed only by a study with the same
    /// settings.
    pub settings: Value,
    /// What is probably not as it was meant: see [`Study::notices`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// Earlier processes that worked on the study.
    pub earlier: Vec<EarlierProcess>,
    /// How far the study is.
    pub status: Status,
    /// Runs in the tables.
    pub runs_finished: usize,
    /// Runs of the plan, pre-trainings included.
    pub runs_planned: usize,
    /// Optimiser steps over all runs.
    pub run_steps: u64,
    /// Seconds of training, of this process.
    pub seconds: f64,
    /// Of these, seconds in which the device took steps, averaged over the threads of a CPU; a
    /// lower bound on a GPU. The rest is overhead.
    pub device_seconds: f64,
    /// Of these, seconds of work on the host beside the training: searches, journal, tables.
    pub host_seconds: f64,
    /// Most bytes held for runs at one time, by this process.
    pub peak_bytes: u64,
}

/// A value for each dataset of a study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfDatasets<T> {
    /// The dataset to fine-tune on.
    pub finetune: T,
    /// The dataset to pre-train on, if there is one.
    pub pretrain: Option<T>,
}

/// An earlier process that worked on a study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarlierProcess {
    /// Its device.
    pub device: Description,
    /// Its seconds of training; absent if it was killed.
    pub seconds: Option<f64>,
}

/// How far a study is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It runs, or was killed.
    Running,
    /// All runs are finished.
    Finished,
    /// It was interrupted, or failed.
    Stopped,
}

impl Status {
    /// The word in `study.json`.
    pub fn name(self) -> &'static str {
        match self {
            Status::Running => "running",
            Status::Finished => "finished",
            Status::Stopped => "stopped",
        }
    }
}

impl Provenance {
    /// Of a study on a device, before training. `before` is what an earlier process wrote.
    pub fn new(
        study: &Study,
        device: Description,
        runs_planned: usize,
        before: Option<&Provenance>,
    ) -> Self {
        let plan = &study.plan;
        let pretrain = study.data.pretraining.as_ref().map(|data| &*data.dataset);
        let finetune = &study.data.fine_tuning.dataset;
        Self {
            name: plan.name.clone(),
            scenario: plan.scenario.clone(),
            place: plan.place,
            series: plan.series.clone(),
            part: plan.share.as_ref().map(|share| share.of.clone()),
            shoal: env!("CARGO_PKG_VERSION").into(),
            device,
            seed: plan.seed,
            seeds: plan.seeds,
            sizes: plan.sizes.clone(),
            strategies: plan.strategies.iter().map(|one| one.strategy.name().into()).collect(),
            data: OfDatasets {
                finetune: finetune.hash().to_owned(),
                // of networks to start from nobody has the data
                pretrain: pretrain.filter(|_| plan.models().is_empty()).map(Dataset::hash),
            },
            sources: OfDatasets {
                finetune: finetune.provenance.clone(),
                pretrain: pretrain.map(|dataset: &Dataset| dataset.provenance.clone()),
            },
            settings: settings(study),
            notices: study.notices.clone(),
            earlier: before.map_or(vec![], Provenance::processes),
            status: Status::Running,
            runs_finished: 0,
            runs_planned,
            run_steps: 0,
            seconds: 0.0,
            device_seconds: 0.0,
            host_seconds: 0.0,
            peak_bytes: 0,
        }
    }

    /// That of a study whose groups were trained in several folders; none of no folder.
    pub fn joined(folders: &[&Self]) -> Option<Self> {
        let (last, others) = folders.split_last()?;
        let earlier = others.iter().flat_map(|one| one.processes());
        let earlier = earlier.chain(last.earlier.iter().cloned()).collect();
        Some(Self { part: None, earlier, ..Self::clone(last) })
    }

    /// The devices of all processes so far.
    pub fn devices(&self) -> impl Iterator<Item = &Description> {
        self.earlier.iter().map(|process| &process.device).chain([&self.device])
    }

    /// Restores device and times of an earlier process: this one has trained nothing.
    pub fn keep_process(&mut self, before: &Self) {
        *self = Self {
            device: before.device.clone(),
            earlier: before.earlier.clone(),
            seconds: before.seconds,
            device_seconds: before.device_seconds,
            host_seconds: before.host_seconds,
            peak_bytes: before.peak_bytes,
            ..self.clone()
        };
    }

    /// All processes so far, for the one that resumes the study.
    fn processes(&self) -> Vec<EarlierProcess> {
        let seconds = Some(self.seconds).filter(|_| self.status != Status::Running);
        let last = EarlierProcess { device: self.device.clone(), seconds };
        self.earlier.iter().cloned().chain([last]).collect()
    }

    /// Seconds of training, of all processes that were not killed.
    pub fn all_seconds(&self) -> f64 {
        self.earlier.iter().filter_map(|process| process.seconds).sum::<f64>() + self.seconds
    }

    /// Writes `study.json` into a folder, atomically.
    ///
    /// # Errors
    /// [`crate::Error::Output`] with the path.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).expect("provenance: plain data is JSON");
        write_bytes(&folder.join(STUDY_FILE), (text + "\n").as_bytes())
    }

    /// Reads `study.json` of a folder; absent if there is no such file.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if the file cannot be read, or is of another version of shoal.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(STUDY_FILE);
        let text = match opened(|| std::fs::read_to_string(&path)) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(input_error!("cannot read '{}': {error}", path.display())),
        };
        serde_json::from_str(&text).map(Some).map_err(|error| {
            input_error!(
                "'{}' is damaged, or of another version of shoal: {error}; restore it, or choose \
                 another folder",
                path.display()
            )
        })
    }
}
