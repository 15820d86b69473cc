//! Where runs come from and where their outcomes go: the interface of a training to whoever asks
//! for it.

use std::time::Duration;

use crate::engine::layout::{State, phase, stopped};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::run::{Outcome, Run, Training};
use crate::error::Result;

/// Finds the errors of a network with these parameters on rows that were kept aside for it, see
/// [`Outcome::test_errors`].
pub type Test = Box<dyn FnOnce(&[f32]) -> Vec<f64> + Send>;

/// Where runs come from and where their outcomes go.
pub trait RunQueue: Send {
    /// A run that can start now. `None` if there is none left, or none before another one finishes;
    /// it is asked again after each that does. Not all of them need begin at once, nor in this
    /// order.
    fn next(&mut self) -> Option<Run>;

    /// Hears that a run begins to train.
    fn begins(&mut self, _run: &Run) {}

    /// The test of a run that is over, if it is tested: the errors are in the [`Outcome`] that
    /// follows. On the CPU the thread that trained the run makes it while others go on.
    fn test(&mut self, _id: usize) -> Option<Test> {
        None
    }

    /// Takes what became of a run.
    ///
    /// # Errors
    /// Ends the training.
    fn finished(&mut self, outcome: Outcome) -> Result<()>;

    /// A run has done the epochs that it was given. If they are to be more, it goes on as if it had
    /// been given so many from the beginning, to the last bit; how many runs train beside it makes
    /// no difference to when it is asked. That is how a search stops trials early.
    fn reached(&mut self, _at: &Reached) -> Option<u32> {
        None
    }

    /// Hears how far a run is: the steps that it has taken, and the epochs that it has done since
    /// this was told last. The CPU tells of every epoch, the GPU of the last one in a chunk.
    fn trained(&mut self, _id: usize, _steps: u32, _epochs: &[Epoch]) {}

    /// Hears how it goes, several times a second.
    ///
    /// # Errors
    /// Ends the training; an interruption comes this way.
    fn progress(&mut self, _progress: &Progress) -> Result<()> {
        Ok(())
    }
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
    pub(crate) fn after<F: Real>(state: &State<F>, told: u32) -> Option<Self> {
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
    /// Time in which [`RunQueue`] worked: searches, journals, tests, tables. On a GPU the device
    /// trains meanwhile, on the CPU the other threads do.
    pub host: Duration,
    /// Time in which the device surely took steps. On the CPU it is that of all threads, divided by
    /// their number; on a GPU that in which chunks were in flight, without those that ended before
    /// the host looked.
    pub device: Duration,
}

/// The outcome of a run with the errors of its test.
pub(crate) fn tested(outcome: Outcome, test: Option<Test>) -> Outcome {
    Outcome { test_errors: test.map(|test| test(&outcome.parameters)), ..outcome }
}

/// Asks whether a run that is done goes on: with how many epochs. A run whose patience ended with
/// its epochs does not; its state then says that it was the patience, as in a run that was given
/// more epochs at once.
pub(crate) fn goes_on<F: Real>(
    run: &PreparedRun,
    state: &mut State<F>,
    work: &mut dyn RunQueue,
) -> Option<u32> {
    if state.phase != phase::DONE || state.stopped != stopped::EPOCHS {
        return None;
    }
    let best = state.best_loss.wide();
    let epochs = work.reached(&Reached {
        id: run.id,
        epoch: state.epoch,
        best_loss: if state.best_epoch > 0 { best } else { f64::NAN },
    })?;
    assert!(epochs > state.epoch, "run {}: on to epoch {epochs} after {}", run.id, state.epoch);
    if state.waited >= run.training.patience {
        state.stopped = stopped::PATIENCE;
        return None;
    }
    Some(epochs)
}

/// The run with so many epochs.
pub(crate) fn with_epochs(run: &PreparedRun, max_epochs: u32) -> PreparedRun {
    let training = Training { max_epochs, ..run.training };
    let longer = Run { training, ..Run::clone(run) };
    PreparedRun::new(longer, run.tables.clone())
}

/// How long the device works between two looks of the host.
pub(crate) const CHUNK: Duration = Duration::from_millis(50);
