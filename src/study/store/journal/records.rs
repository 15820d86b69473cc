//! The searches and trials of a journal.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::error::Result;
use crate::input_error;
use crate::study::search::space::Space;
use crate::study::search::trial::{State, Trial};
use crate::study::store::journal::event::{WRITER, operation, state};

/// All searches of a journal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Records {
    searches: Vec<SearchRecord>,
    /// Search and place of every trial, by its identifier.
    places: Vec<(usize, usize)>,
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
    /// From the whole lines of a file.
    ///
    /// # Errors
    /// [`crate::Error::Input`] that names the line.
    pub fn read(path: &Path, lines: &[u8]) -> Result<Self> {
        let mut records = Self::default();
        for (number, line) in (1..).zip(lines.split_inclusive(|byte| *byte == b'\n')) {
            let applied = match std::str::from_utf8(line) {
                Ok(line) => records.apply(line),
                Err(error) => Err(format!("it is not text: {error}")),
            };
            applied.map_err(|reason| {
                input_error!(
                    "{}, line {number}: {reason}; the study cannot be resumed. Restore the file, or choose another folder \
                     with -o",
                    path.display()
                )
            })?;
        }
        Ok(records)
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

    /// Applies a line. The error says what is wrong with it.
    pub fn apply(&mut self, line: &str) -> std::result::Result<(), String> {
        let event: Value = serde_json::from_str(&quoted(line))
            .map_err(|error| format!("it is damaged: {error}"))?;
        let code = event["op_code"].as_u64().ok_or("it has no op_code")?;
        match code {
            // notes that a person makes in a dashboard
            operation::SET_STUDY_SYSTEM_ATTRIBUTE | operation::SET_TRIAL_SYSTEM_ATTRIBUTE => Ok(()),
            operation::SET_STUDY_USER_ATTRIBUTE => {
                let attributes = &mut self.search_mut(&event)?.attributes;
                attribute(attributes, &event)
            }
            operation::SET_TRIAL_USER_ATTRIBUTE => {
                attribute(&mut self.trial_mut(&event)?.attributes, &event)
            }
            _ if event["worker_id"] != WRITER => Err(format!(
                "another program changed the study (operation {code} of {})",
                event["worker_id"]
            )),
            operation::CREATE_STUDY => self.begin_search(&event),
            operation::CREATE_TRIAL => self.begin_trial(&event),
            operation::SET_TRIAL_INTERMEDIATE_VALUE => {
                let epoch = event["step"].as_u64().and_then(|step| u32::try_from(step).ok());
                let epoch = epoch.ok_or("its step is no epoch")?;
                let loss = number(&event["intermediate_value"])
                    .ok_or("its intermediate_value is no number")?;
                self.trial_mut(&event)?.losses.insert(epoch, loss);
                Ok(())
            }
            operation::SET_TRIAL_STATE_VALUES => {
                let ended =
                    event["state"].as_u64().and_then(state).ok_or("its state is unknown")?;
                let trial = self.trial_mut(&event)?;
                (trial.state, trial.value) = (ended, number(&event["values"][0]));
                Ok(())
            }
            other => Err(format!("its operation {other} is unknown")),
        }
    }

    fn begin_search(&mut self, event: &Value) -> std::result::Result<(), String> {
        let name = event["study_name"].as_str().ok_or("its study has no name")?;
        // Optuna ignores a second study of the same name, and so its number
        if self.searches.iter().any(|search| search.name == name) {
            return Err(format!("study '{name}' begins twice"));
        }
        self.searches.push(SearchRecord {
            name: name.into(),
            attributes: BTreeMap::new(),
            trials: Vec::new(),
        });
        Ok(())
    }

    fn begin_trial(&mut self, event: &Value) -> std::result::Result<(), String> {
        let parameters = event["params"].as_object().ok_or("its trial has no parameters")?;
        let parameters =
            parameters.iter().map(|(name, value)| Some((name.clone(), number(value)?)));
        let parameters = parameters.collect::<Option<_>>().ok_or("a parameter is no number")?;
        let (id, search) = (self.places.len(), index(event, "study_id")?);
        let trials = &mut self.search_mut(event)?.trials;
        let place = trials.len();
        trials.push(TrialRecord {
            id,
            state: State::Running,
            parameters,
            value: None,
            losses: BTreeMap::new(),
            attributes: BTreeMap::new(),
        });
        self.places.push((search, place));
        Ok(())
    }

    fn search_mut(&mut self, event: &Value) -> std::result::Result<&mut SearchRecord, String> {
        let index = index(event, "study_id")?;
        self.searches.get_mut(index).ok_or(format!("there is no study {index} before it"))
    }

    fn trial_mut(&mut self, event: &Value) -> std::result::Result<&mut TrialRecord, String> {
        let id = index(event, "trial_id")?;
        let (search, place) =
            *self.places.get(id).ok_or(format!("there is no trial {id} before it"))?;
        let trial = &mut self.searches[search].trials[place];
        // Optuna ignores what comes after the end
        (trial.state == State::Running)
            .then_some(trial)
            .ok_or(format!("trial {id} has ended before it"))
    }
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
                    "the journal's trial {number} of '{name}' has {value} for {}, which the search space does not allow",
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
fn quoted(line: &str) -> Cow<'_, str> {
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
