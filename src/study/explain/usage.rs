//! What the networks of a study use, curve by curve.

use crate::study::explain::comparison::{Comparison, compare};
use crate::study::explain::reading::Reading;
use crate::study::store::attributions::Usage;
use crate::study::store::run::Curve;
use crate::study::transfer::PRETRAINING;

/// The usage of networks of one curve and size.
pub(crate) fn usage(reading: &Reading, curve: Curve, simulations: usize) -> Usage {
    let mean = &reading.mean;
    Usage {
        curve,
        simulations,
        networks: reading.networks,
        background: mean.background.len(),
        gap: reading.gap.largest,
        axis_name: mean.axis_name.clone(),
        inputs: mean.input_names.clone(),
        axis: mean.axis.clone(),
        flips: vec![None; reading.profiles.len()],
        profiles: reading.profiles.clone(),
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
        let flips = |profile: &crate::study::store::attributions::Profile| {
            let found = compared.iter().find(|found| found.target == profile.target);
            found.map(|found| found.flips.clone())
        };
        one.flips = one.profiles.iter().map(flips).collect();
    }
}
