//! The runs of searches, whose networks nobody knows before: each trial is drawn at random from the
//! search space, and those that a pruner stops are drawn by lot.

use std::sync::Arc;

use crate::engine::graph::Graph;
use crate::error::Result;
use crate::study::config::search_plan::{SearchPlan, of_setting};
use crate::study::estimate::sketch::{EXPECTED, Sketch, of_pretraining, of_strategy};
use crate::study::jobs::How;
use crate::study::plan::Plan;
use crate::study::search::pruning::Pruner;
use crate::study::search::space::Space;
use crate::study::search::tpe::Tpe;
use crate::study::transfer::Strategy;

/// A trial: its first network, and whether the others of it train too.
struct Drawn {
    sketch: Sketch,
    through: bool,
}

/// Every run of the searches of a plan, in the order in which they are handed out.
///
/// # Errors
/// None of a plan that was checked.
pub fn searched(plan: &Plan, search: &SearchPlan) -> Result<Vec<Sketch>> {
    let mut sketches: Vec<Sketch> = Vec::new();
    let mut base: Option<Arc<Graph>> = None;
    let mut after = None;
    if let Some(pretraining) = &plan.pretraining {
        let how = How::of_pretraining(plan, pretraining);
        let make = |how: &How| of_pretraining(plan, pretraining, pretraining.simulations[0], how);
        let trials = trials((plan, search), None, &how, search.fresh(), &make)?;
        // which one is the best nobody knows yet: the middle one by its arithmetic
        let mut networks: Vec<_> =
            trials.iter().map(|trial| trial.sketch.network.clone()).collect();
        networks.sort_by_key(|network: &Arc<Graph>| network.flops());
        base = Some(networks[networks.len() / 2].clone());
        after = generations(search, trials, None, &mut sketches);
    }
    // those that transfer open when the pre-training is over, the others at once
    for size in 0..plan.sizes.len() {
        for (strategy, typed) in plan.strategies.iter().enumerate() {
            let how = How::of_strategy(plan, typed);
            let make = |how: &How| of_strategy(plan, strategy, size, how, base.as_deref());
            let hidden = base.as_ref().map_or(0, |base| base.nodes().len() - 1);
            let space = match typed.strategy.gives_layers() {
                true => search.fine_tuning(hidden),
                false => search.fresh(),
            };
            let what = Some((typed.strategy, plan.sizes[size]));
            let trials = trials((plan, search), what, &how, space, &make)?;
            let opens = after.filter(|_| typed.strategy.transfers());
            generations(search, trials, opens, &mut sketches);
        }
    }
    Ok(sketches)
}

/// The runs of a search, its trials drawn at random.
fn trials(
    (plan, search): (&Plan, &SearchPlan),
    what: Option<(Strategy, usize)>,
    how: &How,
    space: Space,
    make: &dyn Fn(&How) -> Result<Sketch>,
) -> Result<Vec<Drawn>> {
    let count = search.table.trials;
    let tpe = Tpe { startup: count as usize, ..search.tpe(what) };
    let drawn = tpe.generation(&space, &[], 0..count);
    let of_trial = |(number, trial)| {
        let sketch = make(&of_setting(plan, how, &space.setting(trial)))?;
        let [most, expected] = sketch.epochs;
        let pruned = pruned(search, number, expected);
        Ok(Drawn {
            through: pruned == expected,
            sketch: Sketch { epochs: [most, pruned], ..sketch },
        })
    };
    drawn.iter().enumerate().map(of_trial).collect()
}

/// Epochs of a trial, if those that a pruner stops are drawn by lot: one in `factor` goes on from a
/// rung of successive halving, every second one from the first look at the median. The first
/// generation, or those trials that start the median, all go on.
fn pruned(search: &SearchPlan, number: usize, epochs: u32) -> u32 {
    let place = number % search.table.generation as usize;
    match &search.pruner {
        Pruner::Off => epochs,
        Pruner::Median(median) if number < median.startup.max(1) || place.is_multiple_of(2) => {
            epochs
        }
        Pruner::Median(median) => epochs.min(median.warmup.max(1)),
        Pruner::Halving(_) if number < search.table.generation as usize => epochs,
        Pruner::Halving(halving) => {
            let mut share = halving.factor as usize;
            let mut rung = 0;
            while place.is_multiple_of(share) && halving.epochs(rung) < u64::from(epochs) {
                share = share.saturating_mul(halving.factor as usize);
                rung += 1;
            }
            epochs.min(u32::try_from(halving.epochs(rung)).unwrap_or(u32::MAX))
        }
    }
}

/// Adds the runs of a search, generation after generation; the group of the last one.
fn generations(
    search: &SearchPlan,
    trials: Vec<Drawn>,
    mut after: Option<usize>,
    sketches: &mut Vec<Sketch>,
) -> Option<usize> {
    let seeds = search.table.seeds as usize;
    let first = sketches.last().map_or(0, |last| last.group + 1);
    let generations = trials.chunks(search.table.generation as usize);
    for (group, generation) in (first..).zip(generations) {
        for trial in generation {
            for seed in 0..seeds {
                let mut sketch = Sketch { group, needs: after, ..trial.sketch.clone() };
                // the other networks of a trial train only where the first one came through
                if seed > 0 && !trial.through {
                    sketch.epochs[EXPECTED] = 0;
                }
                sketches.push(sketch);
            }
        }
        after = Some(group);
    }
    after
}
