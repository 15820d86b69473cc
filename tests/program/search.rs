//! Searches: their files, the independence of trials from threads and kills, and error messages.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use shoal::engine::cpu::backend::Cpu;
use shoal::engine::device::Device;
use shoal::study::{self, execute};

use crate::common::{STUDY, Study, ranged};
use crate::resume::{survives_kills, trains_lost_models_again};

const SEARCH: &str = "
[search]
trials = 12
startup = 4
generation = 4
[search.space]
units = { low = 4, high = 12 }
[strategies.scratch]
[strategies.dummy-node]
[strategies.attach-head]
";

/// A study with searches: `from` of its text replaced by `to`, and `more` at its end.
fn study(epochs: u32, from: &str, to: &str, more: &str) -> Study {
    let study = Study::new();
    let text = STUDY
        .replace("seeds = 2\n", "")
        .replace("epochs = 6", &format!("epochs = {epochs}\npatience = 20"));
    let text = format!("{text}{SEARCH}{more}");
    assert!(text.contains(from));
    ranged(&study, &text.replace(from, to));
    study
}

const HALVING: &str = "[search.pruning]\nfirst = 2\nfactor = 2\n";

/// The rows of a table, without its header, field by field.
fn rows(text: &str) -> Vec<Vec<String>> {
    let fields = |line: &str| line.split(',').map(str::to_owned).collect();
    text.lines().skip(1).map(fields).collect()
}

#[test]
fn a_search_leaves_its_trials_the_ten_best_of_each_and_the_networks_of_the_best() {
    let study = study(30, "", "", HALVING);
    assert_eq!(study.run().code, 0);
    let trials = rows(&study.read("out/trials.csv"));
    // the pre-training, and three strategies of two sizes
    assert_eq!(trials.len(), 7 * 12);
    let states: BTreeSet<&str> = trials.iter().map(|row| row[4].as_str()).collect();
    assert!(states.contains("complete") && states.contains("pruned"), "{states:?}");
    let runs = rows(&study.read("out/runs.csv"));
    for size in ["10", "20"] {
        for strategy in ["scratch", "dummy-node", "attach-head"] {
            let of_search = |row: &&Vec<String>| row[0] == strategy && row[1] == size;
            let number = |row: &Vec<String>, column: usize| row[column].parse::<f64>().unwrap();
            let mut complete: Vec<(f64, f64)> = (trials.iter().filter(of_search))
                .filter(|row| row[4] == "complete")
                .map(|row| (number(row, 5), number(row, 6)))
                .collect();
            complete.sort_by(|one, other| one.0.total_cmp(&other.0));
            complete.truncate(10);
            let best: Vec<(f64, f64)> = (runs.iter().filter(of_search))
                .map(|row| (number(row, 3), number(row, 4)))
                .collect();
            assert_eq!(best, complete, "{strategy}, {size}");
        }
    }
    let named: BTreeSet<String> = (runs.iter().chain(&rows(&study.read("out/pretraining.csv"))))
        .filter_map(|row| row.last().filter(|model| !model.is_empty()).cloned())
        .collect();
    let models = std::fs::read_dir(study.path("out/models")).unwrap();
    let there: BTreeSet<String> = models
        .map(|entry| format!("models/{}", entry.unwrap().file_name().to_string_lossy()))
        .filter(|path| path.ends_with(".safetensors"))
        .collect();
    assert_eq!((named.len(), &named), (7, &there));
    let ran = study.run();
    assert!(ran.code == 0 && ran.err.contains("84 runs are finished"), "{}", ran.err);
}

#[test]
fn threads_and_rungs_without_a_stop_change_no_trial() {
    let of = |more: &str, threads: usize| {
        let study = study(30, "", "", more);
        let mut no_scenario = |_: &study::Simulation| unreachable!("its data are files");
        let studies = study::Study::read(&study.path("study.toml"), &mut no_scenario).unwrap();
        let device = Device::Cpu(Cpu { threads });
        let stop = AtomicBool::new(false);
        execute(&studies[0], &[device], &study.path("out"), &stop, &mut |_| {}).unwrap();
        (study.read("out/trials.csv"), study.read("out/runs.csv"))
    };
    assert_eq!(of(HALVING, 1), of(HALVING, 2));
    // runs that may stop every three epochs, and never do
    let asked = "[search.pruning]\nrule = 'median'\nstartup = 1000\ninterval = 3\n";
    assert_eq!(of("[search.pruning]\nrule = 'off'\n", 3), of(asked, 3));
}

#[test]
fn a_trial_may_be_scored_by_several_networks() {
    for more in ["[search.pruning]\nrule = 'off'\n", HALVING] {
        let study = study(20, "trials = 12", "trials = 8\nseeds = 2", more);
        let ran = study.run();
        assert_eq!(ran.code, 0, "{}", ran.err);
        let trials = rows(&study.read("out/trials.csv"));
        for trial in trials.iter().filter(|row| row[3] == "1") {
            let both = trials.iter().filter(|row| row[..3] == trial[..3]).count();
            assert_eq!(both, if trial[4] == "complete" { 2 } else { 1 }, "{trial:?}");
        }
        assert_eq!(rows(&study.read("out/pretraining.csv")).len(), 2);
    }
}

#[test]
fn killed_at_any_moment_the_trials_are_those_of_an_undisturbed_search() {
    for models in ["save_models = true", "save_models = false"] {
        let study = study(400, "sizes = ", &format!("{models}\nsizes = "), HALVING);
        let files = ["trials.csv", "runs.csv", "pretraining.csv", "summary.csv"];
        survives_kills(&study, 2, &files);
    }
}

#[test]
fn lost_models_of_a_finished_search_are_trained_again() {
    trains_lost_models_again(&study(60, "", "", HALVING));
}

#[test]
fn a_search_whose_pretraining_fails_is_an_error() {
    let from = "hidden = [8]";
    let more = "[search.space]\nlearning_rate = 1e38\n";
    let study = study(6, from, "output = 'identity'", "");
    let text = study.read("study.toml").replace("[search.space]\n", more);
    study.write("study.toml", &text);
    study
        .run()
        .fails(2, &["no trial of the pre-training", "learning_rate.high", "in out (trials.csv"]);
    assert!(study.read("out/trials.csv").contains("pretraining,80,11,1,failed"));
}

#[test]
fn mistakes_in_a_search_are_named() {
    let wrong = |from: &str, to: &str, words: &[&str]| study(6, from, to, "").run().fails(2, words);
    wrong("test = 15", "test = 15\nseeds = 3", &["seeds = 3 beside [search]", "search.seeds"]);
    wrong("high = 12", "high = 5000", &["search.space.units goes up to 5000", "4096"]);
    wrong("trials = 12", "trials = 0", &["search.trials is 0"]);
    wrong("trials = 12", "trails = 12", &["did you mean `trials`?"]);
}

#[test]
fn a_search_after_pretrainings_of_several_sizes_searches_for_each() {
    let more = "[pretraining]\nsimulations = [40, 80]\n";
    let study = study(20, "trials = 12\nstartup = 4", "trials = 6\nstartup = 3", more);
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    let trials = study.read("out/trials.csv");
    assert!(trials.starts_with("strategy,pretraining_simulations,simulations,trial,"), "{trials}");
    let count = |strategy: &str, pretrained: &str, size: &str| {
        let begin = format!("{strategy},{pretrained},{size},");
        trials.lines().filter(|line| line.starts_with(&begin)).count()
    };
    for size in ["10", "20"] {
        // what needs no pre-training is searched for once
        assert_eq!(count("scratch", "0", size), 6);
        assert_eq!([count("dummy-node", "40", size), count("dummy-node", "80", size)], [6, 6]);
    }
    assert_eq!([count("pretraining", "0", "40"), count("pretraining", "0", "80")], [6, 6]);
    assert_eq!(trials.lines().count(), 1 + 6 * (2 + 2 * 5));
    assert_eq!(rows(&study.read("out/pretraining.csv")).len(), 2);
    let files = ["summary.csv", "pretraining_size.csv", "best_trials.csv", "report.html"];
    let written = files.map(|name| study.read(&format!("out/{name}")));
    assert!(written[1].contains("\ndummy-node,10,40,"), "{}", written[1]);
    assert!(ran.out.contains("pre-trained on 40 simulations in place of 80"), "{}", ran.out);
    // the analysis reads all of it back, and the study is finished
    study.shoal(&["analyse", "out"]).code_is(0);
    assert_eq!(files.map(|name| study.read(&format!("out/{name}"))), written);
    let again = study.run();
    assert!(again.err.contains("0 runs in"), "{}", again.err);
    assert_eq!(study.read("out/trials.csv"), trials);
}
