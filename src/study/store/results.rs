//! The results of a study in memory: what the process that trained it has, and what another one
//! reads from the folder.

use std::path::{Path, PathBuf};

use crate::data::files::opened;
use crate::error::Result;
use crate::input_error;
use crate::study::store::attribution_table::{ATTRIBUTIONS_FILE, Usage, read_usages};
use crate::study::store::class_attributions::{CLASS_ATTRIBUTIONS_FILE, read_classes};
use crate::study::store::degeneracy::{DEGENERACY_FILE, Degeneracy, read_degeneracies};
use crate::study::store::group_predictions::{GroupPredictions, PREDICTIONS};
use crate::study::store::kept_models::KeptModels;
use crate::study::store::model::Model;
use crate::study::store::predictions::{PREDICTIONS_FILE, Predictions, read_predictions};
use crate::study::store::provenance::Provenance;
use crate::study::store::run::RunRecord;
use crate::study::store::runs::{PRETRAINING_FILE, RUNS_FILE, read_runs};
use crate::study::store::trials::{TRIALS_FILE, TrialRuns, read_trials};

/// The results of a study, or of one of its scenarios.
#[derive(Clone, Debug)]
pub struct StudyResults {
    /// The folder with the files.
    pub folder: PathBuf,
    /// The contents of `study.json`; absent if there is no such file.
    pub provenance: Option<Provenance>,
    /// Names of the targets.
    pub targets: Vec<String>,
    /// The fine-tunings, in the order of the plan; after a search the best trials, the seed of each
    /// being its rank.
    pub runs: Vec<RunRecord>,
    /// The pre-trainings.
    pub pretraining: Vec<RunRecord>,
    /// The trials, if there was a search.
    pub trials: Vec<TrialRuns>,
    /// The best networks on the test rows.
    pub predictions: Vec<Predictions>,
    /// Every saved network on its test rows, group by group.
    pub tested: Vec<GroupPredictions>,
    /// What the networks use of each input, the pre-trained ones first if there are any.
    pub usages: Vec<Usage>,
    /// Which targets of the pre-training new targets are taken for.
    pub degeneracies: Vec<Degeneracy>,
    /// Networks that this process trained.
    pub models: KeptModels,
}

impl StudyResults {
    /// Reads the folder of a study, also of one that still runs or was stopped. Only `runs.csv`
    /// must be there.
    ///
    /// # Errors
    /// [`crate::Error::Input`] that names the file which is missing, damaged, or of another version
    /// of shoal.
    pub fn read(folder: &Path) -> Result<Self> {
        let provenance = Provenance::read(folder)?;
        let (columns, runs) = read_runs(&folder.join(RUNS_FILE))?;
        let targets = columns.targets;
        let pretraining = if_present(folder, PRETRAINING_FILE, |path| Ok(read_runs(path)?.1))?;
        let trials = if_present(folder, TRIALS_FILE, read_trials)?;
        let predictions =
            if_present(folder, PREDICTIONS_FILE, |path| read_predictions(path, &targets))?;
        let mut tested = if_present(folder, PREDICTIONS, |path| read_groups(path, &targets))?;
        // as the process that trained has them
        tested.sort_by_cached_key(|of| runs.iter().position(|run| run.key.group() == of.group));
        let mut usages = if_present(folder, ATTRIBUTIONS_FILE, read_usages)?;
        let classes = folder.join(CLASS_ATTRIBUTIONS_FILE);
        if classes.exists() {
            read_classes(&classes, &mut usages)?;
        }
        let degeneracies = if_present(folder, DEGENERACY_FILE, read_degeneracies)?;
        let folder = folder.to_owned();
        let models = KeptModels::default();
        let mut results = Self {
            folder,
            provenance,
            targets,
            runs,
            pretraining,
            trials,
            predictions,
            tested,
            usages,
            degeneracies,
            models,
        };
        results.set_scenario();
        Ok(results)
    }

    /// The saved network of a run: from memory if this process trained it, otherwise from its file.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn model(&self, run: &RunRecord) -> Result<Model> {
        let kept = self.models.get(&run.model).cloned();
        kept.map_or_else(|| Model::load(&self.folder.join(&run.model)), Ok)
    }

    /// Whether a folder holds runs.
    pub fn are_in(folder: &Path) -> bool {
        folder.join(RUNS_FILE).is_file()
    }

    /// An error if there is no finished run.
    ///
    /// # Errors
    /// [`crate::Error::Input`] with the folder.
    pub(crate) fn check_not_empty(&self) -> Result<()> {
        match self.runs.is_empty() {
            false => Ok(()),
            true => Err(input_error!(
                "{} has no finished run yet; there is nothing to analyse",
                self.folder.join(RUNS_FILE).display()
            )),
        }
    }

    /// Sets the scenario of all runs, for which tables have no column: each scenario has a folder.
    fn set_scenario(&mut self) {
        let scenario = self.provenance.as_ref().and_then(|one| one.scenario.clone());
        let of_trials = self.trials.iter_mut().flat_map(|trial| &mut trial.runs);
        for run in self.runs.iter_mut().chain(&mut self.pretraining).chain(of_trials) {
            run.key.scenario.clone_from(&scenario);
        }
    }
}

/// The predictions of all groups in a folder, by the names of their files.
fn read_groups(folder: &Path, targets: &[String]) -> Result<Vec<GroupPredictions>> {
    let entries = opened(|| std::fs::read_dir(folder))
        .map_err(|error| input_error!("{}: cannot be read: {error}", folder.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "npz")).collect();
    paths.sort();
    let read = |path: &PathBuf| {
        let group = GroupPredictions::read(path)?;
        match group.targets == targets {
            true => Ok(group),
            false => Err(input_error!(
                "{} has the targets {}, but {RUNS_FILE} has {}",
                path.display(),
                group.targets.join(", "),
                targets.join(", ")
            )),
        }
    };
    paths.iter().map(read).collect()
}

/// The contents of a table; nothing if there is none.
fn if_present<T>(
    folder: &Path,
    name: &str,
    read: impl FnOnce(&Path) -> Result<Vec<T>>,
) -> Result<Vec<T>> {
    let path = folder.join(name);
    if path.exists() { read(&path) } else { Ok(vec![]) }
}
