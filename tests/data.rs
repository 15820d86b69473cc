//! Datasets from files that numpy, spreadsheets and simulation codes wrote, and the errors when
//! they did not.
//!
//! `fixtures/` is written by `fixtures/make.py`.

use std::fs;
use std::path::{Path, PathBuf};

use shoal::data::Source;

#[path = "data/arrays.rs"]
mod arrays;
#[path = "data/dataset.rs"]
mod dataset;
#[path = "data/quijote.rs"]
mod quijote;
#[path = "data/sources.rs"]
mod sources;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// The error has all these words.
#[track_caller]
fn says<T: std::fmt::Debug>(result: shoal::Result<T>, parts: &[&str]) {
    let error = result.expect_err("expected an error").to_string();
    parts.iter().for_each(|part| assert!(error.contains(part), "'{error}' lacks '{part}'"));
}

/// A folder with files of text.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| name.to_string()).collect()
}

/// Files as they are typed.
fn source(x: &str, y: &str) -> Source {
    Source { x: x.into(), y: y.into(), ..Source::default() }
}
