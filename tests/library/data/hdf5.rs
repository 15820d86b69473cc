//! HDF5 that h5py wrote (`tests/fixtures/collisions.py`).

use shoal::cosmology::CONVENTIONS;
use shoal::data::{Dataset, Import, Table, TextOptions, read_table};

use super::fixture;
use super::strings;

use crate::common::says;

fn read(name: &str) -> shoal::Result<Table> {
    read_table(&fixture(name), TextOptions::default())
}

#[test]
fn every_type_of_number_is_read() {
    for kind in ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"] {
        let first = if kind.starts_with('u') { 1.0 } else { -1.0 };
        for order in ["little", "big"] {
            let matrix = read(&format!("kinds.h5:{kind}_{order}")).unwrap().matrix;
            assert_eq!((matrix.rows, matrix.values), (2, vec![first, 2.0, 3.0, 100.0]), "{kind}");
        }
    }
    assert_eq!(read("kinds.h5:bool").unwrap().matrix.values, [1.0, 0.0, 0.0, 1.0]);
    let many: Vec<f64> = (0..3000).map(f64::from).collect();
    for name in ["gzip", "shuffle", "lzf", "fletcher", "scaled", "chunked"] {
        assert_eq!(read(&format!("kinds.h5:{name}")).unwrap().matrix.values, many, "{name}");
    }
    for name in ["x", "long"] {
        assert_eq!(read(&format!("latest.h5:{name}")).unwrap().matrix.values, many, "{name}");
    }
}

#[test]
fn datasets_and_fields_have_names() {
    assert_eq!(read("plain.h5:one/two").unwrap().matrix.values, [10.5, 20.0, 30.25, 40.0]);
    assert_eq!(read("plain.h5:x").unwrap().matrix.columns, 3);
    let jets = read("salt.h5:jets").unwrap();
    assert_eq!(jets.names, Some(strings(&["pt", "eta", "flavour"])));
    assert_eq!(jets.matrix.row(2), [30.25, 1.5, 1.0]);
    assert_eq!(read("salt.h5:jets/eta").unwrap().matrix.values, [0.5, 1.0, 1.5, 2.0]);
    says(read("plain.h5"), &["holds 3 datasets (x, y, one/two)", "plain.h5:x"]);
    says(read("plain.h5:z"), &["no dataset 'z'"]);
    says(read("salt.h5:jets/phi"), &["no field 'phi'", "flavour"]);
    says(read("salt.h5:jets/name"), &["'name' is not a number"]);
    says(read("salt.h5:tracks"), &["shape [4, 3, 3]", "`items`"]);
    says(read("kinds.h5:text"), &["'text'", "not numbers (text"]);
    says(read("kinds.h5:bytes"), &["'bytes'", "not numbers (text"]);
    says(read("kinds.h5:cube"), &["shape [2, 3, 4]"]);
    says(read("kinds.h5:scalar"), &["shape []"]);
    says(read("kinds.h5:ragged"), &["lists", "`items`"]);
    let bytes = std::fs::read(fixture("plain.h5")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.h5");
    std::fs::write(&cut, &bytes[..600]).unwrap();
    says(read_table(&cut, TextOptions::default()), &["cut.h5", "cannot be read as HDF5"]);
}

/// Jets with their tracks.
fn jets(change: impl Fn(Import) -> Import) -> shoal::Result<Dataset> {
    let import = Import {
        x: "salt.h5:jets".into(),
        targets: Some(strings(&["flavour"])),
        items: Some(vec!["salt.h5:tracks".into()]),
        ..Import::default()
    };
    change(import).read(&fixture(""), &CONVENTIONS)
}

#[test]
fn tables_of_salt_become_a_dataset() {
    let dataset = jets(|import| import).unwrap();
    assert_eq!(dataset.input_names, ["pt", "eta"]);
    assert_eq!(dataset.targets.values, [1.0, 0.0, 1.0, 0.0]);
    let items = dataset.items.unwrap();
    assert_eq!(items.names, ["pt", "eta", "charge"]);
    assert_eq!(items.offsets, [0, 2, 2, 3, 6]);
    assert_eq!(items.values.row(1), [20.0, -1.5, -1.0]);
    let chosen = |import| Import { item_columns: Some(strings(&["charge", "pt"])), ..import };
    let items = jets(chosen).unwrap().items.unwrap();
    assert_eq!((items.names.len(), items.values.row(5)), (2, &[-1.0, 10.0][..]));
    // arrays beside each other, with a mask or a number that says where there is nothing
    let padded = |mask: Option<&'static str>, fill| {
        move |import| Import {
            items: Some(vec!["salt.h5:padded".into(), "salt.h5:tracks/charge".into()]),
            mask: mask.map(Into::into),
            fill,
            item_names: Some(strings(&["pt", "eta", "charge"])),
            ..import
        }
    };
    let expected = jets(|import| import).unwrap().items;
    for mask in ["salt.h5:mask", "salt.h5:tracks/valid"] {
        assert_eq!(jets(padded(Some(mask), None)).unwrap().items, expected);
    }
    assert_eq!(jets(padded(None, Some(0.0))).unwrap().items, expected);
    says(jets(padded(None, None)), &["3 places", "`fill`", "`mask`"]);
}

#[test]
fn lists_of_numbers_are_items() {
    let import = Import {
        items: Some(vec!["kinds.h5:ragged".into()]),
        y: "plain.h5:y".into(),
        ..Import::default()
    };
    let items = import.read(&fixture(""), &CONVENTIONS).unwrap().items.unwrap();
    assert_eq!(items.offsets, [0, 2, 2, 3, 6]);
    assert_eq!(items.values.values, [50.0, 20.0, 35.5, 60.0, 30.0, 10.0]);
}
