//! Successive halving.

use std::sync::Arc;

use crate::study::search::pruner::{Pruner, PrunerEntry, PrunerKey};
use crate::study::search::trial::Trial;

/// Asynchronous successive halving (Li et al., "A System for Massively Parallel Hyperparameter
/// Tuning", MLSys 2020): at rung k, after `first * factor^(delay + k)` epochs, only the best 1 /
/// `factor` of the trials that have been there go on.
///
/// Rungs are found in the losses alone, which needs a loss for the epoch of every rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halving {
    /// Epochs before the first rung (the paper's r), at least 1.
    pub first: u32,
    /// Of how many trials one goes on (the paper's eta), at least 2.
    pub factor: u32,
    /// Rungs that are left out at the beginning (the paper's s).
    pub delay: u32,
}

impl Pruner for Halving {
    fn stops(&self, trial: &Trial, others: &[Trial]) -> bool {
        let Some((epoch, loss)) = trial.last() else {
            return false;
        };
        let before = trial.losses.range(..epoch).next_back().map_or(0, |(epoch, _)| *epoch);
        let reached = (0..).take_while(|rung| u64::from(epoch) >= self.epochs(*rung));
        let mut new = reached.skip_while(|rung| u64::from(before) >= self.epochs(*rung)).peekable();
        if loss.is_nan() {
            return new.peek().is_some();
        }
        new.any(|rung| {
            let rivals = others.iter().filter(|other| other.number != trial.number);
            let rivals = rivals.filter_map(|other| self.loss_at(other, rung));
            !self.goes_on(loss, rivals.collect())
        })
    }

    fn decides_after(&self, epoch: u32) -> bool {
        let mut rungs = (0..).map(|rung| self.epochs(rung));
        rungs.find(|rung| *rung >= u64::from(epoch)) == Some(u64::from(epoch))
    }
}

impl Halving {
    /// In the list of pruners.
    pub const ENTRY: PrunerEntry = PrunerEntry {
        name: "halving",
        summary: "successive halving: the best 1 / factor of the trials go on from each rung",
        keys: &[
            PrunerKey { name: "first", default: 10, least: 1 },
            PrunerKey { name: "factor", default: 4, least: 2 },
            PrunerKey { name: "delay", default: 0, least: 0 },
        ],
        build: |values| {
            let (first, factor, delay) = (values[0], values[1], values[2]);
            Arc::new(Self { first, factor, delay })
        },
    };

    /// Epochs before a rung.
    pub fn epochs(&self, rung: u32) -> u64 {
        let power = u64::from(self.factor).saturating_pow(self.delay.saturating_add(rung));
        u64::from(self.first).saturating_mul(power)
    }

    /// The loss with which a trial came to a rung, if it did.
    pub fn loss_at(&self, trial: &Trial, rung: u32) -> Option<f64> {
        let epochs = u32::try_from(self.epochs(rung)).ok()?;
        let loss = *trial.losses.range(epochs..).next()?.1;
        (!loss.is_nan()).then_some(loss)
    }

    /// Whether a loss is among the best 1 / `factor` of its rivals' and itself; the best one always
    /// is.
    pub fn goes_on(&self, loss: f64, mut rivals: Vec<f64>) -> bool {
        rivals.push(loss);
        rivals.sort_by(f64::total_cmp);
        let last = (rivals.len() / self.factor as usize).max(1) - 1;
        loss <= rivals[last]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::search::trial::State;

    fn trial(number: u32, state: State, losses: &[f64]) -> Trial {
        let losses = (1..).zip(losses.iter().copied()).collect();
        Trial { state, losses, value: None, number, parameters: Vec::new() }
    }

    #[test]
    fn one_in_factor_goes_on_from_a_rung() {
        let halving = Halving { first: 2, factor: 2, delay: 0 };
        assert_eq!([0, 1, 2].map(|rung| halving.epochs(rung)), [2, 4, 8]);
        let rungs: Vec<u32> = (1..20).filter(|epoch| halving.decides_after(*epoch)).collect();
        assert_eq!(rungs, [2, 4, 8, 16]);
        let others: Vec<Trial> =
            (0..3u32).map(|i| trial(i, State::Pruned, &[9.0, f64::from(i)])).collect();
        let stops = |losses: &[f64]| halving.stops(&trial(3, State::Running, losses), &others);
        assert!(!stops(&[9.0]), "no rung yet");
        assert!(!stops(&[9.0, 1.0]), "the second of four");
        assert!(stops(&[9.0, 1.5]), "the third of four");
        assert!(!stops(&[9.0, 0.5, 9.0]), "between rungs");
        assert!(!stops(&[9.0, 0.5, 9.0, 9.0]), "no other trial was there");
        assert!(stops(&[9.0, f64::NAN]));
        assert!(!stops(&[f64::NAN]));
    }
}
