//! Pruners: whether a trial that trains should stop, from its validation losses and those of other
//! trials.
//!
//! The rules are Optuna's (`MedianPruner`, `SuccessiveHalvingPruner`, version 5.0), for losses that
//! are minimised. They are functions of what they are shown and remember nothing.

use crate::study::search::trial::{State, Trial};

/// A rule that stops trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pruner {
    /// Every trial trains to its end.
    Off,
    /// Worse than the median of complete trials.
    Median(Median),
    /// Not among the best at a rung.
    Halving(Halving),
}

impl Pruner {
    /// Whether `trial` stops after its last epoch, among `others`.
    pub fn stops(&self, trial: &Trial, others: &[Trial]) -> bool {
        match self {
            Pruner::Off => false,
            Pruner::Median(median) => median.stops(trial, others),
            Pruner::Halving(halving) => halving.stops(trial, others),
        }
    }

    /// Whether a trial with a loss for every epoch may stop after this one. Only those losses need
    /// to be told and kept.
    pub fn decides_after(&self, epoch: u32) -> bool {
        match self {
            Pruner::Off => false,
            Pruner::Median(median) => {
                let past = epoch.checked_sub(median.warmup);
                past.is_some_and(|past| past % median.interval == 0)
            }
            Pruner::Halving(halving) => {
                let rungs = (0..).map(|rung| halving.epochs(rung));
                rungs
                    .take_while(|rung| *rung <= u64::from(epoch))
                    .any(|rung| rung == u64::from(epoch))
            }
        }
    }
}

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
    /// Whether `trial` stops after its last epoch.
    pub fn stops(&self, trial: &Trial, others: &[Trial]) -> bool {
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
        // a median that is no number stops nobody; a trial without any number stops
        best.is_nan() || best > median(at_epoch)
    }

    /// The first epoch with a loss in every interval after the warm-up.
    fn decides_at(&self, trial: &Trial, epoch: u32) -> bool {
        let Some(past) = epoch.checked_sub(self.warmup) else {
            return false;
        };
        let begin = past / self.interval * self.interval + self.warmup;
        trial.losses.range(begin..epoch).next().is_none()
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

impl Halving {
    /// Whether `trial` stops after its last epoch.
    pub fn stops(&self, trial: &Trial, others: &[Trial]) -> bool {
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

    #[test]
    fn one_in_factor_goes_on_from_a_rung() {
        let halving = Halving { first: 2, factor: 2, delay: 0 };
        assert_eq!([0, 1, 2].map(|rung| halving.epochs(rung)), [2, 4, 8]);
        let rungs: Vec<u32> =
            (1..20).filter(|epoch| Pruner::Halving(halving).decides_after(*epoch)).collect();
        assert_eq!(rungs, [2, 4, 8, 16]);
        let others: Vec<Trial> =
            (0..3u32).map(|i| trial(i, State::Pruned, &[9.0, f64::from(i)])).collect();
        let stops = |losses: &[f64]| halving.stops(&trial(3, State::Running, losses), &others);
        assert!(!stops(&[9.0]), "no rung yet");
        assert!(!stops(&[9.0, 1.0]), "the second of four");
        assert!(stops(&[9.0, 1.5]), "the third of four");
        assert!(!stops(&[9.0, 0.5, 9.0]), "between rungs");
        assert!(!stops(&[9.0, 0.5, 9.0, 9.0]), "nobody else is there");
        assert!(stops(&[9.0, f64::NAN]));
        assert!(!stops(&[f64::NAN]));
    }
}
