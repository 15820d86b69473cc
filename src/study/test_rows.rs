//! Predictions and attributions of the trained networks of a study on the test rows.

use crate::data::observations::Examples;
use crate::error::Result;
use crate::study::datasets::Study;
use crate::study::explain::explanation::{Method, Request};
use crate::study::explain::mean_explanation::MeanExplanation;
use crate::study::explain::usage::{mark_flips, usage};
use crate::study::store::attribution_table::{ATTRIBUTIONS_FILE, write_usages};
use crate::study::store::kept_models::{best, first};
use crate::study::store::model::Model;
use crate::study::store::predictions::{PREDICTIONS_FILE, Predictions, write_predictions};
use crate::study::store::results::StudyResults;
use crate::study::transfer::PRETRAINING;

/// The largest number of rows to explain, and of background rows.
const ROWS: usize = 50;
const BACKGROUND: usize = 25;
/// Points between a background row and a row, of expected gradients.
const ALPHAS: usize = 10;

/// Adds predictions to the results of a finished study, and writes `predictions.csv`. They are
/// those of the best network of each strategy, by validation loss, at the largest size and
/// pre-training size, on its test rows, in the units of the targets. Does nothing if no networks
/// are saved.
///
/// # Errors
/// [`crate::Error::Input`] if a model that an earlier process saved cannot be read,
/// [`crate::Error::Output`] with the path.
pub fn predict_test_rows(study: &Study, results: &mut StudyResults) -> Result<()> {
    let (plan, data) = (&study.plan, &study.data.fine_tuning.dataset);
    for strategy in &plan.strategies {
        let Some(run) = best(&results.runs, strategy.strategy.name()) else {
            continue;
        };
        let model = results.model(run)?;
        let (_, rows) = study.rows(run.key.simulations, model.about.seed)?;
        let (inputs, items) = data.select(&rows);
        let raw = Examples { inputs: &inputs, items: items.as_ref() };
        let (prediction, deviation) = model.predict_with_deviations(raw, "data.finetune")?;
        results.predictions.push(Predictions {
            curve: run.key.curve.clone(),
            simulations: run.key.simulations,
            seed: run.key.seed,
            truth: data.targets.select_rows(&rows),
            rows,
            prediction,
            deviation,
        });
    }
    match results.predictions.is_empty() {
        true => Ok(()),
        false => {
            let path = results.folder.join(PREDICTIONS_FILE);
            write_predictions(&path, &results.targets, &results.predictions)
        }
    }
}

/// Adds attributions to the results of a finished study, and writes `attributions.csv`. They are
/// DeepSHAP values, or expected gradients of networks that read items, of the pre-trained networks
/// and of each strategy at the largest size and pre-training size, all on the same test rows. Does
/// nothing if no networks are saved, or there are fewer than two test rows.
///
/// # Errors
/// As [`predict_test_rows`].
pub fn explain_test_rows(study: &Study, results: &mut StudyResults) -> Result<()> {
    let (plan, data) = (&study.plan, &study.data.fine_tuning.dataset);
    let Some(largest) = plan.sizes.iter().max() else {
        return Ok(());
    };
    // where each seed has test rows of its own, the first seed's are used
    let (_, rows) = study.rows(*largest, 1)?;
    if rows.len() < 2 {
        return Ok(());
    }
    let (inputs, items) = data.select(&rows);
    let raw = Examples { inputs: &inputs, items: items.as_ref() };
    let background = BACKGROUND.min(rows.len() / 2);
    let request = Request {
        method: match data.items {
            Some(_) => Method::ExpectedGradients { alphas: ALPHAS },
            None => Method::DeepShap,
        },
        background: Some(background),
        rows: Some(ROWS.min(rows.len() - background)),
        seed: plan.seed,
        targets: None,
    };
    let strategies = plan.strategies.iter().map(|plan| plan.strategy.name());
    let strategies = strategies.map(|name| first(&results.runs, name));
    for runs in std::iter::once(first(&results.pretraining, PRETRAINING)).chain(strategies) {
        let Some(one) = runs.first() else {
            continue;
        };
        let models: Vec<Model> =
            runs.iter().map(|run| results.model(run)).collect::<Result<_>>()?;
        let explained = MeanExplanation::new(&models, raw, "data.finetune", &request)?;
        let curve = one.key.curve.clone();
        let simulations = one.key.simulations;
        results.usages.push(usage(&explained, curve, simulations));
    }
    mark_flips(&mut results.usages);
    match results.usages.is_empty() {
        true => Ok(()),
        false => write_usages(&results.folder.join(ATTRIBUTIONS_FILE), &results.usages),
    }
}
