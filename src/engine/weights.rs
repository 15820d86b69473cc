//! The weights of the rows of a run: those of its table, balanced by class and normalised.

use crate::engine::loss::{Loss, Parameter, Predicts};
use crate::engine::run::Run;
use crate::engine::table::Table;

/// Weights of the training rows and then the validation rows, scaled so that they add up
/// to the number of rows in each set; `None` if all are 1.
///
/// # Errors
/// If the weights of a set do not have a positive sum, or those of a class of the training rows a
/// negative one.
pub(crate) fn of_rows(
    table: &Table,
    balance_classes: bool,
    [training_rows, validation_rows]: [&[u32]; 2],
) -> Result<Option<Vec<f32>>, String> {
    if table.weights.is_none() && !balance_classes {
        return Ok(None);
    }
    let plain = |row: u32| table.weights.as_ref().map_or(1.0, |all| f64::from(all[row as usize]));
    let factors = match balance_classes {
        true => factors(training_rows, table, plain)?,
        false => Vec::new(),
    };
    let weight = |row: u32| match factors.is_empty() {
        true => plain(row),
        false => plain(row) * factors[class_of(table, row)],
    };
    let mut all = Vec::new();
    for (set, rows) in [("training", training_rows), ("validation", validation_rows)] {
        let sum: f64 = rows.iter().map(|row| weight(*row)).sum();
        if sum <= 0.0 || !sum.is_finite() {
            return Err(format!(
                "the weights of its {} {set} rows add up to {sum}; they need a positive sum",
                rows.len()
            ));
        }
        let scale = rows.len() as f64 / sum;
        all.extend(rows.iter().map(|row| (weight(*row) * scale) as f32));
    }
    Ok(Some(all))
}

/// The class of a row: the column of the largest target, or of a single target whether it is above
/// 1/2.
fn class_of(table: &Table, row: u32) -> usize {
    let targets = &table.y[row as usize * table.targets..][..table.targets];
    match targets {
        [one] => usize::from(*one > 0.5),
        _ => (1..targets.len()).fold(0, |m, j| if targets[j] > targets[m] { j } else { m }),
    }
}

/// The factor of each class, `sum of weights / (classes * sum of weights of the class)` over the
/// training rows; 1 for a class without rows.
fn factors(
    training_rows: &[u32],
    table: &Table,
    plain: impl Fn(u32) -> f64,
) -> Result<Vec<f64>, String> {
    let mut sums = vec![0.0; table.targets.max(2)];
    let mut counts = vec![0; sums.len()];
    for row in training_rows {
        let class = class_of(table, *row);
        sums[class] += plain(*row);
        counts[class] += 1;
    }
    let (total, classes) = (sums.iter().sum::<f64>(), counts.iter().filter(|n| **n > 0).count());
    let of_class = |(class, (sum, count)): (usize, (&f64, &usize))| match (*sum > 0.0, *count) {
        (_, 0) => Ok(1.0),
        (true, _) => Ok(total / (classes as f64 * sum)),
        (false, _) => Err(format!(
            "the weights of its {count} training rows of class {class} add up to {sum}; to balance \
             classes, each needs a positive sum"
        )),
    };
    sums.iter().zip(&counts).enumerate().map(of_class).collect()
}

impl Run {
    /// Checks that loss, targets and weights of its rows agree.
    pub(crate) fn check_loss(&self, table: &Table) -> Result<(), String> {
        let (training, loss) = (&self.training, self.training.loss);
        if let Some(weight) = self.loss_weights.iter().find(|w| **w < 0.0 || !w.is_finite()) {
            return Err(format!("a loss weight of {weight}; give numbers from 0 on"));
        }
        if self.loss_weights.iter().all(|weight| *weight == 0.0) {
            return Err("every target has loss weight 0; at least one must count".into());
        }
        check_parameter(loss, training.loss_parameter)?;
        if let Some(stop) = training.stop_on {
            check_parameter(stop.loss, stop.parameter)?;
            if !loss.predicts.gives(stop.loss.predicts) {
                return Err(format!(
                    "it stops on the loss {}, which the outputs of a network that is trained with \
                     the loss {} do not give",
                    stop.loss.name, loss.name
                ));
            }
        }
        let single = loss.predicts == Predicts::Classes || table.targets == 1;
        if training.balance_classes && !(loss.predicts.is_class() && single) {
            return Err(format!(
                "classes are balanced, but the loss {} of {} targets has no classes that exclude \
                 each other",
                loss.name, table.targets
            ));
        }
        if loss.predicts.is_class() || table.weights.is_some() {
            for row in self.training_rows.iter().chain(&self.validation_rows) {
                self.check_row(table, *row as usize)?;
            }
        }
        weights_are_sound(self, table)
    }

    fn check_row(&self, table: &Table, row: usize) -> Result<(), String> {
        let loss = self.training.loss;
        let targets = &table.y[row * table.targets..][..table.targets];
        if loss.predicts.is_class()
            && let Some(wrong) = targets.iter().find(|t| !(0.0..=1.0).contains(*t))
        {
            return Err(format!(
                "row {row} has the target {wrong}; the loss {} needs probabilities, 0 to 1",
                loss.name
            ));
        }
        let Some(weight) = table.weights.as_ref().map(|weights| weights[row]) else {
            return Ok(());
        };
        if !weight.is_finite() {
            return Err(format!("row {row} has the weight {weight}"));
        }
        if weight < 0.0 && loss.predicts == Predicts::Deviation {
            return Err(format!(
                "row {row} has the weight {weight}; the loss {} takes logarithms of weighted means \
                 and needs weights from 0 on",
                loss.name
            ));
        }
        Ok(())
    }
}

fn check_parameter(loss: &Loss, given: Option<f64>) -> Result<(), String> {
    match (loss.parameter, given) {
        (None, Some(value)) => {
            Err(format!("the loss {} has no parameter, but {value} is given", loss.name))
        }
        (Some(Parameter { name, range: [low, high], .. }), Some(value))
            if !(low..=high).contains(&value) =>
        {
            Err(format!("{name} = {value}; it must be between {low} and {high}"))
        }
        _ => Ok(()),
    }
}

fn weights_are_sound(run: &Run, table: &Table) -> Result<(), String> {
    let rows = [&run.training_rows[..], &run.validation_rows];
    of_rows(table, run.training.balance_classes, rows).map(|_| ())
}
