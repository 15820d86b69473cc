//! Parameters outside the range of the fits are refused.

use shoal::cosmology::{Cosmology, Spectrum, linear, nonlinear};

const OURS: Cosmology = Cosmology {
    omega_m: 0.3175,
    omega_b: 0.049,
    h: 0.6711,
    n_s: 0.9624,
    sigma_8: 0.834,
    m_nu: 0.0,
    w: -1.0,
};

#[track_caller]
fn refused(universe: Cosmology, words: &[&str]) {
    let error = linear(&universe).expect_err("a refusal");
    assert_eq!(error.exit_code(), 2);
    let text = error.to_string();
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
}

#[test]
fn a_parameter_outside_is_named_with_its_range() {
    linear(&OURS).unwrap();
    refused(Cosmology { omega_m: 0.05, ..OURS }, &["Omega_m", "0.05", "0.1 to 0.5"]);
    refused(Cosmology { omega_b: 0.2, ..OURS }, &["Omega_b", "0.2", "0.02 to 0.08"]);
    refused(Cosmology { h: 1.0, ..OURS }, &["h is 1", "0.5 to 0.9"]);
    refused(Cosmology { n_s: 2.0, ..OURS }, &["n_s", "0.7 to 1.3"]);
    refused(Cosmology { sigma_8: f64::NAN, ..OURS }, &["sigma_8", "NaN"]);
    refused(Cosmology { m_nu: -0.1, ..OURS }, &["M_nu", "-0.1"]);
    refused(Cosmology { w: -0.5, ..OURS }, &["w is -0.5"]);
}

#[test]
fn a_universe_without_dark_matter_is_refused() {
    let universe = Cosmology { omega_m: 0.1, omega_b: 0.07, h: 0.5, m_nu: 1.0, ..OURS };
    refused(universe, &["Omega_b is 0.07", "1 eV", "leave only"]);
}

#[test]
fn a_short_linear_spectrum_is_refused() {
    let short = Spectrum::new(vec![0.01, 0.1, 1.0], vec![1e4, 1e4, 1e3]);
    let error = nonlinear(&OURS, &short).expect_err("a refusal").to_string();
    assert!(error.contains("0.01") && error.contains("10"), "{error}");
}

/// The spectra are continuous where the neutrino mass goes to zero.
#[test]
fn light_neutrinos_change_little() {
    let without = linear(&OURS).unwrap();
    let with = linear(&Cosmology { m_nu: 1e-4, ..OURS }).unwrap();
    for k in [0.001, 0.01, 0.1, 0.5, 3.0] {
        assert!((with.at(k) / without.at(k) - 1.0).abs() < 1e-3, "{k}");
    }
}
