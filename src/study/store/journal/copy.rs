//! Searches of several journals in one: lines stay as they are, but for the numbers of searches and
//! trials.

use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;

use crate::data::files::opened;
use crate::error::Result;
use crate::input_error;
use crate::study::search::trial::State;
use crate::study::store::journal::event::WRITER;
use crate::study::store::journal::records::{Records, TrialRecord, quoted};
use crate::study::store::journal::{Identity, check_identity};

/// A journal to copy from, which another process may write.
pub struct JournalSource {
    records: Records,
    lines: Vec<SourceLine>,
}

/// A line of a search.
struct SourceLine {
    text: String,
    search: usize,
    /// The key that changes and its number in the file; a search that begins has none.
    number: Option<(&'static str, u64)>,
    /// The identifier of its trial, if it is about one that has begun.
    trial: Option<usize>,
}

impl JournalSource {
    /// Reads the journal at `path`; absent if there is none.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if it cannot be read, is damaged, or belongs to another study.
    pub fn read(path: &Path, identity: &Identity) -> Result<Option<Self>> {
        let bytes = match opened(|| std::fs::read(path)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(input_error!("cannot read '{}': {error}", path.display())),
        };
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let mut records = Records::default();
        records.read(path, &bytes[..whole])?;
        check_identity(path, &records, identity)?;
        let text = String::from_utf8_lossy(&bytes[..whole]);
        let lines = text.split_inclusive('\n').filter_map(|line| source_line(&records, line));
        let lines = lines.collect();
        Ok(Some(Self { records, lines }))
    }

    /// How many trials of a search are finished.
    pub fn finished(&self, name: &str) -> usize {
        self.trials(name).filter(|trial| trial.state != State::Running).count()
    }

    /// The values of the trials of a search, by number.
    pub fn values(&self, name: &str) -> Vec<Option<f64>> {
        self.trials(name).map(|trial| trial.value).collect()
    }

    fn trials(&self, name: &str) -> impl Iterator<Item = &TrialRecord> {
        let searches = self.records.searches().iter().filter(move |search| search.name == name);
        searches.flat_map(|search| &search.trials)
    }
}

/// A line of shoal with its search; none of another program.
fn source_line(records: &Records, text: &str) -> Option<SourceLine> {
    let event: Value = serde_json::from_str(&quoted(text)).ok()?;
    if event["worker_id"] != WRITER {
        return None;
    }
    let text = text.to_owned();
    let numbers = &records.numbers;
    if let Some(name) = event["study_name"].as_str() {
        let search = records.searches().iter().position(|search| search.name == name)?;
        return Some(SourceLine { text, search, number: None, trial: None });
    }
    if let Some(study) = event["study_id"].as_u64() {
        let search = numbers.studies.get(study as usize)?.search?;
        return Some(SourceLine { text, search, number: Some(("study_id", study)), trial: None });
    }
    let trial = event["trial_id"].as_u64()?;
    let id = (*numbers.trials.get(trial as usize)?)?;
    let (search, number) = (records.search_of(id), Some(("trial_id", trial)));
    Some(SourceLine { text, search, number, trial: Some(id) })
}

/// How much is in the journal that copies make.
#[derive(Default)]
pub struct JournalCopy {
    searches: usize,
    trials: usize,
}

impl JournalCopy {
    /// The lines of a search in the journal, empty if it is not there.
    pub fn add(&mut self, from: &JournalSource, name: &str) -> String {
        let (searches, mut text) = (from.records.searches(), String::new());
        let Some(search) = searches.iter().position(|search| search.name == name) else {
            return text;
        };
        let trials = &searches[search].trials;
        for line in from.lines.iter().filter(|line| line.search == search) {
            let trial = trials.iter().position(|trial| Some(trial.id) == line.trial);
            let new = trial.map_or(self.searches, |trial| self.trials + trial);
            text += &match line.number {
                None => line.text.clone(),
                Some((key, number)) => {
                    let there = format!("\"{key}\":{number}");
                    line.text.replacen(&there, &format!("\"{key}\":{new}"), 1)
                }
            };
        }
        self.searches += 1;
        self.trials += trials.len();
        text
    }
}
