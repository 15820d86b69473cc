//! What a pruner is: whether a trial that trains stops, from its validation losses and those of
//! other trials.
//!
//! The rules are Optuna's (`MedianPruner`, `SuccessiveHalvingPruner`, version 5.0), for losses that
//! are minimised. They keep no state.

use std::fmt::Debug;
use std::sync::Arc;

use crate::study::search::trial::Trial;

/// A rule that stops trials.
pub trait Pruner: Debug + Send + Sync {
    /// Whether `trial` stops after its last epoch, among `others`.
    fn stops(&self, trial: &Trial, others: &[Trial]) -> bool;

    /// Whether a trial with a loss for every epoch may stop after this one. The losses of other
    /// epochs are not needed.
    fn decides_after(&self, epoch: u32) -> bool;

    /// Whether any trial may stop.
    fn prunes(&self) -> bool {
        true
    }
}

/// An entry of [`PRUNERS`](super::PRUNERS).
pub struct PrunerEntry {
    /// Its name in a study file.
    pub name: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Its keys, with their defaults and least values.
    pub keys: &'static [PrunerKey],
    /// Makes it of a value for each key.
    pub build: fn(&[u32]) -> Arc<dyn Pruner>,
}

/// A key of `[search.pruning]`.
pub struct PrunerKey {
    /// Its name.
    pub name: &'static str,
    /// Its value if it is left out.
    pub default: u32,
    /// Its least value.
    pub least: u32,
}

/// Every trial trains to its end.
#[derive(Clone, Copy, Debug)]
pub struct Off;

impl Off {
    /// In the list of pruners.
    pub const ENTRY: PrunerEntry = PrunerEntry {
        name: "off",
        summary: "every trial trains to its end",
        keys: &[],
        build: |_| Arc::new(Off),
    };
}

impl Pruner for Off {
    fn stops(&self, _: &Trial, _: &[Trial]) -> bool {
        false
    }

    fn decides_after(&self, _: u32) -> bool {
        false
    }

    fn prunes(&self) -> bool {
        false
    }
}
