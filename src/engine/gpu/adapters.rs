//! The adapters of this machine and their properties.

use crate::engine::layout::LANES;
use crate::engine::tile::{HARDWARE, Lanes, SOFTWARE, SOFTWARE_32, TileSet, Vec4Storage};

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

    /// Whether it supports the features of a tile set.
    pub fn has(&self, set: &TileSet) -> bool {
        let features = self.raw.features();
        let subgroups = [self.info.subgroup_min_size, self.info.subgroup_max_size];
        let shuffles = features.contains(wgpu::Features::SUBGROUP)
            && subgroups.iter().all(|lanes| *lanes as usize == LANES);
        (set.vec4s == Vec4Storage::Plain || features.contains(wgpu::Features::SHADER_INT64))
            && (set.lanes == Lanes::Plain || shuffles)
    }

    /// The default tile set for it.
    pub fn tiles(&self) -> TileSet {
        match self.is_software() {
            true if self.has(&SOFTWARE) => SOFTWARE,
            true => SOFTWARE_32,
            false => HARDWARE,
        }
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
