//! How the learning rate changes over the steps of a run.

use std::f64::consts::FRAC_PI_2;

/// How the learning rate changes over a run: it rises linearly, then stays, or falls along half a
/// cosine (Loshchilov & Hutter, arXiv 1608.03983, equation 5, without restarts). In epochs, so that
/// it means the same for runs of different sizes; it is followed step by step. Constant by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Schedule {
    /// Epochs over which it rises, from the first step on.
    pub warmup: f64,
    /// How it falls after that; it stays where there is none.
    pub cosine: Option<Cosine>,
}

/// Half a cosine, from the end of the warm-up on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cosine {
    /// The epochs after which it has fallen, counted from the start of the run: those that the run
    /// is meant to have, even while it is given fewer at first
    /// ([`crate::engine::train::RunQueue::reached`]).
    pub epochs: u32,
    /// The part of the learning rate that is left then, from 0 to 1.
    pub final_fraction: f64,
}

/// A schedule in the steps of one run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScheduleSteps {
    /// Steps of the warm-up.
    pub warmup: u32,
    /// Steps of the cosine; 0: there is none.
    pub cosine: u32,
    /// The part of the learning rate that is left after them.
    pub final_fraction: f64,
}

impl Schedule {
    /// In steps, for a run with so many in an epoch. The warm-up is rounded to whole steps.
    pub fn in_steps(&self, steps_per_epoch: usize) -> ScheduleSteps {
        let steps = |epochs: f64| (epochs * steps_per_epoch as f64).round() as u32;
        let warmup = steps(self.warmup);
        let cosine = self.cosine.map(|cosine| {
            let all = steps(f64::from(cosine.epochs));
            (all.saturating_sub(warmup).max(1), cosine.final_fraction)
        });
        let (cosine, final_fraction) = cosine.unwrap_or((0, 1.0));
        ScheduleSteps { warmup, cosine, final_fraction }
    }

    /// Whether it is one that a run can follow.
    pub(crate) fn is_sound(&self) -> bool {
        let falls = |cosine: Cosine| {
            self.warmup < f64::from(cosine.epochs) && (0.0..=1.0).contains(&cosine.final_fraction)
        };
        self.warmup.is_finite() && self.warmup >= 0.0 && self.cosine.is_none_or(falls)
    }
}

impl ScheduleSteps {
    /// The part of the learning rate in a step, the first one being 0:
    ///
    /// - (step + 1) / (warmup + 1) in the warm-up, so that no step is lost on a rate of 0.
    ///   `torch.optim.lr_scheduler.LinearLR` with `start_factor = 1 / (warmup + 1)`, or optax with
    ///   `init_value = peak_value / (warmup + 1)`.
    /// - final + (1 - final) (1 + cos(pi x)) / 2 after it, x being the part of the cosine's steps
    ///   that is over. As `CosineAnnealingLR` and `optax.warmup_cosine_decay_schedule`.
    pub fn fraction(&self, step: u32) -> f64 {
        if step < self.warmup {
            return (f64::from(step) + 1.0) / (f64::from(self.warmup) + 1.0);
        }
        if self.cosine == 0 {
            return 1.0;
        }
        let left = self.cosine - (step - self.warmup).min(self.cosine);
        // (1 + cos(pi x)) / 2 = sin^2(pi (1 - x) / 2), which does not cancel where little is left
        let sine = (FRAC_PI_2 * f64::from(left) / f64::from(self.cosine)).sin();
        self.final_fraction + (1.0 - self.final_fraction) * sine * sine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rises_to_one_and_falls_to_what_is_left() {
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
