//! Simulated spectra against other programs (CAMB and others), against independent integrations and
//! against the spectra of Quijote; and the guarantees about seeds, rows and threads. The arrays of
//! `tests/reference/*/` are written by the scripts beside them.

mod bispectrum;
mod camb;
mod fit;
mod gravity;
mod input;
mod marked;
mod quijote;
mod request;
mod scatter;

use shoal::data::{Matrix, read_matrix};

use crate::common::path;

fn read(below: &str) -> Matrix {
    read_matrix(&path(below)).unwrap()
}

/// Root mean square deviation from 1 of each column of ratios.
fn scatter(ratios: &[Vec<f64>]) -> Vec<f64> {
    let square = |bin: usize| ratios.iter().map(|row| (row[bin] - 1.0).powi(2)).sum::<f64>();
    (0..ratios[0].len()).map(|bin| (square(bin) / ratios.len() as f64).sqrt()).collect()
}

/// Asserts that all bins are below a bound; prints all of them otherwise.
#[track_caller]
fn below(what: &str, k: &[f64], values: &[f64], bound: f64) {
    let lines: Vec<String> =
        (k.iter().zip(values)).map(|(k, v)| format!("{k:.4} {v:.5}")).collect();
    let worst = values.iter().copied().fold(0.0, f64::max);
    // NaN fails
    assert!(
        values.iter().all(|&value| value < bound),
        "{what}: {worst:.5} is not below {bound}; k, value:\n{}",
        lines.join("\n")
    );
    eprintln!("{what}: at most {worst:.5}");
}

/// The largest deviation from 1, and the root mean square.
fn off(ratios: &[f64]) -> (f64, f64) {
    assert!(!ratios.is_empty() && ratios.iter().all(|ratio| ratio.is_finite()));
    let largest = ratios.iter().map(|r| (r - 1.0).abs()).fold(0.0, f64::max);
    let squares: f64 = ratios.iter().map(|r| (r - 1.0).powi(2)).sum();
    (largest, (squares / ratios.len() as f64).sqrt())
}
