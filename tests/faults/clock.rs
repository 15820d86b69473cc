//! A clock that steps: a library for `LD_PRELOAD` that adds a number of seconds to the time of day
//! from a moment on. The clock that only runs forward (`CLOCK_MONOTONIC`) cannot be set on a real
//! machine, and is not here either.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Milliseconds of the process after which the clock steps, and the step in seconds.
pub const STEP: &str = "FAULTS_CLOCK_STEP";

const SOURCE: &str = r#"
use std::ffi::{c_char, c_int, c_long};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
    fn getenv(name: *const c_char) -> *const c_char;
}
#[repr(C)]
pub struct Time { seconds: i64, nanoseconds: i64 }
static BEGIN: AtomicI64 = AtomicI64::new(0);
fn read(clock: c_int, time: *mut Time) -> c_int {
    unsafe { syscall(if cfg!(target_arch = "x86_64") { 228 } else { 113 }, clock, time) as c_int }
}
#[no_mangle]
pub unsafe extern "C" fn clock_gettime(clock: c_int, time: *mut Time) -> c_int {
    let result = read(clock, time);
    if clock != 0 || result != 0 { return result }
    let mut now = Time { seconds: 0, nanoseconds: 0 };
    read(1, &mut now);
    let now = now.seconds * 1000 + now.nanoseconds / 1_000_000;
    let begin = BEGIN.compare_exchange(0, now, Relaxed, Relaxed).map_or_else(|old| old, |_| now);
    let step = getenv(b"FAULTS_CLOCK_STEP\0".as_ptr().cast());
    if !step.is_null() {
        let text = std::ffi::CStr::from_ptr(step).to_str().unwrap_or("");
        if let Some((at, by)) = text.split_once(':') {
            if now - begin >= at.parse().unwrap_or(0) { (*time).seconds += by.parse().unwrap_or(0) }
        }
    }
    0
}
"#;

/// Builds the library in a folder, if there is a compiler.
pub fn library(folder: &Path) -> Option<PathBuf> {
    let (source, library) = (folder.join("clock_step.rs"), folder.join("libclock_step.so"));
    std::fs::write(&source, SOURCE).unwrap();
    let built = Command::new("rustc")
        .args(["--edition", "2021", "-O", "--crate-type", "cdylib", "-o"])
        .args([&library, &source])
        .status();
    built.is_ok_and(|status| status.success()).then_some(library)
}
