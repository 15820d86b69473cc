//! The groups of each part of a study, by their arithmetic: the same on every machine.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::engine::run::most_work;
use crate::engine::shape::BatchRows;
use crate::error::Result;
use crate::study::datasets::Study;
use crate::study::estimate::planned::{PlannedRun, planned_runs};
use crate::study::part::{Part, Stage};
use crate::study::plan::GroupKey;

/// The groups of each study that each part trains: the largest groups go first, each to the part
/// with the least work. Pre-trainings that groups start from are theirs too, and do not count:
/// parts may find them trained.
///
/// # Errors
/// None of studies that were checked.
pub fn shares(studies: &[Study], of: Part) -> Result<Vec<Vec<BTreeSet<GroupKey>>>> {
    let mut groups: Vec<(u64, usize, GroupKey)> = Vec::new();
    for (place, study) in studies.iter().enumerate() {
        let mut work: BTreeMap<GroupKey, u64> = BTreeMap::new();
        for run in planned_runs(study)? {
            *work.entry(run.group).or_default() += self::work(&run);
        }
        let is_divided = |group: &GroupKey| match of.stage {
            Stage::PreTraining => group.is_pretraining(),
            Stage::FineTuning => !group.is_pretraining(),
        };
        let work = work.into_iter().filter(|(group, _)| is_divided(group));
        groups.extend(work.map(|(group, work)| (work, place, group)));
    }
    groups.sort_by_key(|(work, ..)| Reverse(*work));
    let mut shares = vec![vec![BTreeSet::new(); studies.len()]; of.of as usize];
    let mut loads = vec![0; shares.len()];
    for (work, study, group) in groups {
        let least = (0..loads.len()).min_by_key(|part| loads[*part]);
        let least = least.expect("shares: there is a part");
        loads[least] += work;
        let base = |simulations| GroupKey { strategy: None, simulations, pretrained: None };
        let own = &mut shares[least][study];
        own.extend(group.pretrained.filter(|_| studies[study].plan.models().is_empty()).map(base));
        own.insert(group);
    }
    Ok(shares)
}

/// The arithmetic of the layers that train, in the expected epochs; a frozen layer computes its
/// outputs once.
fn work(run: &PlannedRun) -> u64 {
    let examples = run.rows.iter().sum::<usize>();
    let [items, edges] = run.mean.map(|mean| (mean * examples as f64).round() as usize);
    most_work(&run.network, BatchRows { examples, items, edges }, run.epochs.expected)
}
