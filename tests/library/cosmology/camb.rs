//! Spectra of 200 cosmologies against CAMB, from `tests/reference/camb/make.py`.

use shoal::cosmology::linear::primordial;
use shoal::cosmology::{Cosmology, linear, nonlinear};

use super::below;
use super::read;
use super::scatter;
use shoal::data::matrix::Matrix;

const TABLE: &str = "tests/reference/camb/spectra.npz";

fn member(name: &str) -> Matrix {
    read(&format!("{TABLE}:{name}"))
}

/// The rows of the table that `keep` keeps. The first half is LCDM, the other has neutrinos.
fn rows(half: usize, keep: impl Fn(&Cosmology) -> bool) -> Vec<(usize, Cosmology)> {
    let parameters = member("parameters");
    assert_eq!((parameters.rows, parameters.columns), (200, 7));
    let all =
        (100 * half..100 * (half + 1)).map(|row| (row, Cosmology::from_row(parameters.row(row))));
    all.filter(|(_, universe)| keep(universe)).collect()
}

/// Ratio of the spectra of this crate to those of CAMB.
fn ratios(ours: impl Fn(f64) -> f64, theirs: &[f64], k: &[f64]) -> Vec<f64> {
    k.iter().zip(theirs).map(|(&k, theirs)| ours(k) / theirs).collect()
}

#[test]
fn linear_spectra_are_those_of_camb() {
    let (k, table) = (member("k").values, member("linear"));
    for (half, name) in ["LCDM", "neutrinos"].into_iter().enumerate() {
        // where baryons are most of cold matter the spectrum has holes, and errors relative to
        // nothing
        for (most, bound) in [(0.25, 0.005), (0.9, 0.01)] {
            let some = rows(half, |c| c.omega_b / c.omega_cold() < most);
            let found: Vec<Vec<f64>> = some
                .iter()
                .map(|(row, universe)| {
                    let spectrum = linear(universe).unwrap();
                    ratios(|k| spectrum.at(k), table.row(*row), &k)
                })
                .collect();
            let title = format!("linear, {name}, {} universes, baryons < {most}: rms", found.len());
            below(&title, &k, &scatter(&found), bound);
        }
    }
}

#[test]
fn nonlinear_spectra_are_those_of_camb() {
    let (k, table) = (member("k").values, member("nonlinear"));
    for (half, name) in ["LCDM", "neutrinos"].into_iter().enumerate() {
        for (most, bound) in [(0.25, 0.01), (0.9, 0.02)] {
            let some = rows(half, |c| c.omega_b / c.omega_cold() < most);
            let found: Vec<Vec<f64>> = some
                .iter()
                .map(|(row, universe)| {
                    let spectrum = nonlinear(universe, &linear(universe).unwrap()).unwrap();
                    ratios(|k| spectrum.at(k), table.row(*row), &k)
                })
                .collect();
            let title =
                format!("nonlinear, {name}, {} universes, baryons < {most}: rms", found.len());
            below(&title, &k, &scatter(&found), bound);
        }
    }
}

/// Relative to the first bin, which normalises: the spectra with and without mass have one
/// primordial amplitude in CAMB and one growth on large scales here.
#[test]
fn neutrinos_suppress_as_in_camb() {
    let k = member("k").values;
    let (heavy, light) = (member("linear"), member("massless"));
    for (most, bound) in [(0.25, 0.002), (0.6, 0.005), (0.9, 0.01)] {
        let some = rows(1, |c| c.omega_b / c.omega_cold() < most);
        let found: Vec<Vec<f64>> = some
            .iter()
            .map(|(row, universe)| {
                let with = primordial(universe).unwrap();
                let without = primordial(&Cosmology { m_nu: 0.0, ..*universe }).unwrap();
                let ours = |k: f64| with.at(k) / without.at(k);
                let theirs: Vec<f64> =
                    (heavy.row(*row).iter().zip(light.row(*row))).map(|(a, b)| a / b).collect();
                let found = ratios(ours, &theirs, &k);
                found.iter().map(|ratio| ratio / found[0]).collect()
            })
            .collect();
        let title = format!("suppression, {} universes, baryons < {most}: rms", found.len());
        below(&title, &k, &scatter(&found), bound);
    }
}
