//! Training many runs: who waits, who is packed, who is done.

mod allocator;
mod crew;
mod packing;

use std::sync::Arc;
use std::time::Duration;

use crate::device::Device;
use crate::error::Result;
use crate::run::{Outcome, Run, Table};

pub use packing::{Limits, Step};

/// Where runs come from and where their outcomes go.
pub trait Work: Send {
    /// A run that can start now. `None` if there is none left, or none before another one finishes; it is asked again
    /// after each that does.
    fn next(&mut self) -> Option<Run>;

    /// Takes what became of a run.
    ///
    /// # Errors
    /// Ends the training.
    fn finished(&mut self, outcome: Outcome) -> Result<()>;

    /// Hears how it goes, several times a second.
    ///
    /// # Errors
    /// Ends the training; an interruption comes this way.
    fn progress(&mut self, progress: &Progress) -> Result<()>;
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
    /// Bytes held for runs on the device now.
    pub bytes: u64,
}

/// How long the device works between two looks of the host.
const CHUNK: Duration = Duration::from_millis(50);

/// Trains everything that `work` has.
///
/// # Errors
/// What `work` returns; [`crate::Error::Device`] if the device fails; [`crate::Error::Input`] if a run is larger than the
/// device can ever hold.
pub fn train(device: &Device, tables: Arc<[Table]>, work: &mut dyn Work) -> Result<()> {
    match device {
        Device::Gpu(gpu) => packing::train(gpu, tables, work, Limits::default()),
        Device::Cpu(cpu) => crew::train(cpu.threads, tables, work),
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
    packing::train(gpu, tables, work, limits)
}
