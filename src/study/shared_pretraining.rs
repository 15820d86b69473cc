//! Pre-trainings that several studies of one file have in common, which are trained once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::data::split::Pool;
use crate::engine::device::{Description, Device};
use crate::error::Result;
use crate::study::datasets::Study;
use crate::study::plan::GroupKey;
use crate::study::store::foreign::JOURNAL_FILE;
use crate::study::store::gather::{Source, gather};
use crate::study::store::journal::Identity;
use crate::study::store::provenance::STUDY_FILE;
use crate::study::store::settings::{identity, pretraining_settings};

/// Studies whose pre-trained networks others may start from, in the order of the study file.
#[derive(Debug, Default)]
pub struct SharedPretrainings(Vec<PretrainedStudy>);

#[derive(Debug)]
struct PretrainedStudy {
    scenario: String,
    settings: Value,
    pool: Pool,
    groups: BTreeSet<GroupKey>,
    folder: PathBuf,
    identity: Identity,
}

impl SharedPretrainings {
    /// Adds a study, whose results are in a folder, or will be.
    pub fn add(&mut self, study: &Study, folder: &Path) {
        let Some((settings, groups)) = pretrainings(study) else { return };
        let plan = &study.plan;
        self.0.push(PretrainedStudy {
            scenario: plan.scenario.as_ref().unwrap_or(&plan.name).clone(),
            settings,
            pool: study.pretraining_data().pool.clone(),
            groups,
            folder: folder.into(),
            identity: identity(study),
        });
    }

    /// The scenario of the first study that pre-trains the same networks.
    pub fn scenario_of(&self, study: &Study) -> Option<&str> {
        self.matching(study).first().map(|one| one.scenario.as_str())
    }

    fn matching(&self, study: &Study) -> Vec<&PretrainedStudy> {
        // settings hash the data
        let own = if self.0.is_empty() { None } else { pretrainings(study) };
        let Some((settings, groups)) = own else { return vec![] };
        let pool = &study.pretraining_data().pool;
        let is_same = |one: &&PretrainedStudy| {
            one.settings == settings && one.pool == *pool && groups.is_subset(&one.groups)
        };
        self.0.iter().filter(is_same).collect()
    }

    /// Copies the pre-trained networks that a study has in common with an earlier one into its
    /// folder, unless it has begun, or the earlier one was trained where the same run differs in
    /// its last digits. Returns the scenario that they are from.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if the results of the earlier study are damaged;
    /// [`crate::Error::Output`].
    pub fn reuse(&self, study: &Study, folder: &Path, devices: &[Device]) -> Result<Option<&str>> {
        if [JOURNAL_FILE, STUDY_FILE].iter().any(|name| folder.join(name).exists()) {
            return Ok(None);
        }
        let here = Description::of(devices);
        for one in self.matching(study) {
            let Some(source) = Source::of(&one.folder, &one.identity)? else { continue };
            let groups = study.plan.groups().into_iter().filter(GroupKey::is_pretraining);
            let groups: Vec<(GroupKey, &Source)> = groups.map(|group| (group, &source)).collect();
            let is_same = source.provenance.devices().all(|device| device.has_same_bits(&here));
            if is_same && groups.iter().all(|(group, source)| source.has(study, group)) {
                gather(study, folder, &groups)?;
                return Ok(Some(&one.scenario));
            }
        }
        Ok(None)
    }
}

/// What decides the pre-trained networks of a study, and their groups; absent if there are none to
/// copy: without files a search trains its best trial again, but other studies all of them.
fn pretrainings(study: &Study) -> Option<(Value, BTreeSet<GroupKey>)> {
    let plan = &study.plan;
    let groups: BTreeSet<GroupKey> =
        plan.groups().into_iter().filter(GroupKey::is_pretraining).collect();
    if groups.is_empty() || !(plan.save_models || plan.is_search()) {
        return None;
    }
    Some((pretraining_settings(study)?, groups))
}
