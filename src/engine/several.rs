//! Training on several devices at once: one queue of runs, and a thread for each device.
//!
//! The CPU takes a run for each of its threads, the GPUs share the rest evenly. A device that fails
//! gives its unfinished runs back, and the others train them from their beginning.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use crate::engine::device::Device;
use crate::engine::queue::{CHUNK, Epoch, Progress, Reached, RunQueue, Test};
use crate::engine::run::{Outcome, Run};
use crate::engine::table::Table;
use crate::engine::train;
use crate::error::{Error, Result};

/// Runs that are requested of the queue when a device asks for one.
const REQUESTED: usize = 4;
/// Most runs that wait for a device, and bytes of their parameters.
const WAITING: usize = 4096;
const WAITING_BYTES: usize = 64 << 20;

/// What a device does.
struct Share {
    /// Most runs that it may have; none of a GPU, which has its share of the rest.
    most: Option<usize>,
    /// The runs that it has, as they were given.
    runs: HashMap<usize, Run>,
    progress: Option<Progress>,
    /// Whether it trains no more.
    failed: bool,
}

struct State<'a> {
    queue: &'a mut dyn RunQueue,
    /// Runs that wait for a device, each with its work.
    waiting: Vec<(u64, Run)>,
    shares: Vec<Share>,
    /// What ends the training.
    failure: Option<Error>,
}

struct Pool<'a> {
    state: Mutex<State<'a>>,
    changed: Condvar,
    tables: Arc<[Table]>,
}

/// The queue as one of the devices sees it.
struct OfDevice<'a, 'b> {
    pool: &'a Pool<'b>,
    device: usize,
}

/// Trains every run of a queue on several devices.
///
/// # Errors
/// As [`train::train`]; [`Error::Device`] only if the last device fails.
pub fn train(devices: &[Device], tables: Arc<[Table]>, queue: &mut dyn RunQueue) -> Result<()> {
    if let [device] = devices {
        return train::train(device, tables, queue);
    }
    let share = |device: &Device| Share {
        most: device.threads(),
        runs: HashMap::new(),
        progress: None,
        failed: false,
    };
    let shares = devices.iter().map(share).collect();
    let state = State { queue, waiting: vec![], shares, failure: None };
    let pool = Pool { state: Mutex::new(state), changed: Condvar::new(), tables };
    std::thread::scope(|scope| {
        for (place, device) in devices.iter().enumerate() {
            let pool = &pool;
            scope.spawn(move || {
                let mut own = OfDevice { pool, device: place };
                let _alarm = Alarm(pool);
                if let Err(error) = train::train(device, pool.tables.clone(), &mut own) {
                    own.failed(error);
                }
            });
        }
    });
    let state = pool.state.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    state.failure.map_or(Ok(()), Err)
}

/// Ends the other devices when the thread of one panics.
struct Alarm<'a, 'b>(&'a Pool<'b>);

impl Drop for Alarm<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut state = self.0.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            state.failure.get_or_insert(Error::Device("a thread of a device panicked".into()));
            self.0.changed.notify_all();
        }
    }
}

impl State<'_> {
    fn running(&self) -> usize {
        self.shares.iter().map(|share| share.runs.len()).sum()
    }

    /// Whether a device may have one more run.
    fn has_room(&self, device: usize) -> bool {
        let most = self.shares[device].most.unwrap_or_else(|| {
            let of_cpus = self.shares.iter().filter(|share| share.most.is_some());
            let of_cpus: usize = of_cpus.map(|share| share.runs.len()).sum();
            let gpus = self.shares.iter().filter(|share| share.most.is_none() && !share.failed);
            (self.waiting.len() + self.running() - of_cpus).div_ceil(gpus.count().max(1))
        });
        self.shares[device].runs.len() < most
    }

    /// The longest run that waits, for a device that has room.
    fn take(&mut self, device: usize, tables: &[Table]) -> Option<Run> {
        for _ in 0..REQUESTED {
            let numbers: usize = self.waiting.iter().map(|(_, run)| run.parameters.len()).sum();
            if self.waiting.len() < WAITING && 4 * numbers < WAITING_BYTES {
                let next = self.queue.next();
                self.waiting.extend(next.map(|run| (work(&run, tables), run)));
            }
        }
        if !self.has_room(device) {
            return None;
        }
        let longest = (0..self.waiting.len()).rev().max_by_key(|place| self.waiting[*place].0)?;
        let (_, run) = self.waiting.remove(longest);
        self.shares[device].runs.insert(run.id, run.clone());
        Some(run)
    }

    /// The progress of all devices: sums, and the mean time of the devices.
    fn progress(&self) -> Option<Progress> {
        let all = || self.shares.iter().filter_map(|share| share.progress.as_ref());
        let count = all().count() as u32;
        let sum = |one: Progress, other: &Progress| Progress {
            alive: 0,
            run_steps: one.run_steps + other.run_steps,
            elapsed: one.elapsed.max(other.elapsed),
            bytes: one.bytes + other.bytes,
            host: one.host.max(other.host),
            device: one.device + other.device / count,
        };
        let mut others = all();
        let first = others.next()?;
        let first = Progress { device: first.device / count, ..*first };
        Some(Progress { alive: self.running(), ..others.fold(first, sum) })
    }
}

/// The work of a run; 0 of one without a table, which training refuses.
fn work(run: &Run, tables: &[Table]) -> u64 {
    tables.get(run.table).map_or(0, |table| run.most_work(table))
}

impl<'b> OfDevice<'_, 'b> {
    fn state(&self) -> MutexGuard<'_, State<'b>> {
        self.pool.state.lock().expect("several: a thread panicked")
    }

    /// Ends the training with the error of the queue.
    fn checked(&self, state: &mut State, result: Result<()>) -> Result<()> {
        if let Err(error) = &result {
            state.failure.get_or_insert(error.clone());
        }
        self.pool.changed.notify_all();
        result
    }

    /// The device has failed, or the queue has ended the training.
    fn failed(&self, error: Error) {
        let mut state = self.state();
        let share = &mut state.shares[self.device];
        share.failed = true;
        share.progress = share.progress.map(|last| Progress { bytes: 0, ..last });
        let mut runs: Vec<Run> = share.runs.drain().map(|(_, run)| run).collect();
        let alone = state.shares.iter().all(|share| share.failed);
        if alone || !matches!(error, Error::Device(_)) {
            state.failure.get_or_insert(error);
        } else if state.failure.is_none() {
            runs.sort_by_key(|run| run.id);
            let ids: Vec<usize> = runs.iter().map(|run| run.id).collect();
            state.queue.returned(&ids, &error);
            let waiting = runs.into_iter().map(|run| (work(&run, &self.pool.tables), run));
            state.waiting.extend(waiting);
        }
        self.pool.changed.notify_all();
    }
}

impl RunQueue for OfDevice<'_, '_> {
    /// Waits, while the device has no run, for those that begin when runs of other devices finish.
    fn next(&mut self) -> Option<Run> {
        let mut state = self.state();
        loop {
            if state.failure.is_some() {
                return None;
            }
            let run = state.take(self.device, &self.pool.tables);
            let is_idle = state.shares[self.device].runs.is_empty();
            if run.is_some() || !is_idle || state.running() + state.waiting.len() == 0 {
                self.pool.changed.notify_all();
                return run;
            }
            let waited = self.pool.changed.wait_timeout(state, CHUNK);
            state = waited.expect("several: a thread panicked").0;
        }
    }

    fn started(&mut self, run: &Run) {
        self.state().queue.started(run);
    }

    fn test(&mut self, id: usize) -> Option<Test> {
        self.state().queue.test(id)
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        let mut state = self.state();
        state.shares[self.device].runs.remove(&outcome.id);
        let taken = state.queue.finished_on(self.device, outcome);
        self.checked(&mut state, taken)
    }

    fn reached(&mut self, at: &Reached) -> Option<u32> {
        self.state().queue.reached(at)
    }

    fn trained(&mut self, id: usize, steps: u32, epochs: &[Epoch]) {
        self.state().queue.trained(id, steps, epochs);
    }

    fn progress(&mut self, progress: &Progress) -> Result<()> {
        let mut state = self.state();
        if let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        state.shares[self.device].progress = Some(*progress);
        let all = state.progress().unwrap_or(*progress);
        let reported = state.queue.progress(&all);
        self.checked(&mut state, reported)
    }
}
