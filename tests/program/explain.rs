//! `shoal explain`: output, files and error messages.

use std::path::PathBuf;

use shoal::data::{Dataset, Matrix, Scaling};
use shoal::engine::activation::Activation;
use shoal::engine::graph::Graph;
use shoal::engine::loss::Predicts;
use shoal::engine::random::pcg4d;
use shoal::engine::random::unit;
use shoal::study::store::model::{About, Model};
use shoal::study::transfer::Start;
use tempfile::TempDir;

use crate::common::{Ran, ran, shoal};

const INPUTS: usize = 5;

/// A folder with 60 simulations, a pre-trained model of `a` and `b`, and fine-tuned ones that also
/// predict `c`.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let data = dataset(INPUTS, 60);
        data.save(&folder.path("new.npz")).unwrap();
        dataset(7, 60).save(&folder.path("wide.npz")).unwrap();
        let moved = Dataset { axis: vec![0.1, 0.2, 0.3, 0.4, 0.6], ..data.clone() };
        moved.save(&folder.path("moved.npz")).unwrap();
        model(&data, "pretraining", &["a", "b"], 1).save(&folder.path("pre.safetensors")).unwrap();
        model(&data, "dummy-node", &["a", "b", "c"], 2)
            .save(&folder.path("one.safetensors"))
            .unwrap();
        model(&data, "dummy-node", &["a", "b", "c"], 3)
            .save(&folder.path("two.safetensors"))
            .unwrap();
        model(&data, "scratch", &["c"], 4).save(&folder.path("only-c.safetensors")).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// `shoal explain` with arguments separated by spaces.
    fn explain(&self, arguments: &str) -> Ran {
        let arguments = arguments.split_whitespace();
        ran(shoal().arg("explain").args(arguments).current_dir(self.0.path()))
    }

    fn fails(&self, arguments: &str, words: &[&str]) {
        let ran = self.explain(arguments);
        assert_eq!(ran.code, 2, "{arguments}: {}", ran.err);
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        for word in words {
            assert!(ran.err.contains(word), "'{word}' is missing in: {}", ran.err);
        }
        assert!(!self.path("out").exists(), "nothing is written: {arguments}");
    }
}

fn dataset(inputs: usize, rows: usize) -> Dataset {
    let number = |at: usize| 0.5 + unit(pcg4d([9, at as u32, 0, 0])[0]);
    let matrix =
        |columns: usize| Matrix::new(rows, columns, (0..rows * columns).map(number).collect());
    let names = ["a", "b", "c"].map(str::to_owned).to_vec();
    Dataset {
        weights: None,
        groups: None,
        axis: (1..=inputs).map(|i| 0.1 * i as f64).collect(),
        axis_name: "k [h/Mpc]".to_owned(),
        target_ranges: vec![[0.0, 2.0]; 3],
        ..Dataset::new(matrix(inputs), matrix(3), names).unwrap()
    }
}

/// An untrained model, which is explained as well as a trained one.
fn model(data: &Dataset, strategy: &str, targets: &[&str], seed: u32) -> Model {
    let hidden = Activation::LeakyRelu { slope: 0.2 };
    let outputs = targets.len() + usize::from(strategy == "pretraining");
    let mlp = Graph::mlp(&[INPUTS, 8, outputs]).activation(hidden).dropout(0.2);
    let network = mlp.output_activation(Activation::Sigmoid).build().unwrap();
    let rows: Vec<u32> = (0..60).collect();
    let scaling = Scaling::fit(data, &rows, true).unwrap();
    Model {
        start: Start { parameters: network.initial_parameters(seed), network },
        about: About {
            columns: None,
            predicts: Predicts::Value,
            scaling: Scaling { target_ranges: vec![[0.0, 2.0]; targets.len()], ..scaling },
            input_names: data.input_names.clone(),
            axis_name: data.axis_name.clone(),
            axis: data.axis.clone(),
            item_names: vec![],
            edges: None,
            item_columns: None,
            target_names: targets.iter().map(|name| name.to_string()).collect(),
            study: "test".to_owned(),
            strategy: strategy.to_owned(),
            simulations: 60,
            seed,
            validation_loss: None,
            shoal: "0".to_owned(),
        },
    }
}

#[test]
fn a_model_is_explained_in_tables_an_array_and_a_figure() {
    let folder = Folder::new();
    let ran = folder.explain("one.safetensors --data new.npz --top 2 -o out");
    assert_eq!(ran.code, 0, "{}", ran.err);
    for words in [
        "a: dummy-node, 60 simulations",
        "| k [h/Mpc] |",
        "additivity gap of dummy-node",
        "tables and figure are in out",
    ] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    let table = folder.read("out/attributions.csv");
    let mut lines = table.lines();
    assert_eq!(
        lines.next().unwrap(),
        "target,input,axis,mean_absolute,mean_absolute_physical,correlation,signed,\
         signed_standard_error"
    );
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 3 * INPUTS);
    assert_eq!(rows[0][..3], ["a", "x0", "0.1"]);
    let number = |row: usize, column: usize| rows[row][column].parse::<f64>().unwrap();
    for row in 0..rows.len() {
        assert_eq!(number(row, 4), 2.0 * number(row, 3), "the range of a target is 2");
        assert_eq!(number(row, 6), number(row, 3).copysign(number(row, 5)));
    }
    // 30 of 60 rows each; the array adds up to the predictions within the gap
    let bytes = std::fs::read(folder.path("out/attributions.npy")).unwrap();
    let array = npyz::NpyFile::new(&bytes[..]).unwrap();
    assert_eq!(array.shape(), [30, 3, INPUTS as u64]);
    let values: Vec<f64> = array.into_vec().unwrap();
    let mean = values.iter().step_by(3 * INPUTS).map(|value| value.abs()).sum::<f64>() / 30.0;
    assert!((mean - number(0, 3)).abs() < 1e-14);
    let notes: serde_json::Value =
        serde_json::from_str(&folder.read("out/explanation.json")).unwrap();
    assert!(notes["gap"]["largest"].as_f64().unwrap() < 1e-14, "{notes}");
    let rows = |name: &str| notes[name].as_array().unwrap().clone();
    assert_eq!((rows("rows").len(), rows("background").len()), (30, 30));
    assert!(rows("rows").iter().all(|row| !rows("background").contains(row)));
    assert!(folder.read("out/attributions.svg").contains("Attributions: "));
    assert!(folder.path("out/attributions.png").exists());
    // existing results are not overwritten
    let again = folder.explain("one.safetensors --data new.npz -o out");
    assert_eq!(again.code, 2);
    assert!(again.err.contains("already exists") && again.err.contains("-o"), "{}", again.err);
}

#[test]
fn the_methods_agree_where_they_must() {
    let folder = Folder::new();
    let totals = |method: &str| {
        let arguments = format!(
            "one.safetensors --data new.npz --rows 4 --background 20 {method} -o out-{}",
            method.len()
        );
        let ran = folder.explain(&arguments);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let bytes =
            std::fs::read(folder.path(&format!("out-{}/attributions.npy", method.len()))).unwrap();
        let values: Vec<f64> = npyz::NpyFile::new(&bytes[..]).unwrap().into_vec().unwrap();
        values.chunks(INPUTS).map(|values| values.iter().sum()).collect::<Vec<f64>>()
    };
    let deep = totals("--method deep-shap");
    let exact = totals("--method exact");
    let orders = totals("--method sampled");
    let sampled = totals("--method expected-gradients --alphas 300");
    for (orders, exact) in orders.iter().zip(&exact) {
        assert!((orders - exact).abs() < 1e-13, "{orders} {exact}");
    }
    for ((deep, exact), sampled) in deep.iter().zip(&exact).zip(&sampled) {
        assert!((deep - exact).abs() < 1e-13, "{deep} {exact}");
        assert!((deep - sampled).abs() < 1e-3, "{deep} {sampled}");
    }
}

#[test]
fn fine_tuned_models_are_compared_with_the_pretrained_one() {
    let folder = Folder::new();
    let ran = folder
        .explain("one.safetensors two.safetensors --data new.npz --compare pre.safetensors -o out");
    assert_eq!(ran.code, 0, "{}", ran.err);
    for words in [
        "mean of 2 networks",
        "a: pretraining, 60 simulations",
        "similarity",
        "flips",
        "of 5",
        "additivity gap of pretraining",
    ] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    assert!(
        folder
            .read("out/comparison.csv")
            .starts_with("target,input,axis,signed,compared_signed,flips\na,x0,0.1,")
    );
    assert_eq!(folder.read("out/comparison.csv").lines().count(), 1 + 2 * INPUTS);
    assert_eq!(folder.read("out/compared.csv").lines().count(), 1 + 2 * INPUTS);
    let scattered = folder.read("out/attributions.csv");
    assert!(
        scattered.lines().skip(1).all(|line| !line.ends_with(',')),
        "a standard error over networks: {scattered}"
    );
    // the same model against itself
    let ran =
        folder.explain("pre.safetensors --data new.npz --compare pre.safetensors --json -o same");
    let event: serde_json::Value = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
    assert_eq!(event["event"], "explained");
    assert_eq!(event["flips"], serde_json::json!({ "a": [], "b": [] }));
}

#[test]
fn mistakes_are_named_with_both_numbers() {
    let folder = Folder::new();
    let fails =
        |arguments: &str, words: &[&str]| folder.fails(&format!("{arguments} -o out"), words);
    let one = "one.safetensors --data";
    fails(&format!("{one} wide.npz"), &["wide.npz has 7 columns", "has 5 inputs"]);
    fails(&format!("{one} moved.npz"), &["moved.npz: input 4", "0.6", "0.5", "k [h/Mpc]"]);
    fails(&format!("{one} nowhere.npz"), &["nowhere.npz", "no such file"]);
    fails("new.npz --data new.npz", &["new.npz", "not a model"]);
    fails(&format!("{one} new.npz --targets a,d"), &["no target 'd'", "a, b, c"]);
    fails(&format!("{one} new.npz --rows 0"), &["0 rows"]);
    fails(&format!("{one} new.npz --background 0"), &["background of 0 rows"]);
    fails(&format!("{one} new.npz --background 50 --rows 11"), &["50 rows and 11 rows", "60"]);
    fails(&format!("{one} new.npz --background 60"), &["60 rows and 1 rows", "60"]);
    fails(&format!("{one} new.npz --rows 60"), &["60 rows to explain", "60"]);
    fails(&format!("{one} new.npz --method expected-gradients --alphas 0"), &["0 alphas"]);
    fails(&format!("{one} new.npz --method sampled --pairs 0"), &["0 pairs"]);
    fails(&format!("{one} new.npz --method lime"), &["lime", "deep-shap"]);
    fails(&format!("{one} new.npz --compare only-c.safetensors --targets a"), &["share no target"]);
    fails("one.safetensors only-c.safetensors --data new.npz", &["a, b, c from 5", "c from 5"]);
    std::fs::write(folder.path("single.csv"), "1,2,3,4,5\n").unwrap();
    fails(&format!("{one} single.csv"), &["single.csv has 1 row", "at least 2"]);
    std::fs::write(folder.path("negative.csv"), "1,2,3,4,5\n1,2,-3,4,5\n1,2,3,4,5\n").unwrap();
    fails(&format!("{one} negative.csv"), &["row 1, column 2", "-3", "log10"]);
    std::fs::write(folder.path("file"), "").unwrap();
    let ran = folder.explain(&format!("{one} new.npz -o file/out"));
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert!(ran.err.contains("file/out") && ran.err.contains("-o"), "{}", ran.err);
}
