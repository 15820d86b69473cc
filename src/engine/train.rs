//! Training many runs on a device.

use std::sync::Arc;

use crate::engine::cpu::worker_pool;
use crate::engine::device::Device;
use crate::engine::gpu::Gpu;
use crate::engine::gpu::packing::{self, Limits};
use crate::engine::host;
use crate::engine::queue::RunQueue;
use crate::engine::table::Table;
use crate::error::Result;

/// Trains every run of a queue.
///
/// # Errors
/// What the queue returns; [`crate::Error::Device`] if the device fails; [`crate::Error::Input`] if
/// a run is larger than the device can hold.
pub fn train(device: &Device, tables: Arc<[Table]>, queue: &mut dyn RunQueue) -> Result<()> {
    let mut queue = host::Timed::new(queue);
    match device {
        Device::Gpu(gpu) => packing::train(gpu, tables, &mut queue, Limits::default()),
        Device::Cpu(cpu) => worker_pool::train(cpu.threads, tables, &mut queue),
    }
}

/// Trains on a GPU with other limits than the default ones.
///
/// # Errors
/// As [`train`].
pub fn train_within(
    gpu: &Gpu,
    tables: Arc<[Table]>,
    queue: &mut dyn RunQueue,
    limits: Limits,
) -> Result<()> {
    packing::train(gpu, tables, &mut host::Timed::new(queue), limits)
}
