//! Measures the time that the host spends in [`RunQueue`].

use std::time::{Duration, Instant};

use crate::engine::queue::{Epoch, Progress, Reached, RunQueue, Test};
use crate::engine::run::{Outcome, Run};
use crate::error::Result;

/// A [`RunQueue`] that adds up the time of its calls and reports it as [`Progress::host`].
pub struct Timed<'a> {
    work: &'a mut dyn RunQueue,
    spent: Duration,
}

impl<'a> Timed<'a> {
    /// Wraps a queue; the time starts at 0.
    pub fn new(work: &'a mut dyn RunQueue) -> Self {
        Self { work, spent: Duration::ZERO }
    }

    fn timed<T>(&mut self, call: impl FnOnce(&mut dyn RunQueue) -> T) -> T {
        let start = Instant::now();
        let result = call(self.work);
        self.spent += start.elapsed();
        result
    }
}

impl RunQueue for Timed<'_> {
    fn next(&mut self) -> Option<Run> {
        self.timed(|work| work.next())
    }

    fn started(&mut self, run: &Run) {
        self.timed(|work| work.started(run));
    }

    fn test(&mut self, id: usize) -> Option<Test> {
        self.timed(|work| work.test(id))
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
        let progress = Progress { host: self.spent, ..*progress };
        self.timed(|work| work.progress(&progress))
    }
}
