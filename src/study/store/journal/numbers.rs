//! Optuna's numbers of studies and trials. Other programs may have studies of their own in the
//! file, which count too: the third study of the file may be the second search.

use crate::study::store::journal::event::JournalEvent;

/// A study in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct FileStudy {
    /// Its name.
    pub name: String,
    /// Index of the search; absent for a study of another program.
    pub search: Option<usize>,
    /// Whether its name is free again.
    pub is_deleted: bool,
}

/// The studies and trials of a file in its order, and the numbers of ours.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    /// All studies.
    pub studies: Vec<FileStudy>,
    /// All trials, ours with their identifiers.
    pub trials: Vec<Option<usize>>,
    /// The number of each search.
    searches: Vec<usize>,
    /// The number of each of our trials.
    ours: Vec<usize>,
}

impl Numbers {
    /// Adds a study. The searches come in their order.
    pub fn add_study(&mut self, name: &str, search: Option<usize>) {
        if search.is_some() {
            self.searches.push(self.studies.len());
        }
        self.studies.push(FileStudy { name: name.into(), search, is_deleted: false });
    }

    /// Adds a trial. Ours come in the order of their identifiers.
    pub fn add_trial(&mut self, ours: Option<usize>) {
        if ours.is_some() {
            self.ours.push(self.trials.len());
        }
        self.trials.push(ours);
    }

    /// The study of that name which is not deleted.
    pub fn named(&mut self, name: &str) -> Option<&mut FileStudy> {
        self.studies.iter_mut().find(|study| study.name == name && !study.is_deleted)
    }

    /// An event with the numbers of the file, which are given to new searches and trials.
    pub fn in_file(&mut self, event: &JournalEvent) -> JournalEvent {
        let mut event = event.clone();
        match &mut event {
            JournalEvent::Search { name, .. } => self.add_study(name, Some(self.searches.len())),
            JournalEvent::SearchAttribute { search, .. } => *search = self.searches[*search],
            JournalEvent::Trial { search, .. } => {
                *search = self.searches[*search];
                self.add_trial(Some(self.ours.len()));
            }
            JournalEvent::Loss { trial, .. }
            | JournalEvent::TrialAttribute { trial, .. }
            | JournalEvent::End { trial, .. } => *trial = self.ours[*trial],
        }
        event
    }
}
