//! Inputs are matched by name, and at the places of the axis, wherever a model or a second dataset
//! meets a table.

use shoal::data::{Dataset, Matrix, write_numbers};

use crate::common::{RANGES, STUDY, Study, inputs, number, ranged};

const NAMES: [&str; 5] = ["p", "q", "r", "s", "t"];

/// Rows of inputs in this order of the columns, below a header with their names.
fn table(rows: usize, order: &[usize]) -> String {
    let line = |cells: Vec<String>| cells.join(",") + "\n";
    let cell = |row, column| format!("{:.6}", number(row, column));
    let row = |row| line(order.iter().map(|&column| cell(row, column)).collect());
    let header = line(order.iter().map(|&column| NAMES[column].to_string()).collect());
    header + &(0..rows).map(row).collect::<String>()
}

const STRAIGHT: [usize; 5] = [0, 1, 2, 3, 4];
const MIXED: [usize; 5] = [3, 0, 4, 2, 1];

/// A study of inputs with these orders of their columns.
fn study(pretrain: &[usize], finetune: &[usize]) -> Study {
    let study = Study::new();
    ranged(&study, STUDY);
    study.write("base_x.csv", &table(80, pretrain));
    study.write("new_x.csv", &table(60, finetune));
    study
}

const MODEL: &str = "out/models/warm-start-20-1.safetensors";

/// The bytes of a prediction.
fn predicted(study: &Study, input: &str, says: &[&str]) -> Vec<u8> {
    let ran = study.shoal(&["predict", MODEL, input, "-o", "p.npy"]);
    assert_eq!(ran.code, 0, "{input}: {}", ran.err);
    says.iter()
        .for_each(|part| assert!(ran.err.contains(part), "{input}: {} lacks {part}", ran.err));
    assert_eq!(ran.err.matches("note: ").count(), says.len(), "{input}: {}", ran.err);
    std::fs::read(study.path("p.npy")).unwrap()
}

#[test]
fn a_study_and_its_models_match_inputs_by_name() {
    let straight = study(&STRAIGHT, &STRAIGHT);
    assert_eq!(straight.run().code, 0);
    let mixed = study(&STRAIGHT, &MIXED);
    let ran = mixed.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    let note = "the inputs of data.finetune are in another order than those of data.pretrain";
    assert_eq!(ran.err.matches(note).count(), 1, "{}", ran.err);
    for file in
        ["out/runs.csv", "out/pretraining.csv", "out/attributions.csv", "out/predictions.csv"]
    {
        assert_eq!(mixed.read(file), straight.read(file), "{file}");
    }
    let expected = predicted(&mixed, "base_x.csv", &[]);
    mixed.write("mixed.csv", &table(80, &MIXED));
    assert_eq!(predicted(&mixed, "mixed.csv", &["mixed.csv are in another order"]), expected);
    // more columns than the model reads
    let more = table(80, &MIXED).replace('\n', ",7\n").replacen(",7", ",mass", 1);
    mixed.write("more.csv", &more);
    let notes = ["another order", "1 of 6 columns of more.csv are no inputs of out/models"];
    assert_eq!(predicted(&mixed, "more.csv", &notes), expected);
    // without names: by position
    mixed.write("unnamed.csv", &inputs(80));
    assert_eq!(predicted(&mixed, "unnamed.csv", &[]), expected);
    // in another unit
    let far = |row, column| format!("{:e}", 1e6 * number(row, column));
    let far = |row| (0..5).map(|column| far(row, column)).collect::<Vec<_>>().join(",") + "\n";
    mixed.write("far.csv", &(0..80).map(far).collect::<String>());
    let notes = ["5 of 5 inputs of far.csv are far outside of what the model was trained on; 'q'"];
    assert_ne!(predicted(&mixed, "far.csv", &notes), expected);
    mixed.write("missing.csv", &table(80, &STRAIGHT).replacen(",s,", ",S,", 1));
    let refused = ["missing.csv has no input 's', which is input 3 of", "5 inputs", "mean 'S'"];
    mixed.shoal(&["predict", MODEL, "missing.csv", "-o", "q.npy"]).fails(2, &refused);
    let explain = ["explain", MODEL, "-o", "explained", "--data"];
    mixed.shoal(&[&explain[..], &["missing.csv"]].concat()).fails(2, &refused);
    let ran = mixed.shoal(&[&explain[..], &["mixed.csv"]].concat());
    assert_eq!((ran.code, ran.err.matches("another order").count()), (0, 1), "{}", ran.err);
    let explained = mixed.read("explained/attributions.csv");
    assert!(explained.lines().nth(1).unwrap().starts_with("a,p,"), "{explained}");
    std::fs::remove_dir_all(mixed.path("explained")).unwrap();
    assert_eq!(mixed.shoal(&[&explain[..], &["base_x.csv"]].concat()).code, 0);
    assert_eq!(mixed.read("explained/attributions.csv"), explained);
}

#[test]
fn datasets_of_a_study_with_other_inputs_are_refused() {
    let study = study(&STRAIGHT, &STRAIGHT);
    study.write("new_x.csv", &table(60, &STRAIGHT).replacen(",s,", ",u,", 1));
    study
        .run()
        .fails(2, &["data.finetune has no input 's'", "input 3 of data.pretrain", "5 inputs"]);
    // another input, which the pre-training has not
    let more = table(60, &STRAIGHT).replace('\n', ",7\n").replacen(",7", ",u", 1);
    study.write("new_x.csv", &more);
    study.run().fails(2, &["data.pretrain has no input 'u'", "6", "5 inputs (p, q, r, s, t)"]);
    // until the inputs are chosen
    let chosen =
        format!("y = \"new_y.csv\"\n{RANGES}\ninputs = [\"t\", \"s\", \"r\", \"q\", \"p\"]");
    ranged(&study, STUDY);
    let toml = study.read("study.toml");
    study.write("study.toml", &toml.replace(&format!("y = \"new_y.csv\"\n{RANGES}"), &chosen));
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("another order"), "{}", ran.err);
}

#[test]
fn a_model_without_names_takes_columns_by_position_and_checks_their_number() {
    let study = Study::new();
    ranged(&study, STUDY);
    assert_eq!(study.run().code, 0);
    let expected = predicted(&study, "new_x.csv", &[]);
    study.write("named.csv", &table(60, &STRAIGHT));
    assert_eq!(predicted(&study, "named.csv", &[]), expected);
    study.write("six.csv", &inputs(60).replace('\n', ",1\n"));
    let refused = ["six.csv has 6 columns but", "5 inputs (x0, x1, x2, x3, x4)"];
    study.shoal(&["predict", MODEL, "six.csv", "-o", "q.npy"]).fails(2, &refused);
    // the names that columns without names have
    let mut reversed = "x4,x3,x2,x1,x0\n".to_string();
    for row in 0..60 {
        let cells: Vec<String> = (0..5).rev().map(|k| format!("{:.6}", number(row, k))).collect();
        reversed += &(cells.join(",") + "\n");
    }
    study.write("reversed.csv", &reversed);
    assert_eq!(predicted(&study, "reversed.csv", &["another order"]), expected);
    // a data frame with its index
    let indexed: String =
        inputs(60).lines().enumerate().map(|(row, line)| format!("{row},{line}\n")).collect();
    study.write("indexed.csv", &format!(",0,1,2,3,4\n{indexed}"));
    assert_eq!(predicted(&study, "indexed.csv", &[]), expected);
    study.write("frame.csv", &format!("0,1,2,3,4\n{}", inputs(60)));
    study
        .shoal(&["predict", MODEL, "frame.csv", "-o", "q.npy"])
        .fails(2, &["frame.csv: line 1 is 0, 1, 2, ...", "--header yes"]);
    let header = ["predict", MODEL, "frame.csv", "-o", "q.npy", "--header", "yes"];
    assert_eq!(study.shoal(&header).code, 0);
    assert_eq!(std::fs::read(study.path("q.npy")).unwrap(), expected);
    // decimal commas
    let commas = inputs(60).replace(',', ";").replace('.', ",");
    study.write("commas.csv", &commas);
    assert_eq!(predicted(&study, "commas.csv", &[]), expected);
}

/// Inputs of 60 simulations in order, with an axis.
fn dataset(axis: &[f64], name: &str) -> Dataset {
    let matrix = |columns: usize, scale: f64| {
        let rounded = |value: f64| format!("{value:.6}").parse::<f64>().unwrap();
        let cells = (0..60 * columns).map(|at| rounded(number(at / columns, at % columns) * scale));
        Matrix::new(60, columns, cells.collect())
    };
    let names = ["a", "b", "c"].map(str::to_owned).to_vec();
    Dataset {
        axis: axis.to_vec(),
        axis_name: name.to_owned(),
        target_ranges: vec![[0.0, 1.0]; 3],
        ..Dataset::new(matrix(5, 1.0), matrix(3, 0.3), names).unwrap()
    }
}

#[test]
fn the_axis_of_a_model_is_that_of_its_inputs() {
    let study = Study::new();
    let k = [0.1, 0.2, 0.3, 0.4, 0.5];
    dataset(&k, "k [h/Mpc]").save(&study.path("k.npz")).unwrap();
    let text =
        STUDY.replace("[data.pretrain]\nx = \"base_x.csv\"\ny = \"base_y.csv\"\n", "[data]\n");
    let from = "[data.finetune]\nx = \"new_x.csv\"\ny = \"new_y.csv\"\n";
    let text = text.replace(from, "finetune = \"k.npz\"\n") + "[strategies.scratch]\n";
    study.write("study.toml", &text);
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    let predict = |input: &str| {
        let model = "out/models/scratch-20-1.safetensors";
        study.shoal(&["predict", model, input, "-o", "p.npy"])
    };
    assert_eq!(predict("k.npz").code, 0);
    let expected = std::fs::read(study.path("p.npy")).unwrap();
    // within rounding, and without an axis
    dataset(&k.map(|k| f64::from(k as f32)), "k").save(&study.path("single.npz")).unwrap();
    for input in ["single.npz", "new_x.csv"] {
        assert_eq!(predict(input).code, 0, "{input}");
        assert_eq!(std::fs::read(study.path("p.npy")).unwrap(), expected, "{input}");
    }
    dataset(&[0.1, 0.2, 0.3, 0.45, 0.5], "k [h/Mpc]").save(&study.path("moved.npz")).unwrap();
    let moved = ["moved.npz: input 3 lies at k [h/Mpc] = 0.45, but in out/models", "at 0.4"];
    predict("moved.npz").fails(2, &moved);
    let explain = |model: &str, data: &str| {
        study.shoal(&["explain", model, "--data", data, "-o", "explained"])
    };
    explain("out/models/scratch-20-1.safetensors", "moved.npz").fails(2, &moved);
    dataset(&k.map(|k| 0.5 * k), "k [1/Mpc]").save(&study.path("unit.npz")).unwrap();
    predict("unit.npz").fails(2, &["input 0 lies at k [1/Mpc] = 0.05", "at k [h/Mpc] = 0.1"]);
    // the axis in the first line of a table
    study.write("head.csv", &format!("0.1,0.2,0.3,0.4,0.5\n{}", inputs(60)));
    predict("head.csv").fails(2, &["first row of head.csv", "k [h/Mpc]", "--header yes"]);
    // a study of other places
    study.write("study.toml", &text.replace("[data]\n", "[data]\npretrain = \"moved.npz\"\n"));
    study.write("study.toml", &study.read("study.toml").replace("scratch", "warm-start"));
    study.shoal(&["study", "study.toml", "-o", "other", "--device", "cpu"]).fails(
        2,
        &["data.finetune: input 3 lies at k [h/Mpc] = 0.4, but in data.pretrain at 0.45"],
    );
}

#[test]
fn one_observation_is_a_row() {
    let study = Study::new();
    ranged(&study, STUDY);
    assert_eq!(study.run().code, 0);
    let values: Vec<f64> = (0..5).map(|column| number(7, column)).collect();
    let save = |name: &str, shape: &[u64]| {
        let mut bytes = Vec::new();
        write_numbers(&mut bytes, shape, &values).unwrap();
        std::fs::write(study.path(name), bytes).unwrap();
    };
    save("row.npy", &[1, 5]);
    let expected = predicted(&study, "row.npy", &[]);
    save("flat.npy", &[5]);
    assert_eq!(predicted(&study, "flat.npy", &["one observation"]), expected);
    let column: String = values.iter().map(|value| format!("{value:?}\n")).collect();
    study.write("column.txt", &column);
    assert_eq!(predicted(&study, "column.txt", &["one observation"]), expected);
    save("four.npy", &[5, 1]);
    assert_eq!(predicted(&study, "four.npy", &["one observation"]), expected);
    study.write("short.txt", "1\n2\n3\n");
    study
        .shoal(&["predict", MODEL, "short.txt", "-o", "q.npy"])
        .fails(2, &["short.txt has 1 columns", "5 inputs"]);
    // rows and columns exchanged
    study.write("turned.txt", &"1.5 2.5\n".repeat(5));
    study
        .shoal(&["predict", MODEL, "turned.txt", "-o", "q.npy"])
        .fails(2, &["turned.txt has 2 columns", "Transpose it"]);
    study.write("pointer.npy", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
    study
        .shoal(&["predict", MODEL, "pointer.npy", "-o", "q.npy"])
        .fails(2, &["pointer.npy is a Git LFS pointer", "git lfs pull"]);
}
