//! The scatter of simulated boxes against that of Quijote.

use std::path::{Path, PathBuf};

use shoal::cosmology::parameters::FIDUCIAL;
use shoal::cosmology::{Bins, Cosmology, Noise, Statistic};
use shoal::data::{Matrix, read_matrix};

use super::fit::correlation;
use super::fit::deviation;
use super::fit::residuals;

const BINS: usize = 79;

/// ln of the measurements of boxes with an expectation of 1: P in the first bins, then M.
fn boxes(noise: &Noise, bins: usize, cosmologies: &[&[f64]]) -> Vec<Vec<f64>> {
    let of = |(index, row): (usize, &&[f64])| {
        let measured = Statistic::ALL.map(|statistic| {
            let mut spectrum = vec![1.0; bins];
            noise.apply(&Cosmology::from_row(row), index as u32, statistic, &mut spectrum);
            spectrum
        });
        measured.concat().iter().map(|value| value.ln()).collect()
    };
    cosmologies.iter().enumerate().map(of).collect()
}

/// The folder of the Quijote spectra, or `None` with a printed notice.
fn quijote(test: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/quijote");
    if folder.is_dir() {
        return Some(folder);
    }
    let text = "the Quijote spectra are not at ../shared/quijote";
    assert!(std::env::var_os("CI").is_none(), "{text}; CI must have them");
    eprintln!("SKIPPED {test}: {text}");
    None
}

fn read(folder: &Path, name: &str) -> Matrix {
    read_matrix(&folder.join(name)).unwrap()
}

#[test]
fn modes_in_the_bins_of_quijote_are_counted() {
    let bins = Bins::quijote();
    assert_eq!(bins.modes[..5], [26.0, 66.0, 158.0, 234.0, 410.0]);
    // other wavenumbers: the volume of the shell, close to the count where there are many modes
    let around = Bins::around(&bins.k[10..]);
    for (place, (count, volume)) in bins.modes[10..].iter().zip(&around.modes).enumerate() {
        assert!((volume / count - 1.0).abs() < 0.05, "{place}");
    }
    let Some(folder) = quijote("modes_in_the_bins_of_quijote_are_counted") else {
        return;
    };
    assert_eq!(read(&folder, "modes.npy").values, bins.modes);
    let k = read(&folder, "k.npy").values;
    assert_eq!(Bins::around(&k), bins);
    for (real, ours) in k.iter().zip(&bins.k) {
        assert!((real / ours - 1.0).abs() < 1e-9, "{real} {ours}");
    }
}

#[test]
fn few_modes_scatter_as_chi_squared_and_keep_the_mean() {
    let bins = Bins::quijote();
    let noise = Noise::new(&bins, 1).unwrap();
    let fiducial: Vec<&[f64]> = vec![&FIDUCIAL; 20_000];
    let boxes = boxes(&noise, BINS, &fiducial);
    let plain: Vec<Vec<f64>> =
        boxes.iter().map(|row| row.iter().map(|v| v.exp()).collect()).collect();
    for bin in [0, 1, 4, 20, 78] {
        let mean = plain.iter().map(|row| row[bin]).sum::<f64>() / plain.len() as f64;
        let scatter = deviation(&plain, bin);
        let error = 5.0 * scatter / (plain.len() as f64).sqrt();
        // the cube of a normal number has the mean of chi-squared but for 0.2 % at 26 modes
        assert!((mean - 1.0).abs() < error + 0.05 / bins.modes[bin], "{bin}: {mean}");
        assert!(scatter > (2.0 / bins.modes[bin]).sqrt() * 0.97, "{bin}: {scatter}");
    }
    let first = deviation(&plain, 0) / (2.0 / 26.0f64).sqrt();
    assert!((first - 1.0).abs() < 0.03, "{first}");
    let third = plain.iter().map(|row| (row[0] - 1.0).powi(3)).sum::<f64>() / plain.len() as f64;
    let skewness = third / deviation(&plain, 0).powi(3);
    // that of chi-squared with 26 degrees of freedom: sqrt(8 / 26)
    assert!((skewness - (8.0 / 26.0f64).sqrt()).abs() < 0.1, "{skewness}");
}

#[test]
fn the_scatter_is_that_of_real_boxes() {
    let Some(folder) = quijote("the_scatter_is_that_of_real_boxes") else {
        return;
    };
    let parameters = read(&folder, "lcdm_params.txt");
    let cosmologies: Vec<&[f64]> = (0..parameters.rows).map(|row| parameters.row(row)).collect();
    let [power, marked] = ["lcdm_pk.npy", "lcdm_mpk.npy"].map(|name| read(&folder, name));
    let real: Vec<Vec<f64>> = (0..power.rows)
        .map(|row| [power.row(row), marked.row(row)].concat().iter().map(|v| v.ln()).collect())
        .collect();
    let real = residuals(&cosmologies, 4, &real);
    // several simulated sets, so that the sampling error is that of the measured one
    let ours = [1, 2, 3, 4].map(|seed| {
        let noise = Noise::new(&Bins::quijote(), seed).unwrap();
        residuals(&cosmologies, 4, &boxes(&noise, BINS, &cosmologies))
    });
    let mean = |of: &dyn Fn(&[Vec<f64>]) -> f64| ours.iter().map(|set| of(set)).sum::<f64>() / 4.0;
    for column in 0..2 * BINS {
        let [a, b] = [deviation(&real, column), mean(&|set| deviation(set, column))];
        // 1.7 % is the sampling error, and where the box is small the polynomial leaves a little of
        // its own
        assert!(
            (0.88..1.12).contains(&(b / a)),
            "column {column}: {a} in the real boxes, {b} in ours"
        );
    }
    let pairs = |a: std::ops::Range<usize>, b: std::ops::Range<usize>| {
        let all = a
            .flat_map(move |a| b.clone().map(move |b| (a, b)))
            .filter(|(a, b)| a % BINS != b % BINS);
        let apart = |(a, b)| mean(&|set| correlation(set, a, b)) - correlation(&real, a, b);
        let differences: Vec<f64> = all.step_by(7).map(apart).collect();
        let count = differences.len() as f64;
        let square = differences.iter().map(|d| d * d).sum::<f64>() / count;
        (differences.iter().sum::<f64>() / count, square.sqrt())
    };
    let (p, m) = (0..BINS, BINS..2 * BINS);
    for (what, (mean, rms)) in [
        ("P with P", pairs(p.clone(), p.clone())),
        ("M with M", pairs(m.clone(), m.clone())),
        ("P with M", pairs(p, m)),
    ] {
        eprintln!("{what}: correlations differ by {mean:.3} in the mean, {rms:.3} rms");
        // a correlation in 1,800 boxes is uncertain by 0.024
        assert!(mean.abs() < 0.03 && rms < 0.05, "{what}: {mean} {rms}");
    }
    for bin in 0..BINS {
        let [a, b] =
            [correlation(&real, bin, BINS + bin), mean(&|set| correlation(set, bin, BINS + bin))];
        assert!(
            (a - b).abs() < 0.12,
            "bin {bin}: P and M correlate by {a} in the real boxes, {b} in ours"
        );
    }
    let first = mean(&|set| correlation(set, 0, BINS));
    assert!((first - 0.96).abs() < 0.01, "{first}");
}
