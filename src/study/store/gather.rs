//! Finished groups of other folders, copied into the folder of a study that has none.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::data::files::{read_bytes, write_all, write_bytes};
use crate::error::{Error, Result};
use crate::input_error;
use crate::study::datasets::Study;
use crate::study::plan::GroupKey;
use crate::study::store::folder::check_settings;
use crate::study::store::foreign::{JOURNAL_FILE, check_own};
use crate::study::store::journal::Identity;
use crate::study::store::journal::copy::{JournalCopy, JournalSource};
use crate::study::store::model::{MODELS, Model};
use crate::study::store::provenance::Provenance;
use crate::study::store::settings::identity;

/// The folder of a study, or of a part of it, to copy from.
pub struct Source {
    /// Where it is.
    pub folder: PathBuf,
    /// Its `study.json`.
    pub provenance: Provenance,
    identity: Identity,
    journal: JournalSource,
}

impl Source {
    /// Opens the folder of a study to copy from; absent if there is none.
    ///
    /// # Errors
    /// [`Error::Input`] if it belongs to another study, or is damaged.
    pub fn open(folder: &Path, study: &Study) -> Result<Option<Self>> {
        let Some(provenance) = Provenance::read(folder)? else { return Ok(None) };
        check_settings(folder, study, &provenance)?;
        Self::with(folder, provenance, identity(study))
    }

    /// Opens the folder of the study that its journal belongs to.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub fn of(folder: &Path, identity: &Identity) -> Result<Option<Self>> {
        let Some(provenance) = Provenance::read(folder)? else { return Ok(None) };
        Self::with(folder, provenance, identity.clone())
    }

    fn with(folder: &Path, provenance: Provenance, identity: Identity) -> Result<Option<Self>> {
        let journal = JournalSource::read(&folder.join(JOURNAL_FILE), &identity)?;
        Ok(journal.map(|journal| Self { folder: folder.into(), provenance, identity, journal }))
    }

    /// Whether all trials of a group are finished.
    pub fn has(&self, study: &Study, group: &GroupKey) -> bool {
        let finished = self.journal.finished(&study.plan.journal_name(group));
        finished == study.plan.trials.count as usize
    }

    /// The values of the trials of a group, by number; absent where one has none.
    pub fn values(&self, study: &Study, group: &GroupKey) -> Vec<Option<f64>> {
        self.journal.values(&study.plan.journal_name(group))
    }

    /// Lines of its journal as those of a study that has the same runs.
    fn lines_of(&self, study: &Study, lines: &str) -> String {
        let own = identity(study);
        let scenario = |name: &Option<String>| format!("\"scenario\":{}", json!(name));
        lines
            .replace(&self.identity.study, &own.study)
            .replace(&self.identity.data, &own.data)
            .replace(&scenario(&self.provenance.scenario), &scenario(&study.plan.scenario))
    }

    /// Copies the networks of a group into another folder.
    fn copy_models(&self, study: &Study, group: &GroupKey, to: &Path) -> Result<()> {
        let plan = &study.plan;
        let begin = plan.group_name(group).stem(plan.has_pretraining_sizes()) + "-";
        let mut files = Vec::new();
        for entry in std::fs::read_dir(self.folder.join(MODELS)).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_model = Path::new(&name).extension().is_some_and(|end| end == "safetensors");
            if is_model && name.to_string_lossy().starts_with(&begin) {
                let mut bytes = read_bytes(&entry.path())?;
                if self.provenance.name != plan.name {
                    let mut model = Model::from_bytes(&entry.path(), &bytes)?;
                    model.about.study.clone_from(&plan.name);
                    bytes = model.bytes();
                }
                files.push((to.join(MODELS).join(&name), bytes));
            }
        }
        write_all(&files)
    }
}

/// Copies groups that sources have finished into a folder: networks, then the journal. In a folder
/// with the journal of these groups nothing is left to do.
///
/// # Errors
/// [`Error::Input`] if the folder has another journal; [`Error::Output`] if it cannot be written.
pub fn gather(study: &Study, folder: &Path, from: &[(GroupKey, &Source)]) -> Result<()> {
    check_own(folder)?;
    let (mut copy, mut text) = (JournalCopy::default(), String::new());
    for (group, source) in from {
        let lines = copy.add(&source.journal, &study.plan.journal_name(group));
        text += &source.lines_of(study, &lines);
    }
    let path = folder.join(JOURNAL_FILE);
    if path.exists() && read_bytes(&path)? != text.as_bytes() {
        return Err(input_error!(
            "{} already has the journal of a study, which is not that of these parts; choose \
             another folder",
            folder.display()
        ));
    }
    let models = folder.join(MODELS);
    std::fs::create_dir_all(&models)
        .map_err(|error| Error::Output(format!("{}: {error}", models.display())))?;
    for (group, source) in from {
        source.copy_models(study, group, folder)?;
    }
    write_bytes(&path, text.as_bytes())
}
