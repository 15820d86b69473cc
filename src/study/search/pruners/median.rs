//! The median rule.

use std::sync::Arc;

use crate::study::search::pruner::{Pruner, PrunerEntry, PrunerKey};
use crate::study::search::trial::{State, Trial};

/// Stops a trial whose best loss so far is above the median of the losses that complete trials had
/// at the same epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Median {
    /// Complete trials that must be there before any is stopped.
    pub startup: usize,
    /// Epochs in which no trial is stopped.
    pub warmup: u32,
    /// Epochs from one decision to the next, at least 1.
    pub interval: u32,
}

impl Median {
    /// In the list of pruners.
    pub const ENTRY: PrunerEntry = PrunerEntry {
        name: "median",
        summary: "stops trials that are worse than the median of complete trials",
        keys: &[
            PrunerKey { name: "startup", default: 5, least: 0 },
            PrunerKey { name: "warmup", default: 0, least: 0 },
            PrunerKey { name: "interval", default: 1, least: 1 },
        ],
        build: |values| {
            let startup = values[0] as usize;
            Arc::new(Self { startup, warmup: values[1], interval: values[2] })
        },
    };

    /// The first epoch with a loss in every interval after the warm-up.
    fn decides_at(&self, trial: &Trial, epoch: u32) -> bool {
        let Some(past) = epoch.checked_sub(self.warmup) else {
            return false;
        };
        let begin = past / self.interval * self.interval + self.warmup;
        trial.losses.range(begin..epoch).next().is_none()
    }
}

impl Pruner for Median {
    fn stops(&self, trial: &Trial, others: &[Trial]) -> bool {
        let complete: Vec<&Trial> =
            others.iter().filter(|trial| trial.state == State::Complete).collect();
        let Some((epoch, _)) = trial.last() else {
            return false;
        };
        if complete.is_empty() || complete.len() < self.startup || !self.decides_at(trial, epoch) {
            return false;
        }
        let best = trial.losses.values().copied().fold(f64::NAN, f64::min);
        let at_epoch = complete.iter().filter_map(|trial| trial.losses.get(&epoch).copied());
        // a median that is NaN stops no trial; a trial without a number stops
        best.is_nan() || best > median(at_epoch)
    }

    fn decides_after(&self, epoch: u32) -> bool {
        let past = epoch.checked_sub(self.warmup);
        past.is_some_and(|past| past % self.interval == 0)
    }
}

/// The median of the numbers among `values`; no number if there are none.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[count / 2],
        // numpy's interpolation, to the last bit
        count => values[count / 2] - (values[count / 2] - values[count / 2 - 1]) * 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(number: u32, state: State, losses: &[f64]) -> Trial {
        let losses = (1..).zip(losses.iter().copied()).collect();
        Trial { state, losses, value: None, number, parameters: Vec::new() }
    }

    #[test]
    fn the_median_is_of_complete_trials_at_the_same_epoch() {
        let median = Median { startup: 2, warmup: 2, interval: 2 };
        let others = [
            trial(0, State::Complete, &[9.0, 1.0, 5.0, 4.0]),
            trial(1, State::Complete, &[9.0, 3.0, 1.0, 1.0]),
            trial(2, State::Pruned, &[9.0, 0.0]),
        ];
        let stops = |losses: &[f64], others: &[Trial]| {
            median.stops(&trial(3, State::Running, losses), others)
        };
        assert!(stops(&[9.0, 2.1], &others));
        assert!(!stops(&[9.0, 2.0], &others));
        assert!(!stops(&[1.9, 9.0], &others), "the best loss counts");
        assert!(!stops(&[9.0], &others), "warm-up");
        assert!(!stops(&[9.0, 9.0, 9.0], &others), "between two decisions");
        assert!(!stops(&[9.0, 9.0], &others[..1]), "too few");
        assert!(stops(&[f64::NAN, f64::NAN], &others));
    }
}
