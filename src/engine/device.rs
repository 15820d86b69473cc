//! The two backends, and how one is chosen.

use crate::engine::cpu::backend as cpu;
use crate::engine::gpu;

use serde::{Deserialize, Serialize};

use crate::engine::cpu::vectors;
use crate::engine::graph::Graph;
use crate::engine::precision::Precision;
use crate::engine::run::Training;
use crate::engine::tile::TileSet;
use crate::error::{Error, Result};
use crate::input_error;
use gpu::{Adapter, Gpu, Options, adapters};

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
}

impl Description {
    /// Whether two devices are promised to give the same bits: the number of threads makes no
    /// difference.
    pub fn has_same_bits(&self, other: &Self) -> bool {
        *self == Self { threads: self.threads, class: self.class.clone(), ..other.clone() }
    }
}

/// The requested device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A hardware GPU if there is one, otherwise the CPU.
    Auto,
    /// The best adapter, including software rasterizers.
    Gpu,
    /// The CPU.
    Cpu,
    /// The first adapter whose name contains this.
    Named(String),
}

impl std::str::FromStr for Choice {
    type Err = std::convert::Infallible;
    fn from_str(name: &str) -> std::result::Result<Self, Self::Err> {
        Ok(match name {
            "auto" => Choice::Auto,
            "gpu" => Choice::Gpu,
            "cpu" => Choice::Cpu,
            name => Choice::Named(name.into()),
        })
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
    /// [`Error::Device`] if the GPU cannot be opened.
    pub fn auto() -> Result<Self> {
        Self::open(&Choice::Auto, None)
    }

    /// Opens the requested device; `tiles` overrides the tile set of an adapter.
    ///
    /// # Errors
    /// [`Error::Device`] if there is no such adapter or it cannot be opened, [`Error::Input`] for
    /// tiles that it does not support.
    pub fn open(choice: &Choice, tiles: Option<TileSet>) -> Result<Self> {
        let adapter = match choice {
            Choice::Cpu => None,
            Choice::Auto => adapters().into_iter().find(|adapter| !adapter.is_software()),
            Choice::Gpu => Some(adapters().into_iter().next().ok_or_else(no_adapter)?),
            Choice::Named(name) => Some(named(name)?),
        };
        match (adapter, tiles) {
            (Some(adapter), tiles) => {
                let options = Options { tiles, ..Options::default() };
                Ok(Device::Gpu(Box::new(Gpu::open(adapter, options)?)))
            }
            (None, None) => Ok(Device::Cpu(cpu::Cpu::default())),
            (None, Some(set)) => Err(input_error!(
                "--tiles {}: the CPU trains without tiles; choose an adapter with --device gpu, or leave --tiles out",
                set.name
            )),
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
                backend: Some(gpu.adapter().backend().into()),
                driver: Some(gpu.adapter().driver().into()),
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

    /// Whether runs with this graph and training use the fused update on it, so that their gradients are not
    /// stored.
    pub fn fuses_update(&self, graph: &Graph, training: &Training) -> bool {
        match self {
            Device::Gpu(gpu) => gpu.tiles().fuses_update(graph, training),
            Device::Cpu(_) => graph.fuses_update() && training.updates_are_independent(),
        }
    }

    /// Checks that its buffers can hold a network trained in batches of this size and precision.
    ///
    /// # Errors
    /// [`Error::Input`] with the required and the available bytes.
    pub fn check(&self, graph: &Graph, batch: usize, precision: Precision) -> Result<()> {
        match self {
            Device::Gpu(gpu) => {
                let footprint = gpu::Footprint::new(graph, batch, precision);
                footprint.check(gpu.binding_limit(), gpu.adapter().name())
            }
            Device::Cpu(_) => Ok(()),
        }
    }
}

fn no_adapter() -> Error {
    Error::Device(
        "no GPU and no software rasterizer: Vulkan, Metal and DX12 were tried. Install the driver of your GPU, or on Debian \
         and Ubuntu a software one: apt-get install mesa-vulkan-drivers libvulkan1. Or use --device cpu, which always works"
            .into(),
    )
}

fn named(name: &str) -> Result<Adapter> {
    let all = adapters();
    if all.is_empty() {
        return Err(no_adapter());
    }
    let wanted = name.to_lowercase();
    let known: Vec<String> = all.iter().map(|adapter| format!("'{}'", adapter.name())).collect();
    let found = all.into_iter().find(|adapter| adapter.name().to_lowercase().contains(&wanted));
    found.ok_or_else(|| {
        Error::Device(format!(
            "no adapter is named '{name}'; there are {}. --device takes a part of a name, gpu, cpu or auto",
            known.join(", ")
        ))
    })
}
