//! A study's folder read back, and everything that is found in it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::Result;
use crate::files::write_bytes;
use crate::input_error;
use crate::report::{
    Bound, RUNS_FILE, RunRow, STUDY_FILE, Summary, TRIALS_FILE, csv_text, labelled, number_text,
    read_runs,
};

use super::headline::headline;
use super::predictions::{Predictions, read_predictions};
use super::pretraining_size::{PretrainingSize, pretraining_size_verdict, pretraining_sizes};
use super::trials::{Search, read_trials, searches};
use super::{Agreement, Saved, Transfer, agreement, saved_simulations, transfers};

/// Most bootstrap samples, and most runs in all of them together: a study of ten thousand runs takes fewer samples.
const SAMPLES: usize = 2000;
const SAMPLED_RUNS: usize = 2_000_000;
/// Groups of rows by their prediction, to see the calibration.
const GROUPS: usize = 8;

/// The file that [`super::write_predictions`] writes at the end of a study.
pub const PREDICTIONS_FILE: &str = "predictions.csv";

/// The columns of the tables.
const SAVINGS: [&str; 6] = ["strategy", "simulations", "factor", "bound", "low", "high"];
const TRANSFERS: [&str; 9] = [
    "strategy",
    "simulations",
    "target",
    "seeds",
    "ratio",
    "p",
    "p_signed_rank",
    "p_corrected",
    "transfer",
];
const AGREEMENT: [&str; 8] = [
    "strategy",
    "simulations",
    "seed",
    "target",
    "r_squared",
    "bias",
    "rms_error",
    "slope",
];
const PRETRAINING_SIZES: [&str; 10] = [
    "strategy",
    "simulations",
    "pretraining_simulations",
    "seeds",
    "test_mse_mean",
    "low",
    "high",
    "ratio_to_largest",
    "ratio_low",
    "ratio_high",
];
const BEST_TRIALS: [&str; 4] = ["strategy", "simulations", "trials", "test_mse_best_mean"];

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
    /// All runs. Where there are several pre-training sizes, each is a strategy of its own here, [`RunRow::label`], and so it is
    /// in all that follows from the runs.
    pub runs: Vec<RunRow>,
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
        let title = provenance.as_ref().and_then(|value| value["name"].as_str());
        let last = || {
            folder
                .canonicalize()
                .ok()?
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
        };
        let name = title
            .map(str::to_owned)
            .or_else(last)
            .unwrap_or_else(|| "study".to_owned());
        let seed = provenance.as_ref().and_then(|value| value["seed"].as_u64());
        let (sizes, sizes_verdict) = (pretraining_sizes(&runs), pretraining_size_verdict(&runs));
        let runs = labelled(&runs);
        let samples = (SAMPLED_RUNS / runs.len()).clamp(200, SAMPLES);
        let trials = folder.join(TRIALS_FILE);
        let predictions = folder.join(PREDICTIONS_FILE);
        let predictions = match predictions.exists() {
            true => read_predictions(&predictions, &targets)?,
            false => vec![],
        };
        let agreeing = |one: Predictions| {
            let found = agreement(&one.truth, &one.prediction, GROUPS);
            (one, found)
        };
        Ok(Self {
            summary: Summary::new(&targets, &runs),
            saved: saved_simulations(&targets, &runs, samples, seed.unwrap_or(0)),
            transfers: transfers(&targets, &runs),
            pretraining_sizes: sizes,
            pretraining_size_verdict: sizes_verdict,
            searches: match trials.exists() {
                true => searches(&read_trials(&trials)?),
                false => vec![],
            },
            predictions: predictions.into_iter().map(agreeing).collect(),
            folder: folder.to_owned(),
            name,
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
        headline(&self.runs, &self.saved, &self.transfers)
    }

    /// How many seeds a strategy and size have at most.
    pub fn seeds(&self) -> usize {
        self.summary
            .rows
            .iter()
            .map(|row| row.runs)
            .max()
            .unwrap_or(0)
    }

    /// Writes `savings.csv` and `negative_transfer.csv`, with several pre-training sizes also `pretraining_size.csv`, with
    /// predictions `agreement.csv`, and with trials `best_trials.csv`.
    ///
    /// # Errors
    /// [`crate::Error::Output`] with the path.
    pub fn write_tables(&self) -> Result<()> {
        self.write_table(
            "savings.csv",
            &SAVINGS,
            self.saved.iter().map(saved_line).collect(),
        )?;
        let transfers = self.transfers.iter().map(transfer_line).collect();
        self.write_table("negative_transfer.csv", &TRANSFERS, transfers)?;
        if !self.pretraining_sizes.is_empty() {
            let lines = self.pretraining_sizes.iter().map(pretraining_size_line);
            self.write_table("pretraining_size.csv", &PRETRAINING_SIZES, lines.collect())?;
        }
        if !self.predictions.is_empty() {
            self.write_table("agreement.csv", &AGREEMENT, self.agreement_lines())?;
        }
        if !self.searches.is_empty() {
            let lines = self.searches.iter().map(search_line).collect();
            self.write_table("best_trials.csv", &BEST_TRIALS, lines)?;
        }
        Ok(())
    }

    fn write_table(&self, name: &str, columns: &[&str], lines: Vec<Vec<String>>) -> Result<()> {
        let heading: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
        let all = std::iter::once(&heading[..]).chain(lines.iter().map(Vec::as_slice));
        write_bytes(&self.folder.join(name), &csv_text(all))
    }

    fn agreement_lines(&self) -> Vec<Vec<String>> {
        let lines = self.predictions.iter().flat_map(|(network, agreements)| {
            self.targets.iter().zip(agreements).map(|(target, found)| {
                let names = [
                    &network.strategy,
                    &network.simulations.to_string(),
                    &network.seed.to_string(),
                    target,
                ];
                let numbers = [
                    found.r_squared,
                    Some(found.bias),
                    Some(found.rms_error),
                    found.slope,
                ];
                let names = names.into_iter().cloned();
                names.chain(numbers.map(number_text)).collect()
            })
        });
        lines.collect()
    }
}

fn saved_line(saved: &Saved) -> Vec<String> {
    let bound = match saved.bound {
        Bound::Exact => "exact",
        Bound::MoreThanLargest => "at least",
        Bound::LessThanSmallest => "at most",
    };
    vec![
        saved.strategy.clone(),
        saved.simulations.to_string(),
        number_text(Some(saved.factor)),
        bound.to_owned(),
        number_text(saved.low),
        number_text(saved.high),
    ]
}

fn pretraining_size_line(one: &PretrainingSize) -> Vec<String> {
    let counts = [one.simulations, one.pretraining_simulations, one.seeds];
    let ends = |interval: Option<[f64; 2]>| [0, 1].map(|end| interval.map(|ends| ends[end]));
    let ([low, high], [ratio_low, ratio_high]) = (ends(one.interval), ends(one.ratio_interval));
    let numbers = [Some(one.mean), low, high, one.ratio, ratio_low, ratio_high];
    std::iter::once(one.strategy.clone())
        .chain(counts.map(|count| count.to_string()))
        .chain(numbers.map(number_text))
        .collect()
}

fn search_line(search: &Search) -> Vec<String> {
    vec![
        search.strategy.clone(),
        search.simulations.to_string(),
        search.trials.len().to_string(),
        number_text(search.best),
    ]
}

/// The target is empty for the mean over all.
fn transfer_line(one: &Transfer) -> Vec<String> {
    let kind = match (one.is_negative(), one.is_positive()) {
        (true, _) => "negative",
        (_, true) => "positive",
        _ => "none",
    };
    vec![
        one.strategy.clone(),
        one.simulations.to_string(),
        one.target.clone().unwrap_or_default(),
        one.seeds.to_string(),
        number_text(Some(one.ratio)),
        number_text(one.p),
        number_text(one.p_signed_rank),
        number_text(one.p_corrected),
        kind.to_owned(),
    ]
}

/// Absent if there is no such file.
fn read_json(path: &Path) -> Result<Option<Value>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(input_error!("cannot read '{}': {error}", path.display())),
    };
    let parsed = serde_json::from_str(&text);
    parsed
        .map(Some)
        .map_err(|error| input_error!("'{}' is no JSON: {error}", path.display()))
}
