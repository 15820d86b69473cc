//! Beyond LCDM: f(R) gravity, primordial non-Gaussianity and the marked spectrum, against programs
//! that we did not write and against independent integrations. The arrays of `reference/*/` are
//! written by the scripts beside them.

use std::cell::RefCell;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use npyz::npz::NpzArchive;

#[path = "simulate/bispectrum.rs"]
mod bispectrum;
#[path = "simulate/gravity.rs"]
mod gravity;
#[path = "simulate/marked.rs"]
mod marked;

/// One file of reference arrays.
struct Reference(RefCell<NpzArchive<BufReader<File>>>);

impl Reference {
    fn open(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
        let path = folder.join(name).join(format!("{name}.npz"));
        let archive = NpzArchive::open(&path);
        Self(RefCell::new(archive.unwrap_or_else(|error| panic!("{}: {error}", path.display()))))
    }

    /// Its numbers, row by row.
    fn row(&self, name: &str) -> Vec<f64> {
        let mut archive = self.0.borrow_mut();
        let array = archive.by_name(name).expect("a readable file");
        let array = array.unwrap_or_else(|| panic!("no array '{name}'"));
        assert_eq!(array.order(), npyz::Order::C, "'{name}' lies by columns");
        array.into_vec().expect("numbers of 64 bits")
    }

    /// Its rows, of so many numbers each.
    fn rows(&self, name: &str, width: usize) -> Vec<Vec<f64>> {
        self.row(name).chunks(width).map(<[f64]>::to_vec).collect()
    }
}

/// The error has all these words.
#[track_caller]
fn says<T: std::fmt::Debug>(result: shoal::Result<T>, parts: &[&str]) {
    let error = result.expect_err("expected an error").to_string();
    (parts.iter()).for_each(|part| assert!(error.contains(part), "'{error}' lacks '{part}'"));
}

/// The largest of the deviations from 1, and their root mean square.
fn off(ratios: &[f64]) -> (f64, f64) {
    assert!(!ratios.is_empty() && ratios.iter().all(|ratio| ratio.is_finite()));
    let largest = ratios.iter().map(|r| (r - 1.0).abs()).fold(0.0, f64::max);
    let squares: f64 = ratios.iter().map(|r| (r - 1.0).powi(2)).sum();
    (largest, (squares / ratios.len() as f64).sqrt())
}
