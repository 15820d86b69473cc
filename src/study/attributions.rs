//! What the networks of a study read of the test rows.

use std::path::Path;

use crate::error::Result;
use crate::study::datasets::Study;
use crate::study::explain::explanation::{Method, Request};
use crate::study::explain::reading::Reading;
use crate::study::explain::usage::{ATTRIBUTIONS_FILE, PRETRAINING, Usage, write_usages};
use crate::study::store::model::Model;
use crate::study::store::results::PRETRAINING_FILE;
use crate::study::store::runs::RUNS_FILE;
use crate::study::store::runs::{RunRow, read_runs};

/// Most networks of a kind, the first seeds: three tell whether networks agree, and cost a second
/// or two.
const NETWORKS: usize = 3;
/// Most rows to explain, and most in the background.
const ROWS: usize = 50;
const BACKGROUND: usize = 25;

/// Writes `attributions.csv` into the folder of a finished plan: DeepSHAP of the pre-trained
/// networks and, for each strategy, of those with the most simulations, and the most to pre-train
/// on, all on the same test rows. Nothing if no networks were saved, or there are fewer than two
/// test rows.
///
/// # Errors
/// [`crate::Error::Input`] if a table or model of the folder cannot be read,
/// [`crate::Error::Output`] with the path.
pub fn write_test_attributions(study: &Study, folder: &Path) -> Result<()> {
    let (plan, data) = (&study.plan, &study.data.fine_tuning.dataset);
    let Some(largest) = plan.sizes.iter().max() else {
        return Ok(());
    };
    // where each seed has test rows of its own, those of the first stand for all
    let (_, rows) = study.rows(*largest, 1)?;
    if rows.len() < 2 {
        return Ok(());
    }
    let inputs = data.inputs.select_rows(&rows);
    let background = BACKGROUND.min(rows.len() / 2);
    let request = Request {
        method: Method::DeepShap,
        background: Some(background),
        rows: Some(ROWS.min(rows.len() - background)),
        seed: plan.seed,
        targets: None,
    };
    let (_, mut runs) = read_runs(&folder.join(RUNS_FILE))?;
    let mut kinds = Vec::new();
    if plan.pretraining.is_some() {
        let (_, pretrainings) = read_runs(&folder.join(PRETRAINING_FILE))?;
        kinds.push(PRETRAINING);
        runs.extend(pretrainings);
    }
    kinds.extend(plan.strategies.iter().map(|plan| plan.strategy.name()));
    let mut all = Vec::new();
    for kind in kinds {
        let chosen = chosen(&runs, kind);
        let Some(first) = chosen.first() else {
            continue;
        };
        let models = chosen.iter().map(|run| Model::load(&folder.join(&run.model)));
        let models: Vec<Model> = models.collect::<Result<_>>()?;
        let reading = Reading::new(&models, &inputs, "data.finetune", &request)?;
        all.push(Usage::new(&reading, &first.label(), first.simulations));
    }
    match all.is_empty() {
        true => Ok(()),
        false => write_usages(&folder.join(ATTRIBUTIONS_FILE), &all),
    }
}

/// The saved networks of a kind with the most simulations, the first of them.
fn chosen<'a>(runs: &'a [RunRow], kind: &str) -> Vec<&'a RunRow> {
    let saved = || runs.iter().filter(|run| run.strategy == kind && !run.model.is_empty());
    let sizes = |run: &RunRow| (run.simulations, run.pretraining_simulations);
    let most = saved().map(sizes).max();
    let mut chosen: Vec<&RunRow> = saved().filter(|run| Some(sizes(run)) == most).collect();
    chosen.sort_by_key(|run| run.seed);
    chosen.truncate(NETWORKS);
    chosen
}
