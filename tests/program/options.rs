//! Pre-training with several sizes, sizes that include validation and test rows, and bottlenecks:
//! results and error messages.

use std::time::Duration;

use crate::common::{STUDY, Study, ranged};
use crate::resume::{assert_same, killed_until_through, moments, undisturbed};

/// A study with these keys in `[pretraining]`, and `more` at its end.
fn study(from: &str, to: &str, pretraining: &str, more: &str) -> Study {
    let study = Study::new();
    assert!(STUDY.contains(from));
    let text = STUDY.replace(from, to);
    ranged(&study, &format!("{text}[pretraining]\n{pretraining}\n{more}"));
    study
}

/// The lines of a table below the first one, field by field.
fn rows(text: &str) -> Vec<Vec<String>> {
    let fields = |line: &str| line.split(',').map(str::to_owned).collect();
    text.lines().skip(1).map(fields).collect()
}

#[test]
fn each_pretraining_size_trains_as_it_would_alone() {
    let several = study("", "", "simulations = [80, 20, 40]", "");
    let ran = several.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("6 pre-trainings, 40 fine-tunings"), "{}", ran.err);
    assert!(ran.out.contains("dummy-node (20)"), "{}", ran.out);
    assert!(
        ran.out.contains("warm-start: pre-trained on 20 simulations in place of 80"),
        "{}",
        ran.out
    );
    let runs = rows(&several.read("out/runs.csv"));
    assert_eq!(runs.len(), 2 * 2 * (1 + 3 * 3));
    let of_size = |size: &str, strategy: &str| -> Vec<Vec<String>> {
        let of = |row: &&Vec<String>| row[1] == size && row[0] == strategy;
        let numbers = |row: &Vec<String>| [&row[..1], &row[2..row.len() - 1]].concat();
        runs.iter().filter(of).map(numbers).collect()
    };
    for size in ["20", "40", "80"] {
        let alone = study("", "", &format!("simulations = {size}"), "");
        assert_eq!(alone.run().code, 0);
        let alone = rows(&alone.read("out/runs.csv"));
        for strategy in ["scratch", "dummy-node", "warm-start", "attach-head"] {
            let of = alone.iter().filter(|row| row[0] == strategy);
            let expected: Vec<_> = of.map(|row| row[..row.len() - 1].to_vec()).collect();
            let transfers = strategy != "scratch";
            let found = of_size(if transfers { size } else { "0" }, strategy);
            assert_eq!(found, expected, "{strategy} {size}");
        }
    }
    let pretraining = rows(&several.read("out/pretraining.csv"));
    let sizes: Vec<&str> = pretraining.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(sizes, ["20", "20", "40", "40", "80", "80"]);
    let effect = rows(&several.read("out/pretraining_size.csv"));
    assert_eq!(effect.len(), 3 * 2 * 4, "strategies, sizes, pre-training sizes and none");
    let predictions = several.read("out/predictions.csv");
    assert!(predictions.contains("attach-head,80,20,"), "{}", &predictions[..200]);
    for model in ["pretraining-40-2", "dummy-node-from-20-10-1", "scratch-10-1"] {
        assert!(several.path(&format!("out/models/{model}.safetensors")).exists(), "{model}");
    }
    // `shoal analyse` reads the same
    let verdict = several.read("out/pretraining_size.csv");
    let ran = several.shoal(&["analyse", "out"]);
    assert!(ran.out.contains("in place of 80"), "{}", ran.out);
    assert_eq!(several.read("out/pretraining_size.csv"), verdict);
}

#[test]
fn several_pretraining_sizes_that_are_killed_end_with_the_same_tables() {
    for head in ["save_models = true", "save_models = false"] {
        let head = format!("sizes = [10, 40]\n{head}");
        let study = study("sizes = [10, 20]", &head, "simulations = [20, 80]", "");
        let text = study.read("study.toml");
        let longer = text.replace("hidden = [8]", "hidden = [40, 40]");
        study.write("study.toml", &longer.replace("epochs = 6", "epochs = 1000\npatience = 1000"));
        undisturbed(&study);
        let kills = killed_until_through(&study, "killed", moments(3, Duration::from_millis(200)));
        assert!(kills >= 3, "{head}: only {kills} kills");
        let files = ["runs.csv", "pretraining.csv", "summary.csv", "pretraining_size.csv"];
        assert_same(&study, &files);
    }
}

#[test]
fn a_divided_size_has_its_own_test_set() {
    let study = study("sizes = [10, 20]\ntest = 15", "sizes = [40, 20, 60]\nsplit = {}", "", "");
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(rows(&study.read("out/runs.csv")).len(), 3 * 4 * 2);
    // 15 % of all 60 simulations, the largest size, for each of four strategies
    let predictions = rows(&study.read("out/predictions.csv"));
    let scratch = predictions.iter().filter(|row| row[0] == "scratch").count();
    assert_eq!(predictions.len(), 4 * scratch);
    assert_eq!(scratch, 9);
    let provenance: serde_json::Value =
        serde_json::from_str(&study.read("out/study.json")).unwrap();
    let split = &provenance["settings"]["split"];
    assert_eq!((split["validation"].as_f64(), split["test"].as_f64()), (Some(0.15), Some(0.15)));
}

#[test]
fn a_head_reads_the_bottleneck_that_only_pretrained_networks_have() {
    let heads = "[strategies.scratch]\n[strategies.dummy-node]\n[strategies.attach-head]\nreads = \
                 'last-hidden'\nhidden = [6]\n";
    let search = "[search]\ntrials = 3\nstartup = 3\n[search.space]\nlayers = 2\nunits = { low = \
                  4, high = 9 }\n";
    let plain = study("", "", "bottleneck = 3", heads);
    let searched = study("seeds = 2\n", "", "bottleneck = 3", &format!("{heads}{search}"));
    for (study, layer) in [(plain, 1), (searched, 2)] {
        let ran = study.run();
        assert_eq!(ran.code, 0, "{}", ran.err);
        let runs = rows(&study.read("out/runs.csv"));
        let layers = |strategy: &str| {
            let named = |row: &&Vec<String>| row[0] == strategy && !row.last().unwrap().is_empty();
            let model = runs.iter().find(named).unwrap().last().unwrap();
            study.shoal(&["inspect", &format!("out/{model}")]).out
        };
        let narrow = |text: &str| {
            text.lines().any(|line| {
                line.contains(&format!("layer {layer}:"))
                    && line.contains("-> 3, leaky_relu, dropout 0")
            })
        };
        let head = layers("attach-head");
        assert!(narrow(&head), "{head}");
        assert!(head.contains(&format!("layer {}: dense 3 -> ", layer + 1)), "{head}");
        assert!(narrow(&layers("dummy-node")), "{}", layers("dummy-node"));
        assert!(!narrow(&layers("scratch")), "{}", layers("scratch"));
    }
}

#[test]
fn mistakes_name_both_keys_and_the_way_out() {
    let split = |parts: &str| format!("sizes = [20]\nsplit = {{ {parts} }}");
    let none = "sizes = [20]\ntest = 15";
    let mistakes: [(&str, &str, &str, &[&str]); 10] = [
        (none, "simulations = []", "", &["pretraining.simulations = []", "at least one"]),
        (none, "simulations = [20, 20]", "", &["[20, 20]", "each once"]),
        (none, "simulations = [20, 81]", "", &["pretraining.simulations", "81", "there are 80"]),
        (none, "bottleneck = 0", "", &["pretraining.bottleneck = 0", "1 to 4096"]),
        (
            none,
            "bottleneck = 5",
            "[search]\n[search.space]\nlayers = { high = 6 }\n",
            &["bottleneck = 5", "up to 6", "lower"],
        ),
        (&split(""), "", "", &[]),
        (
            &split("training = 0.8"),
            "",
            "",
            &["split.training = 0.8", "add up to 1.1", "0.7, 0.15 and 0.15"],
        ),
        (
            &format!("{}\ntest = 15", split("")),
            "",
            "",
            &["test = 15 beside [split]", "split.test = 0.15", "remove one"],
        ),
        ("sizes = [61]\nsplit = {}", "", "", &["61", "there are 60"]),
        ("sizes = [20]", "", "", &["test is missing", "[split]"]),
    ];
    for (sizes, pretraining, more, words) in mistakes {
        let study = study("sizes = [10, 20]\ntest = 15", sizes, pretraining, more);
        if more.contains("[search]") {
            study.write("study.toml", &study.read("study.toml").replace("seeds = 2\n", ""));
        }
        let ran = study.run();
        match words.is_empty() {
            true => assert_eq!(ran.code, 0, "{}", ran.err),
            false => ran.fails(2, words),
        }
    }
}
