//! The CPU backend: executes one run across all its steps. Each core trains a different run, whose
//! memory stays in the cache of that core.

use crate::engine::cpu::frozen;
use crate::engine::graph::NodeId;
use crate::engine::kernel::ReferenceOf;
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::run::Outcome;
use crate::engine::step::step_of;
use crate::engine::threads;

/// The cores of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cpu {
    /// Threads that train, one run each.
    pub threads: usize,
}

impl Default for Cpu {
    /// [`threads::count`] threads, or as many as can be started.
    fn default() -> Self {
        Self { threads: threads::available(threads::count()) }
    }
}

/// Executes the steps of one run on this thread.
pub struct Executor<F> {
    /// The run.
    pub run: PreparedRun,
    /// Its memory.
    pub memory: Memory<F>,
    calls: Vec<(ReferenceOf<F>, NodeId)>,
}

impl<F: Real> Executor<F> {
    /// A run before its first step.
    pub fn new(run: PreparedRun) -> Self {
        Self::in_place_of(None, run)
    }

    /// The same in the allocations of an earlier run.
    pub fn in_place_of(earlier: Option<Memory<F>>, run: PreparedRun) -> Self {
        let mut memory = Memory::in_place_of(earlier, &run);
        frozen::fill(&run, &mut memory);
        memory.keeps_preactivations = false;
        // gather loads the outputs of frozen nodes where they are precomputed
        let known = if memory.features.is_empty() { 0 } else { run.graph.first_trained() };
        // the fused update gives the same bits as stored gradients, and stays in the cache
        let calls = step_of(&run, run.fuses_update()).into_iter();
        let calls = calls.filter(|(call, node)| call.level.is_none() || *node >= known);
        let calls = calls.map(|(call, node)| (call.kernel.reference.of(), node)).collect();
        Self { run, memory, calls }
    }

    /// Whether the run has finished.
    pub fn done(&self) -> bool {
        self.memory.state.phase == phase::DONE
    }

    /// The outcome of the run.
    ///
    /// # Panics
    /// If it has not finished.
    pub fn outcome(&self) -> Outcome {
        let narrow = |value: &F| value.wide() as f32;
        self.run.outcome(&self.memory.state, self.memory.best.iter().map(narrow).collect())
    }

    /// One step.
    pub fn step(&mut self) {
        for (reference, node) in &self.calls {
            reference(&self.run, *node, &mut self.memory);
        }
    }
}
