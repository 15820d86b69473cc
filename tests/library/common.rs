//! What several tests of the library share: stored reference arrays, and a check of error messages.

use std::cell::RefCell;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use npyz::npz::NpzArchive;

/// A path below the project's folder.
pub fn path(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

/// One file of reference arrays.
pub struct Reference(RefCell<NpzArchive<BufReader<File>>>);

impl Reference {
    pub fn open(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
        let path = folder.join(name).join(format!("{name}.npz"));
        let archive = NpzArchive::open(&path);
        Self(RefCell::new(archive.unwrap_or_else(|error| panic!("{}: {error}", path.display()))))
    }

    /// Its numbers, row by row.
    pub fn row(&self, name: &str) -> Vec<f64> {
        let mut archive = self.0.borrow_mut();
        let array = archive.by_name(name).expect("a readable file");
        let array = array.unwrap_or_else(|| panic!("no array '{name}'"));
        assert_eq!(array.order(), npyz::Order::C, "'{name}' lies by columns");
        array.into_vec().expect("numbers of 64 bits")
    }

    /// Its rows, of so many numbers each.
    pub fn rows(&self, name: &str, width: usize) -> Vec<Vec<f64>> {
        self.row(name).chunks(width).map(<[f64]>::to_vec).collect()
    }
}

/// The error has all these words.
#[track_caller]
pub fn says<T: std::fmt::Debug>(result: shoal::Result<T>, parts: &[&str]) {
    let error = result.expect_err("expected an error").to_string();
    (parts.iter()).for_each(|part| assert!(error.contains(part), "'{error}' lacks '{part}'"));
}
