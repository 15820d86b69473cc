//! What a trained network is worth: its model, and what it is tested on.

use std::sync::Arc;

use crate::data::matrix::Matrix;
use crate::data::scaling::Scaling;
use crate::error::Result;
use crate::study::held_out::HeldOut;
use crate::study::plan::Plan;
use crate::study::store::model::{About, Model};
use crate::study::store::run::RunRecord;
use crate::study::transfer::Start;

/// The model of a run, with what its record says.
pub fn model(
    plan: &Plan,
    run: &RunRecord,
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
        strategy: run.key.curve.strategy.clone(),
        simulations: run.key.simulations,
        seed: run.key.seed,
        validation_loss: run.validation_loss,
        shoal: env!("CARGO_PKG_VERSION").into(),
    };
    Model { start, about }
}

/// The rows that networks are tested on, selected once where they are the same for all.
pub struct Tests<'a> {
    plan: &'a Plan,
    /// Features and targets of the rows that test every size; none where each size has its own.
    same: Option<(Arc<Matrix>, Arc<Matrix>)>,
}

impl<'a> Tests<'a> {
    /// Of a plan.
    pub fn new(plan: &'a Plan) -> Self {
        let same = || select(plan, plan.pool.test());
        Self { plan, same: plan.test_part.is_none().then(same) }
    }

    /// What a network with this scaling is tested on, by the simulations and the seed of its
    /// subset.
    ///
    /// # Errors
    /// None for the plan's own sizes.
    pub fn held_out(&self, scaling: &Scaling, simulations: usize, seed: u32) -> Result<HeldOut> {
        let (features, targets) = match &self.same {
            Some(same) => same.clone(),
            None => select(self.plan, &self.plan.rows(simulations, seed)?.1),
        };
        Ok(HeldOut { features, targets, scaling: scaling.clone() })
    }
}

fn select(plan: &Plan, rows: &[u32]) -> (Arc<Matrix>, Arc<Matrix>) {
    let targets = plan.finetune.targets.select_rows(rows);
    (plan.features.select_rows(rows).into(), targets.into())
}
