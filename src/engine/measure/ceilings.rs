//! Measures the ceilings of a device: multiply-adds, memory bandwidth, cost of a dispatch.

use std::time::Instant;

use crate::engine::buffer::Buffer;
use crate::engine::device::Device;
use crate::engine::gpu::Gpu;
use crate::engine::gpu::store::{Dispatch, Store};
use crate::engine::kernel::Kernel;
use crate::engine::layout::DeviceCall;
use crate::engine::measure::cores::Instructions;
use crate::engine::measure::{ceiling, cores, triad};
use crate::engine::precision::Precision;
use crate::error::{Error, Result};

/// The measured ceilings of a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ceilings {
    /// Floating-point operations per second of multiply-adds on registers, two for each.
    pub flops: f64,
    /// Bytes per second moved by a triad.
    pub bandwidth: f64,
    /// Seconds of an empty dispatch; 0 on the CPU, which has no dispatches.
    pub dispatch: f64,
}

/// Measures the ceilings of a device.
pub struct Meter<'a> {
    device: &'a Device,
    dispatch: f64,
}

/// Bytes of arrays larger than any cache; on GPUs as large as small adapters allow.
const LARGE_GPU: u64 = 192 << 20;
/// On the CPU, of all threads together.
const LARGE_CPU: u64 = 512 << 20;
/// Repeats, of which the best is the ceiling.
const REPEATS: usize = 12;
/// Shortest repeat on a GPU in seconds, so that submission and readback are a small part of it.
const SECONDS: f64 = 0.03;

impl<'a> Meter<'a> {
    /// Compiles the kernels of the measurement and measures the cost of a dispatch.
    ///
    /// # Errors
    /// [`Error::Device`] if the driver refuses a kernel or the device fails.
    pub fn new(device: &'a mut Device) -> Result<Self> {
        if let Device::Gpu(gpu) = device {
            gpu.add(&ceiling::KERNEL)?;
            gpu.add(&triad::KERNEL)?;
        }
        let device: &Device = device;
        let dispatch = match device {
            Device::Gpu(gpu) => dispatch_cost(gpu)?,
            Device::Cpu(_) => 0.0,
        };
        Ok(Self { device, dispatch })
    }

    /// The device.
    pub fn device(&self) -> &'a Device {
        self.device
    }

    /// Its ceilings, with the bandwidth on arrays larger than any cache.
    ///
    /// # Errors
    /// [`Error::Device`] if it fails or computes wrong results.
    pub fn ceilings(&self) -> Result<Ceilings> {
        let (flops, large) = match self.device {
            Device::Gpu(gpu) => (multiply_adds(gpu)?, LARGE_GPU),
            Device::Cpu(cpu) => {
                let best = Instructions::best();
                (cores::multiply_adds(cpu.threads, best), LARGE_CPU)
            }
        };
        Ok(Ceilings { flops, bandwidth: self.bandwidth(large)?, dispatch: self.dispatch })
    }

    /// Bytes per second on arrays with this total size in bytes: arrays that fit a cache are
    /// faster.
    ///
    /// # Errors
    /// As [`Meter::ceilings`].
    pub fn bandwidth(&self, bytes: u64) -> Result<f64> {
        match self.device {
            Device::Gpu(gpu) => bandwidth(gpu, bytes, self.dispatch),
            Device::Cpu(cpu) => Ok(cores::bandwidth(cpu.threads, Instructions::best(), bytes)),
        }
    }

    /// A description of the measurement.
    pub fn how(&self) -> String {
        match self.device {
            Device::Gpu(gpu) => {
                format!("shaders/ceiling.wgsl and triad.wgsl, {} tiles", gpu.tiles().name)
            }
            Device::Cpu(cpu) => {
                format!("loops in {} on {} threads", Instructions::best().name(), cpu.threads)
            }
        }
    }
}

/// Seconds of one step: the best of several repeats, each of at least [`SECONDS`].
fn seconds(store: &Store, least: u32) -> Result<f64> {
    let time = |steps: u32| -> Result<f64> {
        let start = Instant::now();
        store.states(&store.submit(steps)?)?;
        Ok(start.elapsed().as_secs_f64())
    };
    time(1)?;
    let mut steps = least;
    while time(steps)? < SECONDS && steps < 1 << 20 {
        steps *= 2;
    }
    let mut best = f64::INFINITY;
    for _ in 0..REPEATS {
        best = best.min(time(steps)?);
    }
    Ok(best / f64::from(steps))
}

fn only(kernel: &'static Kernel, groups: u64) -> Vec<Dispatch> {
    vec![Dispatch {
        tile: None,
        kernel,
        call: DeviceCall { first: 0, count: groups as u32, steps: 1 },
        tiles_per_group: 1,
    }]
}

fn no_room(gpu: &Gpu, bytes: u64) -> Error {
    Error::Device(format!(
        "{}: not enough memory for the {bytes} bytes of a measurement; close other programs that \
         use the device",
        gpu.adapter().name()
    ))
}

fn multiply_adds(gpu: &Gpu) -> Result<f64> {
    let mut store = Store::new(gpu, Precision::F32);
    // enough threads to fill the largest GPU several times
    let all: u64 = if gpu.adapter().is_software() { 1 << 14 } else { 1 << 18 };
    let threads = u64::from(gpu.tiles().adamw_threads);
    let groups = all / threads;
    let bytes = 16 * (2 + groups * threads);
    if !store.reserve(Buffer::Work, bytes)? {
        return Err(no_room(gpu, bytes));
    }
    store.write(Buffer::Work, 0, bytemuck::cast_slice(&[0.5f32; 8]));
    store.set_step(only(&ceiling::KERNEL, groups));
    Ok((groups * threads * ceiling::FLOPS) as f64 / seconds(&store, 1)?)
}

/// Seconds of a dispatch of one workgroup with almost no work, in a long sequence of them.
fn dispatch_cost(gpu: &Gpu) -> Result<f64> {
    let mut store = Store::new(gpu, Precision::F32);
    store.set_step(only(&triad::KERNEL, 1));
    seconds(&store, 256)
}

fn bandwidth(gpu: &Gpu, bytes: u64, dispatch: f64) -> Result<f64> {
    let mut store = Store::new(gpu, Precision::F32);
    let piece = triad::bytes_per_group(gpu.tiles());
    let most = gpu.binding_limit() / piece;
    let groups = (bytes / 3).div_ceil(piece).clamp(1, most.max(1));
    let size = groups * piece;
    let (one, other) = ([1.0f32, 2.0, 3.0, 4.0], [0.5f32; 4]);
    for buffer in [Buffer::Parameters, Buffer::Gradients, Buffer::Work] {
        if !store.reserve(buffer, size)? {
            return Err(no_room(gpu, 3 * size));
        }
    }
    let ends = [0, size as usize - 16];
    for end in ends {
        store.write(Buffer::Parameters, end, bytemuck::cast_slice(&one));
        store.write(Buffer::Gradients, end, bytemuck::cast_slice(&other));
    }
    store.set_step(only(&triad::KERNEL, groups));
    let took = seconds(&store, 1)?;
    // checks the results: a device that skips work would seem fast
    for end in ends {
        let range = end as u64..end as u64 + 16;
        let bytes = store.read(Buffer::Work, &[range])?;
        let sums: Vec<f32> = bytemuck::pod_collect_to_vec(&bytes);
        let wanted: Vec<f32> =
            one.iter().zip(other).map(|(one, other)| triad::reference(*one, other)).collect();
        if sums != wanted {
            return Err(Error::Device(format!(
                "{}: the triad computes {sums:?} instead of {wanted:?}; update the driver, or use \
                 --device cpu",
                gpu.adapter().name()
            )));
        }
    }
    // the dispatch itself is counted separately; for tiny arrays it dominates the time
    let moving = (took - dispatch).max(took / 10.0);
    Ok(3.0 * size as f64 / moving)
}
