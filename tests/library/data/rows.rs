//! Rows of two files, matched by the names of their rows.

use shoal::cosmology::CONVENTIONS;
use shoal::data::Import;

use super::folder;
use super::source;
use super::strings;

use crate::common::says;

fn read(x: &str, y: &str, import: Import) -> shoal::Result<shoal::data::Dataset> {
    let files = [("x.csv", x), ("y.csv", y), ("k.txt", "0.1\n0.2\n")];
    import.read(folder(&files).path(), &CONVENTIONS)
}

fn import() -> Import {
    source("x.csv", "y.csv")
}

const Y: &str = "Name,mass\nLH_0,10\nLH_1,11\nLH_2,12\n";

#[test]
fn rows_are_matched_by_name() {
    let dataset = read("Name,a,b\nLH_2,2,5\nLH_0,0,5\n", Y, import()).unwrap();
    assert_eq!(dataset.targets.values, [12.0, 10.0]);
    assert_eq!(dataset.input_names, ["a", "b"]);
    assert_eq!(dataset.notes().len(), 1, "{:?}", dataset.notes());
    assert!(dataset.notes()[0].contains("2 rows of"), "{:?}", dataset.notes());
    let same = read("Name,a\nLH_0,0\nLH_1,1\nLH_2,2\n", Y, import()).unwrap();
    assert_eq!(
        (same.targets.values, same.provenance["notes"].is_null()),
        (vec![10.0, 11.0, 12.0], true)
    );
    // only one has names: by position
    let dataset = read("a\n0\n1\n2\n", Y, import()).unwrap();
    assert_eq!(dataset.targets.values, [10.0, 11.0, 12.0]);
    // an index that only counts is no name
    let dataset = read(",a\n0,7\n1,8\n2,9\n", Y, import()).unwrap();
    assert_eq!(dataset.targets.values, [10.0, 11.0, 12.0]);
    // shuffled data frames
    let y = ",mass\n0,10\n1,11\n2,12\n";
    let dataset = read(",a\n2,7\n0,8\n1,9\n", y, import()).unwrap();
    assert_eq!(dataset.targets.values, [12.0, 10.0, 11.0]);
}

#[test]
fn rows_that_do_not_match_are_refused() {
    says(
        read("Name,a\nLH_0,0\nLH_7,1\n", Y, import()),
        &["y.csv has no row 'LH_7', which is row 1 of", "x.csv", "3 and 2 rows"],
    );
    says(
        read("Name,a\nLH_0,0\nLH_1,1\n", "Name,m\nLH_1,1\nLH_1,2\n", import()),
        &["two rows have the name 'LH_1'"],
    );
    says(read("a\n0\n1\n", Y, import()), &["has 2 rows but", "has 3"]);
}

#[test]
fn a_header_of_wavenumbers_is_the_axis() {
    let x = "0.1,0.2\n1.5,2.5\n3.5,4.5\n";
    let y = "mass\n1\n2\n";
    says(read(x, y, import()), &["has 3 rows but", "--x-header yes"]);
    let header = Import { x_header: Some(true), ..import() };
    let dataset = read(x, y, header.clone()).unwrap();
    assert_eq!((dataset.axis, dataset.input_names), (vec![0.1, 0.2], strings(&["x0", "x1"])));
    assert_eq!(dataset.inputs.values, [1.5, 2.5, 3.5, 4.5]);
    let k = Import { axis: Some("k.txt".into()), ..import() };
    says(read(x, "mass\n1\n2\n3\n", k.clone()), &["where the inputs lie", "--x-header yes"]);
    let dataset = read(x, y, Import { axis: k.axis, ..header }).unwrap();
    assert_eq!(dataset.axis_name, "k");
    // the header of pandas counts columns, which have no names then
    let counted = Import { x_header: Some(true), y_header: Some(true), ..import() };
    let dataset = read("0,1\n1.5,2.5\n3.5,4.5\n", "0\n.5\n.25\n", counted).unwrap();
    assert_eq!(dataset.input_names, ["x0", "x1"]);
    assert_eq!(dataset.target_names, ["y0"]);
    assert_eq!(dataset.targets.values, [0.5, 0.25]);
}

#[test]
fn inputs_are_chosen_by_name() {
    let x = "sim,a,b\n3,1.5,2.5\n4,3.5,4.5\n";
    let y = "mass\n1\n2\n";
    let inputs = |names: &[&str]| Import { inputs: Some(strings(names)), ..import() };
    let dataset = read(x, y, inputs(&["b", "a"])).unwrap();
    assert_eq!(dataset.inputs.values, [2.5, 1.5, 4.5, 3.5]);
    assert_eq!(dataset.input_names, ["b", "a"]);
    says(read(x, y, inputs(&["c"])), &["no input 'c'", "sim, a, b"]);
    says(read(x, y, inputs(&[])), &["`inputs` is empty"]);
}
