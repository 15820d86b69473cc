//! The matter power spectra of `simulate` beside those of others: CAMB's, and the real ones of
//! Quijote.

use std::path::{Path, PathBuf};

use shoal::data::{Matrix, read_matrix};

#[path = "spectra/camb.rs"]
mod camb;
#[path = "spectra/input.rs"]
mod input;
#[path = "spectra/quijote.rs"]
mod quijote;

/// A path in the project's folder.
fn path(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

fn read(below: &str) -> Matrix {
    read_matrix(&path(below)).unwrap()
}

/// Root mean square of each column of ratios less one.
fn scatter(ratios: &[Vec<f64>]) -> Vec<f64> {
    let square = |bin: usize| ratios.iter().map(|row| (row[bin] - 1.0).powi(2)).sum::<f64>();
    (0..ratios[0].len()).map(|bin| (square(bin) / ratios.len() as f64).sqrt()).collect()
}

/// All bins are below a bound, else all are printed.
#[track_caller]
fn below(what: &str, k: &[f64], values: &[f64], bound: f64) {
    let lines: Vec<String> =
        (k.iter().zip(values)).map(|(k, v)| format!("{k:.4} {v:.5}")).collect();
    let worst = values.iter().copied().fold(0.0, f64::max);
    // a NaN is not below anything
    assert!(
        values.iter().all(|&value| value < bound),
        "{what}: {worst:.5} is not below {bound}; k, value:\n{}",
        lines.join("\n")
    );
    eprintln!("{what}: at most {worst:.5}");
}
