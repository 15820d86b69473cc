//! Attribution profiles of the networks of a study, for each curve.

use crate::study::explain::comparison::{Comparison, compare};
use crate::study::explain::mean_explanation::MeanExplanation;
use crate::study::store::attribution_table::Usage;
use crate::study::store::run::Curve;
use crate::study::transfer::PRETRAINING;

/// The profiles of the networks of one curve and size.
pub(crate) fn usage(explained: &MeanExplanation, curve: Curve, simulations: usize) -> Usage {
    let mean = &explained.mean;
    Usage {
        curve,
        simulations,
        networks: explained.networks,
        background: mean.background.len(),
        gap: explained.gap.largest,
        axis_name: mean.axis_name.clone(),
        inputs: mean.input_names.clone(),
        axis: mean.axis.clone(),
        flips: vec![None; explained.profiles.len()],
        profiles: explained.profiles.clone(),
        classes: explained.classes.clone(),
    }
}

/// Compares the profiles of two usages; empty if they have different inputs.
pub fn compare_usages(ours: &Usage, theirs: &Usage) -> Vec<Comparison> {
    match ours.axis.len() == theirs.axis.len() {
        true => compare(&ours.profiles, &theirs.profiles),
        false => vec![],
    }
}

/// Sets the flips of all usages, compared with that of the pre-trained networks.
pub fn mark_flips(all: &mut [Usage]) {
    let is_pretraining = |one: &Usage| one.curve.strategy == PRETRAINING;
    let Some(pretrained) = all.iter().find(|one| is_pretraining(one)).cloned() else {
        return;
    };
    for one in all.iter_mut().filter(|one| !is_pretraining(one)) {
        let compared = compare_usages(one, &pretrained);
        let flips = |profile: &crate::study::store::attribution_table::Profile| {
            let found = compared.iter().find(|found| found.target == profile.target);
            found.map(|found| found.flips.clone())
        };
        one.flips = one.profiles.iter().map(flips).collect();
    }
}
