//! The journal of a study: events in the order in which they happened, in a file that Optuna opens.
//!
//! The format is that of Optuna's `JournalFileBackend` (5.0): a JSON object a line, with an
//! operation's number. A search is a "study" there, a trial is a trial.
//! `optuna.load_study(study_name=..., storage=JournalStorage(JournalFileBackend(path)))` and
//! `optuna-dashboard` read it at any time, also while a study runs. Optuna's own lock,
//! `<journal>.lock`, is left to Optuna.
//!
//! Events are noted in memory, appended as whole lines, and forced to disk from time to time. A line
//! that a kill cut off is removed when the journal is opened again, and its event happens again.

pub(crate) mod event;
pub(crate) mod lock;
pub(crate) mod records;

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::data::files::{output_error, sync_folder};
use crate::error::{Error, Result};
use crate::input_error;
use crate::study::search::space::Space;
use crate::study::search::trial::Trial;
pub use event::Event;
use lock::Lock;
pub use records::{Records, SearchRecord, TrialRecord};

/// Identifies the study of a journal. A journal of another study is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// SHA-256 of the settings of the study.
    pub study: String,
    /// SHA-256 of the data.
    pub data: String,
}

const STUDY_HASH: &str = "shoal:study_sha256";
const DATA_HASH: &str = "shoal:data_sha256";

impl Identity {
    fn attributes(&self) -> [(&'static str, &str, &'static str); 2] {
        [
            (STUDY_HASH, &self.study, "the study file has changed since"),
            (DATA_HASH, &self.data, "the data have changed since"),
        ]
    }
}

/// The journal of a study, open for writing. No other process can open it meanwhile.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    identity: Identity,
    records: Records,
    /// Noted lines, not yet written.
    noted: String,
    /// Whether lines are written but not forced to disk.
    unforced: bool,
    repaired: Option<String>,
    // last, so that the file is closed before others may open it
    _lock: Lock,
}

impl Journal {
    /// Opens the journal at `path`, or begins one.
    ///
    /// # Errors
    /// [`Error::Input`] if another process writes it, if it belongs to another study file or other
    /// data, or if a line of it is damaged; [`Error::Output`] if it cannot be written.
    pub fn open(path: &Path, identity: Identity) -> Result<Self> {
        let lock = Lock::take(path)?;
        let failed = |error: std::io::Error| output_error(path, &error);
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).open(path).map_err(failed)?;
        sync_folder(path);
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let records = Records::read(path, &bytes[..whole])?;
        check_identity(path, &records, &identity)?;
        let repaired = match bytes.len() - whole {
            0 => None,
            torn => {
                file.set_len(whole as u64).and_then(|()| file.sync_all()).map_err(failed)?;
                Some(format!(
                    "{}: the last line was cut off after {torn} bytes, as by a kill or a power cut; it is removed, and its \
                     event happens again",
                    path.display()
                ))
            }
        };
        let mut journal = Self {
            path: path.into(),
            file,
            identity,
            records,
            noted: String::new(),
            unforced: false,
            repaired,
            _lock: lock,
        };
        journal.finish_headers();
        journal.force()?;
        Ok(journal)
    }

    /// The searches and trials so far.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// A message about a damaged line that was removed.
    pub fn repaired(&self) -> Option<&str> {
        self.repaired.as_deref()
    }

    /// The index of the search of that name; a new search is noted if there is none.
    pub fn search(&mut self, name: &str) -> usize {
        if let Some(index) = self.records.searches().iter().position(|search| search.name == name) {
            return index;
        }
        let index = self.records.searches().len();
        let mut events = vec![Event::Search { name: name.into() }];
        events.extend(self.header(index));
        self.note(&events);
        index
    }

    /// Begins trials of a search, all at once, as events are noted, and returns their identifiers
    /// for events.
    ///
    /// # Panics
    /// If the trials do not follow those that are there.
    pub fn begin(&mut self, search: usize, space: &Space, trials: &[Trial]) -> Vec<usize> {
        let there = self.records.searches()[search].trials.len();
        let follow = trials.iter().enumerate().all(|(i, trial)| trial.number as usize == there + i);
        assert!(
            follow,
            "journal: {there} trials are there, and trials {trials:?} do not follow them"
        );
        let first = self.records.trial_count();
        let events: Vec<Event> =
            trials.iter().map(|trial| Event::trial(search, space, trial)).collect();
        self.note(&events);
        (first..first + trials.len()).collect()
    }

    /// Appends events and forces them to disk.
    ///
    /// # Errors
    /// As [`Journal::write`].
    pub fn append(&mut self, events: &[Event]) -> Result<()> {
        self.note(events);
        self.force()
    }

    /// Notes events, to be written in this order: this process sees them at once, the next one when
    /// they are written. Events that a kill leaves out happen again.
    pub fn note(&mut self, events: &[Event]) {
        for event in events {
            let line = event.line();
            self.records.apply(&line).unwrap_or_else(|reason| panic!("journal: {reason}: {line}"));
            self.noted += &line;
        }
    }

    /// Appends the noted events, with one write. They survive this process then, and a power cut
    /// after [`Journal::force`].
    ///
    /// # Errors
    /// [`Error::Output`] if that fails; the file is then unchanged, and the events stay noted.
    pub fn write(&mut self) -> Result<()> {
        if self.noted.is_empty() {
            return Ok(());
        }
        let failed = |error: std::io::Error| output_error(&self.path, &error);
        let before = self.file.metadata().map_err(failed)?.len();
        if let Err(error) = self.file.write_all(self.noted.as_bytes()) {
            // half a line must not precede the next one; if this fails too, opening the journal
            // removes it
            let _ = self.file.set_len(before);
            return Err(failed(error));
        }
        self.noted.clear();
        self.unforced = true;
        Ok(())
    }

    /// Appends the noted events and waits until everything is on disk.
    ///
    /// # Errors
    /// [`Error::Output`] if that fails; events that could not be written stay noted.
    pub fn force(&mut self) -> Result<()> {
        self.write()?;
        if self.unforced {
            (self.file.sync_data()).map_err(|error| output_error(&self.path, &error))?;
            self.unforced = false;
        }
        Ok(())
    }

    /// The attributes that say what search `index` belongs to.
    fn header(&self, index: usize) -> Vec<Event> {
        let attribute = |key: &str, value: &str| Event::SearchAttribute {
            search: index,
            key: key.into(),
            value: Value::from(value),
        };
        let hashes = self.identity.attributes().map(|(key, hash, _)| attribute(key, hash));
        hashes.into_iter().chain([attribute("shoal:version", env!("CARGO_PKG_VERSION"))]).collect()
    }

    /// Writes the header of a search that was killed before it had one.
    fn finish_headers(&mut self) {
        for index in 0..self.records.searches().len() {
            let there = &self.records.searches()[index].attributes;
            if self.identity.attributes().iter().any(|(key, ..)| !there.contains_key(*key)) {
                self.note(&self.header(index));
            }
        }
    }
}

impl Drop for Journal {
    /// Writes noted events, ignoring errors; call [`Journal::force`] to see them.
    fn drop(&mut self) {
        let _ = self.force();
    }
}

/// Checks that every search of the journal is of this study and these data.
fn check_identity(path: &Path, records: &Records, identity: &Identity) -> Result<()> {
    let shown = path.display();
    for search in records.searches() {
        for (key, expected, reason) in identity.attributes() {
            let found = search.attributes.get(key).and_then(Value::as_str);
            match found {
                Some(found) if found == expected => {}
                Some(found) => {
                    return Err(input_error!(
                        "{shown}: the journal of another study: its {key} is {}, here it is {}; {reason}. Choose another \
                         folder with -o, or restore the study file and the data",
                        short(found),
                        short(expected)
                    ));
                }
                None if search.trials.is_empty() => {}
                None => {
                    return Err(input_error!(
                        "{shown}: not a journal of shoal: its study '{}' has {} trials but no {key}; choose another folder \
                         with -o",
                        search.name,
                        search.trials.len()
                    ));
                }
            }
        }
    }
    Ok(())
}

/// Enough of a hash to tell two apart.
fn short(hash: &str) -> String {
    hash.chars().take(12).collect::<String>() + "..."
}

fn other_writer(path: &Path, owner: &str) -> Error {
    input_error!(
        "{}: {owner} is writing this study; wait until it is done, stop it, or choose another folder with -o",
        path.display()
    )
}
