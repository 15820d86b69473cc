//! Columns by their names: one file for inputs, targets, weights and groups; conditions; files that
//! follow each other.

use std::collections::BTreeMap;

use shoal::cosmology::CONVENTIONS;
use shoal::data::{Dataset, Import, Matrix};

use super::folder;
use super::{fixture, source, strings};

use crate::common::says;

fn read(import: &Import) -> shoal::Result<Dataset> {
    import.read(&fixture(""), &CONVENTIONS)
}

fn events() -> Import {
    Import {
        x: "events.parquet".into(),
        targets: Some(strings(&["label"])),
        weights: Some("weight".into()),
        groups: Some("event".into()),
        ..Import::default()
    }
}

#[test]
fn one_table_has_inputs_targets_weights_and_groups() {
    let dataset = read(&events()).unwrap();
    assert_eq!(dataset.input_names, ["met"]);
    assert_eq!(dataset.inputs.values, [10.5, 20.0, 30.25, 40.0]);
    assert_eq!(dataset.targets.values, [1.0, 0.0, 1.0, 0.0]);
    assert_eq!(dataset.weights, Some(vec![0.5, -1.0, 2.0, 1.5]));
    assert_eq!(dataset.groups, Some(vec![7.0, 7.0, 8.0, 9.0]));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.npz");
    dataset.save(&path).unwrap();
    assert_eq!(Dataset::load(&path, &CONVENTIONS).unwrap(), dataset);
    assert_ne!(Dataset { groups: None, ..dataset.clone() }.hash(), dataset.hash());
    let short = Dataset { groups: Some(vec![1.0]), ..dataset };
    says(short.check(), &["'groups' has 1 entries", "4 rows"]);
    says(read(&Import { targets: None, ..events() }), &["name the columns", "`targets`"]);
    let gone = Import { weights: Some("wheight".into()), ..events() };
    says(read(&gone), &["`weights`", "no column 'wheight'", "Did you mean 'weight'?"]);
    let gone = Import { groups: Some("process".into()), ..events() };
    says(read(&gone), &["`groups`", "'process' is text"]);
}

#[test]
fn inputs_never_contain_the_targets_of_the_same_table() {
    let folder = folder(&[("all.csv", "a,b,c\n1,2,3\n4,5,6\n"), ("bare.csv", "1,2.5,3\n4,5,6\n")]);
    let of = |file: &str, targets: &[&str], names: Option<&[&str]>| {
        let import = Import {
            targets: Some(strings(targets)),
            target_names: names.map(strings),
            ..source(file, "")
        };
        import.read(folder.path(), &CONVENTIONS)
    };
    assert_eq!(of("all.csv", &["b"], None).unwrap().input_names, ["a", "c"]);
    assert_eq!(of("all.csv", &["b"], None).unwrap().inputs.values, [1.0, 3.0, 4.0, 6.0]);
    says(of("bare.csv", &["y1"], None), &["bare.csv", "target 'y1'", "`inputs`"]);
    says(of("all.csv", &["q"], Some(&["p", "q", "r"])), &["target 'q'", "`inputs`"]);
}

#[test]
fn rows_are_kept_by_conditions_on_any_column() {
    let kept = |condition: &str| {
        let import = Import { condition: Some(condition.into()), ..events() };
        read(&import).map(|dataset| dataset.inputs.values)
    };
    assert_eq!(kept("met > 15 and met < 35").unwrap(), [20.0, 30.25]);
    assert_eq!(kept("event == 7").unwrap(), [10.5, 20.0]);
    // of a column that is then the same in every row, there is nothing to learn
    says(kept("weight > 0 and label == 0"), &["'label'", "without extent"]);
    says(kept("met > 100"), &["no row meets `met > 100`"]);
    says(kept("mett > 100"), &["`where`", "no column 'mett'", "Did you mean 'met'?"]);
    says(kept("met >"), &["`where`", "needs a number"]);
    // everything is that of the rows that are kept
    let import = Import {
        condition: Some("event != 8".into()),
        items: Some(vec!["events.parquet:Muon".into()]),
        ..events()
    };
    let dataset = read(&import).unwrap();
    assert_eq!(dataset.targets.values, [1.0, 0.0, 0.0]);
    assert_eq!(dataset.weights, Some(vec![0.5, -1.0, 1.5]));
    assert_eq!(dataset.groups, Some(vec![7.0, 7.0, 9.0]));
    assert_eq!(dataset.items.unwrap().offsets, [0, 2, 2, 5]);
    assert_eq!(dataset.provenance["dropped"]["rows"], "1 of 4");
}

#[test]
fn columns_are_computed_from_others() {
    let define = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(name, text)| (name.to_string(), text.to_string()));
        let define = Some(pairs.collect());
        let items = Some(vec!["events.parquet:Muon".into()]);
        Import { define, items, item_columns: None, ..events() }
    };
    let plain = read(&define(&[])).unwrap().items.unwrap();
    let [pt, eta] = ["pt", "eta"]
        .map(|name| plain.names.iter().position(|own| own == name).expect("a column of muons"));
    let both = [("px", "pt * cos(eta) - 1"), ("ratio", "sqrt(met) / weight"), ("z", "pt / met")];
    let dataset = read(&define(&both)).unwrap();
    let items = dataset.items.unwrap();
    assert_eq!(items.names[plain.names.len()..], ["px", "z"]);
    for item in 0..items.values.rows {
        let row = plain.values.row(item);
        let event = (0..4).find(|event| plain.of(*event).contains(&item)).unwrap();
        let met = [10.5, 20.0, 30.25, 40.0][event];
        let expected = [row[pt] * row[eta].cos() - 1.0, row[pt] / met];
        assert_eq!(items.values.row(item)[plain.names.len()..], expected);
    }
    assert_eq!(dataset.input_names, ["met", "ratio"]);
    assert_eq!(dataset.inputs.row(2), [30.25, 5.5 / 2.0]);
    // only what is needed is read, also where a condition names what is computed
    let import = Import {
        item_columns: Some(strings(&["px"])),
        inputs: Some(strings(&["ratio"])),
        condition: Some("ratio > 0".into()),
        ..define(&both)
    };
    let dataset = read(&import).unwrap();
    assert_eq!(
        (dataset.items.unwrap().names, dataset.input_names),
        (strings(&["px"]), strings(&["ratio"]))
    );
    assert_eq!(dataset.targets.values, [1.0, 1.0, 0.0]);
    says(
        read(&define(&[("px", "pt * cot(eta)")])),
        &["`define`, 'px'", "there is no function 'cot'"],
    );
    says(read(&define(&[("px", "pt > 1")])), &["`define`, 'px'", "an operator or the end"]);
    says(read(&define(&[("px", "pt + pz")])), &["`define`", "no column 'pz'"]);
    says(read(&define(&[("pt", "eta")])), &["item column name 'pt' is there twice"]);
    let logarithm = read(&define(&[("l", "log(weight)")]));
    says(logarithm, &["`define`, 'l'", "is NaN in row 1", "weight = -1"]);
}

#[test]
fn what_a_condition_leaves_out_need_not_be_sound() {
    let folder =
        folder(&[("x.csv", "a,n\n1,0\nnan,1\n3,0\n5,2\n"), ("y.csv", "t\n1\nnan\n-999\n2\n")]);
    let with = |condition: &str| {
        let import = Import { condition: Some(condition.into()), ..source("x.csv", "y.csv") };
        import.read(folder.path(), &CONVENTIONS)
    };
    let dataset = with("t > -100").unwrap();
    assert_eq!(
        (dataset.inputs.values, dataset.target_ranges),
        (vec![1.0, 0.0, 5.0, 2.0], vec![[1.0, 2.0]])
    );
    says(with("n < 2"), &["of the rows that `where` keeps", "row 1", "NaN"]);
    let plain = source("x.csv", "y.csv").read(folder.path(), &CONVENTIONS);
    says(plain, &["y.csv", "row 1", "NaN"]);
}

#[test]
fn rows_of_names_are_kept_by_columns_of_both_files() {
    let x = "id,a\nu,1\nv,2\nw,3\n";
    let y = "id,t,n\nw,30,1\nu,10,0\nv,20,1\n";
    let folder = folder(&[("x.csv", x), ("y.csv", y)]);
    let with = |condition: &str| {
        let import = Import {
            condition: Some(condition.into()),
            targets: Some(strings(&["t"])),
            groups: Some("n".into()),
            ..source("x.csv", "y.csv")
        };
        let dataset = import.read(folder.path(), &CONVENTIONS).unwrap();
        (dataset.inputs.values, dataset.targets.values, dataset.groups.unwrap())
    };
    let expected = (vec![2.0, 3.0], vec![20.0, 30.0], vec![1.0, 1.0]);
    assert_eq!(with("n == 1"), expected);
    assert_eq!(with("a >= 2"), expected);
    assert_eq!(with("t >= 20"), expected);
}

#[test]
fn files_follow_each_other_with_a_label_of_each() {
    let label = |numbers: &[f64]| Some(BTreeMap::from([("signal".to_owned(), numbers.to_vec())]));
    let several = Import {
        files: Some(vec!["events.parquet".into(), "awkward.parquet".into()]),
        label: label(&[1.0, 0.0]),
        inputs: Some(strings(&["met"])),
        ..Import::default()
    };
    let dataset = read(&several).unwrap();
    let met = [10.5, 20.0, 30.25, 40.0];
    assert_eq!(dataset.inputs, Matrix::new(8, 1, met.repeat(2)));
    assert_eq!(dataset.targets.values, [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(
        (&dataset.target_names, dataset.target_ranges[0]),
        (&strings(&["signal"]), [0.0, 1.0])
    );
    assert_eq!(dataset.provenance["files"].as_array().unwrap().len(), 2);
    // items alone, and a condition that keeps nothing of one file
    let of_items = Import {
        files: Some(vec!["events.parquet".into(), "events.parquet".into()]),
        items: Some(vec![":Muon_pt".into()]),
        condition: Some("met > 15".into()),
        inputs: None,
        ..several.clone()
    };
    let items = read(&of_items).unwrap().items.unwrap();
    assert_eq!(items.offsets, [0, 0, 1, 4, 4, 5, 8]);
    // targets of the files
    let targets = Import { files: Some(vec!["events.parquet".into(); 2]), ..events() };
    let targets = read(&Import { x: "".into(), ..targets }).unwrap();
    assert_eq!(targets.targets.values, [1.0, 0.0, 1.0, 0.0].repeat(2));
    assert_eq!(targets.groups.unwrap().len(), 8);
    let fails = |import: Import, parts: &[&str]| says(read(&import), parts);
    fails(
        Import { label: label(&[1.0]), ..several.clone() },
        &["'signal' has 1 numbers", "2 files"],
    );
    fails(Import { label: label(&[1.0, 1.0]), ..several.clone() }, &["without extent"]);
    fails(
        Import { files: None, x: "events.parquet".into(), ..several.clone() },
        &["`label`", "`files`"],
    );
    fails(Import { files: Some(vec![]), ..several.clone() }, &["`files` is empty"]);
    fails(Import { y: ":label".into(), ..several.clone() }, &["`y`", "`label`", "not both"]);
    fails(Import { inputs: None, ..several }, &["file 1", "inputs met", "file 0 has met, event"]);
}
