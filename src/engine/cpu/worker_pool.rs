//! Training on the CPU: each thread trains a run to its end and then takes the next one.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::engine::cpu::backend::Executor;
use crate::engine::layout::{phase, stopped};
use crate::engine::memory::Memory;
use crate::engine::prepared::PreparedRun;
use crate::engine::queue::{CHUNK, Epoch, Progress, RunQueue};
use crate::engine::run::{Outcome, Run};
use crate::engine::table::{Table, Tables};
use crate::engine::threads::on_threads;
use crate::error::{Error, Result};

/// The state that the threads share.
struct Scheduler<'a> {
    work: &'a mut dyn RunQueue,
    /// Runs that have not started.
    waiting: Vec<Run>,
    alive: usize,
    /// Bytes allocated by the threads, also between runs.
    bytes: u64,
    /// Peak of `bytes` since the last report of progress.
    most: u64,
    run_steps: u64,
    /// Time spent in steps, summed over all threads.
    stepping: Duration,
    reported: Instant,
    failure: Option<Error>,
}

struct WorkerPool<'a> {
    scheduler: Mutex<Scheduler<'a>>,
    finished: Condvar,
    start: Instant,
    threads: u32,
    tables: Tables,
}

/// Trains all runs of `work` on this number of threads, the calling one among them, or on as many
/// as can be started.
pub fn train(threads: usize, tables: Arc<[Table]>, work: &mut dyn RunQueue) -> Result<()> {
    let start = Instant::now();
    let scheduler = Scheduler {
        work,
        waiting: Vec::new(),
        alive: 0,
        bytes: 0,
        most: 0,
        run_steps: 0,
        stepping: Duration::ZERO,
        reported: start,
        failure: None,
    };
    let pool = WorkerPool {
        scheduler: Mutex::new(scheduler),
        finished: Condvar::new(),
        start,
        threads: threads as u32,
        tables: tables.into(),
    };
    on_threads(threads, || {
        let _alarm = Alarm(&pool);
        let mut memory = None;
        while let Some(run) = pool.next() {
            memory = Some(pool.train(run, memory.take()));
        }
    });
    if let Ok(mut scheduler) = pool.scheduler.lock()
        && scheduler.failure.is_none()
    {
        // short runs may have finished since the last report; an error cannot end the training now
        let _ = pool.progress(&mut scheduler);
    }
    let scheduler = pool.scheduler.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    scheduler.failure.map_or(Ok(()), Err)
}

/// Wakes the other threads when one panics: otherwise they would wait for its run for ever.
struct Alarm<'a, 'b>(&'a WorkerPool<'b>);

impl Drop for Alarm<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut scheduler =
                self.0.scheduler.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            scheduler.failure.get_or_insert(Error::Device("cpu: a thread panicked".into()));
            self.0.finished.notify_all();
        }
    }
}

/// Largest number of waiting runs, and of bytes of their parameters. More waiting runs let a long
/// one start earlier, but need memory.
pub const WAITING: usize = 64;
const WAITING_BYTES: usize = 64 << 20;

/// Largest number of runs requested at one time, so that no thread waits long for its first run.
const REQUESTED: usize = 4;

impl Scheduler<'_> {
    /// The longest of the runs that can start: a long run that starts last would keep one thread
    /// busy while the others are idle.
    fn longest(&mut self, tables: &[Table]) -> Option<Run> {
        for _ in 0..REQUESTED {
            let numbers: usize = self.waiting.iter().map(|run| run.parameters.len()).sum();
            if self.waiting.len() >= WAITING || 4 * numbers >= WAITING_BYTES {
                break;
            }
            self.waiting.extend(self.work.next());
        }
        // the first of equal runs
        let work = |place: &usize| {
            let run = &self.waiting[*place];
            tables.get(run.table).map_or(0, |table| run.most_work(table))
        };
        let longest = (0..self.waiting.len()).rev().max_by_key(work)?;
        Some(self.waiting.remove(longest))
    }
}

impl<'a> WorkerPool<'a> {
    fn scheduler(&self) -> MutexGuard<'_, Scheduler<'a>> {
        self.scheduler.lock().expect("pool: a thread panicked")
    }

    /// Returns the next run; waits while there may be one after another run finishes.
    fn next(&self) -> Option<Run> {
        let mut scheduler = self.scheduler();
        loop {
            if scheduler.failure.is_some() {
                return None;
            }
            if let Some(run) = scheduler.longest(&self.tables) {
                scheduler.work.started(&run);
                scheduler.alive += 1;
                return Some(run);
            }
            if scheduler.alive == 0 {
                self.finished.notify_all();
                return None;
            }
            // another device may make runs ready too
            let waited = self.finished.wait_timeout(scheduler, CHUNK);
            scheduler = waited.expect("pool: a thread panicked").0;
        }
    }

    /// Trains a run in the allocations of an earlier one, and returns its memory for the next.
    fn train(&self, run: Run, earlier: Option<Memory<f32>>) -> Memory<f32> {
        let run = PreparedRun::new(run, self.tables.clone());
        let held = earlier.as_ref().map_or(0, Memory::bytes);
        let mut executor = Executor::in_place_of(earlier, run);
        let bytes = executor.memory.bytes();
        {
            let mut scheduler = self.scheduler();
            scheduler.bytes = scheduler.bytes + bytes - held;
            scheduler.most = scheduler.most.max(scheduler.bytes);
        }
        let (mut reported, mut steps) = (Instant::now(), 0);
        let (mut epoch, mut epochs) = (0, Vec::new());
        let mut stepping = Duration::ZERO;
        loop {
            let started = Instant::now();
            while !executor.done() && reported.elapsed() <= CHUNK {
                executor.step();
                if let Some(done) = Epoch::after(&executor.memory.state, epoch) {
                    epoch = done.epoch;
                    epochs.push(done);
                }
            }
            stepping += started.elapsed();
            if executor.done() {
                if self.goes_on(&mut executor) {
                    continue;
                }
                break;
            }
            let new = executor.memory.state.steps - steps;
            steps += new;
            reported = Instant::now();
            let mut scheduler = self.scheduler();
            scheduler.work.trained(executor.run.id, steps, &epochs);
            scheduler.stepping += std::mem::take(&mut stepping);
            epochs.clear();
            if self.report(&mut scheduler, new).is_err() {
                break;
            }
        }
        let outcome = executor.done().then(|| self.outcome(&executor));
        let mut scheduler = self.scheduler();
        let state = &executor.memory.state;
        scheduler.work.trained(executor.run.id, state.steps, &epochs);
        scheduler.stepping += stepping;
        scheduler.alive -= 1;
        if let Some(outcome) = outcome.filter(|_| scheduler.failure.is_none())
            && let Err(error) = scheduler.work.finished(outcome)
        {
            scheduler.failure.get_or_insert(error);
        }
        // runs shorter than a chunk report only here
        let _ = self.report(&mut scheduler, state.steps - steps);
        drop(scheduler);
        self.finished.notify_all();
        executor.memory
    }

    /// The outcome of a run, with its test if it has one. The test does not hold the lock of the
    /// scheduler, so other threads continue.
    fn outcome(&self, executor: &Executor<f32>) -> Outcome {
        let outcome = executor.outcome();
        let test = (outcome.validation_loss).and_then(|_| self.scheduler().work.test(outcome.id));
        crate::engine::queue::tested(outcome, test)
    }

    /// Continues a finished run if the queue gives it more epochs. Returns whether it continues.
    fn goes_on(&self, executor: &mut Executor<f32>) -> bool {
        let state = &mut executor.memory.state;
        let epochs = crate::engine::queue::goes_on(&executor.run, state, self.scheduler().work);
        let Some(epochs) = epochs else {
            return false;
        };
        (state.phase, state.stopped) = (phase::FRESH, stopped::NOT);
        executor.run = crate::engine::queue::with_epochs(&executor.run, epochs);
        true
    }

    fn progress(&self, scheduler: &mut Scheduler<'_>) -> Result<()> {
        let bytes = std::mem::replace(&mut scheduler.most, scheduler.bytes);
        scheduler.work.progress(&Progress {
            alive: scheduler.alive,
            run_steps: scheduler.run_steps,
            elapsed: self.start.elapsed(),
            bytes,
            host: Duration::ZERO,
            device: scheduler.stepping / self.threads,
        })
    }

    /// Counts steps and reports progress at most once per [`CHUNK`].
    ///
    /// # Errors
    /// If the training must end.
    fn report(&self, scheduler: &mut Scheduler<'_>, steps: u32) -> std::result::Result<(), ()> {
        scheduler.run_steps += u64::from(steps);
        if scheduler.failure.is_none() && scheduler.reported.elapsed() > CHUNK {
            scheduler.reported = Instant::now();
            if let Err(error) = self.progress(scheduler) {
                scheduler.failure.get_or_insert(error);
            }
        }
        match scheduler.failure {
            Some(_) => Err(()),
            None => Ok(()),
        }
    }
}
