//! The two backends, and how one is chosen.

use crate::engine::cpu::backend as cpu;
use crate::engine::gpu;

use serde::{Deserialize, Serialize};

use crate::engine::cpu::vectors;
use crate::engine::graph::Graph;
use crate::engine::memory;
use crate::engine::run::Training;
use crate::engine::shape::BatchRows;
use crate::engine::tile::TileSet;
use crate::error::{Error, Result};
use crate::host::check_memory;
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
    /// The adapter of this number in [`adapters`].
    Numbered(usize),
    /// The adapter whose name contains this.
    Named(String),
}

impl std::str::FromStr for Choice {
    type Err = std::convert::Infallible;
    fn from_str(name: &str) -> std::result::Result<Self, Self::Err> {
        Ok(match (name, name.strip_prefix("gpu:")) {
            ("auto", _) => Choice::Auto,
            ("gpu", _) => Choice::Gpu,
            ("cpu", _) => Choice::Cpu,
            (_, Some(number)) if is_number(number) => {
                Choice::Numbered(number.parse().unwrap_or(usize::MAX))
            }
            (name, part) => Choice::Named(part.unwrap_or(name).into()),
        })
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
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
            Choice::Numbered(number) => Some(numbered(*number)?),
            Choice::Named(name) => Some(named(name)?),
        };
        match (adapter, tiles) {
            (Some(adapter), tiles) => {
                let options = Options { tiles, ..Options::default() };
                Ok(Device::Gpu(Box::new(Gpu::open(adapter, options)?)))
            }
            (None, None) => Ok(Device::Cpu(cpu::Cpu::default())),
            (None, Some(set)) => Err(input_error!(
                "--tiles {}: the CPU trains without tiles; choose an adapter with --device gpu, \
                 or leave --tiles out",
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
    /// [`Error::Input`] with the required and the available bytes.
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

fn no_adapter() -> Error {
    Error::Device(
        "no GPU and no software rasterizer: Vulkan, Metal and DX12 were tried. Install the driver \
         of your GPU, or on Debian and Ubuntu a software one: apt-get install mesa-vulkan-drivers \
         libvulkan1. Or use --device cpu, which always works"
            .into(),
    )
}

/// The adapters as `--device` takes them: `gpu:0 'NAME'`, and so on.
fn listed(all: &[Adapter]) -> String {
    let one = |(number, adapter): (usize, &Adapter)| format!("gpu:{number} '{}'", adapter.name());
    all.iter().enumerate().map(one).collect::<Vec<_>>().join(", ")
}

fn numbered(number: usize) -> Result<Adapter> {
    let all = adapters();
    match all.get(number) {
        Some(adapter) => Ok(adapter.clone()),
        None if all.is_empty() => Err(no_adapter()),
        None => Err(Error::Device(format!("there is no gpu:{number}; {}", known(&all)))),
    }
}

fn known(all: &[Adapter]) -> String {
    format!("there are {}. --device takes one of them, gpu:NAME, gpu, cpu or auto", listed(all))
}

fn named(name: &str) -> Result<Adapter> {
    let all = adapters();
    if all.is_empty() {
        return Err(no_adapter());
    }
    let names: Vec<&str> = all.iter().map(Adapter::name).collect();
    let backends: Vec<String> = all.iter().map(Adapter::backend).collect();
    match place(name, &names, &backends) {
        Ok(place) => Ok(all[place].clone()),
        Err(what) => Err(Error::Device(format!("--device '{name}' {what}; {}", known(&all)))),
    }
}

/// The place of the adapter of a name: in full, or a part that only one name has. Of one adapter
/// with several backends it is the first.
fn place(name: &str, names: &[&str], backends: &[String]) -> std::result::Result<usize, String> {
    let wanted = name.trim().to_lowercase();
    if wanted.is_empty() {
        return Err("names no device".into());
    }
    if is_number(&wanted) {
        return Err(format!("is no name; a number is written gpu:{wanted}"));
    }
    // less may be in a name by chance
    let letters = wanted.chars().filter(|letter| letter.is_alphabetic()).count();
    if letters == 0 || wanted.chars().count() < 3 {
        return Err("is too short; give at least three characters of a name".into());
    }
    let matching = |matches: &dyn Fn(&str) -> bool| -> Vec<usize> {
        (0..names.len()).filter(|place| matches(&names[*place].to_lowercase())).collect()
    };
    let mut found = matching(&|other| other == wanted);
    if found.is_empty() {
        found = matching(&|other| other.contains(&wanted));
    }
    let same = |other: &usize| {
        let first = found[0];
        *other == first || names[*other] == names[first] && backends[*other] != backends[first]
    };
    match found.first() {
        None => Err("is the name of no adapter".into()),
        Some(first) if found.iter().all(same) => Ok(*first),
        Some(_) => Err(format!("is a part of the names of {} adapters", found.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_by_number_or_by_a_part_that_only_one_name_has() {
        let choice = |text: &str| text.parse::<Choice>().unwrap();
        assert_eq!(choice("gpu:1"), Choice::Numbered(1));
        assert_eq!(choice("gpu:99999999999999999999"), Choice::Numbered(usize::MAX));
        assert_eq!(choice("gpu:llvm"), Choice::Named("llvm".into()));
        assert_eq!([choice("gpu"), choice("cpu")], [Choice::Gpu, Choice::Cpu]);
        let names =
            ["Radeon 780M", "Radeon 780M", "RTX 4090", "RTX 4090", "RTX 4090 D", "llvmpipe"];
        let backends = ["Vulkan", "DX12", "Vulkan", "Vulkan", "Vulkan", "Vulkan"].map(String::from);
        let place = |name: &str| place(name, &names, &backends);
        assert_eq!(place("radeon"), Ok(0), "one adapter with two backends");
        assert_eq!(place("LLVM"), Ok(5));
        assert_eq!(place("RTX 4090 D"), Ok(4));
        for (name, words) in [
            ("", "names no device"),
            (" ", "names no device"),
            ("0", "a number is written gpu:0"),
            ("4090", "a number is written gpu:4090"),
            ("rtx", "a part of the names of 3 adapters"),
            ("RTX 4090", "a part of the names of 2 adapters"),
            ("l", "too short"),
            ("15.0", "too short"),
            ("metal", "the name of no adapter"),
        ] {
            let error = place(name).unwrap_err();
            assert!(error.contains(words), "'{name}': {error}");
        }
    }
}
