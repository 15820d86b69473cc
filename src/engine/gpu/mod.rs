//! The GPU backend, on wgpu: devices, buffers and packing. No other folder uses wgpu.

pub(crate) mod adapters;
pub(crate) mod allocator;
pub(crate) mod bind;
pub(crate) mod footprint;
pub mod packing;
pub(crate) mod store;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

pub use adapters::{Adapter, adapters};
pub use footprint::Footprint;
pub use store::{Chunk, Dispatch, Store};

use crate::engine::buffer::Access;
use crate::engine::kernel::Kernel;
use crate::engine::precision::Precision;
use crate::engine::step::kernels;
use crate::engine::tile::{ProductTile, TileSet};
use crate::error::{Error, Result};

/// Time after which a chunk without a result is an error.
const PATIENCE: Duration = Duration::from_secs(120);

/// How to open a GPU.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The tile set; by default the one for the class of the adapter.
    pub tiles: Option<TileSet>,
    /// Bounds checks and bounded loops in the shaders, which are slower; for tests.
    pub checks: bool,
    /// Largest size of a buffer in bytes, below the limit of the adapter; for tests of packing.
    pub binding_limit: Option<u64>,
}

/// An open device with the pipelines of all kernels.
pub struct Gpu {
    adapter: Adapter,
    device: wgpu::Device,
    queue: wgpu::Queue,
    pipelines: Vec<Pipeline>,
    /// The pipelines in f16, compiled when the first store in f16 is created.
    f16_pipelines: OnceLock<Vec<Pipeline>>,
    checks: bool,
    call_layout: wgpu::BindGroupLayout,
    tiles: TileSet,
    binding_limit: u64,
    failure: Arc<Mutex<Option<String>>>,
}

struct Pipeline {
    kernel: &'static Kernel,
    /// Of a matrix product, which has one for each tile.
    tile: Option<ProductTile>,
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
}

impl Gpu {
    /// Opens an adapter and compiles every kernel.
    ///
    /// # Errors
    /// [`Error::Device`] if the driver refuses the device or a kernel.
    pub fn open(adapter: Adapter, options: Options) -> Result<Self> {
        let name = adapter.name().to_owned();
        let limits = adapter.raw().limits();
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("shoal"),
            required_limits: limits.clone(),
            ..Default::default()
        };
        let (device, queue) = pollster::block_on(adapter.raw().request_device(&descriptor))
            .map_err(|e| {
                Error::Device(format!("{name}: the driver does not provide a device: {e}"))
            })?;
        let failure = watch(&device);
        let tiles = adapter.fitted(options.tiles.unwrap_or(adapter.tiles()));
        let call_layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("call"),
            entries: &[entry(0, wgpu::BufferBindingType::Uniform, true)],
        });
        let mut gpu = Self {
            adapter,
            device,
            queue,
            pipelines: Vec::new(),
            f16_pipelines: OnceLock::new(),
            checks: options.checks,
            call_layout,
            tiles,
            binding_limit: limits
                .max_storage_buffer_binding_size
                .min(limits.max_buffer_size)
                .min(options.binding_limit.unwrap_or(u64::MAX)),
            failure,
        };
        for kernel in kernels() {
            if kernel.is_used(&tiles) {
                gpu.add(kernel)?;
            }
        }
        Ok(gpu)
    }

    /// Compiles a kernel in f32 for stores created afterwards. Does nothing if it is compiled
    /// already.
    ///
    /// # Errors
    /// [`Error::Device`] if the driver refuses it.
    pub fn add(&mut self, kernel: &'static Kernel) -> Result<()> {
        let same = |there: &Pipeline| std::ptr::eq(there.kernel, kernel);
        if self.pipelines.iter().any(same) {
            return Ok(());
        }
        let pipelines = self.compile_each(kernel, &self.tiles);
        self.check(kernel.name)?;
        self.pipelines.extend(pipelines);
        Ok(())
    }

    /// The pipelines of a precision. [`Gpu::prepare`] reports errors of those in f16.
    fn pipelines(&self, precision: Precision) -> &[Pipeline] {
        match precision {
            Precision::F32 => &self.pipelines,
            Precision::F16 => self.f16_pipelines.get_or_init(|| {
                let tiles = self.tiles.with(precision);
                let kernels = kernels().into_iter().filter(|kernel| kernel.is_used(&tiles));
                kernels.flat_map(|kernel| self.compile_each(kernel, &tiles)).collect()
            }),
        }
    }

    /// Compiles the kernels of a precision, once.
    ///
    /// # Errors
    /// [`Error::Device`] if the driver refuses one.
    pub(crate) fn prepare(&self, precision: Precision) -> Result<()> {
        self.pipelines(precision);
        self.check("compile the kernels")
    }

    /// The adapter.
    pub fn adapter(&self) -> &Adapter {
        &self.adapter
    }

    /// The tile set in use.
    pub fn tiles(&self) -> &TileSet {
        &self.tiles
    }

    /// Largest size of a buffer, in bytes.
    pub fn binding_limit(&self) -> u64 {
        self.binding_limit
    }

    /// Destroys the device, as a driver reset does; every later call is an error. For tests.
    pub fn lose(&self) {
        self.device.destroy();
    }

    /// The pipelines of a kernel: one for each tile that a dispatch may have.
    fn compile_each(&self, kernel: &'static Kernel, tiles: &TileSet) -> Vec<Pipeline> {
        let mut sets = tiles.choices();
        sets.dedup_by_key(|set| kernel.product_tile(set));
        sets.iter().map(|set| self.compile(kernel, set)).collect()
    }

    fn compile(&self, kernel: &'static Kernel, tiles: &TileSet) -> Pipeline {
        let module = self.module(kernel, tiles);
        let entries: Vec<_> = (0..)
            .zip(kernel.bindings)
            .map(|(binding, (_, access))| {
                let read_only = *access == Access::Read;
                entry(binding, wgpu::BufferBindingType::Storage { read_only }, false)
            })
            .collect();
        let layout = self.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some(kernel.name),
            entries: &entries,
        });
        let pipeline_layout = self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(kernel.name),
            bind_group_layouts: &[Some(&layout), Some(&self.call_layout)],
            immediate_size: 0,
        });
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(kernel.name),
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some(kernel.entry()),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &(kernel.constants)(tiles),
                // every kernel writes its workgroup memory before it reads it
                zero_initialize_workgroup_memory: false,
            },
            cache: None,
        });
        Pipeline { kernel, tile: kernel.product_tile(tiles), pipeline, layout }
    }

    fn module(&self, kernel: &Kernel, tiles: &TileSet) -> wgpu::ShaderModule {
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(kernel.name),
            source: wgpu::ShaderSource::Wgsl(kernel.source(tiles).into()),
        };
        if self.checks {
            return self.device.create_shader_module(descriptor);
        }
        // SAFETY: the shaders are part of this crate, index inside the buffers that it allocates,
        // and their loops end; the tests execute them with the checks on.
        unsafe {
            self.device.create_shader_module_trusted(
                descriptor,
                wgpu::ShaderRuntimeChecks {
                    bounds_checks: false,
                    force_loop_bounding: false,
                    ..Default::default()
                },
            )
        }
    }

    /// Returns the first error of the device, if there was one.
    fn check(&self, what: &str) -> Result<()> {
        let failure = self.failure.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match &*failure {
            None => Ok(()),
            Some(message) => Err(Error::Device(format!(
                "{}: the device failed ({what}): {message}; try --device cpu, or update the driver",
                self.adapter.name()
            ))),
        }
    }

    /// Blocks until a submission has finished.
    fn wait(&self, submission: wgpu::SubmissionIndex, what: &str) -> Result<()> {
        let poll =
            wgpu::PollType::Wait { submission_index: Some(submission), timeout: Some(PATIENCE) };
        let polled = self.device.poll(poll);
        self.check(what)?;
        polled.map(drop).map_err(|e| {
            Error::Device(format!(
                "{}: no answer within {} s ({what}): {e}; try --device cpu",
                self.adapter.name(),
                PATIENCE.as_secs()
            ))
        })
    }
}

/// Stores the first error of the device where [`Gpu::check`] reads it.
fn watch(device: &wgpu::Device) -> Arc<Mutex<Option<String>>> {
    let failure = Arc::new(Mutex::new(None));
    let note = |failure: &Arc<Mutex<Option<String>>>, message: String| {
        let mut first = failure.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        first.get_or_insert(message);
    };
    let errors = failure.clone();
    device
        .on_uncaptured_error(Arc::new(move |error: wgpu::Error| note(&errors, error.to_string())));
    let losses = failure.clone();
    device.set_device_lost_callback(move |reason, message| {
        note(&losses, format!("lost, {reason:?}: {message}"));
    });
    failure
}

fn entry(binding: u32, ty: wgpu::BufferBindingType, dynamic: bool) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: dynamic, min_binding_size: None },
        count: None,
    }
}
