//! Data of any science: ranges, logarithms and units that the study file does not state, and
//! mistakes that look like data.

use shoal::data::{Dataset, Matrix};

use crate::common::{STUDY, Study, number, targets};

/// The JSON in a file of a study's folder.
fn json(study: &Study, name: &str) -> serde_json::Value {
    serde_json::from_str(&study.read(name)).unwrap()
}

/// The smallest and the largest number of a column in both files of targets.
fn extent(study: &Study, column: usize) -> [f64; 2] {
    let texts = ["base_y.csv", "new_y.csv"].map(|name| study.read(name)).concat();
    let cells = texts.lines().filter_map(|line| line.split(',').nth(column)?.parse().ok());
    let spread = |[low, high]: [f64; 2], value: f64| [low.min(value), high.max(value)];
    cells.fold([f64::MAX, f64::MIN], spread)
}

#[test]
fn without_stated_ranges_the_common_extent_serves() {
    let study = Study::new();
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("note: targets are scaled by the common extent"), "{}", ran.err);
    let data = &json(&study, "out/study.json")["settings"]["data"];
    for (dataset, columns) in [("finetune", 2), ("pretrain", 2)] {
        for column in 0..columns {
            let range = &data[dataset]["target_ranges"][column];
            let [low, high] = extent(&study, column);
            assert_eq!(range, &serde_json::json!([low, high]), "{dataset} {column}");
        }
    }
    // a dataset of `shoal import` has the extent of its own numbers
    for (x, y, file) in
        [("base_x.csv", "base_y.csv", "base.npz"), ("new_x.csv", "new_y.csv", "new.npz")]
    {
        study.shoal(&["import", "--x", x, "--y", y, "-o", file]).code_is(0);
    }
    let (head, tail) = STUDY.split_once("[data.pretrain]").unwrap();
    let tail = tail.split_once("[network]").unwrap().1;
    let data = "[data]\npretrain = 'base.npz'\nfinetune = 'new.npz'\n";
    study.write("study.toml", &format!("{head}{data}[network]{tail}"));
    study.shoal(&["study", "study.toml", "-o", "npz", "--device", "cpu"]).code_is(0);
    assert_eq!(study.read("npz/runs.csv"), study.read("out/runs.csv"));
}

#[test]
fn targets_are_scaled_by_their_deviation_on_request() {
    let study = Study::new();
    let data = "[data]\ntarget_scaling = 'deviation'\n[data.ranges]\nb = [0, 1]\n[data.pretrain]";
    study.toml("[data.pretrain]", data);
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    let numbers = |file: &str, column: usize| -> Vec<f64> {
        let text = study.read(file);
        let cells = text.lines().filter_map(|line| line.split(',').nth(column)?.parse().ok());
        cells.collect()
    };
    let settings = &json(&study, "out/study.json")["settings"]["data"];
    // a is shared, c only in the data to fine-tune on
    for (file, column) in [("base_y.csv", 0), ("new_y.csv", 2)] {
        let y = numbers(file, column);
        let mean = y.iter().sum::<f64>() / y.len() as f64;
        let variance = y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / y.len() as f64;
        let expected = [mean, mean + variance.sqrt()];
        for (found, expected) in [0, 1].map(|end| {
            let range = &settings["finetune"]["target_ranges"][column];
            (range[end].as_f64().unwrap(), expected[end])
        }) {
            assert!(
                (found - expected).abs() < 1e-9 * expected.abs(),
                "{file}: {found}, {expected}"
            );
        }
    }
    assert_eq!(settings["finetune"]["target_ranges"][1], serde_json::json!([0.0, 1.0]));
    assert_eq!(settings["pretrain"]["target_ranges"][0], settings["finetune"]["target_ranges"][0]);
    let with = |from: &str, to: &str| {
        study.write("study.toml", &STUDY.replace("[data.pretrain]", data).replace(from, to));
        study.run()
    };
    let sigmoid = with("[network]", "[network]\noutput = 'sigmoid'");
    sigmoid.fails(2, &["network.output", "data.target_scaling"]);
    with("'deviation'", "'standard'").fails(2, &["data.target_scaling", "range, deviation"]);
}

#[test]
fn a_key_of_the_study_file_sets_the_ranges() {
    let study = Study::new();
    let with = |ranges: &str| {
        study.toml("[data.pretrain]", &format!("[data.ranges]\n{ranges}\n[data.pretrain]"));
        study.run()
    };
    with("a = [0, 1]\nq = [0, 1]").fails(2, &["data.ranges", "no target 'q'", "a, b, c"]);
    with("a = [0.9, 1]").fails(2, &["target 'a'", "[0.9, 1]", "data.ranges"]);
    with("a = [0, inf]").fails(2, &["target 'a'", "finite"]);
    assert!(!study.path("out").exists());
    let ran = with("a = [0, 1]\nb = [0, 1]\nc = [0, 2]");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.err.contains("common extent"), "{}", ran.err);
    let data = &json(&study, "out/study.json")["settings"]["data"];
    assert_eq!(
        data["finetune"]["target_ranges"],
        serde_json::json!([[0.0, 1.0], [0.0, 1.0], [0.0, 2.0]])
    );
}

#[test]
fn a_target_with_the_name_of_a_cosmological_parameter_may_be_another() {
    let study = Study::new();
    // heights in metres
    let tall = |rows: usize, columns: usize| {
        targets(rows, "", columns).trim().lines().fold(String::new(), |text, line| {
            let (first, rest) = line.split_once(',').unwrap();
            let first: f64 = first.parse().unwrap();
            format!("{text}{},{rest}\n", 100.0 * first)
        })
    };
    study.write("base_y.csv", &format!("h,b\n{}", tall(80, 2)));
    study.write("new_y.csv", &format!("h,b,c\n{}", tall(60, 3)));
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("'h' lies between") && ran.err.contains("[0.5, 0.9]"), "{}", ran.err);
}

#[test]
fn inputs_that_are_not_positive_have_no_logarithm() {
    let study = Study::new();
    let centred = |rows: usize| {
        let row =
            |row: usize| (0..5).map(|k| format!("{}", number(row, k) - 1.5)).collect::<Vec<_>>();
        (0..rows).map(|r| row(r).join(",") + "\n").collect::<String>()
    };
    study.write("base_x.csv", &centred(80));
    study.write("new_x.csv", &centred(60));
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("note: inputs are not taken as log10"), "{}", ran.err);
    assert_eq!(json(&study, "out/study.json")["settings"]["log10"], false);
    study.toml("seeds = 2", "seeds = 2\nlog10 = true");
    study.run().fails(2, &["has no log10", "log10 = false in the study file"]);
}

/// Rows of five inputs around 5 and their targets, as a dataset.
fn dataset(rows: usize, first: usize, change: impl Fn(f64) -> f64) -> Dataset {
    let wave = |row: usize, k: usize| (((first + row) * (3 * k + 2) + k) as f64 * 0.618).sin();
    let x = (0..rows).flat_map(|row| (0..5).map(move |k| 5.0 + wave(row, k)));
    let y = (0..rows).flat_map(|row| (0..2).map(move |k| wave(row, k)));
    let y = Matrix::new(rows, 2, y.collect());
    let names = ["a", "b"].map(String::from).to_vec();
    let x = Matrix::new(rows, 5, x.map(change).collect());
    Dataset { target_ranges: vec![[-1.0, 1.0]; 2], ..Dataset::new(x, y, names).unwrap() }
}

const PLAIN: &str = r#"
name = "plain"
seeds = 1
sizes = [40]
test = 20
log10 = false
[data]
finetune = "new.npz"
[network]
hidden = [12]
dropout = 0
[training]
learning_rate = 1e-2
epochs = 30
[strategies.scratch]
"#;

#[test]
fn a_constant_or_a_unit_changes_neither_a_study_nor_its_predictions() {
    let study = Study::new();
    let score = |name: &str, change: &dyn Fn(f64) -> f64, precision: &str| {
        let data = dataset(60, 0, change);
        data.save(&study.path("new.npz")).unwrap();
        study.write(
            "study.toml",
            &PLAIN.replace("epochs", &format!("precision = '{precision}'\nepochs")),
        );
        let ran = study.shoal(&["study", "study.toml", "-o", name, "--device", "cpu"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(!ran.err.contains("note: "), "{}", ran.err);
        let runs = study.read(&format!("{name}/runs.csv"));
        let mut lines = runs.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let (head, row) = (lines.next().unwrap(), lines.next().unwrap());
        let place = head.iter().position(|column| *column == "test_mse").unwrap();
        let stated: f64 = row[place].parse().unwrap();
        // `shoal predict` on the test rows has the error that the study measured
        let model = format!("{name}/models/scratch-40-1.safetensors");
        study.shoal(&["predict", &model, "new.npz", "-o", "p.npy"]).code_is(0);
        let bytes = std::fs::read(study.path("p.npy")).unwrap();
        let predicted: Vec<f64> = npyz::NpyFile::new(&bytes[..]).unwrap().into_vec().unwrap();
        let table = study.read(&format!("{name}/predictions.csv"));
        let head: Vec<&str> = table.lines().next().unwrap().split(',').collect();
        let row = head.iter().position(|column| *column == "row").unwrap();
        let mut tested: Vec<usize> = table
            .lines()
            .skip(1)
            .map(|line| line.split(',').nth(row).unwrap().parse().unwrap())
            .collect();
        tested.sort_unstable();
        tested.dedup();
        assert_eq!(tested.len(), 20);
        let squares = tested.iter().flat_map(|row| [2 * row, 2 * row + 1]).map(|place| {
            // the ranges are 2 wide
            ((predicted[place] - data.targets.values[place]) / 2.0).powi(2)
        });
        let found = squares.sum::<f64>() / 40.0;
        assert!((found / stated - 1.0).abs() < 1e-4, "{name}: {found} is not {stated}");
        stated
    };
    for (precision, tolerance) in [("f32", 1e-3), ("f16", 3e-2)] {
        let plain = score(&format!("{precision}-plain"), &|x| x, precision);
        for (what, change) in [
            ("1e8", (&|x| x + 1e8) as &dyn Fn(f64) -> f64),
            ("-46", &|x| x * 1e-46),
            ("38", &|x| x * 1e38),
            ("300", &|x| x * 1e300),
        ] {
            let found = score(&format!("{precision}-{what}"), change, precision);
            println!("{precision} {what}: {:.1e} apart", found / plain - 1.0);
            assert!((found / plain - 1.0).abs() < tolerance, "{what}: {found} is not {plain}");
        }
    }
}

#[test]
fn inputs_that_all_are_constant_are_an_error_with_the_cure() {
    let study = Study::new();
    dataset(60, 0, |x| x + 1e30).save(&study.path("new.npz")).unwrap();
    study.write("study.toml", PLAIN);
    study.run().fails(2, &["every input is the same", "'x0'", "1e30", "subtract"]);
}

#[test]
fn mistakes_that_look_like_data_are_said_in_the_output_and_the_results() {
    let study = Study::new();
    let mut data = dataset(60, 0, |x| x);
    // every row twice
    let half = |values: &mut Vec<f64>| {
        let half = values.len() / 2;
        values.copy_within(..half, half);
    };
    half(&mut data.inputs.values);
    half(&mut data.targets.values);
    data.save(&study.path("new.npz")).unwrap();
    dataset(80, 100, |x| x * 1e3).save(&study.path("base.npz")).unwrap();
    let text = PLAIN.replace("[strategies.scratch]", "[strategies.warm-start]");
    study.write("study.toml", &text.replace("[data]", "[data]\npretrain = 'base.npz'"));
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.err.matches("note: ").count(), 2, "{}", ran.err);
    let notices = json(&study, "out/study.json")["notices"].clone();
    let report = study.read("out/report.html");
    for word in ["other units", "rows to test on are also rows to train on"] {
        assert!(ran.err.contains(word) && report.contains(word), "{word}: {}", ran.err);
        assert!(notices.to_string().contains(word), "{word}: {notices}");
    }
    let ran = study.shoal(&["study", "study.toml", "-o", "json", "--device", "cpu", "--json"]);
    assert_eq!(ran.out.matches("\"event\":\"notice\"").count(), 2, "{}", ran.out);
    let ran = study.shoal(&["study", "study.toml", "--plan", "--device", "cpu"]);
    assert_eq!(ran.err.matches("note: ").count(), 2, "{}", ran.err);
}
