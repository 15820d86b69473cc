//! The two backends.

use crate::engine::choice::Choice;
use crate::engine::cpu::backend as cpu;
use crate::engine::gpu;

use serde::{Deserialize, Serialize};

use crate::engine::cpu::vectors;
use crate::engine::graph::Graph;
use crate::engine::memory;
use crate::engine::run::Training;
use crate::engine::shape::BatchRows;
use crate::engine::tile::TileSet;
use crate::error::Result;
use crate::host::check_memory;
use crate::input_error;
use gpu::{Adapter, Gpu, Options};

/// The backend that executes the kernels.
pub enum Device {
    /// Executes one step across all runs.
    Gpu(Box<Gpu>),
    /// Executes one run across all steps, on each core.
    Cpu(cpu::Cpu),
}

/// A device in result files; what does not apply to its backend is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Description {
    /// The backend: `cpu` or `gpu`.
    pub kind: String,
    /// The name of the adapter, or the architecture of the CPU.
    pub name: String,
    /// Of a GPU: integrated, discrete or software.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The API through which wgpu reaches a GPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    /// The driver of a GPU with its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// The set of kernel tiles on a GPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tiles: Option<String>,
    /// Whether a CPU rounds a multiply-add once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounds_once: Option<bool>,
    /// Threads on a CPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// Each of several devices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<Description>,
}

impl Description {
    /// Whether two devices are promised to give the same bits: the number of threads makes no
    /// difference.
    pub fn has_same_bits(&self, other: &Self) -> bool {
        let pairs = || self.devices.iter().zip(&other.devices);
        self.devices.len() == other.devices.len()
            && pairs().all(|(one, other)| one.has_same_bits(other))
            && *self
                == Self {
                    threads: self.threads,
                    class: self.class.clone(),
                    devices: self.devices.clone(),
                    ..other.clone()
                }
    }

    /// Of the devices that train a study.
    pub fn of(devices: &[Device]) -> Self {
        if let [device] = devices {
            return device.describe();
        }
        Self {
            kind: "several".into(),
            name: names(devices).join(", "),
            devices: devices.iter().map(Device::describe).collect(),
            ..Self::default()
        }
    }
}

impl Device {
    /// The CPU, with [`crate::engine::threads::count`] threads or as many as can be started.
    pub fn cpu() -> Self {
        Device::Cpu(cpu::Cpu::default())
    }

    /// Opens a hardware GPU if there is one, otherwise the CPU.
    ///
    /// # Errors
    /// [`crate::Error::Device`] if the GPU cannot be opened.
    pub fn auto() -> Result<Self> {
        Self::open(&Choice::Auto, None)
    }

    /// Opens the first of the requested devices; `tiles` overrides the tile set of an adapter.
    ///
    /// # Errors
    /// As [`Device::open_all`].
    pub fn open(choice: &Choice, tiles: Option<TileSet>) -> Result<Self> {
        Ok(Self::open_all(std::slice::from_ref(choice), tiles)?.remove(0))
    }

    /// Opens the requested devices, at least one; `tiles` overrides the tile set of adapters.
    ///
    /// # Errors
    /// [`crate::Error::Device`] if there is no such adapter or it cannot be opened,
    /// [`crate::Error::Input`] for tiles without an adapter.
    pub fn open_all(choices: &[Choice], tiles: Option<TileSet>) -> Result<Vec<Self>> {
        let mut found = Vec::new();
        for choice in choices {
            found.extend(choice.adapters()?);
        }
        if let (Some(set), true) = (tiles, found.iter().all(Option::is_none)) {
            return Err(input_error!(
                "--tiles {}: the CPU trains without tiles; choose an adapter with --device gpu, \
                 or leave --tiles out",
                set.name
            ));
        }
        let options = Options { tiles, ..Options::default() };
        let open = |adapter: Option<Adapter>| match adapter {
            Some(adapter) => Ok(Device::Gpu(Box::new(Gpu::open(adapter, options)?))),
            None => Ok(Device::Cpu(cpu::Cpu::default())),
        };
        found.into_iter().map(open).collect()
    }

    /// The threads of a CPU.
    pub fn threads(&self) -> Option<usize> {
        match self {
            Device::Gpu(_) => None,
            Device::Cpu(cpu) => Some(cpu.threads),
        }
    }

    /// Its name, for messages.
    pub fn name(&self) -> String {
        match self {
            Device::Gpu(gpu) if gpu.adapter().is_software() => {
                format!("{}, a software rasterizer", gpu.adapter().name())
            }
            Device::Gpu(gpu) => gpu.adapter().name().to_owned(),
            Device::Cpu(cpu) => format!("cpu, {} threads", cpu.threads),
        }
    }

    /// Its description in result files.
    pub fn describe(&self) -> Description {
        match self {
            Device::Gpu(gpu) => Description {
                kind: "gpu".into(),
                name: gpu.adapter().name().into(),
                class: Some(gpu.adapter().class().into()),
                backend: Some(gpu.adapter().backend()),
                driver: Some(gpu.adapter().driver()),
                tiles: Some(gpu.tiles().name.into()),
                ..Description::default()
            },
            Device::Cpu(cpu) => Description {
                kind: "cpu".into(),
                name: std::env::consts::ARCH.into(),
                rounds_once: Some(vectors::rounds_once()),
                threads: Some(cpu.threads),
                ..Description::default()
            },
        }
    }

    /// Whether runs with this graph and training use the fused update on it, so that their
    /// gradients are not stored.
    pub fn fuses_update(&self, graph: &Graph, training: &Training) -> bool {
        match self {
            Device::Gpu(gpu) => gpu.tiles().fuses_update(graph, training),
            Device::Cpu(_) => graph.fuses_update() && training.updates_are_independent(),
        }
    }

    /// Checks that its buffers, or the memory of the machine, can hold a network with this
    /// training in batches of these rows; on the CPU one for each thread.
    ///
    /// # Errors
    /// [`crate::Error::Input`] with the required and the available bytes.
    pub fn check(
        &self,
        graph: &Graph,
        rows: impl Into<BatchRows>,
        training: &Training,
    ) -> Result<()> {
        let rows = rows.into();
        match self {
            Device::Gpu(gpu) => {
                let footprint = gpu::Footprint::of(graph, rows, training);
                footprint.check(gpu.binding_limit(), gpu.adapter().name())
            }
            Device::Cpu(cpu) => {
                let numbers = memory::numbers(graph, rows, training);
                let bytes = size_of::<f32>() as u128 * numbers.iter().sum::<usize>() as u128;
                let what = format!(
                    "a network of {} parameters in batches of {}, on each of {} threads,",
                    graph.parameter_count(),
                    rows.examples,
                    cpu.threads
                );
                check_memory(&what, bytes * cpu.threads as u128, "lower `hidden` or `batch`")
            }
        }
    }
}

/// The names of devices in result files, each another one.
pub fn names(devices: &[Device]) -> Vec<String> {
    let all: Vec<String> = devices.iter().map(|device| device.describe().name).collect();
    let name = |place: usize| match all[..place].iter().filter(|name| **name == all[place]).count()
    {
        0 => all[place].clone(),
        before => format!("{} ({})", all[place], before + 1),
    };
    (0..all.len()).map(name).collect()
}
