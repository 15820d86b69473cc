//! Learning-rate schedules: linear warm-up and cosine decay.

use std::f64::consts::FRAC_PI_2;

/// A learning-rate schedule: linear warm-up, then constant or cosine decay (Loshchilov & Hutter,
/// arXiv 1608.03983, equation 5, without restarts). Durations are in epochs, so that they mean the
/// same for runs of different sizes; the rate changes in every step. Constant by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Schedule {
    /// Epochs of the warm-up, from the first step on.
    pub warmup: f64,
    /// The decay after the warm-up; `None`: constant.
    pub cosine: Option<Cosine>,
}

/// Cosine decay, from the end of the warm-up on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cosine {
    /// The epoch at which the decay ends, counted from the start of the run: the largest number of
    /// epochs that the run can have, also where it starts with fewer
    /// ([`crate::engine::queue::RunQueue::reached`]).
    pub epochs: u32,
    /// The factor of the learning rate at the end of the decay, from 0 to 1.
    pub final_fraction: f64,
}

/// A schedule in the steps of one run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScheduleSteps {
    /// Steps of the warm-up.
    pub warmup: u32,
    /// Steps of the cosine decay; 0: constant.
    pub cosine: u32,
    /// The factor of the learning rate after them.
    pub final_fraction: f64,
}

impl Schedule {
    /// The schedule in steps, for a run with this number of steps per epoch. The warm-up is rounded
    /// to whole steps.
    pub(crate) fn in_steps(&self, steps_per_epoch: usize) -> ScheduleSteps {
        let steps = |epochs: f64| (epochs * steps_per_epoch as f64).round() as u32;
        let warmup = steps(self.warmup);
        let cosine = self.cosine.map(|cosine| {
            let all = steps(f64::from(cosine.epochs));
            (all.saturating_sub(warmup).max(1), cosine.final_fraction)
        });
        let (cosine, final_fraction) = cosine.unwrap_or((0, 1.0));
        ScheduleSteps { warmup, cosine, final_fraction }
    }

    /// Whether the settings are valid.
    pub(crate) fn is_sound(&self) -> bool {
        let falls = |cosine: Cosine| {
            self.warmup < f64::from(cosine.epochs) && (0.0..=1.0).contains(&cosine.final_fraction)
        };
        self.warmup.is_finite() && self.warmup >= 0.0 && self.cosine.is_none_or(falls)
    }
}

impl ScheduleSteps {
    /// The factor of the learning rate in a step, counted from 0:
    ///
    /// - (step + 1) / (warmup + 1) during warm-up, so that no step has a rate of 0. As
    ///   `torch.optim.lr_scheduler.LinearLR` with `start_factor = 1 / (warmup + 1)`, or optax with
    ///   `init_value = peak_value / (warmup + 1)`.
    /// - final + (1 - final) (1 + cos(pi x)) / 2 afterwards, where x is the part of the cosine's
    ///   steps that is done. As `CosineAnnealingLR` and `optax.warmup_cosine_decay_schedule`.
    pub fn fraction(&self, step: u32) -> f64 {
        if step < self.warmup {
            return (f64::from(step) + 1.0) / (f64::from(self.warmup) + 1.0);
        }
        if self.cosine == 0 {
            return 1.0;
        }
        let left = self.cosine - (step - self.warmup).min(self.cosine);
        // (1 + cos(pi x)) / 2 = sin^2(pi (1 - x) / 2), which has no cancellation near x = 1
        let sine = (FRAC_PI_2 * f64::from(left) / f64::from(self.cosine)).sin();
        self.final_fraction + (1.0 - self.final_fraction) * sine * sine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rises_to_one_and_falls_to_the_final_fraction() {
        let cosine = Cosine { epochs: 10, final_fraction: 0.25 };
        let schedule = Schedule { warmup: 1.5, cosine: Some(cosine) };
        assert!(schedule.is_sound());
        let steps = schedule.in_steps(8);
        assert_eq!((steps.warmup, steps.cosine), (12, 68));
        let close = |step: u32, fraction: f64| {
            let found = steps.fraction(step);
            assert!((found - fraction).abs() < 1e-14, "{step}: {found}");
        };
        close(0, 1.0 / 13.0);
        close(11, 12.0 / 13.0);
        close(12, 1.0);
        close(12 + 34, 0.625);
        close(80, 0.25);
        close(1000, 0.25);
    }

    #[test]
    fn by_default_it_is_constant_to_the_last_bit() {
        let steps = Schedule::default().in_steps(7);
        assert!((0..100).all(|step| steps.fraction(step) == 1.0));
    }
}
