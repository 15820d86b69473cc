//! `predictions/<group>.npz`: what every network of a group predicts of its test rows.
//!
//! Arrays, in units of the targets: `prediction`, f32, and `deviation` if networks have it, of
//! shape (seeds, rows, targets); `truth` (1 or seeds, rows, targets), `row` and `weight` (1 or
//! seeds, rows): 1 where all seeds have the same test rows, so that numpy takes `prediction -
//! truth`. `strategy`, `simulations`, `pretraining_simulations` (0 for none), `seed`, `predicts`,
//! `target_names`, `target_ranges` say whose they are.

use std::path::Path;

use crate::data::array::Array;
use crate::data::files::{prefix, read_bytes, write_atomically};
use crate::data::matrix::Matrix;
use crate::data::npy;
use crate::data::npz::{Archive, Writer};
use crate::engine::loss::Predicts;
use crate::error::Result;
use crate::input_error;
use crate::study::store::run::{Curve, GroupName};
use crate::study::tested::Tested;

/// The folder in a study's folder.
pub(crate) const PREDICTIONS: &str = "predictions";

/// The networks of a strategy and size on their test rows.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupPredictions {
    /// Strategy, pre-training size and size.
    pub group: GroupName,
    /// The seed of each network.
    pub seeds: Vec<u32>,
    /// What the outputs of the networks are.
    pub predicts: Predicts,
    /// Names of the targets.
    pub targets: Vec<String>,
    /// The ranges that are scaled to [0, 1], of each target.
    pub ranges: Vec<[f64; 2]>,
    /// The test rows: one for all seeds, or one for each.
    pub rows: Vec<TestRows>,
    /// Predictions of each seed, shape (rows, targets).
    pub predictions: Vec<Matrix>,
    /// Predicted standard deviations, likewise; empty if networks have none.
    pub deviations: Vec<Matrix>,
}

/// Test rows.
#[derive(Clone, Debug, PartialEq)]
pub struct TestRows {
    /// Their numbers in the dataset.
    pub rows: Vec<u32>,
    /// Their targets, shape (rows, targets).
    pub truth: Matrix,
    /// Their weights, shape (rows); all are 1 if there are none.
    pub weights: Option<Vec<f64>>,
}

impl GroupPredictions {
    /// The test rows of a network, by its place in [`GroupPredictions::seeds`].
    pub fn rows_of(&self, place: usize) -> &TestRows {
        &self.rows[place.min(self.rows.len() - 1)]
    }

    /// A network as metrics read it, by its place.
    pub fn tested(&self, place: usize) -> Tested {
        let TestRows { truth, weights, .. } = self.rows_of(place);
        let columns = |matrix: &Matrix, low: fn(&[f64; 2]) -> f64| -> Vec<Vec<f64>> {
            let column = |(target, range): (usize, &[f64; 2])| {
                let scaled = |value| (value - low(range)) / (range[1] - range[0]);
                matrix.column(target).map(scaled).collect()
            };
            self.ranges.iter().enumerate().map(column).collect()
        };
        Tested {
            predicts: self.predicts,
            predictions: columns(&self.predictions[place], |range| range[0]),
            deviations: (self.deviations.get(place))
                .map_or_else(Vec::new, |deviations| columns(deviations, |_| 0.0)),
            truth: columns(truth, |range| range[0]),
            weights: weights.clone().map(Into::into),
        }
    }

    /// Writes the file of the group into a folder, atomically.
    ///
    /// # Errors
    /// [`crate::Error::Output`] with the path.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(format!("{}.npz", self.group.stem(false)));
        let (seeds, lists) = (self.seeds.len() as u64, self.rows.len() as u64);
        let (rows, targets) = (self.rows[0].rows.len() as u64, self.targets.len() as u64);
        let Curve { strategy, pretraining_simulations } = &self.group.curve;
        let of_rows = |of: &dyn Fn(&TestRows) -> Vec<f64>| self.rows.iter().flat_map(of).collect();
        let floats = |all: &[Matrix]| -> Vec<f32> {
            all.iter().flat_map(|matrix| matrix.values.iter().map(|value| *value as f32)).collect()
        };
        let row: Vec<f64> = of_rows(&|one| one.rows.iter().map(|row| f64::from(*row)).collect());
        let weight: Vec<f64> = of_rows(&|one| one.weights.clone().unwrap_or_default());
        let numbers = [
            ("simulations", vec![1], vec![self.group.simulations as f64]),
            ("pretraining_simulations", vec![1], vec![pretraining_simulations.unwrap_or(0) as f64]),
            ("seed", vec![seeds], self.seeds.iter().map(|seed| f64::from(*seed)).collect()),
            ("target_ranges", vec![targets, 2], self.ranges.concat()),
            ("row", vec![lists, rows], row),
            ("truth", vec![lists, rows, targets], of_rows(&|one| one.truth.values.clone())),
            ("weight", vec![lists, rows], weight),
        ];
        let predictions = [("prediction", &self.predictions), ("deviation", &self.deviations)];
        let texts = [
            ("strategy", vec![], vec![strategy.clone()]),
            ("predicts", vec![], vec![word(self.predicts)]),
            ("target_names", vec![targets], self.targets.clone()),
        ];
        write_atomically(&path, |file| {
            let mut npz = Writer::new(file);
            for (name, shape, words) in &texts {
                npz.array(name, 0, |file| npy::write_text(file, shape, words))?;
            }
            for (name, shape, values) in numbers.iter().filter(|one| !one.2.is_empty()) {
                npz.array(name, size_of_val(&values[..]), |file| {
                    npy::write_numbers(file, shape, values)
                })?;
            }
            for (name, values) in predictions.iter().filter(|one| !one.1.is_empty()) {
                let values = floats(values);
                npz.array(name, size_of_val(&values[..]), |file| {
                    npy::write_numbers(file, &[seeds, rows, targets], &values)
                })?;
            }
            npz.finish()
        })
    }

    /// Reads the file of a group.
    ///
    /// # Errors
    /// [`crate::Error::Input`] that names the file and the array.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = read_bytes(path)?;
        Self::from_bytes(&bytes).map_err(|error| prefix(error, path.display()))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut file = Members { archive: Archive::open(bytes)? };
        let names = file.texts("target_names")?;
        let targets = names.len();
        let seeds: Vec<u32> = file.numbers("seed", &[None])?.counts();
        let ranges = file.numbers("target_ranges", &[Some(targets), Some(2)])?;
        let shape = [Some(seeds.len()), None, Some(targets)];
        let prediction = file.numbers("prediction", &shape)?;
        let rows = prediction.shape[1];
        let truth = file.numbers("truth", &[None, Some(rows), Some(targets)])?;
        let lists = truth.shape[0];
        if seeds.is_empty() || rows == 0 || targets == 0 || ![1, seeds.len()].contains(&lists) {
            return Err(input_error!(
                "has {} seeds, {rows} rows, {targets} targets and {lists} lists of test rows",
                seeds.len()
            ));
        }
        let row = file.numbers("row", &[Some(lists), Some(rows)])?.counts();
        let weight = file.optional("weight", &[Some(lists), Some(rows)])?;
        let deviation = file.optional("deviation", &shape)?;
        let matrices = |array: &Array| -> Vec<Matrix> {
            let all = array.values.chunks(rows * targets);
            all.map(|values| Matrix::new(rows, targets, values.to_vec())).collect()
        };
        let test_rows = |(list, truth): (usize, Matrix)| TestRows {
            rows: row[list * rows..][..rows].to_vec(),
            truth,
            weights: weight.as_ref().map(|all| all.values[list * rows..][..rows].to_vec()),
        };
        let one = |array: Array| array.counts::<usize>().first().copied().unwrap_or(0);
        let pretrained = one(file.numbers("pretraining_simulations", &[Some(1)])?);
        let curve = Curve {
            strategy: file.text("strategy")?,
            pretraining_simulations: Some(pretrained).filter(|count| *count > 0),
        };
        let predicts = file.text("predicts")?;
        Ok(Self {
            group: GroupName { curve, simulations: one(file.numbers("simulations", &[Some(1)])?) },
            seeds,
            predicts: serde_json::from_value(predicts.clone().into()).map_err(|_| {
                input_error!("'predicts' is '{predicts}', which shoal does not know")
            })?,
            targets: names,
            ranges: ranges.values.chunks(2).map(|range| [range[0], range[1]]).collect(),
            rows: matrices(&truth).into_iter().enumerate().map(test_rows).collect(),
            predictions: matrices(&prediction),
            deviations: deviation.as_ref().map_or_else(Vec::new, matrices),
        })
    }
}

/// The word for outputs in files.
fn word(predicts: Predicts) -> String {
    let word = serde_json::to_value(predicts).expect("predictions: plain data is JSON");
    word.as_str().unwrap_or_default().to_owned()
}

impl Array {
    /// Its numbers as counts.
    fn counts<T: TryFrom<u64> + Default>(&self) -> Vec<T> {
        let count = |value: &f64| T::try_from(*value as u64).unwrap_or_default();
        self.values.iter().map(count).collect()
    }
}

/// The arrays of a file.
struct Members<'a> {
    archive: Archive<'a>,
}

impl Members<'_> {
    /// Numbers; `shape` has the sizes that are known.
    fn numbers(&mut self, name: &str, shape: &[Option<usize>]) -> Result<Array> {
        let bytes = self.archive.member(name)?;
        let array = npy::array(&bytes).map_err(|error| prefix(error, format!("'{name}'")))?;
        let fits = |(size, wanted): (&usize, &Option<usize>)| wanted.is_none_or(|one| one == *size);
        match array.shape.len() == shape.len() && array.shape.iter().zip(shape).all(fits) {
            true => Ok(array),
            false => {
                let wanted = shape.iter().map(|size| size.map_or("any".into(), |n| n.to_string()));
                Err(input_error!(
                    "'{name}' has shape {:?}, not ({})",
                    array.shape,
                    wanted.collect::<Vec<String>>().join(", ")
                ))
            }
        }
    }

    fn optional(&mut self, name: &str, shape: &[Option<usize>]) -> Result<Option<Array>> {
        let there = self.archive.names().iter().any(|other| other == name);
        there.then(|| self.numbers(name, shape)).transpose()
    }

    fn texts(&mut self, name: &str) -> Result<Vec<String>> {
        let bytes = self.archive.member(name)?;
        npy::strings(&bytes).map_err(|error| prefix(error, format!("'{name}'")))
    }

    fn text(&mut self, name: &str) -> Result<String> {
        Ok(self.texts(name)?.into_iter().next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_of_a_group_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let matrix = |values: [f64; 4]| Matrix::new(2, 2, values.to_vec());
        let rows = |first: u32, weights| TestRows {
            rows: vec![first, first + 7],
            truth: matrix([0.1 + 0.2, 1.0, -3.0, 5e17]),
            weights,
        };
        let curve = Curve { strategy: "warm-start".into(), pretraining_simulations: Some(300) };
        let plain = GroupPredictions {
            group: GroupName { curve, simulations: 50 },
            seeds: vec![1, 4],
            predicts: Predicts::Value,
            targets: vec!["a, b".into(), "M_ν".into()],
            ranges: vec![[0.0, 2.0], [-1.0, 1.0]],
            rows: vec![rows(3, None)],
            predictions: vec![matrix([0.5, 1.0, -2.0, 0.25]), matrix([1.5, 0.0, 0.0, 1.0])],
            deviations: vec![],
        };
        let full = GroupPredictions {
            group: GroupName { curve: Curve::of("scratch"), simulations: 50 },
            predicts: Predicts::LogVariance,
            rows: vec![rows(0, Some(vec![1.0, -0.5])), rows(1, Some(vec![2.0, 3.0]))],
            deviations: plain.predictions.clone(),
            ..plain.clone()
        };
        for one in [&plain, &full] {
            one.write(folder.path()).unwrap();
            let path = folder.path().join(format!("{}.npz", one.group.stem(false)));
            assert_eq!(GroupPredictions::read(&path).unwrap(), *one);
        }
        let tested = full.tested(1);
        assert_eq!(tested.predictions, [[0.75, 0.0], [0.5, 1.0]]);
        assert_eq!(tested.deviations, [[0.75, 0.0], [0.0, 0.5]]);
        assert_eq!((tested.weight(1), plain.tested(1).weight(1)), (3.0, 1.0));
    }
}
