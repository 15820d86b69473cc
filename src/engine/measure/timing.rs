//! Times a workload: in steady state, or for a complete training.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::device::Device;
use crate::engine::queue::{Progress, RunQueue};
use crate::engine::run::{Outcome, Run, Training};
use crate::engine::table::Table;
use crate::engine::train;
use crate::error::{Error, Result};

/// Durations and repeats of a timing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Warm-up before the first repeat, in seconds.
    pub warm_up: f64,
    /// Duration of each repeat, in seconds.
    pub seconds: f64,
    /// Repeats.
    pub repeats: usize,
}

/// The result of a timing.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// Training steps per second, all runs together, of each repeat.
    pub rates: Vec<f64>,
    /// Largest number of runs that trained at one time.
    pub packed: usize,
    /// Bytes allocated for them on the device.
    pub bytes: u64,
}

/// Training steps per second in steady state: runs never end. Packing, the first chunks and the end
/// are not timed.
///
/// # Errors
/// As [`train::train`].
pub fn steady(
    device: &Device,
    tables: Arc<[Table]>,
    runs: Vec<Run>,
    pace: &Pace,
) -> Result<Timing> {
    let mut endless = Endless {
        waiting: with_epochs(&runs, u32::MAX),
        pace: *pace,
        first: None,
        marks: Vec::new(),
        complete: false,
        last: None,
    };
    let trained = train::train(device, tables, &mut endless);
    match (trained, endless.complete) {
        (Err(Error::Interrupted(_)), true) => {}
        (Err(error), _) => return Err(error),
        (Ok(()), _) => panic!("measure: endless runs ended"),
    }
    let last = endless.last.expect("measure: complete before any progress");
    let rate =
        |pair: &[Mark]| (pair[1].1 - pair[0].1) as f64 / (pair[1].0 - pair[0].0).as_secs_f64();
    Ok(Timing {
        rates: endless.marks.windows(2).map(rate).collect(),
        packed: last.alive,
        bytes: last.bytes,
    })
}

/// Time since the start of the training, and steps until then.
type Mark = (Duration, u64);

/// A queue of runs that never end; it stops the training after the last repeat.
struct Endless {
    waiting: Vec<Run>,
    pace: Pace,
    first: Option<Duration>,
    marks: Vec<Mark>,
    complete: bool,
    last: Option<Progress>,
}

impl RunQueue for Endless {
    fn next(&mut self) -> Option<Run> {
        self.waiting.pop()
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        // random data do not diverge at this learning rate
        panic!("measure: run {} ended ({})", outcome.id, outcome.stopped.name());
    }

    fn progress(&mut self, progress: &Progress) -> Result<()> {
        self.last = Some(*progress);
        let now = progress.elapsed;
        let first = *self.first.get_or_insert(now);
        let due = match self.marks.last() {
            None => first + Duration::from_secs_f64(self.pace.warm_up),
            Some((then, _)) => *then + Duration::from_secs_f64(self.pace.seconds),
        };
        if now >= due {
            self.marks.push((now, progress.run_steps));
        }
        self.complete = self.marks.len() > self.pace.repeats;
        match self.complete {
            true => Err(Error::Interrupted("timed long enough".into())),
            false => Ok(()),
        }
    }
}

/// Training steps per second of complete trainings, including packing and the wait for the last
/// run: for different runs, on a device that trains them one after another. Each training has as
/// many epochs as fill a repeat.
///
/// # Errors
/// As [`train::train`].
pub fn whole(device: &Device, tables: Arc<[Table]>, runs: Vec<Run>, pace: &Pace) -> Result<Timing> {
    let warm = Whole::train(device, &tables, &runs, 1)?;
    let epochs = (pace.seconds / warm.seconds).ceil().clamp(1.0, 1e6) as u32;
    let mut timing = Timing { rates: vec![], packed: 0, bytes: 0 };
    for _ in 0..pace.repeats {
        let one = Whole::train(device, &tables, &runs, epochs)?;
        timing.rates.push(one.steps as f64 / one.seconds);
        // the CPU may report progress only when runs end, and a thread has none then
        let packed = match device {
            Device::Cpu(cpu) => cpu.threads.min(runs.len()),
            Device::Gpu(_) => one.packed,
        };
        timing.packed = timing.packed.max(packed);
        timing.bytes = timing.bytes.max(one.bytes);
    }
    Ok(timing)
}

/// The queue and the result of a complete training.
struct Whole {
    waiting: Vec<Run>,
    steps: u64,
    seconds: f64,
    packed: usize,
    bytes: u64,
}

impl Whole {
    fn train(device: &Device, tables: &Arc<[Table]>, runs: &[Run], epochs: u32) -> Result<Self> {
        let mut whole = Self {
            waiting: with_epochs(runs, epochs),
            steps: 0,
            seconds: 0.0,
            packed: 0,
            bytes: 0,
        };
        let start = Instant::now();
        train::train(device, tables.clone(), &mut whole)?;
        whole.seconds = start.elapsed().as_secs_f64();
        Ok(whole)
    }
}

impl RunQueue for Whole {
    fn next(&mut self) -> Option<Run> {
        self.waiting.pop()
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        self.steps += u64::from(outcome.steps);
        Ok(())
    }

    fn progress(&mut self, progress: &Progress) -> Result<()> {
        self.packed = self.packed.max(progress.alive);
        self.bytes = self.bytes.max(progress.bytes);
        Ok(())
    }
}

/// The runs with this number of epochs and no early stopping, in reverse order: the queue pops the
/// last one first.
fn with_epochs(runs: &[Run], epochs: u32) -> Vec<Run> {
    let longer = |run: &Run| Run {
        training: Training { max_epochs: epochs, patience: u32::MAX, ..run.training },
        ..run.clone()
    };
    runs.iter().rev().map(longer).collect()
}
