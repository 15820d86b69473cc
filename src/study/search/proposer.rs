//! What a proposer is: which settings are tried.

use std::fmt::Debug;
use std::sync::Arc;

use crate::error::Result;
use crate::study::config::search::SearchConfig;
use crate::study::search::space::Space;
use crate::study::search::trial::Trial;

/// Proposes the settings of trials. A proposal is a function of the seed, the trial's number and
/// the other trials: the same study proposes the same trials on every device and after any
/// interruption.
pub trait Proposer: Debug + Send + Sync {
    /// A value for each parameter that applies, given the other trials in the order of their
    /// numbers. Those of the same generation are running.
    fn propose(&self, seed: u64, space: &Space, others: &[Trial], number: u32) -> Vec<Option<f64>>;
}

/// An entry of [`PROPOSERS`](super::PROPOSERS).
pub struct ProposerEntry {
    /// Its name in a study file.
    pub name: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Makes it of `[search]`.
    pub build: fn(&SearchConfig) -> Result<Arc<dyn Proposer>>,
}

/// A generation of trials, given all trials before it. Each knows of those before it in the
/// generation that they run.
pub fn generation(
    proposer: &dyn Proposer,
    seed: u64,
    space: &Space,
    before: &[Trial],
    numbers: std::ops::Range<u32>,
) -> Vec<Trial> {
    let mut trials = before.to_vec();
    for number in numbers {
        trials.push(Trial::running(number, proposer.propose(seed, space, &trials, number)));
    }
    trials.split_off(before.len())
}
