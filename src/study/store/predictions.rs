//! What networks predict of the test rows, beside the truth.

use std::path::Path;

use crate::data::files::write_bytes;
use crate::data::matrix::Matrix;
use crate::error::Result;
use crate::study::store::fields::{csv_text, number_text};

use crate::study::store::columns::Table;

/// The predictions of one network, in the units of the targets.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// The strategy.
    pub strategy: String,
    /// How many simulations it had.
    pub simulations: usize,
    /// The network's seed.
    pub seed: u32,
    /// The test rows, as numbers of rows in the dataset.
    pub rows: Vec<u32>,
    /// The truth, shape (rows, targets).
    pub truth: Matrix,
    /// The predictions, shape (rows, targets).
    pub prediction: Matrix,
}

const BEFORE: [&str; 4] = ["strategy", "simulations", "seed", "row"];
const TRUTH: &str = "truth_";
const PREDICTION: &str = "prediction_";

fn heading(targets: &[String]) -> Vec<String> {
    let of_targets =
        |prefix: &'static str| targets.iter().map(move |name| prefix.to_owned() + name);
    let before = BEFORE.iter().map(|name| (*name).to_owned());
    before.chain(of_targets(TRUTH)).chain(of_targets(PREDICTION)).collect()
}

/// Writes `predictions.csv`, one line for each network and test row, atomically.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub fn write_predictions(path: &Path, targets: &[String], all: &[Predictions]) -> Result<()> {
    let mut lines = vec![heading(targets)];
    for one in all {
        for (place, row) in one.rows.iter().enumerate() {
            let mut line = vec![
                one.strategy.clone(),
                one.simulations.to_string(),
                one.seed.to_string(),
                row.to_string(),
            ];
            let numbers = [one.truth.row(place), one.prediction.row(place)].concat();
            line.extend(numbers.into_iter().map(|value| number_text(Some(value))));
            lines.push(line);
        }
    }
    write_bytes(path, &csv_text(lines.iter().map(Vec::as_slice)))
}

/// Reads `predictions.csv` of these targets back.
///
/// # Errors
/// [`crate::Error::Input`] that names the file and the line.
pub fn read_predictions(path: &Path, targets: &[String]) -> Result<Vec<Predictions>> {
    let table = Table::read(path)?;
    table.check_columns(&heading(targets))?;
    let mut all: Vec<Predictions> = Vec::new();
    for line in table.lines() {
        let (strategy, simulations, seed) = (line.text(0), line.number(1)?, line.number(2)?);
        let numbers = (0..2 * targets.len())
            .map(|place| line.number(BEFORE.len() + place))
            .collect::<Result<Vec<f64>>>()?;
        let same = |one: &&mut Predictions| {
            (&*one.strategy, one.simulations, one.seed) == (strategy, simulations, seed)
        };
        let (truth, prediction) = numbers.split_at(targets.len());
        let row = line.number(3)?;
        match all.last_mut().filter(same) {
            Some(one) => one.append(row, truth, prediction),
            None => {
                let empty = || Matrix::new(0, targets.len(), vec![]);
                let mut one = Predictions {
                    strategy: strategy.to_owned(),
                    simulations,
                    seed,
                    rows: vec![],
                    truth: empty(),
                    prediction: empty(),
                };
                one.append(row, truth, prediction);
                all.push(one);
            }
        }
    }
    Ok(all)
}

impl Predictions {
    fn append(&mut self, row: u32, truth: &[f64], prediction: &[f64]) {
        self.rows.push(row);
        for (matrix, values) in [(&mut self.truth, truth), (&mut self.prediction, prediction)] {
            matrix.rows += 1;
            matrix.values.extend_from_slice(values);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_come_back_to_the_last_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("predictions.csv");
        let targets = ["a, b".to_owned(), "M_nu".to_owned()];
        let network = |strategy: &str, seed| Predictions {
            strategy: strategy.to_owned(),
            simulations: 50,
            seed,
            rows: vec![7, 3],
            truth: Matrix::new(2, 2, vec![0.1 + 0.2, 1e-300, -3.0, 5e17]),
            prediction: Matrix::new(2, 2, vec![0.0, 1.0, 2.0, 1.0 / 3.0]),
        };
        let all = [network("scratch", 1), network("scratch", 2), network("\"x\"", 2)];
        write_predictions(&path, &targets, &all).unwrap();
        assert_eq!(read_predictions(&path, &targets).unwrap(), all);
        let error = read_predictions(&path, &targets[..1]).unwrap_err();
        assert!(error.to_string().contains("prediction_M_nu"), "{error}");
    }
}
