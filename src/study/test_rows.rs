//! Predictions and attributions of the trained networks of a study on the test rows.

use crate::data::files::output_error;
use crate::data::items::Items;
use crate::data::matrix::Matrix;
use crate::data::observations::Examples;
use crate::engine::threads::{count, try_map};
use crate::error::Result;
use crate::study::datasets::Study;
use crate::study::evaluation::held_out_rows;
use crate::study::explain::explanation::{Method, Request};
use crate::study::explain::mean_explanation::MeanExplanation;
use crate::study::explain::usage::{mark_flips, usage};
use crate::study::store::attribution_table::{ATTRIBUTIONS_FILE, write_usages};
use crate::study::store::class_attributions::{CLASS_ATTRIBUTIONS_FILE, write_classes};
use crate::study::store::group_predictions::{GroupPredictions, PREDICTIONS, TestRows};
use crate::study::store::kept_models::{best, first};
use crate::study::store::model::Model;
use crate::study::store::predictions::{PREDICTIONS_FILE, Predictions, write_predictions};
use crate::study::store::results::StudyResults;
use crate::study::store::run::{GroupName, RunRecord};
use crate::study::transfer::PRETRAINING;

/// The largest number of rows to explain, and of background rows.
const ROWS: usize = 50;
const BACKGROUND: usize = 25;
/// The largest number of items at all points of a network, and the fewest rows all the same: large
/// sets would take longer than the training.
const ITEMS: usize = 1 << 18;
const FEWEST_ROWS: usize = 10;
/// Points between a background row and a row, of expected gradients.
const ALPHAS: usize = 10;
/// The largest number of predictions that are kept of all networks together, 16 MiB of f32, and the
/// fewest test rows of each network all the same.
const KEPT: usize = 1 << 22;
const FEWEST: usize = 50;

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

/// Adds the predictions of every saved network to the results of a finished study, and writes
/// `predictions/<group>.npz`. Of large studies they are those of the first test rows, so that all
/// files together have 16 MiB.
///
/// # Errors
/// As [`predict_test_rows`].
pub fn test_networks(study: &Study, results: &mut StudyResults) -> Result<()> {
    let saved: Vec<&RunRecord> = results.runs.iter().filter(|run| !run.model.is_empty()).collect();
    if saved.is_empty() {
        return Ok(());
    }
    let most = (KEPT / (saved.len() * results.targets.len())).max(FEWEST);
    let mut groups: Vec<(GroupName, Vec<&RunRecord>)> = Vec::new();
    for run in saved {
        match groups.last_mut().filter(|(name, _)| *name == run.key.group()) {
            Some((_, runs)) => runs.push(run),
            None => groups.push((run.key.group(), vec![run])),
        }
    }
    let tested = groups.into_iter().map(|(name, runs)| tested(study, results, (name, &runs), most));
    results.tested = tested.collect::<Result<_>>()?;
    let folder = results.folder.join(PREDICTIONS);
    std::fs::create_dir_all(&folder).map_err(|error| output_error(&folder, &error))?;
    results.tested.iter().try_for_each(|group| group.write(&folder))
}

/// The networks of a group on at most so many test rows.
fn tested(
    study: &Study,
    results: &StudyResults,
    (group, runs): (GroupName, &[&RunRecord]),
    most: usize,
) -> Result<GroupPredictions> {
    let data = &study.data.fine_tuning;
    let rows_of = |run: &&RunRecord| -> Result<TestRows> {
        let (_, mut rows) = study.rows(run.key.simulations, run.key.seed)?;
        rows.truncate(most);
        let weights = data.dataset.weights.as_ref();
        let weights = weights.map(|all| rows.iter().map(|row| all[*row as usize]).collect());
        Ok(TestRows { truth: data.dataset.targets.select_rows(&rows), weights, rows })
    };
    let mut rows = runs.iter().map(rows_of).collect::<Result<Vec<TestRows>>>()?;
    if rows.iter().all(|one| *one == rows[0]) {
        rows.truncate(1);
    }
    let ranges = &data.dataset.target_ranges;
    let networks = try_map((count(), runs.len()), |place| {
        let (model, rows) = (results.model(runs[place])?, &rows[place.min(rows.len() - 1)]);
        let held_out = held_out_rows(study, data, &rows.rows, &model.about.scaling);
        let found = held_out.tested(&model.start.network, &model.start.parameters);
        // as f32, which the file keeps
        let matrix = |columns: &[Vec<f64>], low: fn(&[f64; 2]) -> f64| {
            let value = |row: usize, target: usize| {
                let range = &ranges[target];
                f64::from((low(range) + columns[target][row] * (range[1] - range[0])) as f32)
            };
            let rows = 0..rows.rows.len();
            let values = rows.flat_map(|row| (0..columns.len()).map(move |j| value(row, j)));
            Matrix::new(held_out.targets.rows, columns.len(), values.collect())
        };
        let deviations = Some(&found.deviations).filter(|all| !all.is_empty());
        let deviations = deviations.map(|all| matrix(all, |_| 0.0));
        Ok((matrix(&found.predictions, |range| range[0]), deviations))
    })?;
    let (predictions, deviations): (Vec<Matrix>, Vec<Option<Matrix>>) =
        networks.into_iter().unzip();
    Ok(GroupPredictions {
        group,
        seeds: runs.iter().map(|run| run.key.seed).collect(),
        predicts: study.plan.loss().predicts,
        targets: results.targets.clone(),
        ranges: ranges.clone(),
        rows,
        predictions,
        deviations: deviations.into_iter().flatten().collect(),
    })
}

/// Adds attributions to the results of a finished study, and writes `attributions.csv`, and of
/// networks that read items `attributions_by_class.csv`. They are
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
        rows: Some(explained(items.as_ref(), background).min(rows.len() - background)),
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
    let usages = &results.usages;
    if usages.iter().any(|usage| !usage.classes.is_empty()) {
        write_classes(&results.folder.join(CLASS_ATTRIBUTIONS_FILE), usages)?;
    }
    match usages.is_empty() {
        true => Ok(()),
        false => write_usages(&results.folder.join(ATTRIBUTIONS_FILE), usages),
    }
}

/// The number of rows to explain.
fn explained(items: Option<&Items>, background: usize) -> usize {
    let Some(items) = items else { return ROWS };
    let each = items.values.rows.div_ceil(items.rows().max(1)).max(1);
    (ITEMS / (each * background.max(1) * ALPHAS)).clamp(FEWEST_ROWS, ROWS)
}
