//! Datasets in an npz, written by hand and by this crate.

use std::fs;
use std::path::{Path, PathBuf};

use shoal::cosmology::CONVENTIONS;
use shoal::data::{Dataset, Matrix};

use super::fixture;
use super::strings;

use crate::common::says;

#[test]
fn a_dataset_made_by_hand_gets_defaults() {
    let dataset = Dataset::load(&fixture("by_hand.npz"), &CONVENTIONS).unwrap();
    assert_eq!((dataset.inputs.rows, dataset.inputs.columns, dataset.targets.columns), (4, 3, 2));
    assert_eq!(dataset.axis, [0.0, 1.0, 2.0]);
    assert_eq!(dataset.axis_name, "input");
    assert_eq!(dataset.target_names, ["y0", "y1"]);
    assert_eq!(dataset.target_ranges, [[0.1, 0.5], [6.0, 9.0]]);
    let named = Dataset::load(&fixture("by_hand_named.npz"), &CONVENTIONS).unwrap();
    assert_eq!(named.axis, [0.1, 0.2, 0.3]);
    assert_eq!(named.axis_name, "k [h/Mpc]");
    assert_eq!(named.target_names, ["Omega_m", "mass"]);
    assert_eq!(
        Dataset::load(&fixture("by_hand_bytes.npz"), &CONVENTIONS).unwrap().target_names,
        named.target_names
    );
    assert_ne!(named.hash(), dataset.hash());
}

#[test]
fn a_dataset_that_does_not_fit_is_refused() {
    let uneven = "uneven.npz: 'x' has 4 rows but 'y' has 3; they must be the same simulations in \
                  the same order";
    says(Dataset::load(&fixture("uneven.npz"), &CONVENTIONS), &[uneven]);
    says(
        Dataset::load(&fixture("only_x.npz"), &CONVENTIONS),
        &["only_x.npz", "no 'y'", "spectra, x", "np.savez"],
    );
    says(
        Dataset::load(&fixture("plain.npy"), &CONVENTIONS),
        &["plain.npy: is not a dataset", "shoal import"],
    );
    says(
        Dataset::load(&fixture("object_names.npz"), &CONVENTIONS),
        &[
            "'target_names' holds Python objects",
            "z['target_names'] = z['target_names'].astype('U'); np.savez('",
        ],
    );
    let good = Dataset::load(&fixture("by_hand_named.npz"), &CONVENTIONS).unwrap();
    let with = |change: &dyn Fn(&mut Dataset)| {
        let mut dataset = good.clone();
        change(&mut dataset);
        dataset.check()
    };
    says(with(&|d| d.axis = vec![0.0]), &["'axis' has 1 entries", "3 columns"]);
    says(with(&|d| d.axis[1] = f64::NAN), &["'axis' 1 is NaN"]);
    says(with(&|d| d.target_names = strings(&["h"])), &["'target_names' has 1", "2 columns"]);
    says(with(&|d| d.target_names = strings(&["h", "h"])), &["'h' is there twice"]);
    says(with(&|d| d.input_names[0] = String::new()), &["input 0 has no name"]);
    says(
        with(&|d| d.inputs.values[4] = f64::NAN),
        &["'x': row 1 (counting from 0), column 'x1' is NaN", "1 of 12"],
    );
    says(
        with(&|d| d.targets.values[3] = f64::INFINITY),
        &["'y': row 1 (counting from 0), column 'mass' is inf"],
    );
    says(with(&|d| d.target_ranges[1] = [9.0, 6.0]), &["'mass'", "[9, 6]", "less than"]);
    says(with(&|d| d.target_ranges[1] = [9.0, 9.0]), &["'mass'", "[9, 9]", "without extent"]);
    let outside = ["'Omega_m' is 0.5 in row 3", "[0.1, 0.4]", "1 of 4 rows", "target_ranges"];
    says(with(&|d| d.target_ranges[0] = [0.1, 0.4]), &outside);
    says(with(&|d| d.provenance = serde_json::json!([])), &["'provenance'", "object"]);
    with(&|d| d.target_ranges[0] = [0.1 + 1e-11, 0.5 - 1e-11])
        .expect("a rounding beyond the bound is allowed");
}

#[test]
fn targets_are_chosen_by_name() {
    let dataset = Dataset::load(&fixture("by_hand_named.npz"), &CONVENTIONS).unwrap();
    let chosen = dataset.select_targets(&strings(&["mass", "Omega_m"])).unwrap();
    assert_eq!(chosen.targets.row(1), [8.0, 0.2]);
    assert_eq!(chosen.target_ranges, [[6.0, 9.0], [0.1, 0.5]]);
    says(
        dataset.select_targets(&strings(&["omega_m"])),
        &["no target 'omega_m'", "Did you mean 'Omega_m'?"],
    );
    says(dataset.select_targets(&strings(&["mass", "mass"])), &["twice"]);
    says(dataset.select_targets(&[]), &["no targets", "Omega_m, mass"]);
}

/// A dataset with awkward names and numbers, saved in a folder.
fn saved(folder: &Path) -> (Dataset, PathBuf) {
    let x = Matrix::new(2, 3, vec![1.0 / 3.0, -0.0, 1e300, 5e-324, 2.0, 3.0]);
    let mut dataset =
        Dataset::new(x, Matrix::new(2, 1, vec![0.3, 0.4]), strings(&["Ω_m"])).unwrap();
    dataset.target_ranges = vec![[0.1, 0.5]];
    dataset.axis_name = "k [h/Mpc] – gerundet 𝄞".to_string();
    dataset.provenance = serde_json::json!({ "read": { "x": "σ8.txt" } });
    let path = folder.join("set.npz");
    dataset.save(&path).unwrap();
    (dataset, path)
}

#[test]
fn a_saved_dataset_loads_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let (dataset, path) = saved(folder.path());
    let loaded = Dataset::load(&path, &CONVENTIONS).unwrap();
    assert_eq!(loaded, dataset);
    assert_eq!(loaded.hash(), dataset.hash());
    let bits = |dataset: &Dataset| {
        dataset.inputs.values.iter().map(|value| value.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(bits(&loaded), bits(&dataset));
    let first = fs::read(&path).unwrap();
    loaded.save(&path).unwrap();
    assert!(fs::read(&path).unwrap() == first, "equal data must give equal bytes");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a temporary file was left");
}

#[test]
fn numpy_opens_a_saved_dataset() {
    let numpy = |code: &str, argument: &Path| {
        std::process::Command::new("python3").args(["-c", code]).arg(argument).output()
    };
    if !numpy("import numpy", Path::new("")).is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED numpy_opens_a_saved_dataset: there is no python3 with numpy");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (_, path) = saved(folder.path());
    let code = "\
import sys, json, zipfile, numpy
assert zipfile.ZipFile(sys.argv[1]).testzip() is None
data = numpy.load(sys.argv[1])
assert data['x'].shape == (2, 3) and data['x'].dtype == 'f8' and data['x'][0, 0] == 1 / 3, data['x']
assert data['y'].shape == (2, 1) and data['axis'].tolist() == [0, 1, 2]
assert data['axis_name'].shape == () and str(data['axis_name']) == 'k [h/Mpc] – gerundet 𝄞', data['axis_name']
assert data['input_names'].tolist() == ['x0', 'x1', 'x2'] and data['target_names'].tolist() == ['Ω_m']
assert data['target_ranges'].tolist() == [[0.1, 0.5]]
assert json.loads(str(data['provenance'])) == {'read': {'x': 'σ8.txt'}}
assert len(data.files) == 8, data.files
";
    let output = numpy(code, &path).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
