//! Buffers and bind groups of a shoal.

use crate::engine::buffer::Buffer;
use crate::engine::gpu::{Gpu, Pipeline};
use crate::engine::layout::DeviceCall;
use crate::engine::precision::Precision;

const USAGE: wgpu::BufferUsages = wgpu::BufferUsages::STORAGE
    .union(wgpu::BufferUsages::COPY_SRC)
    .union(wgpu::BufferUsages::COPY_DST);

/// The place of a buffer among those of a shoal.
pub(crate) fn place(buffer: Buffer) -> usize {
    Buffer::ALL.iter().position(|other| *other == buffer).expect("gpu: a buffer not in ALL")
}

/// Creates a buffer of a shoal, in bytes.
pub(crate) fn create(gpu: &Gpu, buffer: Buffer, size: u64) -> wgpu::Buffer {
    gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some(buffer.name()),
        size,
        usage: USAGE,
        mapped_at_creation: false,
    })
}

/// Bytes from one [`DeviceCall`] to the next.
pub(crate) fn call_stride(gpu: &Gpu) -> u64 {
    u64::from(gpu.device.limits().min_uniform_buffer_offset_alignment)
        .max(size_of::<DeviceCall>() as u64)
}

/// The buffer of so many calls, and its group, which has a dynamic offset.
pub(crate) fn create_calls(gpu: &Gpu, count: u64) -> (wgpu::Buffer, wgpu::BindGroup) {
    let calls = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("calls"),
        size: count * call_stride(gpu),
        usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("call"),
        layout: &gpu.call_layout,
        entries: &[wgpu::BindGroupEntry {
            binding: 0,
            resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                buffer: &calls,
                offset: 0,
                size: wgpu::BufferSize::new(size_of::<DeviceCall>() as u64),
            }),
        }],
    });
    (calls, group)
}

/// The bind group of each kernel.
pub(crate) fn bind(
    gpu: &Gpu,
    precision: Precision,
    buffers: &[wgpu::Buffer],
) -> Vec<wgpu::BindGroup> {
    let group = |pipeline: &Pipeline| {
        let entries: Vec<_> = (0..)
            .zip(pipeline.kernel.bindings)
            .map(|(binding, (buffer, _))| wgpu::BindGroupEntry {
                binding,
                resource: buffers[place(buffer.owner(precision))].as_entire_binding(),
            })
            .collect();
        gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(pipeline.kernel.name),
            layout: &pipeline.layout,
            entries: &entries,
        })
    };
    gpu.pipelines(precision).iter().map(group).collect()
}
