//! Plays one run across all its steps; each core has a run of its own, whose memory stays in that core's cache.

use crate::kernels::layout::phase;
use crate::kernels::{Call, Memory, Prepared, Real, step};
use crate::run::Outcome;

/// The cores of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cpu {
    /// Threads that train, one run each.
    pub threads: usize,
}

impl Default for Cpu {
    /// As many threads as the machine runs at once.
    fn default() -> Self {
        Self { threads: std::thread::available_parallelism().map_or(1, usize::from) }
    }
}

/// One run on this thread, step by step.
pub struct Player<F> {
    /// The run.
    pub run: Prepared,
    /// Its memory.
    pub memory: Memory<F>,
    calls: Vec<Call>,
}

impl<F: Real> Player<F> {
    /// A run before its first step.
    pub fn new(run: Prepared) -> Self {
        let calls = step(run.network.layers().len());
        let memory = Memory::new(&run);
        Self { run, memory, calls }
    }

    /// Whether the run is over.
    pub fn done(&self) -> bool {
        self.memory.state.phase == phase::DONE
    }

    /// What became of the run.
    ///
    /// # Panics
    /// If it is not done.
    pub fn outcome(&self) -> Outcome {
        let narrow = |value: &F| value.wide() as f32;
        self.run.outcome(&self.memory.state, self.memory.best.iter().map(narrow).collect())
    }

    /// One step.
    pub fn step(&mut self) {
        for call in &self.calls {
            call.twin(&self.run, &mut self.memory);
        }
    }
}
