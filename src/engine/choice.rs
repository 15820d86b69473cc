//! How devices are requested, and which adapters that names.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use crate::engine::gpu::adapters::{Adapter, adapters};
use crate::error::{Error, Result};

/// A requested device, or several.
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
    /// All hardware GPUs, or all software rasterizers if there is none.
    AllGpus,
    /// All hardware GPUs and the CPU.
    All,
}

impl FromStr for Choice {
    type Err = Infallible;
    fn from_str(name: &str) -> std::result::Result<Self, Self::Err> {
        Ok(match (name, name.strip_prefix("gpu:")) {
            ("auto", _) => Choice::Auto,
            ("gpu", _) => Choice::Gpu,
            ("cpu", _) => Choice::Cpu,
            ("all", _) => Choice::All,
            ("gpu:all", _) => Choice::AllGpus,
            (_, Some(number)) if is_number(number) => {
                Choice::Numbered(number.parse().unwrap_or(usize::MAX))
            }
            (name, part) => Choice::Named(part.unwrap_or(name).into()),
        })
    }
}

/// As it is parsed.
impl fmt::Display for Choice {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Choice::Auto => to.write_str("auto"),
            Choice::Gpu => to.write_str("gpu"),
            Choice::Cpu => to.write_str("cpu"),
            Choice::Numbered(number) => write!(to, "gpu:{number}"),
            Choice::Named(name) => write!(to, "gpu:{name}"),
            Choice::AllGpus => to.write_str("gpu:all"),
            Choice::All => to.write_str("all"),
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Choice {
    /// The adapters, and none for the CPU.
    ///
    /// # Errors
    /// [`Error::Device`] if there is no such adapter.
    pub(crate) fn adapters(&self) -> Result<Vec<Option<Adapter>>> {
        let first = |adapter: Option<Adapter>| Ok(vec![Some(adapter.ok_or_else(no_adapter)?)]);
        match self {
            Choice::Cpu => Ok(vec![None]),
            Choice::Auto => Ok(vec![hardware().into_iter().next()]),
            Choice::Gpu => first(adapters().into_iter().next()),
            Choice::Numbered(number) => Ok(vec![Some(numbered(*number)?)]),
            Choice::Named(name) => Ok(vec![Some(named(name)?)]),
            // a software rasterizer would only take cores from the CPU
            Choice::All => Ok(hardware().into_iter().map(Some).chain([None]).collect()),
            Choice::AllGpus => match (hardware(), adapters()) {
                (hardware, _) if !hardware.is_empty() => {
                    Ok(hardware.into_iter().map(Some).collect())
                }
                (_, software) if !software.is_empty() => {
                    Ok(software.into_iter().map(Some).collect())
                }
                _ => Err(no_adapter()),
            },
        }
    }
}

/// The hardware GPUs, each through one backend.
fn hardware() -> Vec<Adapter> {
    let mut all = adapters();
    all.retain(|adapter| !adapter.is_software());
    let backend = all.first().map(Adapter::backend);
    all.retain(|adapter| Some(adapter.backend()) == backend);
    all
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
