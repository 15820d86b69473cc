//! What a trained network is worth: its model, and its errors on the simulations that were kept aside.

use super::plan::Plan;
use crate::data::Scaling;
use crate::error::Result;
use crate::model::{About, Model};
use crate::report::RunRow;
use crate::transfer::Start;

/// The model of a run, with what its row says.
pub fn model(
    plan: &Plan,
    row: &RunRow,
    start: Start,
    scaling: Scaling,
    targets: &[String],
) -> Model {
    let data = &plan.finetune;
    let about = About {
        scaling,
        input_names: data.input_names.clone(),
        axis_name: data.axis_name.clone(),
        axis: data.axis.clone(),
        target_names: targets.to_vec(),
        study: plan.name.clone(),
        strategy: row.strategy.clone(),
        simulations: row.simulations,
        seed: row.seed,
        validation_mse: row.validation_mse,
        shoal: env!("CARGO_PKG_VERSION").into(),
    };
    Model { start, about }
}

/// Mean squared error of each scaled target on the test rows, those of the model's size and seed where they differ.
///
/// # Errors
/// [`crate::Error::Input`] for inputs that have no logarithm; a plan has none.
pub fn test(plan: &Plan, model: &Model) -> Result<Vec<f64>> {
    let finetune = &plan.finetune;
    let (_, rows) = plan.rows(model.about.simulations, model.about.seed)?;
    let predicted = model.predict_scaled(&finetune.inputs.select_rows(&rows), "data.finetune")?;
    let targets = finetune.target_names.len();
    let mut errors = vec![0.0; targets];
    let mut truth = vec![0.0; targets];
    for (row, predicted) in rows.iter().zip(predicted.chunks_exact(targets)) {
        let scaling = &model.about.scaling;
        scaling.target(finetune.targets.row(*row as usize), &mut truth);
        for ((error, truth), predicted) in errors.iter_mut().zip(&truth).zip(predicted) {
            *error += (f64::from(*predicted) - truth).powi(2) / rows.len() as f64;
        }
    }
    Ok(errors)
}
