//! ROOT trees that uproot and ROOT wrote (`tests/fixtures/collisions.py`), and real ones.

use shoal::cosmology::CONVENTIONS;
use shoal::data::{Import, Items, Table, TextOptions, read_table};

use super::fixture;
use super::strings;

use crate::common::{path, says};

const CODECS: [&str; 5] = ["none", "zlib", "lzma", "lz4", "zstd"];

fn read(name: &str) -> shoal::Result<Table> {
    read_table(&fixture(name), TextOptions::default())
}

fn items(items: &[&str], columns: &[&str], y: &str) -> shoal::Result<Items> {
    let import = Import {
        items: Some(items.iter().map(Into::into).collect()),
        item_columns: Some(strings(columns)),
        y: y.into(),
        ..Import::default()
    };
    import.read(&fixture(""), &CONVENTIONS).map(|dataset| dataset.items.unwrap())
}

#[test]
fn flat_branches_are_a_table_with_every_codec() {
    for codec in CODECS {
        let table = read(&format!("events_{codec}.root")).unwrap();
        let names = ["met", "event", "label", "weight", "passed", "nMuon"];
        assert_eq!(table.names, Some(strings(&names)), "{codec}");
        let rows = [
            [10.5, 7.0, 1.0, 0.5, 1.0, 2.0],
            [20.0, 7.0, 0.0, -1.0, 0.0, 0.0],
            [30.25, 8.0, 1.0, 2.0, 1.0, 1.0],
            [40.0, 9.0, 0.0, 1.5, 0.0, 3.0],
        ];
        assert_eq!(table.matrix.values, rows.as_flattened().repeat(100), "{codec}");
        let one = read(&format!("events_{codec}.root:Events/met")).unwrap();
        assert_eq!(one.matrix.values, [10.5, 20.0, 30.25, 40.0].repeat(100));
        assert_eq!(read(&format!("events_{codec}.root:met")).unwrap(), one);
    }
}

#[test]
fn branches_with_a_counter_are_items() {
    let expected = [50.0, 0.5, 20.0, -1.5, 35.5, 2.0, 60.0, 0.0, 30.0, 1.0, 10.0, -2.25];
    for codec in CODECS {
        let file = format!("events_{codec}.root");
        let y = format!("{file}:met");
        let all = items(&[&format!("{file}:Muon")], &["pt", "eta"], &y).unwrap();
        assert_eq!(all.names, ["pt", "eta"]);
        assert_eq!(all.offsets[..6], [0, 2, 2, 3, 6, 8]);
        assert_eq!((all.rows(), &all.values.values[..]), (400, &expected.repeat(100)[..]));
        let one = items(&[&format!("{file}:Events/Muon_charge")], &["Muon_charge"], &y).unwrap();
        assert_eq!(one.values.values[..6], [1.0, -1.0, 1.0, -1.0, 1.0, -1.0]);
        let pair = items(&[&format!("{file}:pair")], &["pair"], &y).unwrap();
        assert_eq!(
            (&pair.offsets[..3], &pair.values.values[..3]),
            (&[0, 2, 4][..], &[1.0, 2.0, 3.0][..])
        );
    }
}

#[test]
fn vectors_of_numbers_are_items() {
    let file = "stl_containers.root:vector_int32";
    let import = Import { items: Some(vec![file.into()]), ..super::source("", "five.csv") };
    let folder = super::folder(&[("five.csv", "y\n1\n2\n3\n4\n5\n")]);
    let name = "stl_containers.root";
    std::fs::copy(fixture(name), folder.path().join(name)).unwrap();
    let items = import.read(folder.path(), &CONVENTIONS).unwrap().items.unwrap();
    assert_eq!(items.offsets, [0, 1, 3, 6, 10, 15]);
    let expected = [1, 1, 2, 1, 2, 3, 1, 2, 3, 4, 1, 2, 3, 4, 5].map(f64::from);
    assert_eq!(items.values.values, expected);
    let branch = read("stl_containers.root:vector_vector_int32");
    says(branch, &["is of vector<vector<int> >", "uproot.open(file)['tree'].arrays"]);
}

#[test]
fn a_file_of_several_trees_says_so() {
    let table = read("two.root:dir/background").unwrap();
    assert_eq!(table.matrix.column(0).collect::<Vec<_>>(), [30.25, 40.0]);
    let signal = read("two.root:signal/met").unwrap();
    assert_eq!(signal.matrix.values, [10.5, 20.0]);
    says(read("two.root"), &["has 2 trees (dir/background, signal)", "two.root:dir/background"]);
    says(read("two.root:other/met"), &["has 2 trees"]);
}

#[test]
fn what_is_not_read_is_named_with_the_line_that_converts_it() {
    says(read("events_zlib.root:mett"), &["no column 'mett'", "Did you mean 'met'?"]);
    says(read("events_zlib.root:Muon_pt"), &["'Muon_pt' has a list of numbers per row"]);
    says(
        items(&["events_zlib.root:Events"], &["pt"], "events_zlib.root:met"),
        &["is a tree", "Events/met"],
    );
    says(read("ntuple.root"), &["RNTuple", "awkward.to_parquet(uproot.open(file)"]);
    let bytes = std::fs::read(fixture("events_zlib.root")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for length in [3, 10, 100, 300, bytes.len() / 2, bytes.len() - 2000] {
        let cut = folder.path().join("cut.root");
        std::fs::write(&cut, &bytes[..length]).unwrap();
        says(read_table(&cut, TextOptions::default()), &["cut.root"]);
    }
}

/// A file of real collisions, if they are there.
fn real(name: &str) -> Option<std::path::PathBuf> {
    let file = path("../shared/collider/files").join(name);
    let there = file.exists();
    if !there {
        println!("SKIPPED: {} is not there", file.display());
    }
    there.then_some(file)
}

/// Sums of the inputs, the targets and the columns of the items, beside those of uproot.
fn check_sums(
    name: &str,
    tree: &str,
    parts: [&[(&str, f64)]; 2],
    (items, columns): (&str, &[(&str, f64)]),
) {
    let Some(file) = real(name) else { return };
    let part = |part: &str| std::path::PathBuf::from(format!("{}:{part}", file.display()));
    let names = |list: &[(&str, f64)]| list.iter().map(|(name, _)| name.to_string()).collect();
    let import = Import {
        x: part(tree),
        inputs: Some(names(parts[0])),
        targets: Some(names(parts[1])),
        items: Some(vec![part(&format!("{tree}/{items}"))]),
        item_columns: Some(names(columns)),
        ..Import::default()
    };
    let dataset = import.read(std::path::Path::new(""), &CONVENTIONS).unwrap();
    let items = dataset.items.unwrap().values;
    for (matrix, sums) in
        [(&dataset.inputs, parts[0]), (&dataset.targets, parts[1]), (&items, columns)]
    {
        for (column, (name, sum)) in sums.iter().enumerate() {
            let own: f64 = matrix.column(column).sum();
            assert!((own - sum).abs() < 1e-9 * sum.abs(), "{name}: {own} instead of {sum}");
        }
    }
}

#[test]
fn real_files_have_the_numbers_of_uproot() {
    check_sums(
        "nano_tt_v12.root",
        "Events",
        [
            &[("MET_pt", 15488.577864646912), ("nJet", 1504.0), ("event", 11410416449.0)],
            &[("genWeight", 66735.30541992188)],
        ],
        ("Jet", &[("pt", 98137.1328125), ("eta", -100.2874249368906), ("jetId", 8570.0)]),
    );
    check_sums(
        "nanoAOD_2015_CMS_Open_Data_ttbar.root",
        "Events",
        [&[("MET_pt", 7488.3375153541565), ("nMuon", 41.0)], &[("genWeight", 33432083.0625)]],
        ("Muon", &[("pt", 1449.5771398544312), ("eta", -5.310180187225342), ("charge", 9.0)]),
    );
    check_sums(
        "uproot-HZZ.root",
        "events",
        [
            &[("MET_px", 577.7299035903998), ("NMuon", 3825.0)],
            &[("EventWeight", 16.922521416134224)],
        ],
        ("Muon", &[("Px", -2506.0211019696435), ("Charge", -49.0)]),
    );
    check_sums(
        "cms2012_single_top.root",
        "events",
        [
            &[("MET_px", 4380.372766017914), ("NMuon", 5541.0)],
            &[("EventWeight", 311.62300527619664)],
        ],
        ("Muon", &[("Px", 3512.2962066046894), ("Charge", 1117.0)]),
    );
}
