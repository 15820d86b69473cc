//! The journal of a study: every event that matters, in the order in which it happened, in a file
//! that Optuna opens.
//!
//! The format is that of Optuna's `JournalFileBackend` (5.0): a JSON object a line, with an
//! operation's number. A search is a "study" there, a trial is a trial.
//! `optuna.load_study(study_name=..., storage=JournalStorage(JournalFileBackend(path)))` and
//! `optuna-dashboard` read it at any time, also while a study runs. They may set attributes and
//! make studies of their own there, which are skipped; what changes a study of shoal is refused,
//! before anything else is appended. Optuna's own lock, `<journal>.lock`, is left to Optuna.
//!
//! A line is an event or nothing: events are noted, then appended whole, and now and then all of
//! them are forced to disk; a line that a kill cut off is removed when the journal is opened again.
//! Whatever led to it happens again then.

pub(crate) mod copy;
pub(crate) mod event;
pub(crate) mod lock;
pub(crate) mod numbers;
pub(crate) mod records;

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::data::files::{opened, output_error, sync_folder};
use crate::error::Result;
use crate::input_error;
use crate::study::search::space::Space;
use crate::study::search::trial::Trial;
pub use event::JournalEvent;
use lock::Lock;
pub use records::{Records, SearchRecord, TrialRecord};

/// What a journal belongs to. A journal of anything else is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// SHA-256 of what the study file means.
    pub study: String,
    /// SHA-256 of the data.
    pub data: String,
}

/// How often half a line of another program is read again before it is removed: for a second.
const TORN: u32 = 50;

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
    /// Events that are noted and not yet written.
    noted: Vec<JournalEvent>,
    /// Bytes of the file that the records have.
    known: u64,
    /// Whether something is written that the disk was not waited for.
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
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        let mut file = opened(|| options.open(path)).map_err(failed)?;
        sync_folder(path);
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let mut records = Records::default();
        records.read(path, &bytes[..whole])?;
        check_identity(path, &records, &identity)?;
        let repaired = match bytes.len() - whole {
            0 => None,
            torn => {
                file.set_len(whole as u64).and_then(|()| file.sync_all()).map_err(failed)?;
                Some(format!(
                    "{}: the last line was cut off after {torn} bytes, as by a kill or a power \
                     cut; it is removed, and what it told of happens again",
                    path.display()
                ))
            }
        };
        let mut journal = Self {
            path: path.into(),
            file,
            identity,
            records,
            noted: Vec::new(),
            known: whole as u64,
            unforced: false,
            repaired,
            _lock: lock,
        };
        journal.finish_headers();
        journal.force()?;
        Ok(journal)
    }

    /// What the journal tells so far.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// What was wrong with the file and was put right, in words for the user.
    pub fn repaired(&self) -> Option<&str> {
        self.repaired.as_deref()
    }

    /// The index of the search of that name, whose value is minimised; it is begun if there is
    /// none, as events are noted.
    pub fn search(&mut self, name: &str) -> usize {
        self.search_for(name, false)
    }

    /// The same for a search whose value may be maximised.
    pub fn search_for(&mut self, name: &str, maximises: bool) -> usize {
        if let Some(index) = self.records.searches().iter().position(|search| search.name == name) {
            return index;
        }
        let index = self.records.searches().len();
        let mut events = vec![JournalEvent::Search { name: name.into(), maximises }];
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
        let events: Vec<JournalEvent> =
            trials.iter().map(|trial| JournalEvent::trial(search, space, trial)).collect();
        self.note(&events);
        (first..first + trials.len()).collect()
    }

    /// Appends events and forces them to disk.
    ///
    /// # Errors
    /// As [`Journal::write`].
    pub fn append(&mut self, events: &[JournalEvent]) -> Result<()> {
        self.note(events);
        self.force()
    }

    /// Notes events, to be written in this order: they count for this process from now on, and for
    /// the next one once they are written. What a kill leaves out happens again.
    pub fn note(&mut self, events: &[JournalEvent]) {
        events.iter().for_each(|event| self.records.note(event));
        self.noted.extend_from_slice(events);
    }

    /// Appends what was noted, with one write: then it outlives this process, and after
    /// [`Journal::force`] the machine.
    ///
    /// # Errors
    /// [`Error::Output`] if that fails; [`Error::Input`] if another program has changed what is
    /// shoal's. Then nothing of it is in the file, and it stays noted.
    pub fn write(&mut self) -> Result<()> {
        if self.noted.is_empty() {
            return Ok(());
        }
        self.catch_up()?;
        let numbers = self.records.numbers.clone();
        let written = self.append_noted();
        match written {
            Ok(()) => {
                self.records.wrote(self.noted.len());
                self.noted.clear();
                self.unforced = true;
            }
            Err(_) => self.records.numbers = numbers,
        }
        written
    }

    /// Appends the lines of what was noted.
    fn append_noted(&mut self) -> Result<()> {
        let lines = self.records.lines_of(&self.path, &self.noted)?;
        let failed = |error: std::io::Error| output_error(&self.path, &error);
        if let Err(error) = self.file.write_all(lines.as_bytes()) {
            // half a line must not stay before the next one; if that fails too, opening the journal
            // removes it
            let _ = self.file.set_len(self.known);
            return Err(failed(error));
        }
        let ours = self.known..self.known + lines.len() as u64;
        if self.file.metadata().map_err(failed)?.len() != ours.end
            && self.bytes_from(ours.start).map_err(failed)?.get(..lines.len())
                != Some(lines.as_bytes())
        {
            let count = self.records.line_count();
            return Err(input_error!(
                "{}: another program wrote at the same moment; keep the first {count} lines (head \
                 -n {count}), then resume: what the others told of happens again",
                self.path.display()
            ));
        }
        self.known = ours.end;
        Ok(())
    }

    fn bytes_from(&self, place: u64) -> std::io::Result<Vec<u8>> {
        let (mut file, mut bytes) = (&self.file, Vec::new());
        file.seek(SeekFrom::Start(place))?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads what other programs have appended.
    fn catch_up(&mut self) -> Result<()> {
        let path = self.path.clone();
        let failed = |error: std::io::Error| output_error(&path, &error);
        for attempt in 0.. {
            let length = self.file.metadata().map_err(failed)?.len();
            if length < self.known {
                return Err(input_error!(
                    "{}: another program cut the file from {} to {length} bytes while the study \
                     ran; restore it, or choose another folder with -o",
                    path.display(),
                    self.known
                ));
            }
            if length == self.known {
                break;
            }
            let bytes = self.bytes_from(self.known).map_err(failed)?;
            let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
            self.records.read(&path, &bytes[..whole])?;
            self.known += whole as u64;
            match attempt {
                _ if whole == bytes.len() => break,
                // half a line: its writer is about to end it, or was killed
                ..TORN => std::thread::sleep(Duration::from_millis(20)),
                _ => self.file.set_len(self.known).map_err(failed)?,
            }
        }
        Ok(())
    }

    /// Appends what was noted and waits until all that was written is on disk.
    ///
    /// # Errors
    /// [`Error::Output`] if that fails; of what could not be written nothing is in the file, and it
    /// stays noted.
    pub fn force(&mut self) -> Result<()> {
        self.write()?;
        if self.unforced {
            (self.file.sync_data()).map_err(|error| output_error(&self.path, &error))?;
            self.unforced = false;
        }
        Ok(())
    }

    /// The attributes that say what search `index` belongs to.
    fn header(&self, index: usize) -> Vec<JournalEvent> {
        let attribute = |key: &str, value: &str| JournalEvent::SearchAttribute {
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
    /// What is noted is written as well as can be; who must know calls [`Journal::force`].
    fn drop(&mut self) {
        let _ = self.force();
    }
}

/// Every search of the journal is of this study and these data.
fn check_identity(path: &Path, records: &Records, identity: &Identity) -> Result<()> {
    let shown = path.display();
    if let (true, Some(other)) = (records.searches().is_empty(), records.numbers.studies.first()) {
        return Err(input_error!(
            "{shown}: not a journal of shoal: it has the study '{}' of another program; choose \
             another folder with -o",
            other.name
        ));
    }
    for search in records.searches() {
        for (key, expected, reason) in identity.attributes() {
            let found = search.attributes.get(key).and_then(Value::as_str);
            match found {
                Some(found) if found == expected => {}
                Some(found) => {
                    return Err(input_error!(
                        "{shown}: the journal of another study: its {key} is {}, here it is {}; \
                         {reason}. Choose another folder with -o, or go back to what was there",
                        short(found),
                        short(expected)
                    ));
                }
                None if search.trials.is_empty() => {}
                None => {
                    return Err(input_error!(
                        "{shown}: not a journal of shoal: its study '{}' has {} trials but no \
                         {key}; choose another folder with -o",
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
