//! The searches and trials of a journal.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::error::Result;
use crate::input_error;
use crate::study::search::space::Space;
use crate::study::search::trial::{State, Trial};
use crate::study::store::journal::event::{JournalEvent, NUMBER, WRITER, operation, state};
use crate::study::store::journal::numbers::Numbers;

/// All searches of a journal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Records {
    searches: Vec<SearchRecord>,
    /// Search and place of every trial, by its identifier.
    places: Vec<(usize, usize)>,
    /// What the numbers in the file stand for.
    pub(crate) numbers: Numbers,
    /// Lines of the file.
    lines: usize,
}

/// A search.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchRecord {
    /// Its name.
    pub name: String,
    /// User attributes.
    pub attributes: BTreeMap<String, Value>,
    /// Its trials, by number.
    pub trials: Vec<TrialRecord>,
}

/// A trial.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialRecord {
    /// Its identifier in events.
    pub id: usize,
    /// Its state.
    pub state: State,
    /// The parameters that apply.
    pub parameters: BTreeMap<String, f64>,
    /// Its value, if it has one.
    pub value: Option<f64>,
    /// Validation losses by epoch.
    pub losses: BTreeMap<u32, f64>,
    /// User attributes.
    pub attributes: BTreeMap<String, Value>,
}

impl Records {
    /// Takes the next whole lines of a file.
    ///
    /// # Errors
    /// [`crate::Error::Input`] that names the line.
    pub fn read(&mut self, path: &Path, lines: &[u8]) -> Result<()> {
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let applied = match std::str::from_utf8(line) {
                Ok(line) => self.apply(line),
                Err(error) => Err(format!("it is not text: {error}")),
            };
            applied.map_err(|reason| {
                input_error!(
                    "{}, line {}: {reason}; the study cannot be resumed. Restore the file, keep \
                     its first {} lines (head -n {}: what the others told of happens again), or \
                     choose another folder with -o",
                    path.display(),
                    self.lines + 1,
                    self.lines,
                    self.lines
                )
            })?;
            self.lines += 1;
        }
        Ok(())
    }

    /// How many lines of the file were read or written.
    pub fn line_count(&self) -> usize {
        self.lines
    }

    /// The lines of events, which are not in the file yet, with their numbers there.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if another program has a study of a name that is needed.
    pub fn lines_of(&mut self, path: &Path, events: &[JournalEvent]) -> Result<String> {
        let mut text = String::new();
        for event in events {
            if let JournalEvent::Search { name, .. } = event
                && self.numbers.named(name).is_some()
            {
                return Err(input_error!(
                    "{}: another program created the study '{name}' there, a name that this study \
                     needs. Delete it in Optuna (optuna.delete_study), then resume; keep studies \
                     of your own in another file",
                    path.display()
                ));
            }
            text += &self.numbers.in_file(event).line();
        }
        Ok(text)
    }

    /// Counts lines that were written.
    pub fn wrote(&mut self, events: usize) {
        self.lines += events;
    }

    /// The searches, in the order in which they began.
    pub fn searches(&self) -> &[SearchRecord] {
        &self.searches
    }

    /// How many trials there are in all searches.
    pub fn trial_count(&self) -> usize {
        self.places.len()
    }

    /// The trial of an identifier.
    pub fn trial(&self, id: usize) -> Option<&TrialRecord> {
        let (search, place) = *self.places.get(id)?;
        Some(&self.searches[search].trials[place])
    }

    /// The index of the search of a trial that is there.
    pub(crate) fn search_of(&self, id: usize) -> usize {
        self.places[id].0
    }

    /// Applies an event that is not in the file yet.
    ///
    /// # Panics
    /// If it does not follow those that are there.
    pub fn note(&mut self, event: &JournalEvent) {
        match event {
            JournalEvent::Search { name, .. } => self.begin_search(name),
            JournalEvent::SearchAttribute { search, key, value } => {
                self.searches[*search].attributes.insert(key.clone(), value.clone());
            }
            JournalEvent::Trial { search, parameters, .. } => {
                let values = parameters.iter().map(|(name, _, value)| (name.clone(), *value));
                self.begin_trial(*search, values.collect());
            }
            JournalEvent::Loss { trial, epoch, loss } => {
                self.running(*trial).losses.insert(*epoch, *loss);
            }
            JournalEvent::TrialAttribute { trial, key, value } => {
                self.running(*trial).attributes.insert(key.clone(), value.clone());
            }
            JournalEvent::End { trial, state, value } => {
                let trial = self.running(*trial);
                (trial.state, trial.value) = (*state, *value);
            }
        }
    }

    fn running(&mut self, id: usize) -> &mut TrialRecord {
        let trial = self.trial_mut(id);
        assert!(trial.state == State::Running, "journal: trial {id} has ended");
        trial
    }

    fn trial_mut(&mut self, id: usize) -> &mut TrialRecord {
        let (search, place) = self.places[id];
        &mut self.searches[search].trials[place]
    }

    fn begin_search(&mut self, name: &str) {
        self.searches.push(SearchRecord {
            name: name.into(),
            attributes: BTreeMap::new(),
            trials: Vec::new(),
        });
    }

    fn begin_trial(&mut self, search: usize, parameters: BTreeMap<String, f64>) {
        let (id, trials) = (self.places.len(), &mut self.searches[search].trials);
        self.places.push((search, trials.len()));
        trials.push(TrialRecord {
            id,
            state: State::Running,
            parameters,
            value: None,
            losses: BTreeMap::new(),
            attributes: BTreeMap::new(),
        });
    }

    /// Applies a line of the file. The error says what is wrong with it.
    fn apply(&mut self, line: &str) -> std::result::Result<(), String> {
        let event: Value = serde_json::from_str(&quoted(line))
            .map_err(|error| format!("it is damaged: {error}"))?;
        let code = event["op_code"].as_u64().ok_or("it has no op_code")?;
        match code {
            operation::CREATE_STUDY => self.study_begins(&event),
            operation::DELETE_STUDY
            | operation::SET_STUDY_USER_ATTRIBUTE
            | operation::SET_STUDY_SYSTEM_ATTRIBUTE
            | operation::CREATE_TRIAL => self.apply_to_study(code, &event),
            operation::SET_TRIAL_PARAMETER
            | operation::SET_TRIAL_STATE_VALUES
            | operation::SET_TRIAL_INTERMEDIATE_VALUE
            | operation::SET_TRIAL_USER_ATTRIBUTE
            | operation::SET_TRIAL_SYSTEM_ATTRIBUTE => self.apply_to_trial(code, &event),
            // Optuna ignores it
            operation::DISCARD_TRIALS => Ok(()),
            other => Err(format!("its operation {other} is unknown")),
        }
    }

    fn study_begins(&mut self, event: &Value) -> std::result::Result<(), String> {
        let name = event["study_name"].as_str().ok_or("its study has no name")?;
        let is_ours = event["worker_id"] == WRITER;
        // Optuna ignores a second study of the same name, and so its number
        match self.numbers.named(name) {
            Some(_) if is_ours => return Err(format!("study '{name}' begins twice")),
            Some(_) => {}
            None if is_ours => {
                self.numbers.add_study(name, Some(self.searches.len()));
                self.begin_search(name);
            }
            None => self.numbers.add_study(name, None),
        }
        Ok(())
    }

    fn apply_to_study(&mut self, code: u64, event: &Value) -> std::result::Result<(), String> {
        let (is_ours, number) = (event["worker_id"] == WRITER, index(event, "study_id")?);
        let study = self.numbers.studies.get_mut(number).filter(|study| !study.is_deleted);
        let Some(study) = study else {
            // Optuna ignores it
            return if is_ours {
                Err(format!("there is no study {number} before it"))
            } else {
                Ok(())
            };
        };
        let search = match study.search {
            Some(search) => search,
            None if is_ours => {
                return Err(format!("study {number} is one of another program, '{}'", study.name));
            }
            None => {
                match code {
                    operation::DELETE_STUDY => study.is_deleted = true,
                    operation::CREATE_TRIAL => self.numbers.add_trial(None),
                    _ => {}
                }
                return Ok(());
            }
        };
        match code {
            operation::SET_STUDY_USER_ATTRIBUTE => {
                attribute(&mut self.searches[search].attributes, event)
            }
            // notes that a person makes in a dashboard
            operation::SET_STUDY_SYSTEM_ATTRIBUTE => Ok(()),
            operation::CREATE_TRIAL if is_ours => self.trial_begins(search, event),
            _ => Err(changed(&study.name, code, event)),
        }
    }

    fn trial_begins(&mut self, search: usize, event: &Value) -> std::result::Result<(), String> {
        let parameters = event["params"].as_object().ok_or("its trial has no parameters")?;
        let parameters =
            parameters.iter().map(|(name, value)| Some((name.clone(), number(value)?)));
        let parameters = parameters.collect::<Option<_>>().ok_or("a parameter is no number")?;
        let search_record = &self.searches[search];
        let there = search_record.trials.len();
        match event["user_attrs"][NUMBER].as_u64() {
            Some(number) if number != there as u64 => {
                return Err(format!(
                    "trial {number} of '{}' begins, where trial {there} should; the line before \
                     it may be there twice",
                    search_record.name
                ));
            }
            _ => {}
        }
        self.numbers.add_trial(Some(self.places.len()));
        self.begin_trial(search, parameters);
        Ok(())
    }

    fn apply_to_trial(&mut self, code: u64, event: &Value) -> std::result::Result<(), String> {
        let (is_ours, number_there) = (event["worker_id"] == WRITER, index(event, "trial_id")?);
        let id = match self.numbers.trials.get(number_there) {
            Some(Some(id)) => *id,
            None if is_ours => return Err(format!("there is no trial {number_there} before it")),
            Some(None) if is_ours => {
                return Err(format!("trial {number_there} is one of another program"));
            }
            // Optuna ignores what is not there
            _ => return Ok(()),
        };
        let name = &self.searches[self.places[id].0].name;
        let foreign = changed(name, code, event);
        let trial = self.trial_mut(id);
        match code {
            operation::SET_TRIAL_SYSTEM_ATTRIBUTE => Ok(()),
            // Optuna ignores what comes after the end
            _ if trial.state != State::Running && !is_ours => Ok(()),
            _ if trial.state != State::Running => {
                Err(format!("trial {number_there} has ended before it"))
            }
            operation::SET_TRIAL_USER_ATTRIBUTE => attribute(&mut trial.attributes, event),
            _ if !is_ours => Err(foreign),
            operation::SET_TRIAL_INTERMEDIATE_VALUE => {
                let epoch = event["step"].as_u64().and_then(|step| u32::try_from(step).ok());
                let epoch = epoch.ok_or("its step is no epoch")?;
                let loss = number(&event["intermediate_value"])
                    .ok_or("its intermediate_value is no number")?;
                trial.losses.insert(epoch, loss);
                Ok(())
            }
            operation::SET_TRIAL_STATE_VALUES => {
                let ended =
                    event["state"].as_u64().and_then(state).ok_or("its state is unknown")?;
                (trial.state, trial.value) = (ended, number(&event["values"][0]));
                Ok(())
            }
            other => Err(format!("its operation {other} is unknown")),
        }
    }
}

/// What another program may not do.
fn changed(study: &str, code: u64, event: &Value) -> String {
    let what = match code {
        operation::DELETE_STUDY => "deleted the study",
        operation::CREATE_TRIAL => "added a trial to the study",
        _ => "changed a trial of the study",
    };
    format!(
        "another program {what} '{study}' of shoal (operation {code} of {})",
        event["worker_id"]
    )
}

impl SearchRecord {
    /// The trials as the search sees them.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if a trial has other parameters than the space, or values outside
    /// it.
    pub fn trials(&self, space: &Space) -> Result<Vec<Trial>> {
        (0..).zip(&self.trials).map(|(number, record)| self.trial(space, number, record)).collect()
    }

    fn trial(&self, space: &Space, number: u32, record: &TrialRecord) -> Result<Trial> {
        let name = &self.name;
        let mut parameters = Vec::new();
        for (index, parameter) in space.parameters().iter().enumerate() {
            let value = record.parameters.get(&parameter.name).copied();
            let fits = match value {
                Some(value) => {
                    space.applies(index, &parameters) && parameter.distribution.contains(value)
                }
                None => !space.applies(index, &parameters),
            };
            if !fits {
                let value = value.map_or("none".into(), |value| value.to_string());
                return Err(input_error!(
                    "the journal's trial {number} of '{name}' has {value} for {}, which the \
                     search space does not allow",
                    parameter.name
                ));
            }
            parameters.push(value);
        }
        let (state, losses) = (record.state, record.losses.clone());
        let value = record.value.filter(|_| state == State::Complete);
        Ok(Trial { number, state, parameters, value, losses })
    }
}

fn index(event: &Value, key: &str) -> std::result::Result<usize, String> {
    event[key].as_u64().map(|index| index as usize).ok_or(format!("it has no {key}"))
}

fn attribute(
    attributes: &mut BTreeMap<String, Value>,
    event: &Value,
) -> std::result::Result<(), String> {
    let added = event["user_attr"].as_object().ok_or("it has no user_attr")?;
    attributes.extend(added.iter().map(|(key, value)| (key.clone(), value.clone())));
    Ok(())
}

/// A number, also one that is not finite, for which JSON has no syntax.
fn number(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        _ => value.as_f64(),
    }
}

/// The line with quotes around the words that Python writes for numbers that are not finite.
pub(crate) fn quoted(line: &str) -> Cow<'_, str> {
    if !line.contains("NaN") && !line.contains("Infinity") {
        return line.into();
    }
    let (mut inside, mut escaped) = (false, false);
    let (mut text, mut rest) = (String::with_capacity(line.len()), line);
    while let Some(letter) = rest.chars().next() {
        let word = ["NaN", "Infinity", "-Infinity"]
            .into_iter()
            .find(|word| !inside && rest.starts_with(word));
        if let Some(word) = word {
            text.extend(["\"", word, "\""]);
            rest = &rest[word.len()..];
            continue;
        }
        inside ^= letter == '"' && !escaped;
        escaped = inside && letter == '\\' && !escaped;
        text.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_outside_of_strings_are_quoted() {
        let line = r#"{"a":NaN,"b":[-Infinity,Infinity],"NaN \" NaN":"Infinity \\","c":NaN}"#;
        let event: Value = serde_json::from_str(&quoted(line)).unwrap();
        assert!(number(&event["a"]).unwrap().is_nan() && number(&event["c"]).unwrap().is_nan());
        assert_eq!(number(&event["b"][0]), Some(f64::NEG_INFINITY));
        assert_eq!(event["NaN \" NaN"], "Infinity \\");
    }
}
