//! Exported networks predict what `shoal predict` does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use sha2::{Digest, Sha256};
use shoal::data::read_matrix;
use shoal::engine::ops::OPS;

use crate::common::{Study, python};
use crate::random_models::case;

/// Cases that onnxruntime runs.
const CASES: usize = 100;
/// The difference that is allowed, relative to the largest prediction.
const TOLERANCE: f64 = 1e-5;
/// Hashes of exported files, and what onnxruntime predicted by them.
const STORED: &str = "tests/reference/onnx/stored.json";

/// Exports a case as NAME.onnx, and predicts by each of its networks to NAME-0.csv and so on.
fn export(study: &Study, name: &str, id: usize) -> Vec<String> {
    let models = case(id).save(study.folder.path(), name);
    let names: Vec<&str> = models.iter().map(String::as_str).collect();
    let output = format!("{name}.onnx");
    study.shoal(&[&["export", "-o", &output], &names[..]].concat()).code_is(0);
    for (place, model) in models.iter().enumerate() {
        let output = format!("{name}-{place}.csv");
        study.shoal(&["predict", model, &format!("{name}.npz"), "-o", &output]).code_is(0);
    }
    models
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `SHOAL_STORE=1` writes the stored hashes and outputs anew.
#[test]
fn onnxruntime_and_pytorch_predict_what_shoal_predicts() {
    let Some(program) = python("numpy, onnx, onnxruntime") else { return };
    let torch = python("torch, safetensors");
    let study = Study::new();
    let mut expected = CASES;
    for id in 0..CASES {
        let name = format!("case{id}");
        let models = export(&study, &name, id);
        if let (Some(_), [model]) = (&torch, &models[..]) {
            fs::create_dir(study.path(&name)).unwrap();
            let state = format!("{name}/net.safetensors");
            study.shoal(&["export", model, "-o", &state]).code_is(0);
            expected += 1;
        }
    }
    let mut command = Command::new(program);
    command.arg(root().join("tests/reference/onnx/run.py")).arg(study.folder.path());
    command.args(std::env::var_os("SHOAL_STORE").map(|_| root().join(STORED)));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let compared = String::from_utf8_lossy(&output.stdout);
    assert!(compared.contains(&format!("{expected} networks agree")), "{compared}");
}

/// What needs no Python: the files are those that onnxruntime ran.
#[test]
fn files_are_those_whose_outputs_by_onnxruntime_are_stored() {
    let study = Study::new();
    let stored = fs::read(root().join(STORED)).unwrap();
    let stored: BTreeMap<String, Value> = serde_json::from_slice(&stored).unwrap();
    let mut ops = BTreeSet::new();
    for (name, stored) in &stored {
        let id = name["case".len()..].parse().unwrap();
        let models = export(&study, name, id);
        let nodes = case(id).models[0].start.network.nodes().to_vec();
        ops.extend(nodes.iter().map(|node| node.op.name));
        let found = Sha256::digest(fs::read(study.path(&format!("{name}.onnx"))).unwrap());
        let found: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            stored["sha256"], found,
            "{name}: another file than the one that onnxruntime ran; if it should be, run the \
             other test here with SHOAL_STORE=1"
        );
        let predicted =
            |place: usize| read_matrix(&study.path(&format!("{name}-{place}.csv"))).unwrap();
        let all: Vec<_> = (0..models.len()).map(predicted).collect();
        let outputs: Vec<Vec<f64>> =
            serde_json::from_value(stored["outputs"]["predictions"].clone()).unwrap();
        let largest = outputs.iter().flatten().fold(0.0, |most: f64, x| most.max(x.abs()));
        for (row, outputs) in outputs.iter().enumerate() {
            for (column, output) in outputs.iter().enumerate() {
                let mean = all.iter().map(|one| one.row(row)[column]).sum::<f64>();
                let apart = (mean / all.len() as f64 - output).abs();
                assert!(apart <= TOLERANCE * largest, "{name}, row {row}: {mean} {output}");
            }
        }
    }
    assert_eq!(ops, OPS.iter().map(|op| op.op.name).collect());
}

#[test]
fn models_that_cannot_be_exported_together_and_wrong_outputs_are_errors() {
    let study = Study::new();
    let [one, two] = [1, 2].map(|id| case(id).save(study.folder.path(), &format!("case{id}")));
    let fails = |arguments: &[&str], code: i32, words: &[&str]| {
        study.shoal(&[&["export"], arguments].concat()).fails(code, words);
    };
    let (one, two) = (one[0].as_str(), two[0].as_str());
    fails(
        &[one, two, "-o", "net.onnx"],
        2,
        &["of case1-0", "case2-0", "read and predict the same"],
    );
    fails(&[one, one, "-o", "net.onnx"], 2, &["is the same network as", "count twice"]);
    fails(&["nowhere.safetensors", "-o", "net.onnx"], 2, &["nowhere.safetensors"]);
    fails(&["new_x.csv", "-o", "net.onnx"], 2, &["new_x.csv: not a model of shoal"]);
    fails(&[one, "-o", "net.pt"], 2, &["net.pt: networks are written as .safetensors or .onnx"]);
    fails(&[one, "-o", "net.onnx", "--format", "torch"], 2, &["written as .safetensors;"]);
    fails(&[one, "-o", "no/net.onnx"], 4, &["no/net.onnx", "does not exist"]);
    fails(&[one, "-o", one], 2, &["is the input case1-0.safetensors", "overwrite"]);
    let torch = ["-o", "net.safetensors", "--format", "torch"];
    let several = [&["case2-0.safetensors", "case2-1.safetensors"], &torch[..]].concat();
    fails(&several, 2, &["2 models", "one by one"]);
    study.write("README.md", "mine");
    fails(&[&[one], &torch[..]].concat(), 2, &["README.md is not of shoal export", "-o"]);
    assert!(!study.path("net.safetensors").exists() && !study.path("net.py").exists());
    assert_eq!(study.read("README.md"), "mine");
    // its own are replaced
    fs::remove_file(study.path("README.md")).unwrap();
    for _ in 0..2 {
        study.shoal(&[&["export", one], &torch[..]].concat()).code_is(0);
    }
    let card = study.read("README.md");
    assert!(card.starts_with("---\nlibrary_name: pytorch\npipeline_tag: tabular-"), "{card}");
    assert!(study.read("net.py").lines().count() < 60, "{}", study.read("net.py"));
    let ran = study.shoal(&["export", one, "-o", "net.onnx", "--json"]);
    assert!(ran.out.contains("\"event\":\"exported\""), "{}", ran.out);
}
