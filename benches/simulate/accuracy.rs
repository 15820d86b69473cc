//! The accuracy of simulated spectra: `cargo run --release --example accuracy`.
//!
//! Compares them with the 200 spectra of CAMB in `tests/reference/camb/` and, if they are present,
//! with the Quijote spectra in `../shared/quijote`. Prints the tables and draws the figures of
//! `data/simulations/README.md`.

use std::path::Path;

use shoal::Result;
use shoal::cosmology::linear::primordial;
use shoal::cosmology::{
    Correction, Cosmology, Shells, Spectrum, as_quijote_began, linear, matter, nonlinear,
};
use shoal::data::{Matrix, read_matrix};
use shoal::study::report::Chart;

/// The bins that are printed.
const PRINTED: [usize; 9] = [0, 3, 7, 11, 15, 23, 31, 56, 78];

/// A line of a figure: its name and a value per bin.
type Curve = (String, Vec<f64>);

/// The mean over rows of `value` of each bin.
fn mean(rows: &[Vec<f64>], value: impl Fn(f64) -> f64) -> Vec<f64> {
    let column =
        |bin: usize| rows.iter().map(|row| value(row[bin])).sum::<f64>() / rows.len() as f64;
    (0..79).map(column).collect()
}

/// Root mean square deviation of ratios from 1, per bin.
fn scatter(ratios: &[Vec<f64>]) -> Vec<f64> {
    mean(ratios, |ratio| (ratio - 1.0).powi(2)).into_iter().map(f64::sqrt).collect()
}

fn over(ours: impl Fn(f64) -> f64, theirs: &[f64], k: &[f64]) -> Vec<f64> {
    k.iter().zip(theirs).map(|(&k, theirs)| ours(k) / theirs).collect()
}

/// Linear and nonlinear spectra and the suppression by neutrinos: rms of the ratio to CAMB.
fn against_camb(k: &[f64]) -> Result<Vec<Curve>> {
    let member =
        |name: &str| read_matrix(Path::new(&format!("tests/reference/camb/spectra.npz:{name}")));
    let (parameters, lin) = (member("parameters")?, member("linear")?);
    let (light, non) = (member("massless")?, member("nonlinear")?);
    let mut curves = Vec::new();
    for (start, name) in [(0, "LCDM"), (100, "neutrinos")] {
        let [mut a, mut b, mut c] = [const { Vec::new() }; 3];
        for row in start..start + 100 {
            let universe = Cosmology::from_row(parameters.row(row));
            if universe.omega_b / universe.omega_m >= 0.25 {
                continue;
            }
            let spectrum = linear(&universe)?;
            a.push(over(|k| spectrum.at(k), lin.row(row), k));
            let spectrum = nonlinear(&universe, &spectrum)?;
            b.push(over(|k| spectrum.at(k), non.row(row), k));
            let (with, without) =
                (primordial(&universe)?, primordial(&Cosmology { m_nu: 0.0, ..universe })?);
            let theirs: Vec<f64> =
                lin.row(row).iter().zip(light.row(row)).map(|(a, b)| a / b).collect();
            let ratio = over(|k| with.at(k) / without.at(k), &theirs, k);
            c.push(ratio.iter().map(|value| value / ratio[0]).collect());
        }
        curves.push((format!("linear, {name}"), scatter(&a)));
        curves.push((format!("nonlinear, {name}"), scatter(&b)));
        if start > 0 {
            curves.push(("suppression by neutrinos".into(), scatter(&c)));
        }
    }
    Ok(curves)
}

/// The prediction that is compared with the measured spectra.
#[derive(Clone, Copy, PartialEq)]
enum Ours {
    /// HMcode-2020 of the linear spectrum.
    Halos,
    /// With one-loop corrections on large scales, from the initial conditions of Quijote.
    Uncorrected,
    Corrected,
}

impl Ours {
    const ALL: [(Self, &str); 3] = [
        (Self::Halos, "hmcode"),
        (Self::Uncorrected, "uncorrected"),
        (Self::Corrected, "corrected"),
    ];

    fn spectrum(self, universe: &Cosmology) -> Result<Spectrum> {
        match self {
            Self::Halos => nonlinear(universe, &linear(universe)?),
            _ => matter(universe, &as_quijote_began(universe)?),
        }
    }
}

/// The mean ratio of measured to predicted over the odd rows of a set, by the fraction of baryons
/// in cold matter, and the scatter of all; the last mean is over all rows.
fn against_quijote(set: &str, ours: Ours) -> Result<(Vec<Curve>, Vec<Curve>)> {
    let file = |end: &str| read_matrix(Path::new(&format!("../shared/quijote/{set}_{end}")));
    let (parameters, real): (Matrix, Matrix) = (file("params.txt")?, file("pk.npy")?);
    let shells = Shells::new(1000.0, 79);
    let k = shells.k();
    let mut ratios: Vec<(f64, Vec<f64>)> = Vec::new();
    let mut all: Vec<Vec<f64>> = Vec::new();
    for row in 0..parameters.rows {
        let universe = Cosmology::from_row(parameters.row(row));
        let means = shells.average(&ours.spectrum(&universe)?);
        let correction = Correction::new(&universe);
        let mut ratio = Vec::with_capacity(79);
        for bin in 0..79 {
            let factor = match ours {
                Ours::Corrected => correction.at(k[bin])?,
                _ => 1.0,
            };
            ratio.push(real.row(row)[bin] / means[bin] / factor);
        }
        all.push(ratio.clone());
        if row % 2 == 0 {
            continue;
        }
        ratios.push((universe.omega_b / universe.omega_cold(), ratio));
    }
    let (mut means, mut scatters) = (Vec::new(), Vec::new());
    for (low, high) in [(0.0, 0.15), (0.15, 0.25), (0.25, 0.4), (0.4, 0.9), (0.0, 0.9)] {
        let some = ratios.iter().filter(|(share, _)| (low..high).contains(share));
        let some: Vec<Vec<f64>> = some.map(|(_, ratio)| ratio.clone()).collect();
        let name = format!("baryons {low} to {high}, {} spectra", some.len());
        let centre = mean(&some, |ratio| ratio);
        let square = mean(&some, |ratio| ratio * ratio);
        let width = square.iter().zip(&centre).map(|(s, c)| (s - c * c).sqrt());
        scatters.push((name.clone(), width.collect()));
        means.push((name, centre));
    }
    let name = format!("all {} spectra, seen or not", all.len());
    means.push((name, mean(&all, |ratio| ratio)));
    Ok((means, scatters))
}

fn print(title: &str, k: &[f64], curves: &[Curve]) {
    let cells = |values: &[f64], places: usize| -> String {
        PRINTED.iter().map(|&bin| format!(" {:.places$} |", values[bin])).collect()
    };
    println!("\n{title}\n\n| k [h/Mpc] |{}", cells(k, 3));
    println!("|---|{}", "---|".repeat(PRINTED.len()));
    for (name, values) in curves {
        println!("| {name} |{}", cells(values, 4));
    }
}

fn draw(stem: &str, title: &str, value: &str, k: &[f64], curves: &[Curve]) -> Result<()> {
    let chart = Chart::lines(title, ("k [h/Mpc]", k), value, curves);
    chart.write(Path::new("data/simulations"), stem)
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR"))?;
    let k = Shells::new(1000.0, 79).k();
    let camb_k = read_matrix(Path::new("tests/reference/camb/spectra.npz:k"))?.values;
    let curves = against_camb(&camb_k)?;
    print("Scatter around CAMB (rms), Omega_b / Omega_m < 0.25", &camb_k, &curves);
    draw(
        "camb",
        "Scatter around CAMB, baryons less than a quarter of matter",
        "rms",
        &camb_k,
        &curves,
    )?;
    if !Path::new("../shared/quijote").is_dir() {
        println!("\nThe real spectra are not at ../shared/quijote.");
        return Ok(());
    }
    for set in ["lcdm", "neutrino"] {
        for (ours, how) in Ours::ALL {
            let (means, scatters) = against_quijote(set, ours)?;
            print(&format!("Mean of real over simulated, {set}, {how}"), &k, &means);
            print(&format!("Scatter of real over simulated, {set}, {how}"), &k, &scatters);
            if ours == Ours::Uncorrected {
                continue;
            }
            let drawn: Vec<Curve> = means
                .into_iter()
                .filter(|(name, _)| !name.contains("to 0.9") && !name.starts_with("all"))
                .collect();
            let title = format!("Quijote over simulated, {set}, {how}");
            draw(&format!("{set}_{how}"), &title, "mean ratio", &k, &drawn)?;
        }
    }
    Ok(())
}
