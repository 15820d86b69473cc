//! A study's folder read back, and everything that is found in it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::Result;
use crate::input_error;
use crate::study::stats::summary::Summary;
use crate::study::store::runs::RUNS_FILE;
use crate::study::store::runs::{RunRow, labelled, read_runs};
use crate::study::store::settings::STUDY_FILE;
use crate::study::store::trials::TRIALS_FILE;
use crate::study::transfer::BASELINE;

use crate::study::explain::usage::{ATTRIBUTIONS_FILE, Usage, read_usages};
use crate::study::stats::agreement::{Agreement, agreement};
use crate::study::stats::headline::{headline, ranked};
use crate::study::stats::negative_transfer::{Transfer, transfers};
use crate::study::stats::pretraining_size::{
    PretrainingSize, pretraining_size_verdict, pretraining_sizes,
};
use crate::study::stats::saved::{Saved, saved_simulations};
use crate::study::stats::scatter::Scatter;
use crate::study::stats::sentences::strategy_sentences;
use crate::study::store::predictions::{Predictions, read_predictions};
use crate::study::store::trials::{Search, read_trials, searches};

/// Most bootstrap samples, and most runs in all of them together: a study of ten thousand runs
/// takes fewer samples.
const SAMPLES: usize = 2000;
const SAMPLED_RUNS: usize = 2_000_000;
/// Groups of rows by their prediction, to see the calibration.
const GROUPS: usize = 8;

/// The file that [`crate::study::store::predictions::write_predictions`] writes at the end of a
/// study.
pub const PREDICTIONS_FILE: &str = "predictions.csv";

/// What is found in the folder of a study, or of one of its scenarios.
#[derive(Clone, Debug)]
pub struct Findings {
    /// The folder.
    pub folder: PathBuf,
    /// The study's title, or the folder's name if there is no `study.json`.
    pub name: String,
    /// What is in `study.json`.
    pub provenance: Option<Value>,
    /// Names of the targets.
    pub targets: Vec<String>,
    /// All runs; after a search the best trials, the seed of each being its rank. Where there are
    /// several pre-training sizes, each is a strategy of its own here, [`RunRow::label`], and so it
    /// is in all that follows from the runs.
    pub runs: Vec<RunRow>,
    /// What the runs of one strategy and size differ in.
    pub scatter: Scatter,
    /// Their statistics.
    pub summary: Summary,
    /// How many simulations transfer saves.
    pub saved: Vec<Saved>,
    /// Where transfer helps and hurts.
    pub transfers: Vec<Transfer>,
    /// The effect of the pre-training size, if there are several.
    pub pretraining_sizes: Vec<PretrainingSize>,
    /// The same in words, a sentence for each strategy.
    pub pretraining_size_verdict: Vec<String>,
    /// The searches for hyper-parameters, if there were any.
    pub searches: Vec<Search>,
    /// Networks on the test rows, each with the agreement of every target.
    pub predictions: Vec<(Predictions, Vec<Agreement>)>,
    /// What the networks read of each input, the pre-trained ones first if there are any.
    pub usages: Vec<Usage>,
}

impl Findings {
    /// Reads a study's folder and computes all that follows from it. Only `runs.csv` must be there.
    ///
    /// # Errors
    /// [`crate::Error::Input`] that names the file which is missing or damaged.
    pub fn read(folder: &Path) -> Result<Self> {
        let (targets, runs) = read_runs(&folder.join(RUNS_FILE))?;
        if runs.is_empty() {
            return Err(input_error!(
                "{} has no finished run yet; there is nothing to analyse",
                folder.join(RUNS_FILE).display()
            ));
        }
        let provenance = read_json(&folder.join(STUDY_FILE))?;
        let seed = provenance.as_ref().and_then(|value| value["seed"].as_u64());
        let (sizes, sizes_verdict) = (pretraining_sizes(&runs), pretraining_size_verdict(&runs));
        let runs = labelled(&runs);
        let samples = (SAMPLED_RUNS / runs.len()).clamp(200, SAMPLES);
        let predictions =
            if_there(&folder.join(PREDICTIONS_FILE), |path| read_predictions(path, &targets))?;
        let usages = if_there(&folder.join(ATTRIBUTIONS_FILE), read_usages)?;
        let searches = searches(&if_there(&folder.join(TRIALS_FILE), read_trials)?);
        let scatter = match searches.is_empty() {
            true => Scatter::Seeds,
            false => Scatter::Trials,
        };
        let agreeing = |one: Predictions| {
            let found = agreement(&one.truth, &one.prediction, GROUPS);
            (one, found)
        };
        Ok(Self {
            summary: Summary::new(&targets, &runs),
            saved: saved_simulations(&targets, &runs, scatter, (samples, seed.unwrap_or(0))),
            transfers: transfers(&targets, &without(&fixed(&predictions), &runs), scatter),
            searches,
            scatter,
            usages,
            pretraining_sizes: sizes,
            pretraining_size_verdict: sizes_verdict,
            predictions: predictions.into_iter().map(agreeing).collect(),
            folder: folder.to_owned(),
            name: name(folder, provenance.as_ref()),
            provenance,
            targets,
            runs,
        })
    }

    /// Whether a folder holds runs.
    pub fn are_in(folder: &Path) -> bool {
        folder.join(RUNS_FILE).is_file()
    }

    /// The answer in two sentences: what transfer saves, and where it hurts.
    pub fn headline(&self) -> [String; 2] {
        headline((&self.runs, self.scatter), &self.saved, &self.transfers)
    }

    /// The same strategy by strategy, the best one first.
    pub fn by_strategy(&self) -> Vec<String> {
        let mut sentences = strategy_sentences(&self.saved, &self.transfers, self.scatter);
        let known =
            |name: &str| name == BASELINE || self.transfers.iter().any(|one| one.strategy == *name);
        let silent = self.summary.strategies.iter().filter(|name| !known(name));
        sentences.extend(silent.map(|name| {
            format!("{name}: it has no finished run beside one of {BASELINE} to compare with.")
        }));
        sentences
    }

    /// The strategies that can be compared with the baseline, the best one first.
    pub fn ranked(&self) -> Vec<&str> {
        ranked(&self.transfers)
    }

    /// How many runs a strategy and size have at most: seeds, or best trials.
    pub fn most_runs(&self) -> usize {
        self.summary.rows.iter().map(|row| row.runs).max().unwrap_or(0)
    }
}

/// Absent if there is no such file.
fn read_json(path: &Path) -> Result<Option<Value>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(input_error!("cannot read '{}': {error}", path.display())),
    };
    let parsed = serde_json::from_str(&text);
    parsed.map(Some).map_err(|error| input_error!("'{}' is no JSON: {error}", path.display()))
}

/// The study's title, or the folder's name.
fn name(folder: &Path, provenance: Option<&Value>) -> String {
    let title = provenance.and_then(|value| value["name"].as_str());
    let whole = folder.canonicalize().ok();
    let last = whole.as_deref().and_then(Path::file_name);
    let last = last.map(|name| name.to_string_lossy().into_owned());
    (title.map(str::to_owned).or(last)).unwrap_or_else(|| "study".to_owned())
}

/// The places of targets that are the same in every row that was predicted: errors in them are no
/// matter of learning, and the ratio of two of them says nothing.
fn fixed(predictions: &[Predictions]) -> Vec<usize> {
    let Some(Predictions { truth, .. }) = predictions.first() else {
        return vec![];
    };
    let is_fixed = |place: &usize| {
        let mut values = (0..truth.rows).map(|row| truth.row(row)[*place]);
        let first = values.next();
        values.all(|value| Some(value) == first)
    };
    (0..truth.columns).filter(is_fixed).collect()
}

/// The runs without their errors in these targets.
fn without(places: &[usize], runs: &[RunRow]) -> Vec<RunRow> {
    let mut runs = runs.to_vec();
    for run in &mut runs {
        places.iter().for_each(|place| run.target_mse[*place] = None);
    }
    runs
}

/// What a table holds; nothing if there is none.
fn if_there<T>(path: &Path, read: impl FnOnce(&Path) -> Result<Vec<T>>) -> Result<Vec<T>> {
    match path.exists() {
        true => read(path),
        false => Ok(vec![]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::matrix::Matrix;

    #[test]
    fn targets_that_never_vary_are_found() {
        let matrix = |values: &[f64]| Matrix { rows: 3, columns: 3, values: values.to_vec() };
        let predictions = Predictions {
            strategy: "scratch".into(),
            simulations: 50,
            seed: 1,
            rows: vec![0, 1, 2],
            truth: matrix(&[0.3, 0.049, 1.0, 0.4, 0.049, 1.0, 0.3, 0.049, 1.5]),
            prediction: matrix(&[0.0; 9]),
        };
        assert_eq!(fixed(&[predictions]), [1]);
        assert_eq!(fixed(&[]), [0usize; 0]);
    }
}
