//! Strategies that train a part of a network, or nothing.

use crate::common::{STUDY, Study, ranged};
use crate::losses::{column, numbers};
use crate::resume::{survives_kills, trains_lost_models_again};

const ALL: &str = "
[strategies.scratch]
[strategies.dummy-node]
[strategies.warm-start]
body_rate = 0.1
head_decay = 0
[strategies.attach-head]
reads = 0
[strategies.bias-only]
[strategies.frozen]
[strategies.applied]
";

/// A study whose data to fine-tune on have the targets of the pre-training.
fn shared(more: &str) -> Study {
    let study = Study::new();
    let text = STUDY.replace("y = \"new_y.csv\"", "y = \"new_y.csv\"\ntargets = [\"a\", \"b\"]");
    ranged(&study, &format!("{text}{more}"));
    study
}

/// The values of a column in the rows of a strategy.
fn of(table: &str, strategy: &str, name: &str) -> Vec<f64> {
    let rows = numbers(table, name).into_iter().zip(column(table, "strategy"));
    rows.filter(|(_, own)| *own == strategy).map(|(value, _)| value).collect()
}

#[test]
fn every_strategy_is_in_tables_and_report() {
    let study = shared(ALL);
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    let runs = study.read("out/runs.csv");
    let strategies =
        ["scratch", "dummy-node", "warm-start", "attach-head", "bias-only", "frozen", "applied"];
    let page = study.read("out/report.html");
    for strategy in strategies {
        assert_eq!(of(&runs, strategy, "test_mse").len(), 4, "{strategy}");
        assert!(page.contains(strategy), "{strategy}");
    }
    for table in ["savings.csv", "negative_transfer.csv", "predictions.csv", "attributions.csv"] {
        assert!(study.read(&format!("out/{table}")).contains("applied"), "{table}");
    }
    // two seeds of each size: no simulation of the target changes what is applied
    let scores = of(&runs, "applied", "test_mse");
    assert_eq!((scores[0], scores[1]), (scores[2], scores[3]));
    assert_eq!(of(&runs, "applied", "epochs"), [0.0; 4]);
    assert_eq!(of(&runs, "applied", "steps"), [0.0; 4]);
    assert!(of(&runs, "applied", "validation_loss").iter().all(|loss| *loss > 0.0));
    for (model, file) in [("pretraining-1", "base.csv"), ("applied-10-1", "applied.csv")] {
        let model = format!("out/models/{model}.safetensors");
        assert_eq!(study.shoal(&["predict", &model, "new_x.csv", "-o", file]).code, 0);
    }
    assert_eq!(study.read("base.csv"), study.read("applied.csv"));
    let settings = study.read("out/study.json");
    assert!(settings.contains("\"body\"") && settings.contains("\"reads\": \"0\""), "{settings}");
    let ran = study.shoal(&["study", "study.toml", "--plan", "--device", "cpu"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn a_rate_of_a_part_changes_what_it_trains() {
    let scores = |keys: &str| {
        let study = shared(&format!("[strategies.warm-start]\n{keys}"));
        assert_eq!(study.run().code, 0);
        of(&study.read("out/runs.csv"), "warm-start", "test_mse")
    };
    let plain = scores("");
    assert_eq!(scores("body_rate = 1.0\nhead_rate = 1\nbody_decay = 1\nhead_decay = 1"), plain);
    for keys in ["body_rate = 0.1", "head_rate = 0.1", "body_decay = 0", "head_decay = 0"] {
        assert_ne!(
            scores(&format!("weight_decay = 0.1\n{keys}")),
            scores("weight_decay = 0.1"),
            "{keys}"
        );
    }
    // the rate of both is the learning rate
    assert_ne!(scores("learning_rate = 1e-4"), plain);
    let scaled = scores("learning_rate = 4e-3\nbody_rate = 0.25\nhead_rate = 0.25");
    assert_eq!(scaled, scores("learning_rate = 1e-3"), "powers of 2 do not round");
}

#[test]
fn kills_and_lost_models_do_not_change_what_is_applied() {
    let more = "[strategies.scratch]\n[strategies.frozen]\n[strategies.applied]\n";
    let text = |study: Study| {
        let text = study.read("study.toml").replace("epochs = 6", "epochs = 400\npatience = 400");
        study.write("study.toml", &text);
        study
    };
    let files = ["runs.csv", "pretraining.csv", "summary.csv"];
    survives_kills(&text(shared(more)), 2, &files);
    trains_lost_models_again(&shared(more));
}

#[test]
fn a_search_has_the_parameters_that_a_strategy_uses() {
    let study = shared(
        "[strategies.scratch]\n[strategies.warm-start]\n[strategies.bias-only]\n\
         [strategies.frozen]\n[strategies.applied]\n[search]\ntrials = 4\nstartup = 2\n\
         generation = 2\n[search.space]\nunits = { low = 4, high = 12 }\nbody_rate = { low = 0.01, \
         high = 0.5 }\n",
    );
    let text = study.read("study.toml").replace("seeds = 2\n", "");
    study.write("study.toml", &text);
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    let trials = study.read("out/trials.csv");
    let rates = column(&trials, "body_rate");
    let layers = column(&trials, "units_1");
    for (line, strategy) in column(&trials, "strategy").into_iter().enumerate() {
        let has = ["warm-start", "bias-only"].contains(&strategy);
        assert_eq!(!rates[line].is_empty(), has, "{strategy}");
        let fresh = ["pretraining", "scratch"].contains(&strategy);
        assert_eq!(!layers[line].is_empty(), fresh, "{strategy}");
        if has {
            assert!((0.01..=0.5).contains(&rates[line].parse().unwrap()));
        }
    }
}

#[test]
fn what_a_strategy_cannot_do_is_named() {
    let wrong = |more: &str, words: &[&str]| shared(more).run().fails(2, words);
    wrong("[strategies.applied]\nlearning_rate = 1e-3", &["learning_rate"]);
    wrong("[strategies.frozen]\ndropout = 0.1", &["dropout"]);
    wrong("[strategies.scratch]\nbody_rate = 0.1", &["body_rate"]);
    wrong("[strategies.warm-start]\nbody_rate = -1", &["strategies.warm-start.body_rate = -1"]);
    let both = "[strategies.bias-only]\nbody_rate = 0\nhead_rate = 0";
    wrong(both, &["strategies.bias-only", "applied"]);
    wrong("[strategies.attach-head]\nreads = 7", &["reads = 7", "0 dense, 1 dense"]);
    wrong("[strategies.attach-head]\nreads = 'pool'", &["reads = pool", "0 dense, 1 dense"]);
    wrong("[strategies.attach-head]\nreads = 'pol'", &["\"outputs\"", "dense, norm"]);
    wrong("[strategies.attach-head]\nreads = -1", &["reads = -1"]);
    // the third target is new
    let study = Study::new();
    ranged(&study, &format!("{STUDY}[strategies.applied]\n"));
    study.run().fails(2, &["strategies.applied", "'c'"]);
}
