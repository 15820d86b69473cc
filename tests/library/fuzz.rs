//! The bodies of the fuzz targets in `tests/fuzz`, for a few seconds and without coverage: every
//! seed, cut short and changed at random, is read without a panic and within its memory.

#[path = "../fuzz/readers.rs"]
mod readers;

use std::path::Path;
use std::time::{Duration, Instant};

use shoal::engine::random::pcg4d;
use shoal::study::store::model::Model;

use crate::common::{path, says};

/// How long the seeds of a reader are changed.
const TIME: Duration = Duration::from_millis(500);

/// A change of a file, the `number`th.
fn changed(seed: &[u8], other: &[u8], number: u32) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    let words = ["9", "-1", "1e999", "18446744073709551615", "nan", "\0", "\"", "[", ",", "\n"];
    for change in 0..1 + number % 4 {
        let [kind, at, length, word] = pcg4d([number, change, 7, 0]).map(|word| word as usize);
        let at = at % (bytes.len() + 1);
        let end = (at + length % 16).min(bytes.len());
        match kind % 6 {
            0 => bytes.truncate(at),
            1 => bytes[at..end].iter_mut().for_each(|byte| *byte ^= 1 << (word % 8)),
            2 => bytes[at..end].fill([0, 255, b'9', b' '][word % 4]),
            3 => drop(bytes.drain(at..end)),
            4 => drop(bytes.splice(at..end, words[word % words.len()].bytes())),
            _ => {
                let from = word % (other.len() + 1);
                let to = (from + length % 64).min(other.len());
                drop(bytes.splice(at..at, other[from..to].iter().copied()));
            }
        }
    }
    bytes
}

#[test]
fn changed_files_give_errors_and_never_a_panic_or_much_memory() {
    for reader in readers::readers() {
        let seeds = (reader.seeds)();
        assert!(!seeds.is_empty(), "{} has no seeds", reader.name);
        seeds.iter().for_each(|seed| reader.check(seed));
        let start = Instant::now();
        for number in (0..).take_while(|_| start.elapsed() < TIME) {
            let [one, other, ..] = pcg4d([number, 0, 0, 1]).map(|word| word as usize % seeds.len());
            let bytes = changed(&seeds[one], &seeds[other], number);
            let read = std::panic::AssertUnwindSafe(|| reader.check(&bytes));
            if std::panic::catch_unwind(read).is_err() {
                let shown = String::from_utf8_lossy(&bytes);
                panic!("{}, change {number} of seed {one}: {shown:?}", reader.name);
            }
        }
    }
}

#[test]
fn every_reader_has_a_fuzz_target() {
    let manifest = std::fs::read_to_string(path("tests/fuzz/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let targets = manifest["bin"].as_array().unwrap().iter();
    let targets: Vec<&str> = targets.map(|target| target["name"].as_str().unwrap()).collect();
    let names: Vec<&str> = readers::readers().iter().map(|reader| reader.name).collect();
    assert_eq!(targets, names);
}

#[test]
fn a_model_that_claims_what_is_not_there_is_refused() {
    let good = readers::model_bytes();
    Model::from_bytes(Path::new("m"), &good).unwrap();
    let words = [
        "4611686018427387904",
        "18446744073709551615 inputs",
        "1000000000",
        "2 targets of 1 outputs",
        "scaling.target_ranges has 2 entries instead of 3",
        "scaling.target_ranges has 2 entries instead of 0",
        "scaling.mean has 4 entries instead of 3",
        "2 targets of 2 outputs, 2 for each",
        "out of range",
    ];
    for ((from, to), words) in readers::CLAIMS.iter().zip(words) {
        let model = readers::reheaded(&good, from, to);
        says(Model::from_bytes(Path::new("m"), &model), &["m: not a model of shoal", words]);
    }
}

/// Found by fuzzing: the parser of headers took twice as long for each bracket.
#[test]
fn a_header_with_endless_brackets_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep.npy");
    for depth in [13, 40, 4000] {
        let header = format!("{}'descr': '<f8'{}", "{".repeat(depth), "}".repeat(depth));
        let length = (header.len() as u16).to_le_bytes();
        let bytes = [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes()].concat();
        std::fs::write(&file, bytes).unwrap();
        let start = Instant::now();
        says(shoal::data::read_matrix(&file), &["deep.npy", "nested more than 12 deep"]);
        assert!(start.elapsed() < Duration::from_secs(5), "{depth}: {:?}", start.elapsed());
    }
}
