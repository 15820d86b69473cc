//! Events, and the lines that Optuna writes for them.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use crate::study::search::distribution::{Choice, Distribution};
use crate::study::search::space::Space;
use crate::study::search::trial::{State, Trial};

/// Something that happened. Searches are counted from 0 in the order in which they began, trials
/// over all searches.
#[derive(Clone, Debug, PartialEq)]
pub enum JournalEvent {
    /// A search began.
    Search {
        /// Its name: the study's name in Optuna.
        name: String,
        /// Whether its value is maximised.
        maximises: bool,
    },
    /// Something about a search.
    SearchAttribute {
        /// Index of the search.
        search: usize,
        /// Its name.
        key: String,
        /// What it is.
        value: Value,
    },
    /// A trial began.
    Trial {
        /// Index of the search.
        search: usize,
        /// Its number in the search, from 0.
        number: u32,
        /// Name, distribution and value of each parameter that applies.
        parameters: Vec<(String, Distribution, f64)>,
    },
    /// A validation loss of a trial that runs.
    Loss {
        /// The trial.
        trial: usize,
        /// The epoch, from 1.
        epoch: u32,
        /// The loss.
        loss: f64,
    },
    /// Something about a trial that runs.
    TrialAttribute {
        /// The trial.
        trial: usize,
        /// Its name.
        key: String,
        /// What it is.
        value: Value,
    },
    /// A trial ended.
    End {
        /// The trial.
        trial: usize,
        /// How: anything but [`State::Running`].
        state: State,
        /// Its value; of a pruned trial its last loss, as Optuna does.
        value: Option<f64>,
    },
}

/// Optuna's numbers for operations (`JournalOperation`).
pub mod operation {
    pub const CREATE_STUDY: u64 = 0;
    pub const DELETE_STUDY: u64 = 1;
    pub const SET_STUDY_USER_ATTRIBUTE: u64 = 2;
    pub const SET_STUDY_SYSTEM_ATTRIBUTE: u64 = 3;
    pub const CREATE_TRIAL: u64 = 4;
    pub const SET_TRIAL_PARAMETER: u64 = 5;
    pub const SET_TRIAL_STATE_VALUES: u64 = 6;
    pub const SET_TRIAL_INTERMEDIATE_VALUE: u64 = 7;
    pub const SET_TRIAL_USER_ATTRIBUTE: u64 = 8;
    pub const SET_TRIAL_SYSTEM_ATTRIBUTE: u64 = 9;
    pub const DISCARD_TRIALS: u64 = 10;
}

/// Who wrote a line.
pub const WRITER: &str = "shoal";

/// The attribute of a trial with its number, which tells that a line is there twice.
pub const NUMBER: &str = "shoal:trial";

/// `StudyDirection.MINIMIZE`.
const MINIMIZE: u64 = 1;
/// `StudyDirection.MAXIMIZE`.
const MAXIMIZE: u64 = 2;

impl JournalEvent {
    /// That a trial begins.
    pub fn trial(search: usize, space: &Space, trial: &Trial) -> Self {
        let values = space.parameters().iter().zip(&trial.parameters);
        let parameters = values.filter_map(|(parameter, value)| {
            Some((parameter.name.clone(), parameter.distribution.clone(), (*value)?))
        });
        JournalEvent::Trial { search, number: trial.number, parameters: parameters.collect() }
    }

    /// That trial `id` of the journal ended as `trial` did.
    pub fn end(id: usize, trial: &Trial) -> Self {
        let value = match trial.state {
            State::Pruned => trial.last().map(|(_, loss)| loss).filter(|loss| !loss.is_nan()),
            _ => trial.value,
        };
        JournalEvent::End { trial: id, state: trial.state, value }
    }

    /// The line, with its end.
    pub fn line(&self) -> String {
        let fields = match self {
            JournalEvent::Search { name, maximises } => {
                let direction = if *maximises { MAXIMIZE } else { MINIMIZE };
                let code = operation::CREATE_STUDY;
                json!({ "op_code": code, "study_name": name, "directions": [direction] })
            }
            JournalEvent::SearchAttribute { search, key, value } => {
                let code = operation::SET_STUDY_USER_ATTRIBUTE;
                json!({ "op_code": code, "study_id": search, "user_attr": { key: value } })
            }
            JournalEvent::Trial { search, number, parameters } => {
                new_trial(*search, *number, parameters)
            }
            JournalEvent::TrialAttribute { trial, key, value } => {
                let code = operation::SET_TRIAL_USER_ATTRIBUTE;
                json!({ "op_code": code, "trial_id": trial, "user_attr": { key: value } })
            }
            JournalEvent::Loss { trial, epoch, loss } => {
                let code = operation::SET_TRIAL_INTERMEDIATE_VALUE;
                return by_hand(&[
                    ("op_code", code.to_string()),
                    ("trial_id", trial.to_string()),
                    ("step", epoch.to_string()),
                    ("intermediate_value", number(*loss)),
                ]);
            }
            JournalEvent::End { trial, state, value } => {
                let values = value.map_or("null".into(), |value| format!("[{}]", number(value)));
                return by_hand(&[
                    ("op_code", operation::SET_TRIAL_STATE_VALUES.to_string()),
                    ("trial_id", trial.to_string()),
                    ("state", state_number(*state).to_string()),
                    ("values", values),
                    ("datetime_complete", format!("\"{}\"", now())),
                ]);
            }
        };
        let Value::Object(mut fields) = fields else { unreachable!("a line is an object") };
        fields.insert("worker_id".into(), WRITER.into());
        Value::Object(fields).to_string() + "\n"
    }
}

/// A line of fields that are written already; a loss may be what JSON has no word for.
fn by_hand(fields: &[(&str, String)]) -> String {
    let fields = fields.iter().map(|(key, value)| format!(",\"{key}\":{value}"));
    format!("{{\"worker_id\":\"{WRITER}\"{}}}\n", fields.collect::<String>())
}

/// A trial with its parameters in one line, so that a kill cannot leave half of them.
fn new_trial(search: usize, number: u32, parameters: &[(String, Distribution, f64)]) -> Value {
    let values: Map<String, Value> =
        parameters.iter().map(|(name, _, value)| (name.clone(), json!(value))).collect();
    let distributions: Map<String, Value> = parameters
        .iter()
        .map(|(name, distribution, _)| (name.clone(), described(distribution).into()))
        .collect();
    json!({
        "op_code": operation::CREATE_TRIAL,
        "study_id": search,
        "datetime_start": now(),
        "state": state_number(State::Running),
        "value": null,
        "values": null,
        "distributions": distributions,
        "params": values,
        "user_attrs": { NUMBER: number },
        "system_attrs": {},
        "intermediate_values": {},
    })
}

/// A distribution as Optuna's `distribution_to_json` writes it: JSON inside a string.
fn described(distribution: &Distribution) -> String {
    let (name, attributes) = match distribution {
        Distribution::Choices(choices) => {
            ("CategoricalDistribution", json!({ "choices": plain(choices) }))
        }
        Distribution::Range(range) => {
            let whole = |value: f64| {
                if range.is_integer() { json!(value as i64) } else { json!(value) }
            };
            let name = if range.is_integer() { "IntDistribution" } else { "FloatDistribution" };
            let step = range.step().map(whole);
            let (low, high) = (whole(range.low()), whole(range.high()));
            (name, json!({ "low": low, "high": high, "log": range.is_log(), "step": step }))
        }
    };
    json!({ "name": name, "attributes": attributes }).to_string()
}

fn plain(choices: &[Choice]) -> Value {
    serde_json::to_value(choices).expect("choices are numbers and words")
}

/// `TrialState`.
fn state_number(state: State) -> u64 {
    match state {
        State::Running => 0,
        State::Complete => 1,
        State::Pruned => 2,
        State::Failed => 3,
    }
}

/// The state of a number of `TrialState`.
pub fn state(number: u64) -> Option<State> {
    let states = [State::Running, State::Complete, State::Pruned, State::Failed];
    states.into_iter().find(|state| state_number(*state) == number)
}

/// A number as Python's `json` writes it.
fn number(value: f64) -> String {
    match value {
        _ if value.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        _ => json!(value).to_string(),
    }
}

/// Now, in UTC, as Python's `isoformat` writes it.
fn now() -> String {
    let now = chrono::DateTime::<chrono::Utc>::from(SystemTime::now());
    now.to_rfc3339_opts(chrono::SecondsFormat::Micros, false)
}
