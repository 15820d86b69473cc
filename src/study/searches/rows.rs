//! `trials.csv`: one row for every network that was trained in a search.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::data::files::write_bytes;
use crate::error::Result;
use crate::study::search::distribution::{Choice, Distribution};
use crate::study::searches::one::Search;
use crate::study::store::fields::{csv_text, number_text};

/// One run of a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialRow {
    /// Number of the trial, from 0.
    pub trial: u32,
    /// Which of the networks that score it, from 1.
    pub seed: u32,
    /// `complete`, `pruned` or `failed`.
    pub state: String,
    /// The best validation loss: mean squared error of scaled targets.
    pub validation_mse: Option<f64>,
    /// Mean squared error on the test rows; of fine-tunings that trained to their end.
    pub test_mse: Option<f64>,
    /// The same for each target.
    pub target_mse: Vec<Option<f64>>,
    /// Epochs.
    pub epochs: u32,
    /// Optimiser steps.
    pub steps: u32,
    /// Why it ended: `patience`, `epochs`, `diverged` or `pruned`.
    pub stopped: String,
}

const COLUMNS: [&str; 10] = [
    "strategy",
    "simulations",
    "trial",
    "seed",
    "state",
    "validation_mse",
    "test_mse",
    "epochs",
    "steps",
    "stopped",
];

/// Writes the rows of all searches, with the settings of their trials, in the order of searches,
/// trials and seeds.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub fn write_trials(path: &Path, targets: &[String], searches: &[Search]) -> Result<()> {
    let names = setting_names(searches);
    let header = (COLUMNS.iter().map(|column| column.to_string()))
        .chain(targets.iter().map(|target| format!("test_mse_{target}")))
        .chain(names.iter().cloned());
    let mut lines = vec![header.collect::<Vec<_>>()];
    let mut searches: Vec<&Search> = searches.iter().collect();
    searches.sort_by_key(|search| search.place());
    for search in searches {
        let mut rows: Vec<&TrialRow> = search.rows.iter().collect();
        rows.sort_by_key(|row| (row.trial, row.seed));
        lines.extend(rows.into_iter().map(|row| line(search, row, targets.len(), &names)));
    }
    write_bytes(path, &csv_text(lines.iter().map(Vec::as_slice)))
}

/// The names of all hyper-parameters, each once.
fn setting_names(searches: &[Search]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for parameter in searches.iter().flat_map(|search| search.space.parameters()) {
        if !names.contains(&parameter.name) {
            names.push(parameter.name.clone());
        }
    }
    // spaces with fewer layers come in any order
    names.sort_unstable();
    names
}

fn line(search: &Search, row: &TrialRow, targets: usize, names: &[String]) -> Vec<String> {
    let mut fields = vec![
        search.strategy.to_owned(),
        search.simulations.to_string(),
        row.trial.to_string(),
        row.seed.to_string(),
        row.state.clone(),
        number_text(row.validation_mse),
        number_text(row.test_mse),
        row.epochs.to_string(),
        row.steps.to_string(),
        row.stopped.clone(),
    ];
    let errors = |target| row.target_mse.get(target).copied().flatten();
    fields.extend((0..targets).map(|target| number_text(errors(target))));
    fields.extend(names.iter().map(|name| setting(search, row.trial, name)));
    fields
}

/// A trial's value of a hyper-parameter; empty where it has none.
fn setting(search: &Search, trial: u32, name: &str) -> String {
    let parameters = search.space.parameters();
    let Some(place) = parameters.iter().position(|parameter| parameter.name == name) else {
        return String::new();
    };
    let Some(value) = search.trials[trial as usize].parameters[place] else {
        return String::new();
    };
    match &parameters[place].distribution {
        Distribution::Range(_) => value.to_string(),
        Distribution::Choices(choices) => match &choices[value as usize] {
            Choice::Integer(value) => value.to_string(),
            Choice::Number(value) => value.to_string(),
            Choice::Word(word) => word.clone(),
        },
    }
}
