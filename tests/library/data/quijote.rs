//! Spectra in the layout in which Quijote publishes them, and the published ones.

use std::fs;
use std::path::Path;

use shoal::cosmology::CONVENTIONS;
use shoal::data::{Import, Matrix};

use super::folder;
use super::source;
use super::strings;

use crate::common::says;

/// Three simulations in the layout of Quijote.
fn tree() -> tempfile::TempDir {
    folder(&[
        ("sims/0/Pk_m_z=0.txt", "# k P\n0.01 10\n0.02 20\n0.03 30\n"),
        ("sims/1/Pk_m_z=0.txt", "0.01 11\n0.02 21\n0.03 31\n"),
        ("sims/2/Pk_m_z=0.txt", "0.01 12 7\n0.02 22 7\n0.03 32 7\n"),
        ("lcdm.txt", "# Omega_m h\n0.1 0.5\n0.2 0.6\n0.3 0.7\n"),
    ])
}

#[test]
fn a_folder_per_simulation_reads() {
    let folder = tree();
    let import = source("sims", "lcdm.txt");
    let dataset = import.read(folder.path(), &CONVENTIONS).unwrap();
    let values = vec![10.0, 20.0, 30.0, 11.0, 21.0, 31.0, 12.0, 22.0, 32.0];
    assert_eq!(dataset.inputs, Matrix::new(3, 3, values));
    assert_eq!(
        (dataset.axis.as_slice(), dataset.axis_name.as_str()),
        (&[0.01, 0.02, 0.03][..], "k [h/Mpc]")
    );
    assert_eq!(dataset.provenance["read"]["x"]["files"], 3);
    let cut =
        Import { max_k: Some(0.02), ..import.clone() }.read(folder.path(), &CONVENTIONS).unwrap();
    assert_eq!(cut.inputs.row(2), [12.0, 22.0]);
    assert_eq!(cut.provenance["dropped"]["inputs"], "all but the first 2 of 3");
    assert_eq!(
        Import { bins: Some(1), ..import.clone() }.read(folder.path(), &CONVENTIONS).unwrap().axis,
        [0.01]
    );
    says(
        Import { max_k: Some(0.001), ..import.clone() }.read(folder.path(), &CONVENTIONS),
        &["`max_k` is 0.001", "0.01"],
    );
    says(
        Import { axis: Some("lcdm.txt".into()), ..import.clone() }
            .read(folder.path(), &CONVENTIONS),
        &["`axis`", "have their own"],
    );
    says(
        Import { file: Some("Pk.txt".into()), ..import }.read(folder.path(), &CONVENTIONS),
        &["none of the 3", "Pk.txt", "`file`"],
    );
    says(
        source("nowhere", "lcdm.txt").read(folder.path(), &CONVENTIONS),
        &["nowhere: no such file"],
    );
}

#[test]
fn missing_simulations_are_named_or_left_out() {
    let folder = tree();
    fs::remove_dir_all(folder.path().join("sims/1")).unwrap();
    let import = source("sims", "lcdm.txt");
    says(
        import.read(folder.path(), &CONVENTIONS),
        &["1 of 3 simulations", "Pk_m_z=0.txt: 1.", "skip_missing"],
    );
    let dataset =
        Import { skip_missing: Some(true), ..import }.read(folder.path(), &CONVENTIONS).unwrap();
    assert_eq!(dataset.inputs.column(0).collect::<Vec<_>>(), [10.0, 12.0]);
    assert_eq!(dataset.targets, Matrix::new(2, 2, vec![0.1, 0.5, 0.3, 0.7]));
    assert_eq!(dataset.provenance["dropped"]["simulations"], serde_json::json!([1]));
}

#[test]
fn spectra_on_different_wavenumbers_are_refused() {
    let folder = tree();
    let write = |text| fs::write(folder.path().join("sims/2/Pk_m_z=0.txt"), text).unwrap();
    let read = || source("sims", "lcdm.txt").read(folder.path(), &CONVENTIONS);
    write("0.01 1\n0.025 2\n0.03 3\n");
    says(read(), &["2/Pk_m_z=0.txt: row 1 is at k = 0.025 but in", "0/Pk_m_z=0.txt at k = 0.02"]);
    write("0.01 1\n0.02 2\n");
    says(read(), &["2/Pk_m_z=0.txt: has 2 bins but", "has 3"]);
    write("0.01\n0.02\n0.03\n");
    says(read(), &["2/Pk_m_z=0.txt: has 1 column", "k and P"]);
    write("0.01 1\n0.02 nan\n0.03 3\n");
    says(read(), &["2/Pk_m_z=0.txt: row 1 (counting from 0), column 'P' is NaN"]);
}

#[test]
fn the_real_quijote_spectra_import() {
    let quijote = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/quijote");
    if !quijote.is_dir() {
        let text = "the Quijote spectra are not at ../shared/quijote";
        assert!(std::env::var_os("CI").is_none(), "{text}; CI must have them");
        eprintln!("SKIPPED the_real_quijote_spectra_import: {text}");
        return;
    }
    let import = Import { axis: Some("k.npy".into()), ..source("lcdm_pk.npy", "lcdm_params.txt") };
    let dataset = import.read(&quijote, &CONVENTIONS).unwrap();
    assert_eq!((dataset.inputs.rows, dataset.inputs.columns), (1800, 79));
    assert_eq!(dataset.target_names, ["Omega_m", "Omega_b", "h", "n_s", "sigma_8"]);
    assert_eq!(
        dataset.target_ranges,
        [[0.1, 0.5], [0.02, 0.08], [0.5, 0.9], [0.8, 1.2], [0.6, 1.0]]
    );
    // the first numbers, as numpy reads them
    assert!(
        (dataset.inputs.values[0] - 97771.59131056).abs() < 1e-7,
        "{}",
        dataset.inputs.values[0]
    );
    assert!((dataset.axis[0] - 0.008899641224696952).abs() < 1e-17, "{}", dataset.axis[0]);
    assert_eq!(dataset.targets.row(0), [0.1755, 0.06681, 0.7737, 0.8849, 0.6641]);
    let names = Some(strings(&["Omega_m", "Omega_b", "h", "n_s", "sigma_8", "M_nu"]));
    let import = Import { targets: names, ..source("neutrino_mpk.npy", "neutrino_params.txt") };
    assert_eq!(import.read(&quijote, &CONVENTIONS).unwrap().target_ranges[5], [0.01, 1.0]);
}
