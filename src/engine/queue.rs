//! The queue of runs: the trait through which a training takes runs and reports progress and
//! outcomes.

use std::time::Duration;

use crate::engine::layout::{State, phase, stopped};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::run::{Outcome, Run, Training};
use crate::error::{Error, Result};

/// Computes the errors of a network with these parameters on test rows, see
/// [`Outcome::test_errors`]. It may change the parameters before, as a calibration does; the
/// [`Outcome`] has the changed ones.
pub type Test = Box<dyn FnOnce(&mut [f32]) -> Vec<f64> + Send>;

/// A source of runs that also receives their progress and outcomes.
pub trait RunQueue: Send {
    /// Returns a run that can start now, or `None` if there is none left or none before another run
    /// finishes. It is called again after each run that finishes. Runs need not start at once, nor
    /// in this order.
    fn next(&mut self) -> Option<Run>;

    /// Called when a run starts to train.
    fn started(&mut self, _run: &Run) {}

    /// Returns the test of a finished run, if it has one. The errors are in the [`Outcome`] that
    /// follows. On the CPU the thread that trained the run executes the test while other threads
    /// train.
    fn test(&mut self, _id: usize) -> Option<Test> {
        None
    }

    /// Receives the outcome of a run.
    ///
    /// # Errors
    /// An error ends the training.
    fn finished(&mut self, outcome: Outcome) -> Result<()>;

    /// Receives the outcome of a run that one of several devices has trained: which one, from 0.
    ///
    /// # Errors
    /// As [`RunQueue::finished`].
    fn finished_on(&mut self, _device: usize, outcome: Outcome) -> Result<()> {
        self.finished(outcome)
    }

    /// Called when one of several devices has failed, with its unfinished runs: they begin again on
    /// the other devices.
    fn returned(&mut self, _ids: &[usize], _error: &Error) {}

    /// Called when a run reaches its last epoch. Returns a larger number of epochs to continue it,
    /// or `None` to finish it. A continued run gives the same bits as a run with that number of
    /// epochs from the start, and the call comes at the same epoch however many runs train at the
    /// same time. A search uses it to stop trials early.
    fn reached(&mut self, _at: &Reached) -> Option<u32> {
        None
    }

    /// Reports the progress of a run: the steps taken so far, and the epochs finished since the
    /// last call. The CPU reports every epoch, the GPU the last epoch of each chunk.
    fn trained(&mut self, _id: usize, _steps: u32, _epochs: &[Epoch]) {}

    /// Reports the progress of the training, several times a second.
    ///
    /// # Errors
    /// An error ends the training; an interruption is reported this way.
    fn progress(&mut self, _progress: &Progress) -> Result<()> {
        Ok(())
    }
}

/// The state of a run after its last epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reached {
    /// The run's [`Run::id`].
    pub id: usize,
    /// Epochs finished.
    pub epoch: u32,
    /// The best validation loss so far; NaN if there is none.
    pub best_loss: f64,
}

/// The losses of a run in an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// Number of the epoch, from 1.
    pub epoch: u32,
    /// The mean loss over its training rows, while it trained.
    pub training_loss: f64,
    /// The mean loss over the validation rows at its end.
    pub validation_loss: f64,
}

impl Epoch {
    /// The last epoch that a run finished, if it comes after `reported`.
    pub(crate) fn after<F: Real>(state: &State<F>, reported: u32) -> Option<Self> {
        (state.epoch > reported).then(|| Self {
            epoch: state.epoch,
            training_loss: state.training_loss.wide(),
            validation_loss: state.validation_loss.wide(),
        })
    }
}

/// The progress of a training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Runs in training now.
    pub alive: usize,
    /// Optimiser steps taken so far, over all runs.
    pub run_steps: u64,
    /// Time since the training began.
    pub elapsed: Duration,
    /// Peak bytes allocated for runs on the device since the last report.
    pub bytes: u64,
    /// Time spent in [`RunQueue`]: searches, journals, tests, tables. Meanwhile the GPU, or the
    /// other threads of the CPU, train.
    pub host: Duration,
    /// A lower bound of the time in which the device executed steps. On the CPU it is the sum over
    /// all threads, divided by their number; on a GPU the time in which chunks were in flight,
    /// without chunks that finished before the host waited for them.
    pub device: Duration,
}

/// The outcome of a run with the errors of its test.
pub(crate) fn tested(mut outcome: Outcome, test: Option<Test>) -> Outcome {
    outcome.test_errors = test.map(|test| test(&mut outcome.parameters));
    outcome
}

/// Returns the number of epochs with which a finished run continues, if it does. A run whose
/// patience ended at its last epoch does not; its state is then set to stopped by patience, as in a
/// run with more epochs from the start.
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
    assert!(
        epochs > state.epoch,
        "run {}: continued to epoch {epochs} after epoch {}",
        run.id,
        state.epoch
    );
    if state.waited >= run.training.patience {
        state.stopped = stopped::PATIENCE;
        return None;
    }
    Some(epochs)
}

/// The run with another number of epochs.
pub(crate) fn with_epochs(run: &PreparedRun, max_epochs: u32) -> PreparedRun {
    let training = Training { max_epochs, ..run.training };
    let longer = Run { training, ..Run::clone(run) };
    PreparedRun::new(longer, run.tables.clone())
}

/// Target duration of a chunk of steps, after which the host reads the states.
pub(crate) const CHUNK: Duration = Duration::from_millis(50);
