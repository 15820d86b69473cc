//! The search against Optuna: estimators, proposals, results and pruners as stored by
//! `tests/reference/optuna/make.py`, and its reader of journals where Python has it.

mod bests;
mod estimators;
mod journal;
mod optuna;
mod proposals;
mod pruning;
mod space;

use std::fs;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use shoal::study::search::{Choice, Distribution, Parameter, Range, Space, State, Trial};

use crate::common::path;

fn folder() -> PathBuf {
    path("tests/reference/optuna")
}

fn reference<T: DeserializeOwned>(name: &str) -> T {
    let path = folder().join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// `estimators.json`.
#[derive(Deserialize)]
struct Histories {
    space: Vec<StoredParameter>,
    cases: Vec<estimators::Case>,
}

impl Histories {
    /// Without conditions: each parameter is proposed by itself, as in make.py.
    fn space(&self) -> Space {
        let parameters = self.space.iter();
        Space::new(
            parameters.map(|stored| parameter(&stored.name, stored.distribution())).collect(),
        )
    }
}

#[derive(Deserialize)]
struct StoredParameter {
    name: String,
    kind: Option<String>,
    low: Option<f64>,
    high: Option<f64>,
    log: Option<bool>,
    step: Option<f64>,
    choices: Option<Vec<Choice>>,
}

impl StoredParameter {
    fn distribution(&self) -> Distribution {
        if let Some(choices) = &self.choices {
            return Distribution::Choices(choices.clone());
        }
        let (low, high, log) = (self.low.unwrap(), self.high.unwrap(), self.log.unwrap());
        let range = match (self.kind.as_deref(), self.step) {
            (Some("int"), Some(step)) if !log => {
                Range::stepped_int(low as i64, high as i64, step as i64)
            }
            (Some("int"), _) => Range::int(low as i64, high as i64, log),
            (_, Some(step)) => Range::stepped(low, high, step),
            (_, None) => Range::float(low, high, log),
        };
        Distribution::Range(range.unwrap())
    }
}

fn parameter(name: &str, distribution: Distribution) -> Parameter {
    Parameter { name: name.into(), distribution, condition: None }
}

#[derive(Deserialize)]
struct StoredTrial {
    state: String,
    value: Option<f64>,
    parameters: Vec<Option<f64>>,
    losses: Vec<(u32, Loss)>,
}

/// A loss; JSON has no NaN, so it is stored as a word.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Loss {
    Number(f64),
    Word(String),
}

impl Loss {
    fn number(&self) -> f64 {
        match self {
            Loss::Number(number) => *number,
            Loss::Word(word) => word.parse().unwrap(),
        }
    }
}

fn trials(stored: &[StoredTrial]) -> Vec<Trial> {
    let trial = |(number, stored): (u32, &StoredTrial)| Trial {
        number,
        state: match stored.state.as_str() {
            "running" => State::Running,
            "complete" => State::Complete,
            "pruned" => State::Pruned,
            "failed" => State::Failed,
            other => panic!("{other}"),
        },
        parameters: stored.parameters.clone(),
        value: stored.value,
        losses: stored.losses.iter().map(|(epoch, loss)| (*epoch, loss.number())).collect(),
    };
    (0..).zip(stored).map(trial).collect()
}
