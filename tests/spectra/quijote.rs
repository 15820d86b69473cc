//! The real spectra.

use shoal::simulate::{Correction, Cosmology, Shells, linear, nonlinear};

use super::{below, path, read};

/// Real spectra over ours, of the rows that `keep` keeps by their number and share of baryons in cold matter.
fn ratios(set: &str, correct: bool, keep: impl Fn(usize, f64) -> bool) -> Vec<Vec<f64>> {
    let (parameters, real) = (
        read(&format!("../shared/quijote/{set}_params.txt")),
        read(&format!("../shared/quijote/{set}_pk.npy")),
    );
    let shells = Shells::new(1000.0, 79);
    let mut found = Vec::new();
    for row in 0..parameters.rows {
        let universe = Cosmology::from_row(parameters.row(row));
        if !keep(row, universe.omega_b / universe.omega_cold()) {
            continue;
        }
        let spectrum = nonlinear(&universe, &linear(&universe).unwrap()).unwrap();
        let correction = Correction::new(&universe);
        let bins = shells
            .k()
            .into_iter()
            .zip(shells.average(&spectrum))
            .zip(real.row(row));
        let ratio = |((k, ours), real): ((f64, f64), &f64)| {
            let factor = if correct {
                correction.at(k).unwrap()
            } else {
                1.0
            };
            real / (ours * factor)
        };
        found.push(bins.map(ratio).collect());
    }
    found
}

fn mean(ratios: &[Vec<f64>]) -> Vec<f64> {
    let column = |bin: usize| ratios.iter().map(|row| row[bin]).sum::<f64>() / ratios.len() as f64;
    (0..ratios[0].len()).map(column).collect()
}

/// How far the mean ratio is from 1, up to k = 0.1 h/Mpc and above.
fn compare(title: &str, ratios: &[Vec<f64>], bounds: [f64; 2]) {
    let shells = Shells::new(1000.0, 79).k();
    let split = shells.iter().filter(|&&k| k < 0.1).count();
    let off: Vec<f64> = mean(ratios).iter().map(|mean| (mean - 1.0).abs()).collect();
    let title = format!("{title}, {} spectra, mean off", ratios.len());
    below(
        &format!("{title}, k < 0.1"),
        &shells[..split],
        &off[..split],
        bounds[0],
    );
    below(
        &format!("{title}, k > 0.1"),
        &shells[split..],
        &off[split..],
        bounds[1],
    );
}

fn missing(test: &str) -> bool {
    if path("../shared/quijote").is_dir() {
        return false;
    }
    let text = "the Quijote spectra are not at ../shared/quijote";
    assert!(
        std::env::var_os("CI").is_none(),
        "{text}; CI must have them"
    );
    eprintln!("SKIPPED {test}: {text}");
    true
}

#[test]
fn the_bins_are_those_of_quijote() {
    if missing("the_bins_are_those_of_quijote") {
        return;
    }
    let shells = Shells::new(1000.0, 79);
    let modes = read("../shared/quijote/modes.npy").values;
    assert_eq!(shells.modes(), modes);
    let k = read("../shared/quijote/k.npy").values;
    for (ours, theirs) in shells.k().iter().zip(&k) {
        assert!((ours / theirs - 1.0).abs() < 1e-4, "{ours} {theirs}");
    }
}

#[test]
fn lcdm_is_quijote_s() {
    if missing("lcdm_is_quijote_s") {
        return;
    }
    // HMcode alone; its mean is right because too much at few baryons and too little at many cancel
    compare(
        "LCDM, HMcode",
        &ratios("lcdm", false, |_, _| true),
        [0.035, 0.06],
    );
    // the odd rows, which the correction has not seen
    compare(
        "LCDM, corrected",
        &ratios("lcdm", true, |row, _| row % 2 == 1),
        [0.03, 0.06],
    );
}

#[test]
fn neutrinos_are_quijote_s() {
    if missing("neutrinos_are_quijote_s") {
        return;
    }
    // with more baryons the linear spectrum has holes that the real ones have not
    let some = ratios("neutrino", true, |row, baryons| {
        row % 2 == 1 && baryons < 0.4
    });
    compare("neutrinos, corrected, baryons < 0.4", &some, [0.035, 0.06]);
}
