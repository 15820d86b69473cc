//! Logarithms and missing numbers, column by column.

use shoal::data::{Dataset, Matrix};

use crate::common::{Ran, Study};
use crate::losses::{column, noise, numbers, ready};

/// Rows of a momentum, an angle and the momentum of a jet, which two rows of five do not have.
fn events(rows: usize, seed: usize, none: f64) -> Dataset {
    let event = |row: usize| {
        let random = |salt: usize| noise(row + 7000 * seed, salt);
        let jet = if random(4) < -0.2 { none } else { 30.0 + 200.0 * (1.0 + random(3)) };
        [(3.0 + random(1)).exp(), 2.5 * random(2), jet]
    };
    let inputs: Vec<[f64; 3]> = (0..rows).map(event).collect();
    let label = |x: &[f64; 3]| {
        let jet = if x[2] == none || x[2].is_nan() { 0.4 } else { x[2] / 400.0 - 0.4 };
        f64::from(u8::from(x[0].ln() - 3.0 + jet > 0.0))
    };
    let targets = Matrix::new(rows, 1, inputs.iter().map(label).collect());
    let plain =
        Dataset::new(Matrix::new(rows, 3, vec![1.0; 3 * rows]), targets, vec!["signal".into()]);
    let names = ["pt", "eta", "jet_pt"].map(String::from).to_vec();
    Dataset { inputs: Matrix::new(rows, 3, inputs.concat()), input_names: names, ..plain.unwrap() }
}

const KEYS: &str = "log1p = ['pt', 'jet_pt']\nmissing = -999\n";

fn text(keys: &str) -> String {
    format!(
        "name = 'columns'\nseeds = 2\nsizes = [60]\ntest = 60\n{keys}\n\
         [data]\npretrain = 'fast.npz'\nfinetune = 'full.npz'\n\
         [network]\nhidden = [16]\ndropout = 0.0\n\
         [training]\nepochs = 60\nlearning_rate = 1e-2\nloss = 'bce'\n"
    )
}

fn study(keys: &str) -> Study {
    ready(&events(400, 1, -999.0), &events(200, 2, -999.0), &text(keys))
}

fn done(ran: &Ran) {
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn a_model_reads_raw_columns_with_their_missing_numbers() {
    let study = study(KEYS);
    let ran = study.run();
    done(&ran);
    assert!(!ran.err.contains("missing ="), "it is declared: {}", ran.err);
    let runs = study.read("out/runs.csv");
    assert!(numbers(&runs, "test_auc").iter().all(|area| *area > 0.8), "{runs}");
    let attributions = study.read("out/attributions.csv");
    assert!(attributions.contains("jet_pt_missing"), "{attributions}");

    // the table of predictions and `shoal predict` agree, in any order of the columns
    let table = study.read("out/predictions.csv");
    let of_scratch: Vec<usize> = (column(&table, "strategy").iter().enumerate())
        .filter(|(_, strategy)| **strategy == "scratch")
        .map(|(line, _)| line)
        .collect();
    let seed = column(&table, "seed")[of_scratch[0]];
    let full = events(200, 2, -999.0);
    let line = |row: usize| {
        let x = full.inputs.row(row);
        format!("{},{},{}\n", x[2], x[0], x[1])
    };
    let lines: String = (0..200).map(line).collect();
    study.write("x.csv", &format!("jet_pt,pt,eta\n{lines}"));
    let model = format!("out/models/scratch-60-{seed}.safetensors");
    done(&study.shoal(&["predict", &model, "x.csv", "-o", "p.csv"]));
    let predicted = numbers(&study.read("p.csv"), "signal");
    for line in of_scratch {
        let row = numbers(&table, "row")[line] as usize;
        let stored = numbers(&table, "prediction_signal")[line];
        assert!((predicted[row] - stored).abs() < 1e-12, "row {row}: {} {stored}", predicted[row]);
    }
    let ran = study.shoal(&["inspect", &model]);
    assert!(ran.out.contains("ln(1 + x) of 2, missing numbers of 1 of 3 inputs"), "{}", ran.out);
    let ran = study.shoal(&["explain", &model, "--data", "x.csv", "-o", "e", "--rows", "20"]);
    done(&ran);
    assert!(study.read("e/attributions.csv").contains("jet_pt_missing"));

    // an input that was there in every row of the study must be there
    study.write("x.csv", "pt,eta,jet_pt\n20,-999,50\n");
    let ran = study.shoal(&["predict", &model, "x.csv", "-o", "q.csv"]);
    ran.fails(2, &["x.csv", "row 0", "(eta) is -999", "never missing"]);
    study.write("x.csv", "pt,eta,jet_pt\n-20,1,50\n");
    let ran = study.shoal(&["predict", &model, "x.csv", "-o", "q.csv"]);
    ran.fails(2, &["(pt) is -20", "above -1"]);
}

#[test]
fn what_stands_for_a_missing_number_makes_no_difference() {
    let first = study(KEYS);
    done(&first.run());
    // NaN, in files of text
    let second = Study::new();
    for (name, rows, seed) in [("fast", 400, 1), ("full", 200, 2)] {
        let data = events(rows, seed, f64::NAN);
        let line = |row: usize| {
            let x = data.inputs.row(row);
            format!("{},{},{}\n", x[0], x[1], x[2])
        };
        let lines: String = (0..rows).map(line).collect();
        second.write(&format!("{name}.csv"), &format!("pt,eta,jet_pt\n{lines}"));
        let labels: String = data.targets.values.iter().map(|y| format!("{y}\n")).collect();
        second.write(&format!("{name}_y.csv"), &format!("signal\n{labels}"));
    }
    let files = |text: String| {
        text.replace("'fast.npz'", "{ x = 'fast.csv', y = 'fast_y.csv' }")
            .replace("'full.npz'", "{ x = 'full.csv', y = 'full_y.csv' }")
    };
    second.write("study.toml", &files(text(&KEYS.replace("-999", "[-9.0, nan]"))));
    done(&second.run());
    assert_eq!(first.read("out/runs.csv"), second.read("out/runs.csv"));
    second.write("study.toml", &files(text("log1p = ['pt']\nlog10 = ['jet_pt']\n")));
    second.run().fails(2, &["full.csv", "'jet_pt' is NaN", "missing = nan"]);
}

#[test]
fn numbers_that_look_missing_are_noticed_once() {
    let study = study("log10 = false");
    let ran = study.run();
    done(&ran);
    let note = "'jet_pt' is -999 in";
    assert_eq!(ran.err.matches(note).count(), 1, "{}", ran.err);
    assert!(
        ran.err.contains("and 1 more columns have such") && ran.err.contains("missing = [-999]")
    );
    // none where it is said
    assert!(!study_err("log10 = false\nmissing = -999").contains(note));
    // with a logarithm, it is an error that says so
    study.write("study.toml", &text("log1p = ['jet_pt']"));
    study.run().fails(2, &["(jet_pt) is -999", "above -1", "missing = -999"]);
}

fn study_err(keys: &str) -> String {
    let ran = study(keys).run();
    done(&ran);
    ran.err
}

#[test]
fn log10_of_all_present_numbers_is_as_before() {
    // positive numbers without a missing one: a list of all is all
    let positive = |seed| {
        let data = events(200, seed, 77.0);
        let values = data.inputs.values.iter().map(|x| x.abs() + 0.1).collect();
        Dataset { inputs: Matrix::new(200, 3, values), ..data }
    };
    let run = |keys: &str| {
        let study = ready(&positive(1), &positive(2), &text(keys));
        done(&study.run());
        study.read("out/runs.csv")
    };
    let all = run("log10 = true");
    assert_eq!(run("log10 = ['pt', 'eta', 'jet_pt']"), all);
    assert_eq!(run("log10 = true\nmissing = -999"), all);
    assert_eq!(run("missing = -999"), all, "the default looks at what is there");
    assert_ne!(run("log10 = ['pt', 'eta']"), all);
}

#[test]
fn mistakes_in_the_keys_of_columns_are_named() {
    let wrong = |keys: &str, words: &[&str]| study(keys).run().fails(2, words);
    wrong("log1p = ['pT']", &["log1p", "pT", "pt"]);
    wrong("log1p = ['pt']\nlog10 = ['pt']", &["log1p", "'pt'", "twice"]);
    wrong("log10 = 3", &["log10 = 3", "list"]);
    wrong("log10 = ['eta']\nmissing = -999", &["(eta)", "above 0"]);
    wrong("missing = 'none'", &["missing = ", "-999"]);
}
