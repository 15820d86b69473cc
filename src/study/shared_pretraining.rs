//! Pre-trainings that several studies of one file have in common, which are trained once.

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
use crate::study::store::settings::{identity, pretraining_settings};

/// Studies whose pre-trained networks others may start from.
#[derive(Debug, Default)]
pub struct SharedPretrainings(Vec<Known>);

#[derive(Debug)]
struct Known {
    name: String,
    settings: Value,
    pool: Pool,
    folder: PathBuf,
    identity: Identity,
}

impl SharedPretrainings {
    /// Adds a study, whose results are in a folder.
    pub fn add(&mut self, study: &Study, folder: &Path) {
        let Some(settings) = pretraining_settings(study) else { return };
        let plan = &study.plan;
        self.0.push(Known {
            name: plan.scenario.as_ref().unwrap_or(&plan.name).clone(),
            settings,
            pool: study.pretraining_data().pool.clone(),
            folder: folder.into(),
            identity: identity(study),
        });
    }

    /// The scenario of the first study that pre-trains the same networks.
    pub fn of(&self, study: &Study) -> Option<&str> {
        self.known(study).map(|known| known.name.as_str())
    }

    fn known(&self, study: &Study) -> Option<&Known> {
        let settings = pretraining_settings(study)?;
        let pool = &study.pretraining_data().pool;
        self.0.iter().find(|known| known.settings == settings && known.pool == *pool)
    }

    /// Copies the pre-trained networks that a study has in common with an earlier one into its
    /// folder, unless it has begun, or the earlier one was trained where the same run differs in
    /// its last digits. Returns the scenario that they are from.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if the results of the earlier study are damaged;
    /// [`crate::Error::Output`].
    pub fn reuse(&self, study: &Study, folder: &Path, devices: &[Device]) -> Result<Option<&str>> {
        let Some(known) = self.known(study).filter(|_| !folder.join(JOURNAL_FILE).exists()) else {
            return Ok(None);
        };
        let Some(source) = Source::of(&known.folder, &known.identity)? else { return Ok(None) };
        let here = Description::of(devices);
        let groups = study.plan.groups().into_iter().filter(GroupKey::is_pretraining);
        let groups: Vec<(GroupKey, &Source)> = groups.map(|group| (group, &source)).collect();
        let is_same = source.provenance.devices().all(|device| device.has_same_bits(&here));
        let is_whole = groups.iter().all(|(group, source)| source.has(study, group));
        if !(is_same && is_whole) {
            return Ok(None);
        }
        gather(study, folder, &groups)?;
        Ok(Some(&known.name))
    }
}
