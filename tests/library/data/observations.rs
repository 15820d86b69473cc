//! Inputs without targets.

use std::fs;

use shoal::data::{Observations, TextOptions};

use super::fixture;

use crate::common::says;

#[test]
fn the_inputs_of_a_dataset_need_no_targets() {
    let load = |file| Observations::load(&fixture(file), TextOptions::default()).unwrap();
    let x = load("only_x.npz");
    assert_eq!((x.inputs.rows, x.inputs.columns), (4, 3));
    assert_eq!((&x.axis[..], &x.axis_name[..]), (&[0.0, 1.0, 2.0][..], "input"));
    let named = load("by_hand_named.npz");
    assert_eq!((&named.axis[..], &named.axis_name[..]), (&[0.1, 0.2, 0.3][..], "k [h/Mpc]"));
    assert_eq!(load("object_names.npz").inputs, named.inputs, "names of targets do not matter");
    let parameters = load("parameters.npz");
    assert_eq!(parameters.input_names, ["omega_b", "h"]);
    assert_eq!(load("one.npz").inputs.rows, 2);
    says(
        Observations::load(&fixture("kinds.npz"), TextOptions::default()),
        &["kinds.npz: holds", "say which one"],
    );
}

#[test]
fn a_header_of_wavenumbers_is_the_axis() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    fs::write(&path, "0.1,0.2\n1.5,2.5\n").unwrap();
    let header = TextOptions { header: Some(true), ..TextOptions::default() };
    let read = Observations::load(&path, header).unwrap();
    assert_eq!((read.axis, read.inputs.values), (vec![0.1, 0.2], vec![1.5, 2.5]));
    assert_eq!((read.input_names.join(" "), &read.axis_name[..]), ("x0 x1".into(), "its header"));
    fs::write(&path, "a,a\n1.5,2.5\n").unwrap();
    says(Observations::load(&path, TextOptions::default()), &["x.csv", "'a' is there twice"]);
}
