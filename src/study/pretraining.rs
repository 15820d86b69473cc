//! The pre-training of a study file: its data and its settings.

use std::path::Path;

use crate::data::dataset::Dataset;
use crate::data::split::Pool;
use crate::engine::loss::Loss;
use crate::engine::run::Training;
use crate::error::Result;
use crate::input_error;
use crate::study::classes;
use crate::study::config::checks::{MAX_LAYERS, MAX_WIDTH, check_fraction};
use crate::study::config::study::{PretrainingConfig, StudyConfig};
use crate::study::defaults::{set_ranges, share_ranges};
use crate::study::plan::{NetworkPlan, PretrainingPlan};
use crate::study::sources::{Sources, check_targets};
use crate::study::split::pretraining_sizes;
use crate::study::store::published::{Published, read_models};

/// Reads the networks of `pretraining.models`, in place of which nothing else is given.
///
/// # Errors
/// [`crate::Error::Input`] for keys that exclude each other, and for networks that cannot be read.
pub(crate) fn models(config: &StudyConfig, base: &Path) -> Result<Vec<Published>> {
    let table = &config.pretraining;
    let Some(paths) = &table.models else { return Ok(vec![]) };
    let beside = [
        ("data.pretrain", config.data.pretrain.is_some()),
        ("pretraining.simulations", table.simulations.is_some()),
        ("pretraining.validation", table.validation.is_some()),
    ];
    match beside.iter().find(|(_, given)| *given) {
        None => read_models(paths, base),
        Some((key, _)) => Err(input_error!(
            "{key} beside pretraining.models, which are trained already; remove one of them"
        )),
    }
}

/// Reads the data to pre-train on, or what `models` know of theirs, and puts the inputs and targets
/// of `finetune` into its order. Returns also the notices about another order of the inputs and
/// common ranges.
///
/// # Errors
/// [`crate::Error::Input`] for data that cannot be read, or do not fit.
pub(crate) fn pretraining_data(
    config: &StudyConfig,
    loss: &Loss,
    finetune: &mut Dataset,
    (sources, models): (&mut Sources, &[Published]),
) -> Result<(Dataset, Vec<String>)> {
    let (dataset, notices) = match models.first() {
        Some(first) => first.stand_in(config, loss, finetune)?,
        None => read_pretraining(config, loss, finetune, sources)?,
    };
    let new = new_targets(&dataset, finetune);
    *finetune = finetune.select_targets(&[dataset.target_names.clone(), new].concat())?;
    Ok((dataset, notices))
}

fn read_pretraining(
    config: &StudyConfig,
    loss: &Loss,
    finetune: &mut Dataset,
    sources: &mut Sources,
) -> Result<(Dataset, Vec<String>)> {
    let Some(source) = &config.data.pretrain else {
        return Err(input_error!(
            "data.pretrain is missing; name the simulations to pre-train on, or networks to start \
             from in pretraining.models, or keep only [strategies.scratch]"
        ));
    };
    let mut dataset = sources.read(source)?;
    set_ranges("data.pretrain", &mut dataset, &config.data.ranges)?;
    let mut dataset = classes::targets(dataset, loss, "data.pretrain")?;
    let (matched, order) =
        finetune.clone().with_inputs_of("data.finetune", &dataset, "data.pretrain")?;
    *finetune = matched;
    let ranges = share_ranges(&mut dataset, finetune);
    check_targets("data.pretrain", &dataset, finetune)?;
    Ok((dataset, order.into_iter().chain(ranges).collect()))
}

/// The targets that only `finetune` has.
fn new_targets(pretrain: &Dataset, finetune: &Dataset) -> Vec<String> {
    let is_new = |name: &&String| !pretrain.target_names.contains(name);
    finetune.target_names.iter().filter(is_new).cloned().collect()
}

/// How networks are pre-trained, on rows of a pool.
///
/// # Errors
/// [`crate::Error::Input`] for a setting that is not valid.
pub(crate) fn pretraining(
    config: &StudyConfig,
    (training, network): (&Training, &NetworkPlan),
    (dataset, finetune): (&Dataset, &Dataset),
    (pool, models): (Pool, Vec<Published>),
) -> Result<(PretrainingPlan, Pool)> {
    let table = &config.pretraining;
    let training = table.overrides().apply("pretraining", training)?;
    let validation = table.validation.unwrap_or(0.15);
    check_fraction("pretraining.validation", validation)?;
    let (simulations, dummies_there) = match models.first() {
        Some(Published { model, .. }) => (vec![model.about.simulations], model.dummies()),
        None => {
            let new = new_targets(dataset, finetune).len();
            (pretraining_sizes(table, &pool, validation)?, new)
        }
    };
    let plan = PretrainingPlan {
        simulations,
        validation,
        bottleneck: bottleneck(table, network)?,
        dummies: dummies(table, dummies_there)?,
        training,
        models,
    };
    Ok((plan, pool))
}

/// Outputs of pre-trained networks that wait for new targets.
fn dummies(config: &PretrainingConfig, new: usize) -> Result<usize> {
    match config.dummies.unwrap_or(new) {
        dummies if dummies <= MAX_WIDTH => Ok(dummies),
        dummies => Err(input_error!(
            "pretraining.dummies = {dummies}: there are {new} new targets, and at most {MAX_WIDTH} \
             extra outputs"
        )),
    }
}

/// The width of the last hidden layer of pre-trained networks, if they have one more than others.
fn bottleneck(config: &PretrainingConfig, network: &NetworkPlan) -> Result<Option<usize>> {
    let Some(width) = config.bottleneck else {
        return Ok(None);
    };
    if !(1..=MAX_WIDTH).contains(&width) {
        return Err(input_error!(
            "pretraining.bottleneck = {width}: it is the width of a hidden layer; widths are 1 to \
             {MAX_WIDTH}"
        ));
    }
    let layers = network.hidden.len();
    if layers == MAX_LAYERS {
        return Err(input_error!(
            "pretraining.bottleneck = {width} is one hidden layer more than the {layers} of \
             network.hidden, and there are at most {MAX_LAYERS}; remove one"
        ));
    }
    Ok(Some(width))
}
