//! The adapters of this machine and their properties.

use crate::engine::tile::{HARDWARE, HARDWARE_SPLIT, RESIDENT, TileSet};

/// A GPU, or a software rasterizer, that wgpu found.
#[derive(Clone, Debug)]
pub struct Adapter {
    raw: wgpu::Adapter,
    info: wgpu::AdapterInfo,
}

/// All adapters of the backends that shoal is built with, hardware first. Empty on a machine
/// without a driver.
pub fn adapters() -> Vec<Adapter> {
    let descriptor = wgpu::InstanceDescriptor {
        backends: backends(),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    };
    let instance = wgpu::Instance::new(descriptor);
    let found = pollster::block_on(instance.enumerate_adapters(backends()));
    let mut adapters: Vec<Adapter> =
        found.into_iter().map(|raw| Adapter { info: raw.get_info(), raw }).collect();
    adapters.sort_by_key(Adapter::rank);
    adapters
}

fn backends() -> wgpu::Backends {
    wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12
}

impl Adapter {
    pub(crate) fn raw(&self) -> &wgpu::Adapter {
        &self.raw
    }

    /// The name reported by its driver.
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// Name and version of the driver.
    pub fn driver(&self) -> String {
        format!("{} {}", self.info.driver, self.info.driver_info).trim().to_owned()
    }

    /// The backend: Vulkan, Metal or DX12.
    pub fn backend(&self) -> String {
        self.info.backend.to_string()
    }

    /// The device class: discrete, integrated, virtual, software or other.
    pub fn class(&self) -> &'static str {
        match self.info.device_type {
            wgpu::DeviceType::DiscreteGpu => "discrete",
            wgpu::DeviceType::IntegratedGpu => "integrated",
            wgpu::DeviceType::VirtualGpu => "virtual",
            wgpu::DeviceType::Cpu => "software",
            wgpu::DeviceType::Other => "other",
        }
    }

    /// Whether it is a software rasterizer.
    pub fn is_software(&self) -> bool {
        self.info.device_type == wgpu::DeviceType::Cpu
    }

    /// The default tile set: fused kernels are slow on software rasterizers, and compilers of DX12
    /// may refuse threads that wait for each other in a loop which a value in memory ends.
    pub fn tiles(&self) -> TileSet {
        match self.info.backend {
            _ if self.is_software() => HARDWARE_SPLIT,
            wgpu::Backend::Dx12 => HARDWARE,
            _ => RESIDENT,
        }
    }

    /// A tile set with the sizes for this adapter: workgroups of whole subgroups, and large
    /// products where its class is full earlier.
    pub fn fitted(&self, set: TileSet) -> TileSet {
        let product_threads = set.product_threads.max(self.info.subgroup_min_size);
        let large_from = match (set.large_from, self.class()) {
            (never @ u32::MAX, _) => never,
            (_, "software") => 0,
            (from, "integrated") => from / 8,
            (from, _) => from,
        };
        let fitted = TileSet { product_threads, large_from, ..set };
        if large_from == 0 { fitted.large() } else { fitted }
    }

    /// Largest binding of a storage buffer, in bytes.
    pub fn binding_limit(&self) -> u64 {
        self.raw.limits().max_storage_buffer_binding_size
    }

    /// Largest size of a buffer, in bytes.
    pub fn buffer_limit(&self) -> u64 {
        self.raw.limits().max_buffer_size
    }

    /// Bytes of workgroup memory.
    pub fn workgroup_memory(&self) -> u32 {
        self.raw.limits().max_compute_workgroup_storage_size
    }

    /// Largest number of threads in a workgroup.
    pub fn workgroup_threads(&self) -> u32 {
        self.raw.limits().max_compute_invocations_per_workgroup
    }

    fn rank(&self) -> usize {
        let order = ["discrete", "integrated", "virtual", "other", "software"];
        order.iter().position(|class| *class == self.class()).unwrap_or(order.len())
    }
}
