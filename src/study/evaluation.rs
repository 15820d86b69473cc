//! The model file of a trained network, and the rows that it is tested on.

use std::sync::Arc;

use crate::data::matrix::Matrix;
use crate::data::scaling::Scaling;
use crate::error::Result;
use crate::study::datasets::{FINE_TUNING_TABLE, LoadedDataset, PRETRAINING_TABLE, Study};
use crate::study::held_out::{HeldOut, TableRows};
use crate::study::plan::TestSet;
use crate::study::store::model::{About, Model};
use crate::study::store::run::RunRecord;
use crate::study::transfer::Start;

/// The model of a run, with its record as metadata.
pub fn model(
    study: &Study,
    run: &RunRecord,
    start: Start,
    scaling: Scaling,
    targets: &[String],
) -> Model {
    let data = &study.data.fine_tuning.dataset;
    let about = About {
        scaling,
        columns: study.plan.columns.clone(),
        item_columns: study.plan.item_columns.clone(),
        input_names: data.input_names.clone(),
        axis_name: data.axis_name.clone(),
        axis: data.axis.clone(),
        item_names: data.items.as_ref().map_or_else(Vec::new, |items| items.names.clone()),
        edges: study.plan.network.sizes.edges(),
        target_names: targets.to_vec(),
        study: study.plan.name.clone(),
        strategy: run.key.curve.strategy.clone(),
        simulations: run.key.simulations,
        seed: run.key.seed,
        validation_loss: run.validation_loss,
        predicts: study.plan.loss().predicts,
        shoal: env!("CARGO_PKG_VERSION").into(),
    };
    Model { start, about }
}

/// The rows that networks are tested on, selected once where they are the same for all.
pub struct Tests<'a> {
    study: &'a Study,
    /// The rows that test every size; none where each size has its own.
    same: Option<Rows>,
}

/// Test rows: features, the rows of their table if they have items, targets and weights.
type Rows = (Arc<Matrix>, Option<TableRows>, Arc<Matrix>, Option<Arc<Vec<f64>>>);

impl<'a> Tests<'a> {
    /// Of a study.
    pub fn new(study: &'a Study) -> Self {
        let data = &study.data.fine_tuning;
        let same = || select(study, data, data.pool.test());
        let is_shared = matches!(study.plan.test, TestSet::Shared(_));
        Self { study, same: is_shared.then(same) }
    }

    /// What a network with this scaling is tested on, by the simulations and the seed of its
    /// subset.
    ///
    /// # Errors
    /// None for the plan's own sizes.
    pub fn held_out(&self, scaling: &Scaling, simulations: usize, seed: u32) -> Result<HeldOut> {
        let (features, sets, targets, weights) = match &self.same {
            Some(same) => same.clone(),
            None => {
                let rows = self.study.rows(simulations, seed)?.1;
                select(self.study, &self.study.data.fine_tuning, &rows)
            }
        };
        Ok(HeldOut {
            features,
            sets,
            targets,
            weights,
            scaling: scaling.clone(),
            predicts: self.study.plan.loss().predicts,
            metrics: self.study.plan.metrics.clone(),
        })
    }
}

/// Rows of a dataset, with its own targets, for a network with this scaling; without metrics.
pub fn held_out_rows(
    study: &Study,
    data: &LoadedDataset,
    rows: &[u32],
    scaling: &Scaling,
) -> HeldOut {
    let (features, sets, targets, weights) = select(study, data, rows);
    let target_ranges = data.dataset.target_ranges.clone();
    let scaling = Scaling { target_ranges, ..scaling.clone() };
    let predicts = study.plan.loss().predicts;
    HeldOut { features, sets, targets, weights, scaling, predicts, metrics: vec![] }
}

fn select(study: &Study, data: &LoadedDataset, rows: &[u32]) -> Rows {
    let dataset = &data.dataset;
    let targets = dataset.targets.select_rows(rows);
    let weights = dataset.weights.as_ref();
    let weights =
        weights.map(|all| rows.iter().map(|row| all[*row as usize]).collect::<Vec<f64>>().into());
    let sets = dataset.items.as_ref().map(|_| TableRows {
        tables: study.data.tables(),
        table: match std::ptr::eq(data, &study.data.fine_tuning) {
            true => FINE_TUNING_TABLE,
            false => PRETRAINING_TABLE,
        },
        rows: rows.into(),
    });
    let features = data.features.values.select_rows(rows);
    (features.into(), sets, targets.into(), weights)
}
