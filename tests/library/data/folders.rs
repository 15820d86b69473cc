//! Folders of simulations: which one belongs to which row.

use shoal::cosmology::CONVENTIONS;
use shoal::data::{Dataset, Import};

use super::folder;
use super::source;

use crate::common::says;

/// The folders of these names; the spectrum of folder n begins with n, and row n of four has the
/// parameter n + offset.
fn read(names: &[&str], targets: &str, import: Import) -> shoal::Result<Dataset> {
    let number = |name: &str| {
        name.trim_start_matches(|c: char| !c.is_ascii_digit()).parse::<usize>().unwrap_or(0)
    };
    let files: Vec<(String, String)> = names
        .iter()
        .map(|name| {
            (format!("T/{name}/Pk_m_z=0.txt"), format!("0.1 {0}.5\n0.2 {0}.5\n", number(name)))
        })
        .chain([("y.txt".into(), targets.into()), ("T/notes/readme".into(), "none".into())])
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (&a[..], &b[..])).collect();
    import.read(folder(&files).path(), &CONVENTIONS)
}

const ROWS: &str = "#mass a\n10 .1\n11 .2\n12 .3\n13 .4\n";

fn import() -> Import {
    source("T", "y.txt")
}

/// The first input and the first target of each row.
fn pairs(dataset: &Dataset) -> Vec<(f64, f64)> {
    dataset.inputs.column(0).zip(dataset.targets.column(0)).collect()
}

#[test]
fn folders_beyond_the_rows_are_refused_with_both_ranges() {
    let from_1 = ["1", "2", "3", "4"];
    let ranges = ["folders are numbered 1 to 4", "the 4 rows", "simulations 0 to 3", "--first 1"];
    says(read(&from_1, ROWS, import()), &ranges);
    let skip = || Import { skip_missing: Some(true), ..import() };
    says(read(&from_1, ROWS, skip()), &ranges);
    let first = Import { first: Some(1), ..import() };
    let expected = [(1.5, 10.0), (2.5, 11.0), (3.5, 12.0), (4.5, 13.0)];
    assert_eq!(pairs(&read(&from_1, ROWS, first.clone()).unwrap()), expected);
    says(read(&["0", "1", "2"], ROWS, first), &["numbered 0 to 2", "simulations 1 to 4"]);
    // more folders than rows
    says(
        read(&["0", "1", "2", "3", "4"], ROWS, skip()),
        &["0 to 4", "0 to 3", "a row for each folder"],
    );
}

#[test]
fn skipping_never_shifts() {
    let skip = |first| Import { skip_missing: Some(true), first, ..import() };
    let dataset = read(&["0", "2", "3"], ROWS, skip(None)).unwrap();
    assert_eq!(pairs(&dataset), [(0.5, 10.0), (2.5, 12.0), (3.5, 13.0)]);
    assert_eq!(dataset.provenance["dropped"]["simulations"], serde_json::json!([1]));
    // without folder 0 nobody knows whether it is missing or the numbers begin with 1
    says(
        read(&["1", "2", "3"], ROWS, skip(None)),
        &["1 to 3", "0 to 3", "`first = 1`", "`first = 0`"],
    );
    let pair = [(1.5, 11.0), (2.5, 12.0), (3.5, 13.0)];
    assert_eq!(pairs(&read(&["1", "2", "3"], ROWS, skip(Some(0))).unwrap()), pair);
    let pair = [(1.5, 10.0), (2.5, 11.0), (3.5, 12.0)];
    assert_eq!(pairs(&read(&["1", "2", "3"], ROWS, skip(Some(1))).unwrap()), pair);
}

#[test]
fn folders_may_have_zeros_or_letters_before_their_number() {
    let expected = [(0.5, 10.0), (1.5, 11.0), (2.5, 12.0), (3.5, 13.0)];
    for names in [["0000", "0001", "0002", "0003"], ["LH_0", "LH_1", "LH_2", "LH_3"]] {
        assert_eq!(pairs(&read(&names, ROWS, import()).unwrap()), expected, "{names:?}");
    }
    says(read(&["0", "1", "01", "2"], ROWS, import()), &["same number"]);
    says(read(&["a0", "b0", "a1", "a2"], ROWS, import()), &["aN, bN"]);
}

#[test]
fn folders_with_the_names_of_the_rows_belong_to_them() {
    let rows = "#Name mass\nLH_2 12\nLH_0 10\n";
    let dataset = read(&["LH_0", "LH_1", "LH_2"], rows, import()).unwrap();
    assert_eq!(pairs(&dataset), [(2.5, 12.0), (0.5, 10.0)]);
    says(
        read(&["LH_0", "LH_1"], rows, import()),
        &["1 of 2 simulations have no Pk_m_z=0.txt: LH_2", "skip_missing"],
    );
    says(
        read(&["LH_0", "LH_2"], rows, Import { first: Some(0), ..import() }),
        &["`first`", "names of the rows"],
    );
}

#[test]
fn columns_of_the_files_are_matched_by_name() {
    let files = |second: &str| {
        folder(&[
            ("T/0/Pk_m_z=0.txt", "# k P\n0.1 5\n0.2 6\n"),
            ("T/1/Pk_m_z=0.txt", second),
            ("y.txt", "#mass\n1.5\n2.5\n"),
        ])
    };
    let read = |second: &str| import().read(files(second).path(), &CONVENTIONS);
    let dataset = read("# P n k\n7 9 0.1\n8 9 0.2\n").unwrap();
    assert_eq!(dataset.inputs.values, [5.0, 6.0, 7.0, 8.0]);
    says(read("# k Q\n0.1 7\n0.2 8\n"), &["has no column 'P' (k, Q)", "0/Pk_m_z=0.txt"]);
}
