//! What stops a run early, and what a search looks for.

use shoal::data::Dataset;

use crate::common::Study;
use crate::losses::{column, dataset, label, normal, numbers, ready, study};
use crate::resume::survives_kills;

/// Signal and background, to pre-train on and to fine-tune on.
fn classes() -> [Dataset; 2] {
    [dataset(300, 1, "signal", label), dataset(300, 2, "signal", label)]
}

/// A search whose table begins with these keys.
fn searched(loss: &str, keys: &str) -> Study {
    let [fast, full] = classes();
    let text = study(loss, "").replace("seeds = 2\n", "").replace("[40, 120]", "[120]");
    let text = format!(
        "{text}[strategies.scratch]\n[strategies.warm-start]\n[search]\ntrials = 8\nstartup = 4\n\
         generation = 4\n{keys}\n[search.pruning]\nrule = 'off'\n[search.space]\nlayers = {{ low \
         = 1, high = 1 }}\nunits = {{ low = 4, high = 12 }}\n"
    );
    ready(&fast, &full, &text)
}

/// The values of the objective of a group, by trial.
fn of_group(table: &str, name: &str, strategy: &str) -> Vec<f64> {
    let groups = column(table, "strategy");
    let own = numbers(table, name).into_iter().zip(groups);
    own.filter(|(_, group)| *group == strategy).map(|(value, _)| value).collect()
}

#[test]
fn a_search_can_maximise_a_metric_of_the_validation_rows() {
    let study = searched("'bce'", "maximise = 'auc'");
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    let (trials, runs) = (study.read("out/trials.csv"), study.read("out/runs.csv"));
    for strategy in ["pretraining", "scratch", "warm-start"] {
        let areas = of_group(&trials, "validation_auc", strategy);
        assert!(areas.iter().all(|area| (0.0..=1.0).contains(area)), "{areas:?}");
        let best = areas.iter().copied().fold(0.0, f64::max);
        let place = areas.iter().position(|area| *area == best).unwrap();
        let loss = of_group(&trials, "validation_loss", strategy)[place];
        let table = if strategy == "pretraining" {
            study.read("out/pretraining.csv")
        } else {
            runs.clone()
        };
        let chosen = of_group(&table, "validation_loss", strategy)[0];
        assert_eq!(chosen, loss, "{strategy}: the best trial is number {place}: {areas:?}");
    }
    let journal = study.read("out/journal.log");
    assert!(journal.contains("\"directions\":[2]") && !journal.contains("\"directions\":[1]"));
    let page = study.read("out/report.html");
    assert!(page.contains("highest validation AUC"), "the objective is in the report");
}

/// Cross-entropy without smoothing is the log loss of all rows: the metric of the validation rows
/// is the validation loss, in every stage.
#[test]
fn the_metric_of_the_validation_rows_is_that_of_the_kept_network() {
    for (loss, key, metric) in [
        ("'bce'", "minimise = 'log_loss'", "validation_log_loss"),
        (
            "{ name = 'bce', label_smoothing = 0.2 }\nstop_on = 'bce'",
            "minimise = 'log_loss'",
            "validation_log_loss",
        ),
        ("'gaussian'\nstop_on = 'mse'", "minimise = 'mse'", "validation_mse"),
        ("'mse'", "minimise = 'mse'\nseeds = 2", "validation_mse"),
    ] {
        let study = searched(loss, key);
        let ran = study.run();
        assert_eq!(ran.code, 0, "{}", ran.err);
        let trials = study.read("out/trials.csv");
        let pairs = numbers(&trials, metric).into_iter().zip(numbers(&trials, "validation_loss"));
        let mut count = 0;
        for (value, loss) in pairs {
            assert!((value - loss).abs() < 1e-5 * loss.abs() + 1e-7, "{loss}: {value} {metric}");
            count += 1;
        }
        assert_eq!(count, if key.contains("seeds") { 48 } else { 24 });
    }
}

#[test]
fn the_loss_can_be_searched_for() {
    let target = |x: &[f64], row: usize| 0.5 + 0.3 * x[0] + 0.1 * normal(row, 3);
    let ranged =
        |seed| Dataset { target_ranges: vec![[-1.0, 2.0]], ..dataset(300, seed, "p", target) };
    let text = |keys: &str, loss: &str| {
        let text = study(keys, "").replace("seeds = 2\n", "").replace("[40, 120]", "[120]");
        format!(
            "{text}[strategies.scratch]\n[strategies.warm-start]\n[search]\ntrials = 6\n\
             startup = 6\ngeneration = 3\nOBJECTIVE\n[search.space]\nloss = {loss}\nlayers = 1\n\
             units = {{ low = 4, high = 12 }}\n"
        )
    };
    let both = "{ choices = ['mse', 'huber'] }";
    let run = |text: &str| {
        let study = ready(&ranged(1), &ranged(2), text);
        (study.run(), study)
    };
    let off = "minimise = 'mse'\n[search.pruning]\nrule = 'off'";
    for (keys, objective) in [("'mse'", off), ("'huber'\nstop_on = 'mse'", "")] {
        let (ran, study) = run(&text(keys, both).replace("OBJECTIVE", objective));
        assert_eq!(ran.code, 0, "{}", ran.err);
        let trials = study.read("out/trials.csv");
        let losses = column(&trials, "loss");
        assert!(losses.contains(&"mse") && losses.contains(&"huber"), "{losses:?}");
        if keys == "'mse'" {
            // half the squared error, where errors are small
            let values = numbers(&trials, "validation_mse").into_iter();
            for ((value, loss), name) in values.zip(numbers(&trials, "validation_loss")).zip(losses)
            {
                let factor = if name == "mse" { 1.0 } else { 0.5 };
                assert!((loss / value / factor - 1.0).abs() < 1e-3, "{name}: {loss} {value}");
            }
        }
    }
    let fails = |text: String, words: &[&str]| run(&text).0.fails(2, words);
    let none = |text: String| text.replace("OBJECTIVE", "");
    fails(none(text("'mse'", both)), &["search.space.loss", "stop_on", "rule = \"off\""]);
    let metric = text("'mse'", both).replace("OBJECTIVE", "minimise = 'mse'");
    fails(metric, &["search.space.loss", "stop_on"]);
    let other = "{ choices = ['mse', 'gaussian'] }";
    fails(none(text("'mse'", other)), &["\"gaussian\"", "\"mse\"", "mse, huber"]);
    fails(none(text("'mse'", "'hubber'")), &["search.space.loss", "did you mean \"huber\"?"]);
}

#[test]
fn a_search_for_a_metric_survives_kills() {
    let study = searched("'bce'", "maximise = 'auc'");
    let text = study.read("study.toml").replace("epochs = 60", "epochs = 400");
    study.write("study.toml", &text.replace("patience = 20", "patience = 400"));
    survives_kills(&study, 2, &["trials.csv", "runs.csv", "pretraining.csv", "summary.csv"]);
}

#[test]
fn a_run_stops_on_another_loss_than_it_trains_on() {
    let target = |x: &[f64], row: usize| 0.5 + 0.3 * x[0] + 0.1 * normal(row, 3);
    let ranged =
        |seed| Dataset { target_ranges: vec![[-1.0, 2.0]], ..dataset(300, seed, "p", target) };
    let run = |loss: &str| {
        let study = ready(&ranged(1), &ranged(2), &study(loss, ""));
        let ran = study.run();
        assert_eq!(ran.code, 0, "{}", ran.err);
        let runs = study.read("out/runs.csv");
        (numbers(&runs, "validation_loss"), study.read("out/study.json"))
    };
    let (plain, settings) = run("'gaussian'");
    assert!(plain.iter().any(|loss| *loss < 0.0), "a negative log-likelihood: {plain:?}");
    assert!(!settings.contains("stop_on"));
    let (squares, settings) = run("'gaussian'\nstop_on = 'mse'");
    // a head on two outputs may not learn at all
    let small = squares.iter().filter(|loss| (1e-4..0.1).contains(*loss)).count();
    assert!(small >= 14 && squares.iter().all(|loss| *loss > 0.0), "{squares:?}");
    assert!(settings.contains("stop_on"));
}

#[test]
fn what_cannot_stop_a_run_or_be_searched_for_is_named_with_what_can() {
    let [fast, full] = classes();
    let fails = |text: String, words: &[&str]| ready(&fast, &full, &text).run().fails(2, words);
    fails(
        study("'bce'\nstop_on = 'auc'", ""),
        &[
            "training.stop_on = \"auc\"",
            "\"validation_loss\"",
            "\"bce\"",
            "search.maximise = \"auc\"",
        ],
    );
    fails(study("'bce'\nstop_on = 'mse'", ""), &["training.stop_on = \"mse\"", "\"bce\"", "give"]);
    fails(study("'mse'\nstop_on = 'gaussian'", ""), &["\"gaussian\"", "\"mse\", \"huber\""]);
    fails(study("'mse'\nstop_on = 'hubber'", ""), &["training.stop_on", "did you mean \"huber\"?"]);
    fails(study("'mse'\nstop_on = 3", ""), &["training.stop_on = 3"]);
    let text = "'mse'\nstop_on = { name = 'huber', delta = -1.0 }";
    fails(study(text, ""), &["training.stop_on.delta = -1"]);
    let search = |keys: &str, words: &[&str]| searched("'bce'", keys).run().fails(2, words);
    search("minimise = 'auc'", &["search.minimise = \"auc\"", "search.maximise = \"auc\""]);
    search("maximise = 'log_loss'", &["search.minimise = \"log_loss\""]);
    search("maximise = 'aucs'", &["search.maximise", "did you mean \"auc\"?"]);
    search("maximise = 'validation_loss'", &["search.minimise"]);
    search("maximise = 'coverage'", &["coverage", "auc"]);
    search("maximise = 'auc'\nminimise = 'log_loss'", &["one objective"]);
    searched("'mse'", "maximise = 'auc'").run().fails(2, &["\"auc\"", "probabilities", "\"mse\""]);
}
