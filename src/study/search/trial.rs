//! A trial as the search sees it: its parameters, how far it is, what came out.

use std::collections::BTreeMap;

/// How far a trial is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It trains, or waits to.
    Running,
    /// It has its value.
    Complete,
    /// A pruner stopped it.
    Pruned,
    /// It has no value: its loss is no number. The search ignores it, as Optuna does.
    Failed,
}

impl State {
    /// The word in tables.
    pub fn name(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Complete => "complete",
            State::Pruned => "pruned",
            State::Failed => "failed",
        }
    }

    /// The state of a word in tables.
    pub fn named(name: &str) -> Option<Self> {
        let all = [State::Running, State::Complete, State::Pruned, State::Failed];
        all.into_iter().find(|state| state.name() == name)
    }
}

/// One setting of the hyper-parameters, and its result.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Its place in the order of proposals, from 0.
    pub number: u32,
    /// How far it is.
    pub state: State,
    /// A value for each parameter of the space, in its order; none where the parameter does not
    /// apply.
    pub parameters: Vec<Option<f64>>,
    /// What is minimised; there if it is complete.
    pub value: Option<f64>,
    /// Validation losses by epoch.
    pub losses: BTreeMap<u32, f64>,
}

impl Trial {
    /// A trial that has just been proposed.
    pub fn running(number: u32, parameters: Vec<Option<f64>>) -> Self {
        Self { number, state: State::Running, parameters, value: None, losses: BTreeMap::new() }
    }

    /// The trial with its value; a value that is no number makes it a failed one.
    pub fn complete(self, value: f64) -> Self {
        let failed = value.is_nan();
        let (state, value) =
            if failed { (State::Failed, None) } else { (State::Complete, Some(value)) };
        Self { state, value, ..self }
    }

    /// The last epoch that has a loss, and the loss.
    pub fn last(&self) -> Option<(u32, f64)> {
        self.losses.last_key_value().map(|(epoch, loss)| (*epoch, *loss))
    }

    /// Whether proposals depend on it.
    pub fn counts(&self) -> bool {
        matches!(self.state, State::Complete | State::Pruned)
    }
}
