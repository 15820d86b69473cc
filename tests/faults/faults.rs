//! What is done to a study.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use crate::study::Process;

/// Something that happens to a process that writes a folder.
pub struct Fault {
    /// Its name in the table.
    pub name: &'static str,
    /// Does it, with two numbers of [0, 1), waits until the process has ended, and takes away what
    /// would disturb the next one. Returns the folder if it is another one now.
    pub act: fn(&mut Process, &Path, [f64; 2]) -> Option<PathBuf>,
    /// The process gets a clock that steps.
    pub steps_clock: bool,
}

const fn fault(
    name: &'static str,
    act: fn(&mut Process, &Path, [f64; 2]) -> Option<PathBuf>,
) -> Fault {
    Fault { name, act, steps_clock: false }
}

/// All of them.
pub const FAULTS: [Fault; 10] = [
    fault("kill -9", killed),
    fault("SIGTERM, at most 30 s of grace", terminated),
    fault("Ctrl-C, in half of them twice", interrupted),
    fault("SIGSTOP, later SIGCONT", stopped),
    fault("full disk", full_disk),
    fault("no file handles, in half of them for a second", no_handles),
    fault("no threads", no_threads),
    fault("read-only folder", read_only),
    Fault { steps_clock: true, ..fault("clock steps, dates of files in 1970", clock_steps) },
    fault("folder moved", moved),
];

fn killed(process: &mut Process, _: &Path, _: [f64; 2]) -> Option<PathBuf> {
    process.signal(libc::SIGKILL);
    process.wait();
    None
}

fn terminated(process: &mut Process, _: &Path, _: [f64; 2]) -> Option<PathBuf> {
    process.signal(libc::SIGTERM);
    process.wait_at_most(Duration::from_secs(30));
    None
}

fn interrupted(process: &mut Process, _: &Path, [twice, _]: [f64; 2]) -> Option<PathBuf> {
    process.signal(libc::SIGINT);
    if twice < 0.5 {
        sleep(Duration::from_millis(120));
        process.signal(libc::SIGINT);
    }
    process.wait_at_most(Duration::from_secs(30));
    None
}

fn stopped(process: &mut Process, _: &Path, [long, _]: [f64; 2]) -> Option<PathBuf> {
    process.signal(libc::SIGSTOP);
    sleep(Duration::from_secs_f64(long));
    process.signal(libc::SIGCONT);
    process.wait();
    None
}

/// Root has a small disk of its own, which a file fills; else no file may become longer.
fn full_disk(process: &mut Process, folder: &Path, _: [f64; 2]) -> Option<PathBuf> {
    if !process.has_own_disk {
        process.limit("fsize", 1);
        process.wait();
        return None;
    }
    let ballast = folder.with_file_name("ballast");
    let mut file = fs::File::create(&ballast).unwrap();
    for size in [1 << 20, 4096, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    process.wait();
    fs::remove_file(ballast).unwrap();
    None
}

fn no_handles(process: &mut Process, _: &Path, [short, _]: [f64; 2]) -> Option<PathBuf> {
    process.limit("nofile", 1);
    if short < 0.5 {
        sleep(Duration::from_secs(1));
        process.limit("nofile", 1024);
    }
    process.wait();
    None
}

fn no_threads(process: &mut Process, _: &Path, _: [f64; 2]) -> Option<PathBuf> {
    process.limit("nproc", 1);
    process.wait();
    None
}

fn read_only(process: &mut Process, folder: &Path, _: [f64; 2]) -> Option<PathBuf> {
    let set = |mode: u32| {
        for folder in [folder.join("models"), folder.to_owned()] {
            // it may not be there yet
            let _ = fs::set_permissions(folder, PermissionsExt::from_mode(mode));
        }
    };
    set(0o555);
    process.wait();
    set(0o755);
    None
}

/// The clock steps by itself at the moment; half of the processes are killed a little later, so
/// that the next one finds dates of the future or the past.
fn clock_steps(process: &mut Process, folder: &Path, [kill, later]: [f64; 2]) -> Option<PathBuf> {
    if kill < 0.5 {
        sleep(Duration::from_secs_f64(0.3 * later));
        process.signal(libc::SIGKILL);
    }
    process.wait();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let file = fs::File::open(entry.path()).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }
    None
}

fn moved(process: &mut Process, folder: &Path, _: [f64; 2]) -> Option<PathBuf> {
    let new = folder.with_file_name("moved");
    let has_moved = fs::rename(folder, &new).is_ok();
    process.wait();
    has_moved.then_some(new)
}
