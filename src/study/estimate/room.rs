//! How many runs train together, and how many bytes that takes: runs are packed and leave again,
//! and nothing is trained.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::engine::cpu::frozen;
use crate::engine::device::Device;
use crate::engine::gpu::Gpu;
use crate::engine::gpu::packing::dry_run::DryRun;
use crate::engine::gpu::packing::shoal::Limits;
use crate::engine::memory;
use crate::engine::precision::Precision;
use crate::engine::queue::Progress;
use crate::engine::queue::RunQueue;
use crate::engine::run::Outcome;
use crate::engine::run::Run;
use crate::engine::table::Table;
use crate::error::Result;
use crate::study::estimate::planned::PlannedRun;

/// What runs need at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Room {
    /// Most runs that train together.
    pub together: usize,
    /// Most bytes on the device.
    pub bytes: u64,
}

/// What runs with so many steps each need of a device; runs without steps are left out.
///
/// # Errors
/// As [`crate::engine::train::train`].
pub fn room(
    device: &Device,
    runs: &[PlannedRun],
    steps: &[u64],
    tables: &Arc<[Table]>,
) -> Result<Room> {
    match device {
        Device::Cpu(cpu) => Ok(on_cpu(cpu.threads, runs, steps)),
        Device::Gpu(gpu) => on_gpu(gpu, runs, steps, tables),
    }
}

/// On a CPU each thread trains a run at a time, and keeps the memory that its largest runs needed:
/// the threads take the longest runs first.
fn on_cpu(threads: usize, runs: &[PlannedRun], steps: &[u64]) -> Room {
    let runs = || runs.iter().zip(steps).filter(|(_, steps)| **steps > 0).map(|(run, _)| run);
    let together = threads.min(runs().count());
    let mut most = [0; 10];
    for run in runs() {
        let training = &run.training;
        let vectors = memory::numbers(&run.network, run.most, training);
        let features = frozen::feature_numbers(&run.network, run.rows.iter().sum());
        for (part, numbers) in vectors.into_iter().chain([features]).enumerate() {
            most[part] = numbers.max(most[part]);
        }
    }
    Room { together, bytes: 4 * (together * most.iter().sum::<usize>()) as u64 }
}

/// On a GPU all runs that are packed take a step together, and a run that is done makes room for
/// others.
fn on_gpu(gpu: &Gpu, runs: &[PlannedRun], steps: &[u64], tables: &Arc<[Table]>) -> Result<Room> {
    let precision = runs.first().map_or(Precision::F32, |run| run.training.precision);
    let mut dry_run = DryRun::new(gpu, tables.clone(), Limits::default(), precision)?;
    let mut queue = Queue::new(runs, steps, tables);
    let mut left = steps.to_vec();
    let mut together = 0;
    loop {
        dry_run.admit(&mut queue)?;
        let packed = dry_run.packed();
        let Some(first) = packed.iter().map(|id| left[*id]).min() else {
            return Ok(Room { together, bytes: dry_run.bytes() });
        };
        together = together.max(packed.len());
        packed.iter().for_each(|id| left[*id] -= first);
        let done: Vec<usize> = packed.into_iter().filter(|id| left[*id] == 0).collect();
        dry_run.leave(&done);
        done.into_iter().for_each(|id| queue.done(id));
    }
}

/// The runs that may begin, in order, and those that wait for others.
struct Queue<'a> {
    runs: &'a [PlannedRun],
    tables: &'a [Table],
    ready: BTreeSet<usize>,
    /// Unfinished runs of each set.
    unfinished: HashMap<usize, usize>,
    /// Runs that wait for each set.
    waiting: HashMap<usize, Vec<usize>>,
}

impl<'a> Queue<'a> {
    fn new(runs: &'a [PlannedRun], steps: &[u64], tables: &'a [Table]) -> Self {
        let (mut unfinished, mut waiting) = (HashMap::new(), HashMap::<_, Vec<_>>::new());
        let mut ready = BTreeSet::new();
        for (id, run) in runs.iter().enumerate().filter(|(id, _)| steps[*id] > 0) {
            *unfinished.entry(run.set).or_default() += 1;
            match run.after {
                Some(set) => waiting.entry(set).or_default().push(id),
                None => drop(ready.insert(id)),
            }
        }
        Self { runs, tables, ready, unfinished, waiting }
    }

    fn done(&mut self, id: usize) {
        let set = self.runs[id].set;
        let unfinished = self.unfinished.get_mut(&set).expect("room: a run of no set");
        *unfinished -= 1;
        if *unfinished == 0 {
            self.ready.extend(self.waiting.remove(&set).unwrap_or_default());
        }
    }
}

impl RunQueue for Queue<'_> {
    fn next(&mut self) -> Option<Run> {
        let id = self.ready.pop_first()?;
        let run = &self.runs[id];
        Some(run.run(id, self.tables, run.rows))
    }

    fn finished(&mut self, _outcome: Outcome) -> Result<()> {
        Ok(())
    }

    fn progress(&mut self, _progress: &Progress) -> Result<()> {
        Ok(())
    }
}
