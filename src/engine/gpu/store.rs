//! The buffers of a shoal on the device, and the execution of chunks of steps on them.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::engine::buffer::Buffer;
use crate::engine::gpu::Gpu;
use crate::engine::gpu::bind::{bind, call_stride, create, create_calls, place};
use crate::engine::kernel::{Kernel, Update};
use crate::engine::layout::{DeviceCall, State};
use crate::engine::precision::Precision;
use crate::engine::tile::ProductTile;
use crate::error::{Error, Result};

/// One dispatch of a step: a kernel and the tiles that it serves.
#[derive(Clone, Copy, Debug)]
pub struct Dispatch {
    /// The kernel.
    pub kernel: &'static Kernel,
    /// The tile of a thread, of a matrix product.
    pub tile: Option<ProductTile>,
    /// Its tiles in the tile table.
    pub call: DeviceCall,
    /// Tiles that one workgroup serves.
    pub tiles_per_group: u32,
}

/// A submitted chunk of steps, with a copy of the states for the host.
pub struct Chunk {
    staging: wgpu::Buffer,
    submission: wgpu::SubmissionIndex,
    /// Steps in it.
    pub steps: u32,
    /// How long the driver took to accept it.
    pub submitting: Duration,
}

/// The buffers of a shoal.
pub struct Store<'a> {
    gpu: &'a Gpu,
    precision: Precision,
    buffers: Vec<wgpu::Buffer>,
    groups: Vec<wgpu::BindGroup>,
    calls: wgpu::Buffer,
    call_group: wgpu::BindGroup,
    dispatches: Vec<Dispatch>,
}

/// Smallest size of a buffer, in bytes.
const SMALLEST: u64 = 256;

/// Largest number of workgroups along one dimension of a dispatch, in WebGPU.
const GRID_LIMIT: u32 = 65_535;

impl<'a> Store<'a> {
    /// Creates small buffers for a precision; [`Store::reserve`] grows them.
    pub fn new(gpu: &'a Gpu, precision: Precision) -> Self {
        let buffers: Vec<_> =
            Buffer::ALL.iter().map(|buffer| create(gpu, *buffer, SMALLEST)).collect();
        let (calls, call_group) = create_calls(gpu, 1);
        let groups = bind(gpu, precision, &buffers);
        Self { gpu, precision, buffers, groups, calls, call_group, dispatches: Vec::new() }
    }

    fn buffer(&self, buffer: Buffer) -> &wgpu::Buffer {
        &self.buffers[place(buffer)]
    }

    /// Size of a buffer, in bytes.
    pub fn size(&self, buffer: Buffer) -> u64 {
        self.buffer(buffer).size()
    }

    /// Total size of all buffers, in bytes.
    pub fn total(&self) -> u64 {
        self.buffers.iter().map(wgpu::Buffer::size).sum()
    }

    /// Grows a buffer to at least this size and keeps its contents. Returns `false` if the device
    /// has not enough memory.
    ///
    /// # Errors
    /// [`Error::Device`] if the device failed.
    pub fn reserve(&mut self, buffer: Buffer, bytes: u64) -> Result<bool> {
        let old = self.size(buffer);
        if bytes <= old {
            return Ok(true);
        }
        let limit = self.gpu.binding_limit;
        if bytes > limit {
            return Ok(false);
        }
        let bytes = bytes.max(old + old / 2).min(limit).next_multiple_of(SMALLEST).min(limit & !3);
        let scope = self.gpu.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let larger = create(self.gpu, buffer, bytes);
        if pollster::block_on(scope.pop()).is_some() {
            return Ok(false);
        }
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(self.buffer(buffer), 0, &larger, 0, old);
        self.gpu.queue.submit([encoder.finish()]);
        self.buffers[place(buffer)] = larger;
        self.groups = bind(self.gpu, self.precision, &self.buffers);
        self.gpu.check("grow a buffer")?;
        Ok(true)
    }

    /// Writes bytes to a buffer, before the next chunk.
    pub fn write(&self, buffer: Buffer, offset: usize, bytes: &[u8]) {
        self.gpu.queue.write_buffer(self.buffer(buffer), offset as u64, bytes);
    }

    /// Sets the dispatches of a step, from the next chunk on.
    pub fn set_step(&mut self, dispatches: Vec<Dispatch>) {
        if dispatches.len() as u64 * self.stride() > self.calls.size() {
            (self.calls, self.call_group) = create_calls(self.gpu, dispatches.len() as u64);
        }
        for (place, dispatch) in (0..).zip(&dispatches) {
            let bytes = bytemuck::bytes_of(&dispatch.call);
            self.gpu.queue.write_buffer(&self.calls, place * self.stride(), bytes);
        }
        self.dispatches = dispatches;
    }

    /// Number of dispatches of one step.
    pub fn dispatches(&self) -> usize {
        self.dispatches.iter().filter(|dispatch| dispatch.call.count > 0).count()
    }

    fn stride(&self) -> u64 {
        call_stride(self.gpu)
    }

    /// Submits a chunk of steps; [`Store::states`] waits for it.
    ///
    /// # Errors
    /// [`Error::Device`] if the device failed.
    pub fn submit(&self, steps: u32) -> Result<Chunk> {
        let states = self.buffer(Buffer::States);
        let staging = self.gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("states for the host"),
            size: states.size(),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let all = || self.dispatches.iter().enumerate();
        let of_chunk = |dispatch: &Dispatch| dispatch.kernel.update == Update::Resident;
        for (place, dispatch) in all().filter(|(_, dispatch)| of_chunk(dispatch)) {
            let call = DeviceCall { steps, ..dispatch.call };
            let at = place as u64 * self.stride();
            self.gpu.queue.write_buffer(&self.calls, at, bytemuck::bytes_of(&call));
        }
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            for step in 0..steps {
                for (place, dispatch) in all() {
                    // all steps of the chunk are in the first one
                    if step == 0 || !of_chunk(dispatch) {
                        self.dispatch(&mut pass, place, dispatch);
                    }
                }
            }
        }
        encoder.copy_buffer_to_buffer(states, 0, &staging, 0, states.size());
        let commands = encoder.finish();
        let started = Instant::now();
        let submission = self.gpu.queue.submit([commands]);
        let submitting = started.elapsed();
        self.gpu.check("submit a chunk")?;
        Ok(Chunk { staging, submission, steps, submitting })
    }

    fn dispatch(&self, pass: &mut wgpu::ComputePass<'_>, place: usize, dispatch: &Dispatch) {
        let groups = dispatch.call.count.div_ceil(dispatch.tiles_per_group);
        if groups == 0 {
            return;
        }
        let pipelines = self.gpu.pipelines(self.precision);
        let index = pipelines
            .iter()
            .position(|pipeline| {
                std::ptr::eq(pipeline.kernel, dispatch.kernel) && pipeline.tile == dispatch.tile
            })
            .expect("gpu: a kernel without a pipeline");
        pass.set_pipeline(&pipelines[index].pipeline);
        pass.set_bind_group(0, &self.groups[index], &[]);
        pass.set_bind_group(1, &self.call_group, &[(place as u64 * self.stride()) as u32]);
        let [x, y] = folded(groups);
        pass.dispatch_workgroups(x, y, 1);
    }

    /// Waits for a chunk and returns the states of all slots after it.
    ///
    /// # Errors
    /// [`Error::Device`] if the device failed or does not answer.
    pub fn states(&self, chunk: &Chunk) -> Result<Vec<State<f32>>> {
        let bytes = self.map(&chunk.staging, chunk.submission.clone(), "a chunk of steps")?;
        let whole = bytes.len() / size_of::<State<f32>>() * size_of::<State<f32>>();
        Ok(bytemuck::pod_collect_to_vec(&bytes[..whole]))
    }

    /// Reads ranges of a buffer, in bytes from its start, and concatenates them.
    ///
    /// # Errors
    /// [`Error::Device`] if the device failed or does not answer.
    pub fn read(&self, buffer: Buffer, ranges: &[std::ops::Range<u64>]) -> Result<Vec<u8>> {
        let size: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        if size == 0 {
            return Ok(Vec::new());
        }
        let staging = self.gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("results for the host"),
            size,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        let mut at = 0;
        for range in ranges {
            let length = range.end - range.start;
            encoder.copy_buffer_to_buffer(self.buffer(buffer), range.start, &staging, at, length);
            at += length;
        }
        let submission = self.gpu.queue.submit([encoder.finish()]);
        self.map(&staging, submission, buffer.name())
    }

    fn map(
        &self,
        staging: &wgpu::Buffer,
        submission: wgpu::SubmissionIndex,
        what: &str,
    ) -> Result<Vec<u8>> {
        let (send, receive) = mpsc::channel();
        staging.map_async(wgpu::MapMode::Read, .., move |mapped| {
            // the receiver is dropped only if the wait below failed
            let _ = send.send(mapped);
        });
        self.gpu.wait(submission, what)?;
        let failed = |e: String| Error::Device(format!("{}: {what}: {e}", self.gpu.adapter.name()));
        receive.recv().map_err(|e| failed(e.to_string()))?.map_err(|e| failed(e.to_string()))?;
        let bytes = staging.get_mapped_range(..).map_err(|e| failed(e.to_string()))?.to_vec();
        staging.unmap();
        Ok(bytes)
    }
}

/// A two-dimensional grid of at least this number of workgroups, as even as possible; the kernel
/// skips the excess.
fn folded(groups: u32) -> [u32; 2] {
    let rows = groups.div_ceil(GRID_LIMIT).max(1);
    [groups.div_ceil(rows), rows]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_grid_holds_every_group_and_hardly_more() {
        for groups in [1, 64, GRID_LIMIT, GRID_LIMIT + 1, 200_000, u32::MAX / 2] {
            let [x, y] = folded(groups);
            assert!(x <= GRID_LIMIT && y <= GRID_LIMIT);
            let all = u64::from(x) * u64::from(y);
            assert!(
                (u64::from(groups)..u64::from(groups + y)).contains(&all),
                "{groups}: {x} by {y}"
            );
        }
    }
}
