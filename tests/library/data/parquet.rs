//! Parquet that pyarrow and awkward wrote (`tests/fixtures/collisions.py`).

use shoal::cosmology::CONVENTIONS;
use shoal::data::{Import, Table, TextOptions, read_table};

use super::fixture;
use super::strings;

use crate::common::says;

fn read(name: &str) -> shoal::Result<Table> {
    read_table(&fixture(name), TextOptions::default())
}

#[test]
fn every_type_of_number_is_read_with_every_codec() {
    let expected: [(&str, [f64; 3]); 13] = [
        ("bool", [1.0, 0.0, f64::NAN]),
        ("i8", [-1.0, 2.0, 100.0]),
        ("u8", [1.0, 2.0, 200.0]),
        ("i16", [-1.0, 2.0, 30000.0]),
        ("u16", [1.0, 2.0, 60000.0]),
        ("i32", [-1.0, 2.0, 100000.0]),
        ("u32", [1.0, 2.0, 4e9]),
        ("i64", [-1.0, 2.0, 1099511627776.0]),
        ("u64", [1.0, 2.0, 9223372036854775808.0]),
        ("f16", [0.5, -2.0, 1000.0]),
        ("f32", [0.5, -2.25, f64::from(1e30f32)]),
        ("f64", [0.1, -2.25, 1e300]),
        ("null", [1.5, f64::NAN, 2.5]),
    ];
    for codec in ["none", "snappy", "gzip", "lz4", "zstd"] {
        let file = format!("kinds_{codec}.parquet");
        for (name, numbers) in expected {
            let table = read(&format!("{file}:{name}")).unwrap();
            assert_eq!(table.names, Some(strings(&[name])));
            let bits = |numbers: &[f64]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&table.matrix.values), bits(&numbers), "{codec} {name}");
        }
        // the table has all columns of numbers, also those of a struct, and no others
        let names = read(&file).unwrap().names.unwrap();
        let all: Vec<&str> =
            expected.map(|(name, _)| name).into_iter().chain(["struct.a"]).collect();
        assert_eq!(names, all);
    }
    let table = read("groups.parquet").unwrap();
    assert_eq!(table.matrix.values, (0..1000).map(f64::from).collect::<Vec<_>>());
}

#[test]
fn what_is_not_numbers_is_named_with_the_line_that_converts_it() {
    let of = |column: &str| read(&format!("kinds_zstd.parquet:{column}"));
    says(read("events.parquet:process"), &["'process' is text", "pyarrow.parquet.read_table"]);
    says(of("date"), &["'date' has dates"]);
    says(of("decimal"), &["'decimal' has dates, decimals"]);
    says(of("nested"), &["'nested' has lists of lists", "awkward.flatten"]);
    says(of("lists"), &["'lists' has a list of numbers per row", "`items`"]);
    says(of("f63"), &["no column 'f63'", "Did you mean 'f64'?", "struct.a"]);
    says(read("brotli.parquet"), &["brotli.parquet", "write_table", "compression='zstd'"]);
    let bytes = std::fs::read(fixture("events.parquet")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.parquet");
    std::fs::write(&cut, &bytes[..bytes.len() - 9]).unwrap();
    says(read_table(&cut, TextOptions::default()), &["cut.parquet", "cannot be read as Parquet"]);
}

/// Items of a file of muons in the fixtures, of which the columns are given.
fn muons(items: &[&str], item_columns: &[&str], y: &str) -> shoal::data::Items {
    let import = Import {
        items: Some(items.iter().map(Into::into).collect()),
        item_columns: Some(strings(item_columns)),
        y: y.into(),
        targets: Some(strings(&["met"])),
        ..Import::default()
    };
    import.read(&fixture(""), &CONVENTIONS).unwrap().items.unwrap()
}

#[test]
fn lists_become_items() {
    let expected = [50.0, 0.5, 20.0, -1.5, 35.5, 2.0, 60.0, 0.0, 30.0, 1.0, 10.0, -2.25];
    for (items, columns, y) in [
        (&["events.parquet:Muon"][..], ["pt", "eta"], "events.parquet"),
        (
            &["events.parquet:Muon_eta", "events.parquet:Muon_pt"],
            ["Muon_pt", "Muon_eta"],
            "events.parquet",
        ),
        (&["awkward.parquet:muons"], ["pt", "eta"], "awkward.parquet"),
        (
            &["awkward.parquet:muons.pt", "awkward.parquet:muons.eta"],
            ["muons.pt", "muons.eta"],
            "awkward.parquet",
        ),
    ] {
        let read = muons(items, &columns, y);
        assert_eq!(read.names, columns);
        assert_eq!(read.offsets, [0, 2, 2, 3, 6]);
        assert_eq!(read.values.values, expected, "{items:?}");
    }
}

#[test]
fn lists_go_on_in_the_next_row_group() {
    let import = Import {
        items: Some(vec!["groups.parquet:n".into()]),
        y: "groups.parquet:x".into(),
        ..Import::default()
    };
    let items = import.read(&fixture(""), &CONVENTIONS).unwrap().items.unwrap();
    assert_eq!(items.rows(), 1000);
    for row in 0..1000 {
        let of: Vec<f64> = items.of(row).map(|item| items.values.values[item]).collect();
        assert_eq!(of, vec![row as f64; row % 3]);
    }
}

#[test]
fn items_that_do_not_fit_are_named() {
    let fails = |import: Import, parts: &[&str]| {
        says(import.read(&fixture(""), &CONVENTIONS), parts);
    };
    let good = || Import {
        items: Some(vec!["events.parquet:Muon".into()]),
        y: "events.parquet:met".into(),
        ..Import::default()
    };
    let with = |items: &[&str]| Some(items.iter().map(Into::into).collect());
    good().read(&fixture(""), &CONVENTIONS).unwrap();
    fails(
        Import { items: with(&["events.parquet"]), ..good() },
        &["events.parquet", "(rows, places"],
    );
    fails(
        Import { item_columns: Some(strings(&["phi"])), ..good() },
        &["no item column 'phi'", "pt"],
    );
    fails(Import { fill: Some(0.0), ..good() }, &["`fill` beside", "leave it out"]);
    fails(
        Import { y: "groups.parquet:x".into(), ..good() },
        &["items are those of 4 rows", "1000"],
    );
    fails(
        Import {
            items: with(&["kinds_none.parquet:lists"]),
            y: "kinds_none.parquet:f64".into(),
            ..good()
        },
        &["'lists' is NaN", "1 of 2 values"],
    );
    fails(
        Import { items: with(&["kinds_none.parquet:lists", "kinds_none.parquet:pair"]), ..good() },
        &["pair has 6 items", "lists has 2"],
    );
}
