//! The best networks of a study on its test rows.

use std::path::Path;

use crate::error::Result;
use crate::study::datasets::Study;
use crate::study::stats::findings::PREDICTIONS_FILE;
use crate::study::store::model::Model;
use crate::study::store::predictions::{Predictions, write_predictions};
use crate::study::store::runs::RUNS_FILE;
use crate::study::store::runs::{RunRow, read_runs};

/// Writes `predictions.csv` into the folder of a finished plan: of each strategy the network with
/// the lowest validation MSE of those with the most simulations, and the most to pre-train on, on
/// its test rows, in the units of the targets. Nothing if no networks were saved.
///
/// # Errors
/// [`crate::Error::Input`] if a table or model of the folder cannot be read,
/// [`crate::Error::Output`] with the path.
pub fn write_test_predictions(study: &Study, folder: &Path) -> Result<()> {
    let (plan, data) = (&study.plan, &study.data.fine_tuning.dataset);
    let (targets, runs) = read_runs(&folder.join(RUNS_FILE))?;
    let mut all = Vec::new();
    for strategy in &plan.strategies {
        let Some(run) = best(&runs, strategy.strategy.name()) else {
            continue;
        };
        let model = Model::load(&folder.join(&run.model))?;
        let (_, rows) = study.rows(run.simulations, model.about.seed)?;
        let inputs = data.inputs.select_rows(&rows);
        all.push(Predictions {
            strategy: run.label(),
            simulations: run.simulations,
            seed: run.seed,
            truth: data.targets.select_rows(&rows),
            rows,
            prediction: model.predict(&inputs, "data.finetune")?,
        });
    }
    match all.is_empty() {
        true => Ok(()),
        false => write_predictions(&folder.join(PREDICTIONS_FILE), &targets, &all),
    }
}

fn best<'a>(runs: &'a [RunRow], strategy: &str) -> Option<&'a RunRow> {
    let saved = || runs.iter().filter(|run| run.strategy == strategy && !run.model.is_empty());
    let sizes = |run: &RunRow| (run.simulations, run.pretraining_simulations);
    let most = saved().map(sizes).max()?;
    let measured = saved().filter(|run| sizes(run) == most && run.validation_mse.is_some());
    measured.min_by(|a, b| {
        let value = |run: &RunRow| run.validation_mse.unwrap_or(f64::INFINITY);
        value(a).total_cmp(&value(b))
    })
}
