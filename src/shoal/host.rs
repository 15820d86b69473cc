//! What the host spends beside the training: every call of [`Work`] is timed.

use std::time::{Duration, Instant};

use super::{Epoch, HeldOut, Progress, Reached, Work};
use crate::error::Result;
use crate::run::{Outcome, Run};

/// Work whose time is taken; [`Progress::host`] tells it.
pub struct Timed<'a> {
    work: &'a mut dyn Work,
    spent: Duration,
}

impl<'a> Timed<'a> {
    /// Nothing spent so far.
    pub fn new(work: &'a mut dyn Work) -> Self {
        Self {
            work,
            spent: Duration::ZERO,
        }
    }

    fn timed<T>(&mut self, call: impl FnOnce(&mut dyn Work) -> T) -> T {
        let start = Instant::now();
        let result = call(self.work);
        self.spent += start.elapsed();
        result
    }
}

impl Work for Timed<'_> {
    fn next(&mut self) -> Option<Run> {
        self.timed(|work| work.next())
    }

    fn held_out(&mut self, id: usize) -> Option<HeldOut> {
        self.timed(|work| work.held_out(id))
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        self.timed(|work| work.finished(outcome))
    }

    fn reached(&mut self, at: &Reached) -> Option<u32> {
        self.timed(|work| work.reached(at))
    }

    fn trained(&mut self, id: usize, steps: u32, epochs: &[Epoch]) {
        self.timed(|work| work.trained(id, steps, epochs));
    }

    fn progress(&mut self, progress: &Progress) -> Result<()> {
        let progress = Progress {
            host: self.spent,
            ..*progress
        };
        self.timed(|work| work.progress(&progress))
    }
}
