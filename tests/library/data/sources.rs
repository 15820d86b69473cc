//! Datasets from the sources of a study file.

use std::collections::BTreeMap;

use shoal::cosmology::CONVENTIONS;
use shoal::data::{Dataset, Import, Matrix};

use super::folder;
use super::source;
use super::strings;

use crate::common::says;

const X: &str = "1 2 3\n4 5 6\n";
const Y: &str = "# Omega_m M_nu[eV] w\n0.1 0.5 -1.0\n0.2 0.6 -2.0\n";

#[test]
fn a_source_becomes_a_dataset() {
    let folder = folder(&[("x.txt", X), ("y.txt", Y), ("k.txt", "0.1\n0.2\n0.3\n")]);
    let import = Import {
        axis: Some("k.txt".into()),
        axis_name: Some("k [h/Mpc]".to_string()),
        targets: Some(strings(&["M_nu", "Omega_m"])),
        target_ranges: Some(BTreeMap::from([("M_nu".to_string(), [0.0, 2.0])])),
        max_k: Some(0.2),
        ..source("x.txt", "y.txt")
    };
    let dataset = import.read(folder.path(), &CONVENTIONS).unwrap();
    assert_eq!(dataset.inputs, Matrix::new(2, 2, vec![1.0, 2.0, 4.0, 5.0]));
    assert_eq!(dataset.targets, Matrix::new(2, 2, vec![0.5, 0.1, 0.6, 0.2]));
    assert_eq!(dataset.target_names, ["M_nu", "Omega_m"]);
    assert_eq!(dataset.target_ranges, [[0.0, 2.0], [0.1, 0.5]]);
    assert_eq!(
        (dataset.axis.as_slice(), dataset.axis_name.as_str()),
        (&[0.1, 0.2][..], "k [h/Mpc]")
    );
    let provenance = &dataset.provenance;
    assert_eq!(provenance["dropped"]["targets"], serde_json::json!(["w"]));
    assert_eq!(provenance["dropped"]["inputs"], "all but the first 2 of 3");
    assert_eq!(provenance["read"]["x"]["path"], "x.txt");
    // sha256sum of "1 2 3\n4 5 6\n"
    let sum = "2f55dcfd243b52536b4b8ef0fbfae93ee153fc2f0355888c26bd2b709cddd4cd";
    assert_eq!(provenance["read"]["x"]["sha256"], sum);
    assert_eq!(
        source("x.txt", "y.txt").read(folder.path(), &CONVENTIONS).unwrap().target_names,
        ["Omega_m", "M_nu", "w"]
    );
    // a column of weights is no target
    let weighted = Import { weights: Some("w".to_string()), ..source("x.txt", "y.txt") };
    let dataset = weighted.read(folder.path(), &CONVENTIONS).unwrap();
    assert_eq!(dataset.target_names, ["Omega_m", "M_nu"]);
    assert_eq!(dataset.weights, Some(vec![-1.0, -2.0]));
    let path = folder.path().join("weighted.npz");
    dataset.save(&path).unwrap();
    assert_eq!(Dataset::load(&path, &CONVENTIONS).unwrap(), dataset);
    let short = Dataset { weights: Some(vec![1.0]), ..dataset };
    says(short.check(), &["'weights' has 1 entries", "2 rows"]);
}

#[test]
fn a_source_that_does_not_fit_is_refused() {
    let folder = folder(&[
        ("x.txt", X),
        ("y.txt", Y),
        ("three.txt", "0.1\n0.2\n0.3\n"),
        ("nan.txt", "1 2 3\n4 nan 6\n"),
        ("twice.txt", "h h\n0.6 0.7\n0.6 0.7\n"),
    ]);
    let read = |import: Import| import.read(folder.path(), &CONVENTIONS);
    let good = || source("x.txt", "y.txt");
    says(
        read(source("x.txt", "three.txt")),
        &["x.txt has 2 rows but", "three.txt has 3", "same simulations"],
    );
    says(
        read(source("nan.txt", "y.txt")),
        &["nan.txt: row 1 (counting from 0), column 'x1' is NaN", "1 of 6"],
    );
    says(
        read(source("x.txt", "nan.txt")),
        &["nan.txt: row 1 (counting from 0), column 'y1' is NaN"],
    );
    says(read(source("x.txt", "twice.txt")), &["twice.txt", "'h' is there twice"]);
    says(read(source("x.txt", "gone.txt")), &["gone.txt: no such file"]);
    let names = Some(strings(&["a"]));
    says(
        read(Import { target_names: names.clone(), ..good() }),
        &["`target_names` has 1", "3 columns"],
    );
    says(read(Import { input_names: names, ..good() }), &["`input_names` has 1", "3 columns"]);
    says(
        read(Import { targets: Some(strings(&["Omega"])), ..good() }),
        &["no target 'Omega'", "mean 'Omega_m'"],
    );
    says(
        read(Import { targets: Some(Vec::new()), ..good() }),
        &["`targets` is empty", "Omega_m, M_nu, w"],
    );
    let range = |name: &str, range| Some(BTreeMap::from([(name.to_string(), range)]));
    says(read(Import { target_ranges: range("mu", [0.0, 1.0]), ..good() }), &["no target 'mu'"]);
    says(
        read(Import { target_ranges: range("w", [0.0, 1.0]), ..good() }),
        &["'w' is -1 in row 0", "2 of 2 rows"],
    );
    says(read(Import { target_ranges: range("w", [1.0, 0.0]), ..good() }), &["'w'", "less than"]);
    says(
        read(Import { axis: Some("x.txt".into()), ..good() }),
        &["x.txt", "(2, 3)", "one row or one column"],
    );
    says(read(Import { axis: Some("y.txt".into()), ..source("three.txt", "y.txt") }), &["y.txt"]);
    says(read(Import { bins: Some(4), ..good() }), &["`bins` is 4", "only 3"]);
    says(read(Import { bins: Some(0), ..good() }), &["`bins` is 0"]);
    says(read(Import { max_k: Some(1.0), ..good() }), &["`max_k`", "`axis`"]);
    says(read(Import { bins: Some(1), max_k: Some(1.0), ..good() }), &["not both"]);
    says(read(Import { skip_missing: Some(true), ..good() }), &["`skip_missing`", "not a folder"]);
}

#[test]
fn a_source_is_an_inline_table() {
    let import: Import =
        toml::from_str("x = \"x.npy\"\ny = \"y.txt\"\ntargets = [\"h\"]\nbins = 60").unwrap();
    assert_eq!((import.bins, import.targets), (Some(60), Some(strings(&["h"]))));
    let error = toml::from_str::<Import>("x = \"x.npy\"\ny = \"y.txt\"\ntarget = [\"h\"]")
        .unwrap_err()
        .to_string();
    assert!(error.contains("unknown field `target`"), "{error}");
}
