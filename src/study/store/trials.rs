//! The trials of a search, read back, and how it went on.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::Result;

use crate::data::files::write_bytes;
use crate::study::search::trial::State;
use crate::study::stats::agreement::mean_of_best;
use crate::study::store::columns::{Line, Table};
use crate::study::store::fields::{csv_text, number_text};
use crate::study::store::runs::RunRow;

/// The table of trials, where there was a search.
pub const TRIALS_FILE: &str = "trials.csv";

/// A finished trial of a search with its runs.
pub struct TrialRuns {
    /// Its number, from 0.
    pub trial: u32,
    /// What became of it.
    pub state: State,
    /// The hyper-parameters that apply, by name, as text.
    pub parameters: Vec<(String, String)>,
    /// Its runs, by seed.
    pub runs: Vec<RunRow>,
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

/// Writes `trials.csv`, atomically: trials in their order, with a column for each of `parameters`.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub fn write_trials(
    path: &Path,
    targets: &[String],
    parameters: &[String],
    trials: &[TrialRuns],
) -> Result<()> {
    let header = (COLUMNS.iter().map(|column| column.to_string()))
        .chain(targets.iter().map(|target| format!("test_mse_{target}")))
        .chain(parameters.iter().cloned());
    let mut lines = vec![header.collect::<Vec<_>>()];
    for trial in trials {
        lines.extend(trial.runs.iter().map(|row| {
            let mut fields = vec![
                row.strategy.clone(),
                row.simulations.to_string(),
                trial.trial.to_string(),
                row.seed.to_string(),
                trial.state.name().to_owned(),
                number_text(row.validation_mse),
                number_text(row.test_mse),
                row.epochs.to_string(),
                row.steps.to_string(),
                row.stopped.clone(),
            ];
            let errors = |target| row.target_mse.get(target).copied().flatten();
            fields.extend((0..targets.len()).map(|target| number_text(errors(target))));
            fields.extend(parameters.iter().map(|name| {
                let found = trial.parameters.iter().find(|(known, _)| known == name);
                found.map_or(String::new(), |(_, value)| value.clone())
            }));
            fields
        }));
    }
    write_bytes(path, &csv_text(lines.iter().map(Vec::as_slice)))
}

/// One network of one trial, a line of `trials.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The strategy.
    pub strategy: String,
    /// How many simulations.
    pub simulations: usize,
    /// The number of the trial, from 0, in its search.
    pub trial: u32,
    /// The validation MSE; absent for a trial that diverged or was pruned before it had one.
    pub validation_mse: Option<f64>,
    /// The test MSE, over all targets.
    pub test_mse: Option<f64>,
}

/// The search for the hyper-parameters of one strategy and size.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// The strategy.
    pub strategy: String,
    /// How many simulations.
    pub simulations: usize,
    /// The number, the validation MSE and the test MSE of each trial, means over its networks, in
    /// the order of the numbers. A trial with a network that has none has none.
    pub trials: Vec<(u32, Option<f64>, Option<f64>)>,
    /// The mean test MSE of the [`BEST`] trials of lowest validation MSE.
    pub best: Option<f64>,
}

/// How many of the best trials are averaged, as in arXiv 2510.19168.
pub const BEST: usize = 10;

impl Search {
    /// The lowest validation MSE up to and with each trial, from the first trial on that has one.
    pub fn history(&self) -> Vec<(u32, f64)> {
        let mut lowest = f64::INFINITY;
        let best = |(trial, validation, _): &(u32, Option<f64>, Option<f64>)| {
            lowest = validation.map_or(lowest, |value| lowest.min(value));
            lowest.is_finite().then_some((*trial, lowest))
        };
        self.trials.iter().filter_map(best).collect()
    }
}

/// The searches in a table of trials: strategies in the order in which it names them, sizes
/// ascending.
pub fn searches(trials: &[Trial]) -> Vec<Search> {
    let mut strategies: Vec<&str> = Vec::new();
    let mut groups: BTreeMap<(usize, usize), BTreeMap<u32, Vec<&Trial>>> = BTreeMap::new();
    for trial in trials {
        let known = strategies.iter().position(|name| *name == trial.strategy);
        let place = known.unwrap_or(strategies.len());
        if known.is_none() {
            strategies.push(&trial.strategy);
        }
        let group = groups.entry((place, trial.simulations)).or_default();
        group.entry(trial.trial).or_default().push(trial);
    }
    let search = |((place, simulations), numbers): ((usize, usize), BTreeMap<u32, Vec<&Trial>>)| {
        let of_trial = |(number, networks): (u32, Vec<&Trial>)| {
            let validation = mean(networks.iter().map(|one| one.validation_mse));
            let test = mean(networks.iter().map(|one| one.test_mse));
            (number, validation, test)
        };
        let trials: Vec<_> = numbers.into_iter().map(of_trial).collect();
        let ranked: Vec<_> = trials.iter().map(|(_, rank, test)| (*rank, *test)).collect();
        Search {
            strategy: strategies[place].to_owned(),
            simulations,
            best: mean_of_best(&ranked, BEST),
            trials,
        }
    };
    groups.into_iter().map(search).collect()
}

/// Absent if any value is.
fn mean(values: impl ExactSizeIterator<Item = Option<f64>>) -> Option<f64> {
    let count = values.len() as f64;
    let total: Option<f64> = values.sum();
    total.map(|total| total / count).filter(|mean| mean.is_finite())
}

/// Reads `trials.csv`, by the names of its columns: `strategy`, `simulations`, `trial`,
/// `validation_mse` and `test_mse`; others are left alone. A last line without its line break was
/// torn by a killed process and is dropped.
///
/// # Errors
/// [`crate::Error::Input`] that names the file and the line.
pub fn read_trials(path: &Path) -> Result<Vec<Trial>> {
    let table = Table::read(path)?;
    let [strategy, simulations, trial] = table.columns(["strategy", "simulations", "trial"])?;
    let [validation, test] = table.columns(["validation_mse", "test_mse"])?;
    let read = |line: Line| {
        Ok(Trial {
            strategy: line.text(strategy).to_owned(),
            simulations: line.number(simulations)?,
            trial: line.number(trial)?,
            validation_mse: line.measured(validation)?,
            test_mse: line.measured(test)?,
        })
    };
    table.lines().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_of_several_networks_counts_with_their_mean() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trials.csv");
        let text = "strategy,trial,simulations,seed,validation_mse,test_mse,learning_rate\n\
                    scratch,0,50,1,0.3,0.4,1e-3\nscratch,0,50,2,0.1,0.2,1e-3\n\
                    scratch,1,50,1,,,1e-1\nscratch,2,50,1,0.1,0.1,1e-2\nscratch,2,50,2,0.1,0.3,1e-2\nscratch,3,5";
        std::fs::write(&path, text).unwrap();
        let searches = searches(&read_trials(&path).unwrap());
        assert_eq!(searches.len(), 1);
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        near(searches[0].best.unwrap(), (0.3 + 0.2) / 2.0);
        let history = searches[0].history();
        assert_eq!(history.iter().map(|one| one.0).collect::<Vec<_>>(), [0, 1, 2]);
        history.iter().zip([0.2, 0.2, 0.1]).for_each(|(one, value)| near(one.1, value));
        std::fs::write(&path, text.replace("0.3,0.4", "x,0.4")).unwrap();
        let error = read_trials(&path).unwrap_err().to_string();
        assert!(error.contains("line 2: 'x' is not a number for validation_mse"), "{error}");
    }
}
