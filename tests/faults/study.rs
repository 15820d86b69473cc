//! The studies, their processes, and the comparison of their files.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::clock;
use crate::faults::Fault;

/// 30 pre-trainings and 240 fine-tunings.
pub const PLAIN: [&str; 2] = [
    "a plain study",
    "name = 'plain'\nseeds = 30\nsizes = [10, 20]\ntest = 15\n\
     [training]\nepochs = 60\npatience = 60\nbatch = 8\n[network]\nhidden = [12]\n",
];
/// Seven searches with twelve trials each.
pub const SEARCH: [&str; 2] = [
    "a search",
    "name = 'search'\nsizes = [10, 20]\ntest = 15\n[training]\nepochs = 200\npatience = 40\nbatch \
     = 8\n[network]\nhidden = [12]\n[search]\ntrials = 12\nstartup = 4\ngeneration = \
     4\n[search.space]\nunits = { low = 4, high = 12 }\n[search.pruning]\nfirst = 2\nfactor = \
     2\n[strategies.scratch]\n[strategies.dummy-node]\n[strategies.attach-head]\n",
];
const DATA: &str = "[data.pretrain]\nx = 'base_x.csv'\ny = 'base_y.csv'\n\
                    target_ranges = { a = [0.0, 1.0], b = [0.0, 1.0] }\n\
                    [data.finetune]\nx = 'new_x.csv'\ny = 'new_y.csv'\n\
                    target_ranges = { a = [0.0, 1.0], b = [0.0, 1.0] }\n";

/// Files that differ from run to run: measured times, dates, the device, the process.
const EXCLUDED: [&str; 4] = ["study.json", "journal.log", "journal.log.owner", "report.html"];

/// The user of the processes where this one is root, whom limits do not bind.
const NOBODY: u32 = 65531;

/// A study in a folder of its own.
pub struct Study {
    pub name: &'static str,
    /// How long it takes undisturbed.
    pub seconds: f64,
    /// Its files by name.
    pub reference: BTreeMap<PathBuf, Vec<u8>>,
    work: TempDir,
    clock: Option<PathBuf>,
    has_own_disk: bool,
}

/// How a disturbed study ended.
pub struct Ended {
    /// Whether it was still running at the moment.
    pub was_running: bool,
    /// What differs from the undisturbed one.
    pub difference: Option<String>,
}

/// A process of shoal.
pub struct Process {
    child: Child,
    pub has_own_disk: bool,
}

impl Process {
    fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends a signal; the process may have ended, but nobody has waited for it.
    pub fn signal(&self, number: i32) {
        // SAFETY: a signal to a child of this process.
        unsafe { libc::kill(self.child.id() as i32, number) };
    }

    /// Sets a limit, named as an option of `prlimit`, as the user of the process: not every root
    /// may do it for another one.
    pub fn limit(&self, resource: &str, limit: u64) {
        let mut command = Command::new("prlimit");
        command.args(["--pid", &self.child.id().to_string()]);
        command.arg(format!("--{resource}={limit}:1024")).stderr(Stdio::null());
        // a process that has ended has no limits
        let _ = as_user(&mut command).status();
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.wait_at_most(Duration::from_secs(120))
    }

    pub fn wait_at_most(&mut self, most: Duration) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < most, "the process does not end within {most:?}");
            sleep(Duration::from_millis(2));
        }
    }
}

fn is_root() -> bool {
    // SAFETY: it only reads.
    unsafe { libc::geteuid() == 0 }
}

/// A command that limits bind.
fn as_user(command: &mut Command) -> &mut Command {
    match is_root() {
        true => command.uid(NOBODY).gid(NOBODY),
        false => command,
    }
}

impl Study {
    /// Writes the study, and runs it undisturbed.
    pub fn new([name, text]: [&'static str; 2]) -> Self {
        let work = tempfile::tempdir().unwrap();
        let path = work.path();
        fs::set_permissions(path, PermissionsExt::from_mode(0o777)).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_shoal"), path.join("shoal")).unwrap();
        fs::write(path.join("study.toml"), format!("{text}{DATA}")).unwrap();
        for (file, rows, columns) in [("base_y", 80, 2), ("new_y", 60, 3)] {
            fs::write(path.join(format!("{file}.csv")), targets(rows, columns)).unwrap();
            let inputs = file.replace("_y", "_x.csv");
            fs::write(path.join(inputs), table(rows, 5, number)).unwrap();
        }
        fs::create_dir(path.join("disk")).unwrap();
        let mount = ["-t", "tmpfs", "-o", "size=24m,mode=777", "faults"];
        let mounted = Command::new("mount").args(mount).arg(path.join("disk")).status();
        let has_own_disk = is_root() && mounted.is_ok_and(|status| status.success());
        fs::set_permissions(path.join("disk"), PermissionsExt::from_mode(0o777)).unwrap();
        let clock = clock::library(path);
        let mut study =
            Self { name, seconds: 0.0, reference: BTreeMap::new(), work, clock, has_own_disk };
        // the fastest of three, so that most moments are within a study on a busy machine too
        let times = (0..3).map(|_| {
            let _ = fs::remove_dir_all(study.folder());
            let begin = Instant::now();
            let mut process = study.start(&study.folder(), None);
            assert!(process.wait().success(), "the undisturbed study failed");
            begin.elapsed().as_secs_f64()
        });
        study.seconds = times.fold(f64::INFINITY, f64::min);
        study.reference = files(&study.folder());
        study
    }

    fn folder(&self) -> PathBuf {
        self.work.path().join("disk/out")
    }

    /// Starts the study in a folder; with a step of its clock after so many seconds.
    fn start(&self, folder: &Path, step: Option<(f64, i64)>) -> Process {
        let mut command = Command::new(self.work.path().join("shoal"));
        command.args(["study", "study.toml", "--device", "cpu", "-o"]).arg(folder);
        command.current_dir(self.work.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(fs::File::create(self.work.path().join("log")).unwrap());
        if let (Some((at, by)), Some(library)) = (step, &self.clock) {
            command.env("LD_PRELOAD", library);
            command.env(clock::STEP, format!("{:.0}:{by}", 1e3 * at));
        }
        Process { child: as_user(&mut command).spawn().unwrap(), has_own_disk: self.has_own_disk }
    }

    /// Disturbs a new study after so many seconds, and gives the same command again.
    pub fn disturbed(&self, fault: &Fault, at: f64, draws: [f64; 2]) -> Ended {
        for folder in ["disk/out", "disk/moved"] {
            let _ = fs::remove_dir_all(self.work.path().join(folder));
        }
        let folder = self.folder();
        // up to a year, back or forth
        let by = ((draws[1] - 0.5) * 2.0 * 31_557_600.0) as i64;
        let mut process = self.start(&folder, fault.steps_clock.then_some((at, by)));
        sleep(Duration::from_secs_f64(at));
        let was_running = process.is_running();
        let folder = (fault.act)(&mut process, &folder, draws).unwrap_or(folder);
        let status = self.start(&folder, None).wait();
        let difference = match status.success() {
            true => self.difference(&files(&folder)),
            false => {
                let log = fs::read_to_string(self.work.path().join("log")).unwrap();
                Some(format!("{status}: {}", log.lines().last().unwrap_or("")))
            }
        };
        Ended { was_running, difference }
    }

    /// The first file that differs.
    fn difference(&self, found: &BTreeMap<PathBuf, Vec<u8>>) -> Option<String> {
        let names = self.reference.keys().chain(found.keys());
        let mut differ = names.filter(|name| self.reference.get(*name) != found.get(*name));
        differ.next().map(|name| match (self.reference.get(name), found.get(name)) {
            (Some(_), Some(_)) => format!("{} differs", name.display()),
            (Some(_), None) => format!("{} is missing", name.display()),
            _ => format!("{} is left", name.display()),
        })
    }
}

impl Drop for Study {
    fn drop(&mut self) {
        if self.has_own_disk {
            let _ = Command::new("umount").arg(self.work.path().join("disk")).status();
        }
    }
}

/// All files of a folder but the excluded ones.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if !EXCLUDED.iter().any(|excluded| name == Path::new(excluded)) {
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

fn number(row: usize, column: usize) -> f64 {
    1.5 + ((row * 7 + column * 13 + row * row * column) as f64 * 0.618).sin()
}

fn table(rows: usize, columns: usize, value: impl Fn(usize, usize) -> f64) -> String {
    let row = |row: usize| {
        let cells = (0..columns).map(|column| format!("{:.6}", value(row, column)));
        cells.collect::<Vec<_>>().join(",") + "\n"
    };
    (0..rows).map(row).collect()
}

fn targets(rows: usize, columns: usize) -> String {
    let names = &["a", "b", "c"][..columns];
    let value = |row, column| (number(row, column) + number(row, column + 1)) / 6.0;
    names.join(",") + "\n" + &table(rows, columns, value)
}
