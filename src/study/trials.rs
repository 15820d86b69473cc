//! The trials of a group: those of the search, or a fixed setting for each seed.

use std::sync::Arc;

use crate::engine::loss::{LOSSES, Loss};
use crate::engine::run::Training;
use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::{MAX_LAYERS, MAX_WIDTH};
use crate::study::config::study::StudyConfig;
use crate::study::loss::objective;
use crate::study::objective::Objective;
use crate::study::plan::{NetworkPlan, PretrainingPlan, TrialsPlan};
use crate::study::search::distribution::{Choice, Distribution};
use crate::study::search::proposers::fixed::Fixed;
use crate::study::search::proposers::proposer;
use crate::study::search::pruner::Off;
use crate::study::search::pruners::pruner;
use crate::study::search::space;
use crate::study::search::space::{Space, Stage};

/// Networks for each size and strategy unless the study file says.
const SEEDS: u32 = 6;

/// The trials of a group: those of the search, or a fixed setting for each seed.
pub(crate) fn trials(
    config: &StudyConfig,
    (training, network): (&Training, &NetworkPlan),
    pretraining: Option<&PretrainingPlan>,
) -> Result<TrialsPlan> {
    let architecture = network.architecture;
    let Some(search) = &config.search else {
        let count = config.seeds.unwrap_or(SEEDS);
        return Ok(TrialsPlan {
            count,
            generation: count,
            seeds: 1,
            objective: Objective::default(),
            proposer: Arc::new(Fixed),
            pruner: Arc::new(Off),
            architecture,
            search: None,
        });
    };
    if let Some(seeds) = config.seeds {
        return Err(input_error!(
            "seeds = {seeds} beside [search]: the networks of a search are its trials; give \
             search.seeds, how many networks score a trial, and remove seeds"
        ));
    }
    search.check()?;
    let fresh = search.space.space_of(architecture, Stage::Fresh)?;
    search.space.space_of(architecture, Stage::FineTuning { layers: 1 })?;
    architecture.check_space(&network.sizes, &fresh)?;
    let objective = objective(search, training.loss)?;
    let pruner = pruner(&search.pruning)?;
    let losses = losses_of_search(&fresh, training)?;
    let comparable =
        training.stop_on.is_some() || (objective != Objective::ValidationLoss && !pruner.prunes());
    if losses > 1 && !comparable {
        return Err(input_error!(
            "search.space.loss has {losses} choices, whose values cannot be compared: give \
             training.stop_on, a loss that is the same for all, or let the search look for a \
             metric (search.minimise or search.maximise) and do not prune ([search.pruning] rule = \
             \"off\")"
        ));
    }
    let limits = [("layers", MAX_LAYERS), ("units_1", MAX_WIDTH)];
    for (name, limit) in
        limits.into_iter().chain([("items_layers", MAX_LAYERS), ("items_units_1", MAX_WIDTH)])
    {
        if let Some(most) = fresh.largest(name).filter(|most| *most > limit) {
            let key = name.trim_end_matches("_1");
            return Err(input_error!(
                "search.space.{key} goes up to {most}; there are at most {limit}"
            ));
        }
    }
    let width = pretraining.and_then(|pretraining| pretraining.bottleneck);
    if let (Some(width), Some(MAX_LAYERS)) = (width, fresh.largest("layers")) {
        return Err(input_error!(
            "pretraining.bottleneck = {width} is one hidden layer more than search.space.layers, \
             which goes up to {MAX_LAYERS}, and there are at most {MAX_LAYERS}; lower \
             search.space.layers.high"
        ));
    }
    Ok(TrialsPlan {
        count: search.trials,
        generation: search.generation,
        seeds: search.seeds,
        objective,
        proposer: proposer(search)?,
        pruner,
        architecture,
        search: Some(search.clone()),
    })
}

/// Number of losses of a search, whose networks must have the outputs of those of `[training]`.
fn losses_of_search(space: &Space, training: &Training) -> Result<usize> {
    let parameter = space.parameters().iter().find(|parameter| parameter.name == space::LOSS);
    let Some(Distribution::Choices(choices)) = parameter.map(|one| &one.distribution) else {
        return Ok(1);
    };
    let names = choices.iter().map(Choice::to_string);
    let losses: Vec<&Loss> = names.filter_map(|name| Loss::named(&name)).collect();
    match losses.iter().find(|loss| loss.predicts != training.loss.predicts) {
        None => Ok(losses.len()),
        Some(other) => {
            let same = LOSSES.iter().filter(|loss| loss.predicts == training.loss.predicts);
            let same: Vec<&str> = same.map(|loss| loss.name).collect();
            Err(input_error!(
                "search.space.loss has \"{}\", whose outputs are not those of training.loss = \
                 \"{}\"; the same outputs have {}",
                other.name,
                training.loss.name,
                same.join(", ")
            ))
        }
    }
}
