//! The CPU's way to train: each thread takes a run, trains it to its end, and takes the next.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::{CHUNK, Epoch, Progress, Work};
use crate::device::cpu::Player;
use crate::error::{Error, Result};
use crate::kernels::layout::{phase, stopped};
use crate::kernels::{Memory, Prepared, Tables};
use crate::run::{Outcome, Run, Table};

/// What the threads share.
struct Desk<'a> {
    work: &'a mut dyn Work,
    /// Runs that have not begun.
    waiting: Vec<Run>,
    alive: usize,
    /// What the threads hold, between runs too.
    bytes: u64,
    /// The most bytes since it was told how it goes.
    most: u64,
    run_steps: u64,
    /// Time in steps, of all threads together.
    stepping: Duration,
    told: Instant,
    failure: Option<Error>,
}

struct Crew<'a> {
    desk: Mutex<Desk<'a>>,
    finished: Condvar,
    start: Instant,
    threads: u32,
    tables: Tables,
}

/// Trains everything that `work` has on so many threads.
pub fn train(threads: usize, tables: Arc<[Table]>, work: &mut dyn Work) -> Result<()> {
    let start = Instant::now();
    let desk = Desk {
        work,
        waiting: Vec::new(),
        alive: 0,
        bytes: 0,
        most: 0,
        run_steps: 0,
        stepping: Duration::ZERO,
        told: start,
        failure: None,
    };
    let crew = Crew {
        desk: Mutex::new(desk),
        finished: Condvar::new(),
        start,
        threads: threads as u32,
        tables: tables.into(),
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let _alarm = Alarm(&crew);
                let mut memory = None;
                while let Some(run) = crew.next() {
                    memory = Some(crew.train(run, memory.take()));
                }
            });
        }
    });
    if let Ok(mut desk) = crew.desk.lock()
        && desk.failure.is_none()
    {
        // short runs may have come and gone since it was told last; it is too late to end
        let _ = crew.progress(&mut desk);
    }
    let desk = crew
        .desk
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    desk.failure.map_or(Ok(()), Err)
}

/// Wakes the other threads when one panics: they would wait for its run for ever.
struct Alarm<'a, 'b>(&'a Crew<'b>);

impl Drop for Alarm<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut desk = self
                .0
                .desk
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            desk.failure
                .get_or_insert(Error::Device("cpu: a thread panicked".into()));
            self.0.finished.notify_all();
        }
    }
}

/// Runs, and bytes of their parameters, that wait at most. The more there are, the sooner a long one is found; they take up memory.
pub const WAITING: usize = 64;
const WAITING_BYTES: usize = 64 << 20;

/// Runs that are asked for at one time at most, so that no thread waits long for its first.
const ASKED: usize = 4;

impl Desk<'_> {
    /// The longest of the runs that can begin: a long one that began last would keep one thread at work while the others are idle.
    fn longest(&mut self) -> Option<Run> {
        for _ in 0..ASKED {
            let numbers: usize = self.waiting.iter().map(|run| run.parameters.len()).sum();
            if self.waiting.len() >= WAITING || 4 * numbers >= WAITING_BYTES {
                break;
            }
            self.waiting.extend(self.work.next());
        }
        // of equal ones the first
        let longest = (0..self.waiting.len())
            .rev()
            .max_by_key(|place| self.waiting[*place].most_work())?;
        Some(self.waiting.remove(longest))
    }
}

impl<'a> Crew<'a> {
    fn desk(&self) -> MutexGuard<'_, Desk<'a>> {
        self.desk.lock().expect("crew: a thread panicked")
    }

    /// The next run; waits while there may be one after another finishes.
    fn next(&self) -> Option<Run> {
        let mut desk = self.desk();
        loop {
            if desk.failure.is_some() {
                return None;
            }
            if let Some(run) = desk.longest() {
                desk.work.begins(&run);
                desk.alive += 1;
                return Some(run);
            }
            if desk.alive == 0 {
                self.finished.notify_all();
                return None;
            }
            desk = self.finished.wait(desk).expect("crew: a thread panicked");
        }
    }

    /// Trains a run, in the memory of an earlier one, and returns its memory for the next.
    fn train(&self, run: Run, earlier: Option<Memory<f32>>) -> Memory<f32> {
        let run = Prepared::new(run, self.tables.clone());
        let held = earlier.as_ref().map_or(0, Memory::bytes);
        let mut player = Player::in_place_of(earlier, run);
        let bytes = player.memory.bytes();
        {
            let mut desk = self.desk();
            desk.bytes = desk.bytes + bytes - held;
            desk.most = desk.most.max(desk.bytes);
        }
        let (mut told, mut steps) = (Instant::now(), 0);
        let (mut epoch, mut epochs) = (0, Vec::new());
        let mut stepping = Duration::ZERO;
        loop {
            let begun = Instant::now();
            while !player.done() && told.elapsed() <= CHUNK {
                player.step();
                if let Some(done) = Epoch::after(&player.memory.state, epoch) {
                    epoch = done.epoch;
                    epochs.push(done);
                }
            }
            stepping += begun.elapsed();
            if player.done() {
                if self.goes_on(&mut player) {
                    continue;
                }
                break;
            }
            let new = player.memory.state.steps - steps;
            steps += new;
            told = Instant::now();
            let mut desk = self.desk();
            desk.work.trained(player.run.id, steps, &epochs);
            desk.stepping += std::mem::take(&mut stepping);
            epochs.clear();
            if self.tell(&mut desk, new).is_err() {
                break;
            }
        }
        let outcome = player.done().then(|| self.outcome(&player));
        let mut desk = self.desk();
        let state = &player.memory.state;
        desk.work.trained(player.run.id, state.steps, &epochs);
        desk.stepping += stepping;
        desk.alive -= 1;
        if let Some(outcome) = outcome.filter(|_| desk.failure.is_none())
            && let Err(error) = desk.work.finished(outcome)
        {
            desk.failure.get_or_insert(error);
        }
        // runs shorter than a chunk tell here alone
        let _ = self.tell(&mut desk, state.steps - steps);
        drop(desk);
        self.finished.notify_all();
        player.memory
    }

    /// What became of a run, tested if it is to be: without the desk, for others go on meanwhile.
    fn outcome(&self, player: &Player<f32>) -> Outcome {
        let outcome = player.outcome();
        let test = (outcome.validation_loss).and_then(|_| self.desk().work.test(outcome.id));
        super::tested(outcome, test)
    }

    /// Whether a run that is done is given more epochs; then it goes on.
    fn goes_on(&self, player: &mut Player<f32>) -> bool {
        let state = &mut player.memory.state;
        let epochs = super::goes_on(&player.run, state, self.desk().work);
        let Some(epochs) = epochs else {
            return false;
        };
        (state.phase, state.stopped) = (phase::FRESH, stopped::NOT);
        player.run = super::with_epochs(&player.run, epochs);
        true
    }

    fn progress(&self, desk: &mut Desk<'_>) -> Result<()> {
        let bytes = std::mem::replace(&mut desk.most, desk.bytes);
        desk.work.progress(&Progress {
            alive: desk.alive,
            run_steps: desk.run_steps,
            elapsed: self.start.elapsed(),
            bytes,
            host: Duration::ZERO,
            device: desk.stepping / self.threads,
        })
    }

    /// Books steps and, now and then, tells how it goes. An error if the training is to end.
    fn tell(&self, desk: &mut Desk<'_>, steps: u32) -> std::result::Result<(), ()> {
        desk.run_steps += u64::from(steps);
        if desk.failure.is_none() && desk.told.elapsed() > CHUNK {
            desk.told = Instant::now();
            if let Err(error) = self.progress(desk) {
                desk.failure.get_or_insert(error);
            }
        }
        match desk.failure {
            Some(_) => Err(()),
            None => Ok(()),
        }
    }
}
