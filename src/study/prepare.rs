//! Runs that can train: their rows, first parameters and scaling.

use std::collections::HashMap;
use std::sync::Arc;

use crate::data::scaling::Scaling;
use crate::data::split::Split;
use crate::engine::optim::update_scale::UpdateScale;
use crate::engine::random::Stream;
use crate::engine::random::key;
use crate::engine::run::Run;
use crate::engine::scale::InputScale;
use crate::error::Result;
use crate::study::datasets::{FINE_TUNING_TABLE, PRETRAINING_TABLE, Study};
use crate::study::hyperparameters::Hyperparameters;
use crate::study::store::published::Published;
use crate::study::transfer::{self, Start, Strategy};

/// A pre-trained network and the scaling of its inputs, which fine-tuning keeps.
#[derive(Clone, Debug)]
pub struct Pretrained {
    /// The network and its best parameters.
    pub start: Start,
    /// Its scaling; the target ranges are those of the data to fine-tune on.
    pub scaling: Scaling,
}

/// A pre-training with its scaling.
///
/// # Errors
/// None for the study's own numbers of simulations.
pub fn pretraining(
    study: &Study,
    own: &Hyperparameters,
    id: usize,
    (simulations, seed): (usize, u32),
) -> Result<(Run, Scaling)> {
    let (plan, data) = (&study.plan, study.pretraining_data());
    let settings = plan.pretraining.as_ref().expect("plan: no pre-training");
    let subset = key(plan.seed, Stream::PretrainingRows, seed);
    let split = data.pool.subset(simulations, settings.validation, subset)?;
    let network = own.base_network(study);
    let parameters =
        network.initial_parameters(key(plan.seed, Stream::PretrainingParameters, seed));
    let ranges = &study.data.fine_tuning.dataset.target_ranges;
    let scaling = Scaling::from_features(&data.features, &split.train, plan.log10, ranges)?;
    let (start, targets) = (Start { network, parameters }, data.dataset.targets.columns);
    let seed = key(plan.seed, Stream::PretrainingSteps, seed);
    let run = run(own, start, (split, PRETRAINING_TABLE, targets), &scaling, (id, seed));
    Ok((run, scaling))
}

/// The networks of `pretraining.models` as if they had been pre-trained here, by simulations and
/// seed.
pub fn published(study: &Study) -> HashMap<(usize, u32), Option<Arc<Pretrained>>> {
    let (plan, models) = (&study.plan, study.plan.models());
    let ranges = &study.data.fine_tuning.dataset.target_ranges;
    let pretrained = |seed: u32| {
        let Published { model, .. } = &models[(seed as usize - 1) % models.len()];
        let network = Hyperparameters::of_plan(plan, None).base_network(study);
        let start = Start { network, parameters: model.start.parameters.clone() };
        let scaling = Scaling { target_ranges: ranges.clone(), ..model.about.scaling.clone() };
        Some(Arc::new(Pretrained { start, scaling }))
    };
    let sizes = plan.pretraining_sizes().iter().filter(|_| !models.is_empty());
    sizes
        .flat_map(|size| {
            (1..=plan.seeds).map(|seed| ((*size, seed), pretrained(seed))).collect::<Vec<_>>()
        })
        .collect()
}

/// A fine-tuning with its scaling; `base` is the pre-trained network of its seed, which `scratch`
/// does without.
///
/// # Errors
/// None for the study's own sizes.
pub fn fine_tuning(
    study: &Study,
    own: &Hyperparameters,
    id: usize,
    (strategy, base): (Strategy, Option<&Pretrained>),
    (simulations, seed): (usize, u32),
) -> Result<(Run, Scaling)> {
    let (plan, data) = (&study.plan, &study.data.fine_tuning);
    let (split, _) = study.rows(simulations, seed)?;
    let scaling = match base {
        Some(base) => base.scaling.clone(),
        None => {
            let ranges = &data.dataset.target_ranges;
            Scaling::from_features(&data.features, &split.train, plan.log10, ranges)?
        }
    };
    let (start, targets) =
        (start(study, own, (strategy, base), seed), data.dataset.targets.columns);
    let seed = key(plan.seed, Stream::FineTuningSteps, seed);
    let mut run = run(own, start, (split, FINE_TUNING_TABLE, targets), &scaling, (id, seed));
    let has_new = study.shared_targets() < targets;
    run.updates = transfer::updates(strategy, &run.graph, own.parts, has_new);
    Ok((run, scaling))
}

fn run(
    own: &Hyperparameters,
    start: Start,
    (split, table, targets): (Split, usize, usize),
    scaling: &Scaling,
    (id, seed): (usize, u32),
) -> Run {
    let outputs = start.network.outputs();
    Run {
        id,
        item_scale: InputScale {
            centre: scaling.item_mean.clone(),
            width: scaling.item_deviation.clone(),
        },
        loss_weights: (0..outputs).map(|output| if output < targets { 1.0 } else { 0.0 }).collect(),
        updates: UpdateScale::all(&start.network),
        graph: start.network,
        parameters: start.parameters,
        training: own.training,
        seed,
        table,
        training_rows: split.train,
        validation_rows: split.validation,
        scale: InputScale { centre: scaling.mean.clone(), width: scaling.deviation.clone() },
    }
}

/// How a fine-tuning starts.
fn start(
    study: &Study,
    own: &Hyperparameters,
    (strategy, base): (Strategy, Option<&Pretrained>),
    seed: u32,
) -> Start {
    let (plan, dataset) = (&study.plan, &study.data.fine_tuning.dataset);
    let outputs = own.outputs(dataset.targets.columns);
    let fresh = key(plan.seed, Stream::TransferParameters, seed);
    let base = || &base.expect("prepare: a transfer without its pre-training").start;
    let reused = |start: Start| Start {
        network: own.reused(plan, &start.network, &base().network),
        ..start
    };
    match strategy {
        Strategy::Scratch => {
            let network = own.network(plan, dataset, outputs);
            let first = key(plan.seed, Stream::FineTuningParameters, seed);
            Start { parameters: network.initial_parameters(first), network }
        }
        Strategy::DummyNode => reused(transfer::dummy_node(base(), outputs, 0.0, fresh)),
        Strategy::WarmStart | Strategy::BiasOnly => {
            let shared = own.outputs(study.shared_targets());
            reused(transfer::warm_start(base(), shared, outputs, 0.0, fresh))
        }
        Strategy::Frozen => transfer::frozen(base(), outputs, fresh),
        Strategy::Applied => transfer::applied(base(), outputs),
        Strategy::AttachHead => {
            let reads = plan.strategy(strategy).reads;
            let width = transfer::head_inputs(&base().network, reads);
            let head = own.head(plan, width, outputs);
            transfer::attach_head(base(), reads, &head, fresh)
        }
    }
}
