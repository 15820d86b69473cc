//! Targets that are classes.

use crate::data::dataset::Dataset;
use crate::data::matrix::Matrix;
use crate::engine::loss::{Loss, Predicts};
use crate::error::Result;
use crate::input_error;

/// The largest number of classes.
const MOST: usize = 1000;

/// The dataset as a loss reads it. Of a loss for classes targets are probabilities, 0 to 1, and are
/// not scaled. With a loss of classes that exclude each other, a single column of class numbers 0,
/// 1, ... becomes a column for each, `<name>=0`, `<name>=1`, ...
///
/// # Errors
/// [`crate::Error::Input`] with the row and its number, if that is no probability or no class.
pub(crate) fn targets(dataset: Dataset, loss: &Loss, key: &str) -> Result<Dataset> {
    if !loss.predicts.is_class() {
        return Ok(dataset);
    }
    let dataset = match (loss.predicts, dataset.targets.columns) {
        (Predicts::Classes, 1) => one_hot(dataset, key)?,
        _ => dataset,
    };
    let columns = dataset.targets.columns;
    let values = dataset.targets.values.iter().enumerate();
    if let Some((place, value)) = values.into_iter().find(|(_, y)| !(0.0..=1.0).contains(*y)) {
        return Err(input_error!(
            "{key}: target '{}' is {value} in row {} (counting from 0); the loss \"{}\" needs 0 \
             or 1, or a probability",
            dataset.target_names[place % columns],
            place / columns,
            loss.name
        ));
    }
    Ok(Dataset { target_ranges: vec![[0.0, 1.0]; columns], ..dataset })
}

fn one_hot(dataset: Dataset, key: &str) -> Result<Dataset> {
    let (labels, name) = (&dataset.targets.values, &dataset.target_names[0]);
    let is_class = |label: &f64| label.fract() == 0.0 && (0.0..MOST as f64).contains(label);
    if let Some(row) = labels.iter().position(|label| !is_class(label)) {
        return Err(input_error!(
            "{key}: target '{name}' is {} in row {row} (counting from 0); classes are numbered 0, \
             1, 2, ... up to {}",
            labels[row],
            MOST - 1
        ));
    }
    let classes = labels.iter().fold(0.0f64, |most, label| most.max(*label)) as usize + 1;
    let hot =
        |label: f64| (0..classes).map(move |class| f64::from(u8::from(label == class as f64)));
    let values = labels.iter().flat_map(|label| hot(*label)).collect();
    Ok(Dataset {
        targets: Matrix::new(dataset.targets.rows, classes, values),
        target_names: (0..classes).map(|class| format!("{name}={class}")).collect(),
        target_ranges: vec![[0.0, 1.0]; classes],
        ..dataset
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::loss::{BINARY_CROSS_ENTROPY, CROSS_ENTROPY, MSE};

    fn dataset(labels: &[f64]) -> Dataset {
        let rows = labels.len();
        let inputs = Matrix::new(rows, 1, (0..rows).map(|row| row as f64).collect());
        let targets = Matrix::new(rows, 1, labels.to_vec());
        Dataset::new(inputs, targets, vec!["process".to_owned()]).unwrap()
    }

    #[test]
    fn class_numbers_become_one_column_for_each_class() {
        let found = targets(dataset(&[2.0, 0.0, 1.0]), &CROSS_ENTROPY, "data").unwrap();
        assert_eq!(found.target_names, ["process=0", "process=1", "process=2"]);
        assert_eq!(found.targets.values, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        assert_eq!(found.target_ranges, [[0.0, 1.0]; 3]);
        let same = dataset(&[2.0, 0.0, 1.0]);
        assert_eq!(targets(same.clone(), &MSE, "data").unwrap(), same);
    }

    #[test]
    fn what_is_no_class_is_named() {
        let error = |labels: &[f64], loss: &Loss| {
            targets(dataset(labels), loss, "data.finetune").unwrap_err().to_string()
        };
        let text = error(&[0.0, 1.5, 1.0], &CROSS_ENTROPY);
        assert!(text.contains("data.finetune: target 'process' is 1.5 in row 1"), "{text}");
        let text = error(&[0.0, 1.0, 2.0], &BINARY_CROSS_ENTROPY);
        assert!(text.contains("is 2 in row 2") && text.contains("\"bce\""), "{text}");
    }
}
