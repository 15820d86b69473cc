//! Datasets from files of numpy, spreadsheets and simulation codes, and the errors for files that
//! cannot be read.
//!
//! `tests/fixtures/` is written by its `make.py` and `collisions.py`.

mod arrays;
mod dataset;
mod folders;
mod hdf5;
mod named;
mod observations;
mod parquet;
mod quijote;
mod root;
mod rows;
mod sources;
mod text;

use std::fs;
use std::path::PathBuf;

use shoal::data::Import;

use crate::common::path;

fn fixture(name: &str) -> PathBuf {
    path("tests/fixtures").join(name)
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

/// A source with these files.
fn source(x: &str, y: &str) -> Import {
    Import { x: x.into(), y: y.into(), ..Import::default() }
}
