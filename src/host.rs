//! The memory of the machine, against which requests are checked before anything is allocated.

use std::sync::OnceLock;

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

use crate::error::Result;
use crate::input_error;

/// Bytes of memory that this process may have: of the machine, of its container, and by its limit
/// of address space (`ulimit -v`).
pub fn memory() -> u64 {
    static MEMORY: OnceLock<u64> = OnceLock::new();
    *MEMORY.get_or_init(|| {
        let ram = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(ram);
        let container = system.cgroup_limits().map(|limits| limits.total_memory);
        let all = [Some(system.total_memory()), container, address_space()];
        // 0: the system does not say
        all.into_iter().flatten().filter(|bytes| *bytes > 0).min().unwrap_or(u64::MAX)
    })
}

#[cfg(unix)]
fn address_space() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::As).current
}

#[cfg(not(unix))]
fn address_space() -> Option<u64> {
    None
}

/// Checks that the machine can hold `bytes` for `what`; `way_out` says what to change.
///
/// # Errors
/// [`crate::Error::Input`] with the bytes that are needed and those that there are.
pub fn check_memory(what: &str, bytes: u128, way_out: &str) -> Result<()> {
    let there = memory();
    match bytes <= u128::from(there) {
        true => Ok(()),
        false => Err(input_error!(
            "{what} takes {} of memory, but there are {}; {way_out}",
            gibibytes(bytes),
            gibibytes(there.into())
        )),
    }
}

fn gibibytes(bytes: u128) -> String {
    let size = bytes as f64 / (1u64 << 30) as f64;
    if size < 1e6 { format!("{size:.1} GiB") } else { format!("{size:.1e} GiB") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_machine_holds_is_refused_with_both_numbers() {
        assert!(memory() > 1 << 20);
        check_memory("a page", 4096, "").unwrap();
        let error = check_memory("the batch", 1 << 80, "lower it").unwrap_err().to_string();
        for part in ["the batch takes 1.1e15 GiB", "but there are", "lower it"] {
            assert!(error.contains(part), "{error}");
        }
    }
}
