//! Training many runs: who waits, who is packed, who is done.

mod allocator;
mod crew;
mod held_out;
mod host;
mod packing;

use std::sync::Arc;
use std::time::Duration;

use crate::device::Device;
use crate::error::Result;
use crate::kernels::layout::{State, phase, stopped};
use crate::kernels::{Prepared, Real};
use crate::network::Network;
use crate::run::{Outcome, Run, Table, Training};

pub use held_out::HeldOut;
pub use packing::{Limits, Rehearsal, Step};

/// Where runs come from and where their outcomes go.
pub trait Work: Send {
    /// A run that can start now. `None` if there is none left, or none before another one finishes; it is asked again
    /// after each that does.
    fn next(&mut self) -> Option<Run>;

    /// What a run that is over is to be tested on, if it is: the errors are in the [`Outcome`] that follows. On the CPU the thread
    /// that trained the run tests it while others go on.
    fn held_out(&mut self, _id: usize) -> Option<HeldOut> {
        None
    }

    /// Takes what became of a run.
    ///
    /// # Errors
    /// Ends the training.
    fn finished(&mut self, outcome: Outcome) -> Result<()>;

    /// A run has done the epochs that it was given. If they are to be more, it goes on as if it had been given so many from the
    /// beginning, to the last bit; how many runs train beside it makes no difference to when it is asked. That is how a search
    /// stops trials early.
    fn reached(&mut self, _at: &Reached) -> Option<u32> {
        None
    }

    /// Hears how far a run is: the steps that it has taken, and the epochs that it has done since this was told last. The CPU
    /// tells of every epoch, the GPU of the last one in a chunk.
    fn trained(&mut self, _id: usize, _steps: u32, _epochs: &[Epoch]) {}

    /// Hears how it goes, several times a second.
    ///
    /// # Errors
    /// Ends the training; an interruption comes this way.
    fn progress(&mut self, progress: &Progress) -> Result<()>;
}

/// Where a run stands after the last epoch that it was given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reached {
    /// The run's [`Run::id`].
    pub id: usize,
    /// Epochs done.
    pub epoch: u32,
    /// The best validation loss so far; no number if there is none.
    pub best_loss: f64,
}

/// The losses of a run in an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// Which epoch, from 1.
    pub epoch: u32,
    /// The mean loss over its training rows, while it trained.
    pub training_loss: f64,
    /// The mean loss over the validation rows at its end.
    pub validation_loss: f64,
}

impl Epoch {
    /// The last epoch that a run has done, if it is not the one told before.
    fn after<F: Real>(state: &State<F>, told: u32) -> Option<Self> {
        (state.epoch > told).then(|| Self {
            epoch: state.epoch,
            training_loss: state.training_loss.wide(),
            validation_loss: state.validation_loss.wide(),
        })
    }
}

/// How far a training is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Runs in training now.
    pub alive: usize,
    /// Optimiser steps taken so far, over all runs.
    pub run_steps: u64,
    /// Time since the training began.
    pub elapsed: Duration,
    /// The most bytes held for runs on the device since this was told last.
    pub bytes: u64,
    /// Time in which [`Work`] worked: searches, journals, tests, tables. On a GPU the device trains meanwhile, on the CPU the
    /// other threads do.
    pub host: Duration,
    /// Time in which the device surely took steps. On the CPU it is that of all threads, divided by their number; on a GPU that in
    /// which chunks were in flight, without those that ended before the host looked.
    pub device: Duration,
}

/// The outcome of a run with its errors on the rows that were kept aside for it.
fn tested(network: &Network, outcome: Outcome, held_out: Option<HeldOut>) -> Outcome {
    let errors = held_out.map(|rows| rows.errors(network, &outcome.parameters));
    Outcome {
        test_errors: errors,
        ..outcome
    }
}

/// Asks whether a run that is done goes on: with how many epochs. A run whose patience ended with its epochs does not; its state
/// then says that it was the patience, as in a run that was given more epochs at once.
fn goes_on<F: Real>(run: &Prepared, state: &mut State<F>, work: &mut dyn Work) -> Option<u32> {
    if state.phase != phase::DONE || state.stopped != stopped::EPOCHS {
        return None;
    }
    let best = state.best_loss.wide();
    let epochs = work.reached(&Reached {
        id: run.id,
        epoch: state.epoch,
        best_loss: if state.best_epoch > 0 { best } else { f64::NAN },
    })?;
    assert!(
        epochs > state.epoch,
        "run {}: on to epoch {epochs} after {}",
        run.id,
        state.epoch
    );
    if state.waited >= run.training.patience {
        state.stopped = stopped::PATIENCE;
        return None;
    }
    Some(epochs)
}

/// The run with so many epochs.
fn with_epochs(run: &Prepared, max_epochs: u32) -> Prepared {
    let training = Training {
        max_epochs,
        ..run.training
    };
    let longer = Run {
        training,
        ..Run::clone(run)
    };
    Prepared::new(longer, run.tables.clone())
}

/// How long the device works between two looks of the host.
const CHUNK: Duration = Duration::from_millis(50);

/// Trains everything that `work` has.
///
/// # Errors
/// What `work` returns; [`crate::Error::Device`] if the device fails; [`crate::Error::Input`] if a run is larger than the
/// device can ever hold.
pub fn train(device: &Device, tables: Arc<[Table]>, work: &mut dyn Work) -> Result<()> {
    let mut work = host::Timed::new(work);
    match device {
        Device::Gpu(gpu) => packing::train(gpu, tables, &mut work, Limits::default()),
        Device::Cpu(cpu) => crew::train(cpu.threads, tables, &mut work),
    }
}

/// Trains on a GPU with limits of one's own.
///
/// # Errors
/// As [`train`].
pub fn train_within(
    gpu: &crate::device::gpu::Gpu,
    tables: Arc<[Table]>,
    work: &mut dyn Work,
    limits: Limits,
) -> Result<()> {
    packing::train(gpu, tables, &mut host::Timed::new(work), limits)
}
