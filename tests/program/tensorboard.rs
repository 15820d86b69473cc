//! Event files have every number of a study, and TensorBoard reads them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::common::{STUDY, Study, python, ranged};

/// Step and value of every scalar, by its name.
type Scalars = BTreeMap<String, Vec<(u64, f32)>>;

/// The fields of a protocol buffer: number and content.
fn fields(mut bytes: &[u8]) -> Vec<(u64, &[u8])> {
    let varint = |bytes: &mut &[u8]| {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return value;
            }
        }
    };
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let length = match tag & 7 {
            0 => bytes.iter().position(|byte| *byte < 0x80).unwrap() + 1,
            1 => 8,
            2 => varint(&mut bytes) as usize,
            5 => 4,
            other => panic!("no such wire type: {other}"),
        };
        found.push((tag >> 3, &bytes[..length]));
        bytes = &bytes[length..];
    }
    found
}

/// The field of that number.
fn field(bytes: &[u8], number: u64) -> Option<&[u8]> {
    let found = fields(bytes).into_iter().find(|(field, _)| *field == number);
    found.map(|(_, inside)| inside)
}

fn whole(varint: &[u8]) -> u64 {
    let digits = varint.iter().rev();
    digits.fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f))
}

/// The records of a file, checksums verified.
fn records(bytes: &[u8]) -> Vec<&[u8]> {
    let mut rest = bytes;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        let sum = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
        let masked = |bytes: &[u8]| {
            let sum = checksum(bytes);
            sum.rotate_right(15).wrapping_add(0xa282_ead8)
        };
        let event = &rest[12..12 + length];
        assert_eq!(sum(8), masked(&rest[..8]), "the length's checksum");
        assert_eq!(sum(12 + length), masked(event), "the event's checksum");
        found.push(event);
        rest = &rest[16 + length..];
    }
    found
}

/// CRC-32C by its definition: the polynomial 0x1edc6f41, bits reversed.
fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = !0u32;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = sum >> 1 ^ if sum & 1 == 1 { 0x82f6_3b78 } else { 0 };
        }
    }
    !sum
}

/// The one event file of a run.
fn file(folder: &Path) -> PathBuf {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

fn scalars(path: &Path) -> Scalars {
    let bytes = std::fs::read(path).unwrap();
    let events = records(&bytes);
    assert_eq!(field(events[0], 3), Some(&b"brain.Event:2"[..]));
    let mut found = Scalars::new();
    for event in &events[1..] {
        let step = field(event, 2).map_or(0, whole);
        for (_, value) in fields(field(event, 5).unwrap()) {
            let name = String::from_utf8(field(value, 1).unwrap().to_vec()).unwrap();
            if let Some(number) = field(value, 2) {
                let number = f32::from_le_bytes(number.try_into().unwrap());
                found.entry(name).or_default().push((step, number));
            }
        }
    }
    found
}

/// The rows of a table as names and fields.
fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned));
    let header: Vec<String> = lines.next().unwrap().collect();
    lines.map(|line| header.iter().cloned().zip(line).collect()).collect()
}

/// Every epoch of a run has its losses, and its end has the numbers of its row.
fn check(found: &Scalars, row: &BTreeMap<String, String>) {
    let number = |name: &str| row[name].parse::<f64>().unwrap() as f32;
    let epochs: u64 = row["epochs"].parse().unwrap();
    for name in ["loss/training", "loss/validation"] {
        let steps: Vec<u64> = found[name].iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, (1..=epochs).collect::<Vec<_>>(), "{name}: {row:?}");
    }
    let best = found["loss/validation"].iter().map(|(_, loss)| *loss);
    assert!(best.fold(f32::INFINITY, f32::min) <= number("validation_loss"), "{row:?}");
    assert_eq!(found["loss/best_validation"], [(epochs, number("validation_loss"))]);
    for name in ["", "_a", "_b", "_c"] {
        let (tag, column) = (name.replace('_', "/"), format!("test_mse{name}"));
        if row.contains_key(&column) {
            assert_eq!(found[&format!("mse/test{tag}")], [(epochs, number(&column))]);
        }
    }
}

/// A study with its event files: the scalars of each run, by its folder.
fn written(study: &Study, arguments: &[&str], logs: &str) -> BTreeMap<String, Scalars> {
    let command = ["study", "study.toml", "-o", "out", "--device", "cpu"];
    let ran = study.shoal(&[&command[..], arguments].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let folders = std::fs::read_dir(study.path(logs)).unwrap();
    let folders = folders.map(|entry| entry.unwrap().path());
    let named = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, scalars(&file(&path)))
    };
    folders.map(named).collect()
}

#[test]
fn event_files_have_every_epoch_and_every_error() {
    let study = Study::new();
    ranged(&study, STUDY);
    let found = written(&study, &["--tensorboard"], "out/tensorboard");
    assert_eq!(found.len(), 2 + 16);
    for row in rows(&study.read("out/runs.csv")) {
        let name = format!("{}-{}-{}", row["strategy"], row["simulations"], row["seed"]);
        check(&found[&name], &row);
    }
    assert_eq!(found["pretraining-2"]["loss/training"].len(), 6);
    tensorboard_reads(&study.path("out/tensorboard"), &found);
}

#[test]
fn event_files_of_pre_trainings_of_several_sizes_are_named_as_their_models() {
    let study = Study::new();
    ranged(&study, &format!("{STUDY}[pretraining]\nsimulations = [20, 80]\n"));
    let found = written(&study, &["--tensorboard=logs"], "logs");
    let models = std::fs::read_dir(study.path("out/models")).unwrap();
    let models = models.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut models: Vec<String> =
        models.filter_map(|name| name.strip_suffix(".safetensors").map(String::from)).collect();
    models.sort();
    assert!(models.contains(&"pretraining-20-1".into()), "{models:?}");
    assert_eq!(found.keys().cloned().collect::<Vec<_>>(), models);
}

#[test]
fn event_files_of_a_search_are_by_trial() {
    let study = Study::new();
    let search = "[search]\ntrials = 4\nstartup = 2\ngeneration = 2\n[search.space]\nunits = { \
                  low = 4, high = 8 }\n\
                  [search.pruning]\nrule = 'off'\n[strategies.scratch]\n";
    let text = STUDY.replace("seeds = 2\n", "") + search;
    ranged(&study, &text);
    let found = written(&study, &["--tensorboard=logs"], "logs");
    assert_eq!(found.len(), 2 * 4);
    for row in rows(&study.read("out/trials.csv")) {
        let name = ["strategy", "simulations", "trial", "seed"].map(|name| row[name].as_str());
        let [strategy, simulations, trial, seed] = name;
        check(&found[&format!("{strategy}-{simulations}-trial{trial}-{seed}")], &row);
    }
}

#[test]
fn event_files_that_cannot_be_written_end_with_code_4() {
    let study = Study::new();
    ranged(&study, STUDY);
    study.write("file", "");
    let ran =
        study.shoal(&["study", "study.toml", "-o", "out", "--device", "cpu", "--tensorboard=file"]);
    ran.fails(4, &["file", "could not be written"]);
}

/// The scalars that TensorBoard reads from the files, where Python has it.
fn tensorboard_reads(logs: &Path, expected: &BTreeMap<String, Scalars>) {
    let Some(python) = python("tensorboard") else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/read_events.py");
    let output = Command::new(python).arg(script).arg(logs).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let found: BTreeMap<String, Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found.len(), expected.len());
    for (run, scalars) in expected {
        let read: Scalars = serde_json::from_value(found[run]["scalars"].clone()).unwrap();
        assert_eq!(&read, scalars, "{run}");
        let parameters = &found[run]["hparams"];
        assert_eq!(
            (&parameters["batch"], &parameters["learning_rate"]),
            (&8.0.into(), &1e-3.into())
        );
        assert!(run.starts_with(parameters["strategy"].as_str().unwrap()), "{run}: {parameters}");
        assert_eq!(found[run]["status"], 1, "{run}: a success");
    }
}
