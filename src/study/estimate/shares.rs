//! The groups of each part of a study, by their arithmetic: the same on every machine.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::memory::computed_rows;
use crate::error::Result;
use crate::study::datasets::Study;
use crate::study::estimate::planned::planned_runs;
use crate::study::part::{Part, Stage};
use crate::study::plan::GroupKey;

/// The groups of each study that each part trains: the largest groups go first, each to the part
/// with the least work. Pre-trainings that groups start from are theirs too, and do not count:
/// parts may find them trained.
///
/// # Errors
/// None of studies that were checked.
pub fn shares(studies: &[Study], of: Part) -> Result<Vec<Vec<BTreeSet<GroupKey>>>> {
    let mut groups: Vec<(f64, usize, GroupKey)> = Vec::new();
    for (place, study) in studies.iter().enumerate() {
        let mut work: BTreeMap<GroupKey, f64> = BTreeMap::new();
        for run in planned_runs(study)? {
            let epochs = f64::from(run.epochs.expected);
            *work.entry(run.group).or_default() += epochs * run.flops_per_epoch(computed_rows);
        }
        let is_divided = |group: &GroupKey| match of.stage {
            Stage::PreTraining => group.is_pretraining(),
            Stage::FineTuning => !group.is_pretraining(),
        };
        let work = work.into_iter().filter(|(group, _)| is_divided(group));
        groups.extend(work.map(|(group, work)| (work, place, group)));
    }
    groups.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut shares = vec![vec![BTreeSet::new(); studies.len()]; of.of as usize];
    let mut loads = vec![0.0_f64; shares.len()];
    for (work, study, group) in groups {
        let least = (0..loads.len()).min_by(|one, other| loads[*one].total_cmp(&loads[*other]));
        let least = least.expect("shares: there is a part");
        loads[least] += work;
        let base = |simulations| GroupKey { strategy: None, simulations, pretrained: None };
        let own = &mut shares[least][study];
        own.extend(group.pretrained.filter(|_| studies[study].plan.models().is_empty()).map(base));
        own.insert(group);
    }
    Ok(shares)
}
