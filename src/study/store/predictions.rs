//! `predictions.csv`: what networks predict of the test rows, beside the truth.

use std::path::Path;

use crate::data::matrix::Matrix;
use crate::error::Result;
use crate::study::store::run::Curve;
use crate::study::store::table::{Table, columns, curve_columns, number_text, write_curves};

/// The file in a study's folder.
pub const PREDICTIONS_FILE: &str = "predictions.csv";

/// The predictions of one network, in the units of the targets.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// Strategy and pre-training size.
    pub curve: Curve,
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
    /// The predicted standard deviations, shape (rows, targets), if the network has them.
    pub deviation: Option<Matrix>,
}

const BEFORE: [&str; 3] = ["simulations", "seed", "row"];

/// The columns after those of the curve.
fn rest(targets: &[String], deviations: bool) -> Vec<String> {
    let of_targets =
        |prefix: &'static str| targets.iter().map(move |name| prefix.to_owned() + name);
    let before = columns(&BEFORE).into_iter();
    let sigmas = of_targets("sigma_").filter(|_| deviations);
    before.chain(of_targets("truth_")).chain(of_targets("prediction_")).chain(sigmas).collect()
}

/// Writes `predictions.csv`, one line for each network and test row, atomically.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub fn write_predictions(path: &Path, targets: &[String], all: &[Predictions]) -> Result<()> {
    let lines = all.iter().flat_map(|one| {
        one.rows.iter().enumerate().map(|(place, row)| {
            let mut line = vec![one.simulations.to_string(), one.seed.to_string(), row.to_string()];
            let sigmas = one.deviation.as_ref().map_or(&[][..], |all| all.row(place));
            let numbers = [one.truth.row(place), one.prediction.row(place), sigmas].concat();
            line.extend(numbers.into_iter().map(|value| number_text(Some(value))));
            (&one.curve, line)
        })
    });
    let deviations = all.iter().any(|one| one.deviation.is_some());
    write_curves(path, &rest(targets, deviations), lines)
}

/// Reads `predictions.csv` of these targets.
///
/// # Errors
/// [`crate::Error::Input`] that names the file and the line.
pub fn read_predictions(path: &Path, targets: &[String]) -> Result<Vec<Predictions>> {
    let table = Table::read(path)?;
    let curve = curve_columns(table.is_sized());
    let deviations = table.heading().iter().any(|name| name.starts_with("sigma_"));
    table.check_columns(&[&curve[..], &rest(targets, deviations)].concat())?;
    let first = curve.len();
    let mut all: Vec<Predictions> = Vec::new();
    for line in table.lines() {
        let (curve, simulations, seed) =
            (line.curve()?, line.number(first)?, line.number(first + 1)?);
        let parts = if deviations { 3 } else { 2 };
        let numbers = (0..parts * targets.len())
            .map(|place| line.number(first + BEFORE.len() + place))
            .collect::<Result<Vec<f64>>>()?;
        let same = |one: &&mut Predictions| {
            (&one.curve, one.simulations, one.seed) == (&curve, simulations, seed)
        };
        let (truth, rest) = numbers.split_at(targets.len());
        let (prediction, deviation) = rest.split_at(targets.len());
        let row = line.number(first + 2)?;
        match all.last_mut().filter(same) {
            Some(one) => one.append(row, [truth, prediction, deviation]),
            None => {
                let empty = || Matrix::new(0, targets.len(), vec![]);
                let (truths, predictions) = (empty(), empty());
                let mut one = Predictions {
                    curve,
                    simulations,
                    seed,
                    rows: vec![],
                    truth: truths,
                    prediction: predictions,
                    deviation: deviations.then(empty),
                };
                one.append(row, [truth, prediction, deviation]);
                all.push(one);
            }
        }
    }
    Ok(all)
}

impl Predictions {
    fn append(&mut self, row: u32, [truth, prediction, deviation]: [&[f64]; 3]) {
        self.rows.push(row);
        let known = [(&mut self.truth, truth), (&mut self.prediction, prediction)];
        let sigmas = self.deviation.as_mut().map(|matrix| (matrix, deviation));
        for (matrix, values) in known.into_iter().chain(sigmas) {
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
            curve: Curve::of(strategy),
            simulations: 50,
            seed,
            rows: vec![7, 3],
            truth: Matrix::new(2, 2, vec![0.1 + 0.2, 1e-300, -3.0, 5e17]),
            prediction: Matrix::new(2, 2, vec![0.0, 1.0, 2.0, 1.0 / 3.0]),
            deviation: None,
        };
        let all = [network("scratch", 1), network("scratch", 2), network("\"x\"", 2)];
        write_predictions(&path, &targets, &all).unwrap();
        assert_eq!(read_predictions(&path, &targets).unwrap(), all);
        let mut sized = all.to_vec();
        sized[2].curve.pretraining_simulations = Some(2048);
        for one in &mut sized {
            one.deviation = Some(Matrix::new(2, 2, vec![0.1, 0.7, 1e-9, 3.0]));
        }
        write_predictions(&path, &targets, &sized).unwrap();
        assert_eq!(read_predictions(&path, &targets).unwrap(), sized);
        let error = read_predictions(&path, &targets[..1]).unwrap_err();
        assert!(error.to_string().contains("prediction_M_nu"), "{error}");
    }
}
