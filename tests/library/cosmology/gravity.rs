//! f(R) gravity against an adaptive solver, the labels of Quijote-MG, e-MANTIS and FREmu.

use shoal::cosmology::Cosmology;
use shoal::cosmology::gravity::{linear_boost, nonlinear_boost};

use super::off;
use crate::common::{Reference, says};

const FIDUCIAL: Cosmology = Cosmology {
    omega_m: 0.3175,
    omega_b: 0.049,
    h: 0.6711,
    n_s: 0.9624,
    sigma_8: 0.834,
    m_nu: 0.0,
    w: -1.0,
};

/// The fiducial cosmology with another Om, h and M_nu.
fn universe(omega_m: f64, h: f64, m_nu: f64) -> Cosmology {
    Cosmology { omega_m, h, m_nu, ..FIDUCIAL }
}

#[test]
fn the_growth_is_that_of_an_adaptive_solver() {
    let reference = Reference::open("gravity");
    let k = reference.row("growth_k");
    let boosts = reference.rows("growth_boost", k.len());
    let mut ratios = Vec::new();
    for (row, right) in reference.rows("growth_rows", 4).iter().zip(boosts) {
        let ours = linear_boost(&universe(row[0], row[1], row[2]), -row[3], &k).unwrap();
        ratios.extend(ours.iter().zip(right).map(|(ours, right)| ours / right));
    }
    let (largest, _) = off(&ratios);
    assert!(largest < 5e-5, "{largest}");
}

#[test]
fn sigma_8_grows_as_the_labels_of_quijote_mg_say() {
    let reference = Reference::open("gravity");
    let k = reference.row("label_k");
    let weights = reference.rows("label_weights", k.len());
    let mut ratios = Vec::new();
    for (row, weights) in reference.rows("label_rows", 5).iter().zip(weights) {
        let boost = linear_boost(&universe(row[0], row[1], row[2]), -row[3], &k).unwrap();
        let square: f64 = boost.iter().zip(weights).map(|(boost, w)| boost * w).sum();
        ratios.push(square.sqrt() / row[4]);
    }
    let (largest, rms) = off(&ratios);
    // the labels come from a Boltzmann code with full neutrino physics; here neutrinos only
    // stop clustering
    assert!(rms < 0.005 && largest < 0.012, "{rms} {largest}");
}

#[test]
fn the_boost_is_that_of_emantis() {
    let reference = Reference::open("gravity");
    let k = reference.row("emantis_k");
    let boosts = reference.rows("emantis_boost", k.len());
    let mut ratios = Vec::new();
    for (row, right) in reference.rows("emantis_rows", 6).iter().zip(boosts) {
        let cosmology = Cosmology {
            omega_m: row[0],
            omega_b: row[1],
            h: row[2],
            n_s: row[3],
            sigma_8: row[4],
            ..FIDUCIAL
        };
        let ours = nonlinear_boost(&cosmology, -(10f64.powf(-row[5])), &k).unwrap();
        ratios.extend(ours.iter().zip(right).map(|(ours, right)| ours / right));
    }
    let (largest, rms) = off(&ratios);
    assert!(rms < 0.004 && largest < 0.025, "{rms} {largest}");
}

#[test]
fn beyond_emantis_the_boost_is_that_of_fremu_within_its_noise() {
    let reference = Reference::open("gravity");
    let k = reference.row("fremu_k");
    let boosts = reference.rows("fremu_boost", k.len());
    let mut ratios = Vec::new();
    for (row, right) in reference.rows("fremu_rows", 7).iter().zip(boosts) {
        let cosmology = Cosmology {
            omega_m: row[0],
            omega_b: row[1],
            h: row[2],
            n_s: row[3],
            sigma_8: row[4],
            m_nu: row[5],
            w: -1.0,
        };
        let ours = nonlinear_boost(&cosmology, row[6], &k).unwrap();
        ratios.extend(ours.iter().zip(right).map(|(ours, right)| ours / right));
    }
    let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
    let (largest, rms) = off(&ratios);
    assert!((mean - 1.0).abs() < 0.015 && rms < 0.03, "mean {mean}, rms {rms}, largest {largest}");
}

#[test]
fn the_boost_rises_with_the_field_and_is_one_without() {
    let k = [1e-3, 0.0089, 0.03, 0.1, 0.3, 0.5, 1.0];
    for omega_m in [0.1, 0.3, 0.5] {
        for sigma_8 in [0.6, 1.0] {
            for m_nu in [0.0, 1.0] {
                let cosmology = Cosmology { sigma_8, ..universe(omega_m, 0.7, m_nu) };
                let mut before = nonlinear_boost(&cosmology, 0.0, &k).unwrap();
                assert_eq!(before, [1.0; 7]);
                for f in (1..=60).map(|i| 3e-4 * f64::from(i) / 60.0) {
                    let boost = nonlinear_boost(&cosmology, -f, &k).unwrap();
                    for (now, before) in boost.iter().zip(&before) {
                        assert!(now > before, "{cosmology:?} {f}: {now} after {before}");
                    }
                    before = boost;
                }
                assert!(before[6] < 2.5, "{before:?}");
            }
        }
    }
}

#[test]
fn outside_its_range_the_boost_is_an_error() {
    let of = |cosmology: Cosmology, f_r0, k: f64| nonlinear_boost(&cosmology, f_r0, &[k]);
    says(of(FIDUCIAL, 1e-5, 0.1), &["f_R0", "0.00001", "-0.0003"]);
    says(of(FIDUCIAL, -1e-3, 0.1), &["f_R0", "-0.001", "-0.0003"]);
    says(of(FIDUCIAL, f64::NAN, 0.1), &["f_R0", "NaN"]);
    says(of(FIDUCIAL, -1e-5, 2.0), &["k in h/Mpc", "2", "1"]);
    says(of(universe(0.05, 0.7, 0.0), -1e-5, 0.1), &["Omega_m", "0.05", "0.1"]);
    says(of(universe(0.3, 0.7, 1.5), -1e-5, 0.1), &["M_nu", "1.5", "1"]);
    let phantom = Cosmology { w: -1.1, ..FIDUCIAL };
    says(of(phantom, -1e-5, 0.1), &["w is -1.1", "w = -1"]);
}
