//! A small study in a folder of its own, and what the command line prints about it.

use std::path::PathBuf;
use std::process::{self, Stdio};
use std::time::Duration;

use assert_cmd::Command;
use tempfile::TempDir;

/// A folder with a small study: 80 simulations to pre-train on, 60 to fine-tune on.
pub struct Study {
    pub folder: TempDir,
}

pub const STUDY: &str = r#"
name = "small"
seeds = 2
sizes = [10, 20]
test = 15
[data.pretrain]
x = "base_x.csv"
y = "base_y.csv"
[data.finetune]
x = "new_x.csv"
y = "new_y.csv"
[network]
hidden = [8]
[training]
epochs = 6
batch = 8
"#;

impl Study {
    pub fn new() -> Self {
        let study = Self { folder: tempfile::tempdir().unwrap() };
        study.write("base_x.csv", &inputs(80));
        study.write("base_y.csv", &targets(80, "a,b", 2));
        study.write("new_x.csv", &inputs(60));
        study.write("new_y.csv", &targets(60, "a,b,c", 3));
        study.write("study.toml", STUDY);
        study
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub fn toml(&self, from: &str, to: &str) {
        assert!(STUDY.contains(from));
        self.write("study.toml", &STUDY.replace(from, to));
    }

    /// `shoal study study.toml -o out` on the CPU.
    pub fn run(&self) -> Ran {
        self.shoal(&["study", "study.toml", "-o", "out", "--device", "cpu"])
    }

    pub fn shoal(&self, arguments: &[&str]) -> Ran {
        ran(shoal().args(arguments).current_dir(self.folder.path()))
    }
}

pub fn shoal() -> Command {
    Command::new(env!("CARGO_BIN_EXE_shoal"))
}

pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

pub fn ran(command: &mut Command) -> Ran {
    let output = command.timeout(Duration::from_secs(120)).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let code = output.status.code().expect("an exit code, not a signal");
    Ran { code, out: text(output.stdout), err: text(output.stderr) }
}

impl Ran {
    pub fn code_is(&self, code: i32) {
        assert_eq!(self.code, code, "{}", self.err);
    }

    /// Asserts that it failed with this code and one error that has all these words.
    pub fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{}", self.err);
        assert_eq!(self.err.matches("error: ").count(), 1, "{}", self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        for word in words {
            assert!(self.err.contains(word), "'{word}' is missing in: {}", self.err);
        }
    }
}

pub fn number(row: usize, column: usize) -> f64 {
    1.5 + ((row * 7 + column * 13 + row * row * column) as f64 * 0.618).sin()
}

pub fn inputs(rows: usize) -> String {
    let row =
        |row: usize| (0..5).map(|k| format!("{:.6}", number(row, k))).collect::<Vec<_>>().join(",");
    (0..rows).map(|r| row(r) + "\n").collect()
}

pub fn targets(rows: usize, header: &str, columns: usize) -> String {
    let cell = |row: usize, j: usize| format!("{:.6}", (number(row, j) + number(row, j + 1)) / 6.0);
    let row = |row: usize| (0..columns).map(|j| cell(row, j)).collect::<Vec<_>>().join(",");
    let ranged = (0..rows).map(|r| row(r) + "\n").collect::<String>();
    format!("{header}\n{ranged}")
}

/// Targets whose names are not known parameters are scaled by their extent unless a range is
/// stated.
pub const RANGES: &str = "target_ranges = { a = [0.0, 1.0], b = [0.0, 1.0] }";

pub fn ranged(study: &Study, text: &str) {
    let with = text
        .replace("y = \"base_y.csv\"", &format!("y = \"base_y.csv\"\n{RANGES}"))
        .replace("y = \"new_y.csv\"", &format!("y = \"new_y.csv\"\n{RANGES}"));
    study.write("study.toml", &with);
}

/// The Python with these packages: `SHOAL_PYTHON`, or python3.
pub fn python(packages: &str) -> Option<String> {
    let python = std::env::var("SHOAL_PYTHON").unwrap_or("python3".into());
    let import = format!("import {packages}");
    let found = process::Command::new(&python).args(["-c", &import]).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    eprintln!(
        "SKIPPED: {python} cannot import {packages}; install them with pip, or name a Python that \
         has them in SHOAL_PYTHON"
    );
    None
}
