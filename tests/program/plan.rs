//! `shoal study --plan`: its numbers against those of the study itself.

use serde_json::Value;

use crate::bench::events;
use crate::common::{Ran, STUDY, Study, ranged};

/// The device option, and a tile set that replaces that of the device.
fn plan(study: &Study, device: &str) -> Ran {
    study.shoal(&words("study study.toml --plan --json --device", device))
}

fn words<'a>(first: &'a str, device: &'a str) -> Vec<&'a str> {
    first.split(' ').chain(device.split(' ')).collect()
}

/// The plan, and `study.json` after the study; `None` if there is no such device.
pub fn beside(study: &Study, device: &str) -> Option<(Value, Value)> {
    let planned = plan(study, device);
    if planned.code == 3 && planned.err.contains("no GPU") {
        eprintln!("skipped: {}", planned.err);
        return None;
    }
    let planned = events(&planned, "plan").remove(0);
    assert!(!study.path("out").exists(), "a plan writes nothing");
    let ran = study.shoal(&words("study study.toml -o out --device", device));
    assert_eq!(ran.code, 0, "{}", ran.err);
    Some((planned, serde_json::from_str(&study.read("out/study.json")).unwrap()))
}

/// Runs, optimiser steps and bytes, in this order.
pub fn compare((planned, actual): &(Value, Value)) {
    let shares = planned["strategies"].as_array().unwrap();
    let sum = |of: &dyn Fn(&Value) -> u64| shares.iter().map(of).sum::<u64>();
    assert_eq!(sum(&|share| share["runs"].as_u64().unwrap()), actual["runs_planned"]);
    assert_eq!(sum(&|share| share["steps"]["most"].as_u64().unwrap()), actual["run_steps"]);
    let [said, was] =
        [&planned["expected"]["bytes"], &actual["peak_bytes"]].map(|n| n.as_f64().unwrap());
    assert!((said / was - 1.0).abs() < 0.05, "{said} bytes were planned, {was} were held");
}

/// Wider networks and more of them, on simulated spectra.
const MIDDLE: &str = r#"
name = "middle"
seeds = 3
sizes = [60, 120, 240]
test = 60
[data.pretrain.simulate]
scenario = "lcdm"
count = 400
[data.finetune.simulate]
scenario = "neutrinos"
count = 300
[network]
hidden = [96, 64]
[training]
epochs = 8
"#;

#[test]
fn the_plan_for_a_gpu_is_what_the_study_takes() {
    let study = Study::new();
    ranged(&study, STUDY);
    if let Some(both) = beside(&study, "gpu") {
        compare(&both);
    }
    // on the tiles of GPUs no gradients are stored, unless they are clipped
    let clipped = format!("{MIDDLE}clip_norm = 1.0\n");
    let cases = [
        ("gpu", MIDDLE),
        ("gpu --tiles hardware", MIDDLE),
        ("gpu --tiles hardware", &clipped),
        ("gpu --tiles hardware-split", MIDDLE),
    ];
    let bytes = cases.map(|(device, text)| {
        let study = Study::new();
        study.write("study.toml", text);
        let both = beside(&study, device)?;
        compare(&both);
        let tiles = device.split(' ').next_back().filter(|name| *name != "gpu");
        if let Some(tiles) = tiles {
            assert_eq!(both.1["device"]["tiles"], tiles);
        }
        both.1["peak_bytes"].as_u64()
    });
    if let [_, Some(stored_nowhere), Some(clipped), Some(split)] = bytes {
        // 4 of 20 bytes a parameter, beside working memory and tables
        for stored in [clipped, split] {
            assert!((stored_nowhere as f64) < 0.9 * stored as f64, "{stored_nowhere} {stored}");
        }
    }
}

#[test]
fn a_plan_for_the_cpu_has_runs_steps_bytes_and_a_measured_rate() {
    let study = Study::new();
    // enough seeds for the largest runs, which start one after another, to train at the same time
    study.write("study.toml", &MIDDLE.replace("seeds = 3", "seeds = 8"));
    let (planned, actual) = beside(&study, "cpu").expect("a CPU is always there");
    compare(&(planned.clone(), actual));
    assert_eq!(planned["ends_early"], false);
    assert!(planned["expected"]["seconds"].as_f64().unwrap() > 0.0);
    for share in planned["strategies"].as_array().unwrap() {
        let [rate, flops] =
            [&share["flops_per_second"], &share["flops"]["most"]].map(|n| n.as_f64().unwrap());
        // at least a millionth of a second for each run
        assert!(rate > 0.0 && flops / rate > 1e-6, "{share}");
    }
}

#[test]
fn early_stopping_and_searches_are_marked_as_assumptions() {
    let study = Study::new();
    ranged(&study, &STUDY.replace("epochs = 6", "epochs = 60\npatience = 2"));
    let ran = study.shoal(&["study", "study.toml", "--plan", "--device", "cpu"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for words in ["18 runs", "at most", "4 times the patience", "attach-head", "GFLOP/s"] {
        assert!(ran.out.contains(words), "'{words}': {}", ran.out);
    }
    let search = STUDY.replace("seeds = 2", "").replace("epochs = 6", "epochs = 60")
        + "[search]\ntrials = 6\ngeneration = 3\nstartup = 3\n[search.space]\nunits = { low = 4, \
           high = 16 }\n";
    ranged(&study, &search);
    let ran = plan(&study, "cpu");
    let planned = events(&ran, "plan").remove(0);
    let scratch = &planned["strategies"][1];
    assert_eq!((&scratch["name"], &scratch["runs"]), (&"scratch".into(), &12.into()));
    let steps = |key: &str| scratch["steps"][key].as_u64().unwrap();
    assert!(steps("expected") < steps("most"), "half of the trials are stopped: {scratch}");
}

#[test]
fn a_plan_needs_no_folder_and_a_study_does() {
    let study = Study::new();
    ranged(&study, STUDY);
    let ran = study.shoal(&["study", "study.toml", "--device", "cpu"]);
    assert!(ran.code == 2 && ran.err.contains("--output"), "{}", ran.err);
    let ran = study.shoal(&["study", "study.toml", "--plan", "--resume", "--device", "cpu"]);
    assert!(ran.code == 2 && ran.err.contains("--resume"), "{}", ran.err);
    study.write("study.toml", &STUDY.replace("epochs = 6", "epochs = 0"));
    plan(&study, "cpu").fails(2, &["training.epochs = 0"]);
}
