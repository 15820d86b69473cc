//! Scenarios that pre-train the same networks train them once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::common::{RANGES, STUDY, Study, inputs, targets};
use crate::parts::files;

const SEARCH: &str = "[search]\ntrials = 4\ngeneration = 2\n[search.space]\n\
                      units = { low = 4, high = 9 }\nlayers = 1\n[search.pruning]\n\
                      rule = \"median\"\nstartup = 1\n";
const DATA: &str = "[data.finetune]\nx = \"new_x.csv\"\ny = \"new_y.csv\"\n";
const SHARED: &str = "the pre-trained networks are those of one";

/// A scenario on files of this name.
fn scenario(name: &str, data: &str, keys: &str) -> String {
    format!(
        "[[scenario]]\nname = \"{name}\"\n\
         finetune = {{ x = \"{data}_x.csv\", y = \"{data}_y.csv\", {RANGES} }}\n{keys}\n"
    )
}

/// The study without data to fine-tune on, and other data beside it.
fn ready(text: &str) -> (Study, String) {
    let study = Study::new();
    let lines = |text: &str, from: usize| -> String {
        text.lines().skip(from).map(|line| line.to_owned() + "\n").collect()
    };
    study.write("other_x.csv", &lines(&inputs(100), 40));
    study.write("other_y.csv", &("a,b,c\n".to_owned() + &lines(&targets(100, "", 3), 41)));
    let with_ranges = format!("y = \"base_y.csv\"\n{RANGES}");
    let text = text.replace(DATA, "").replace("y = \"base_y.csv\"", &with_ranges);
    (study, text)
}

/// The files of a scenario but for study.json, which says its place among the scenarios.
fn results(study: &Study, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = files(&study.path(folder));
    files.remove(Path::new("study.json")).expect("study.json");
    files
}

fn assert_same(one: &BTreeMap<PathBuf, Vec<u8>>, other: &BTreeMap<PathBuf, Vec<u8>>) {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, bytes) in one {
        assert!(*bytes == other[name], "{}", name.display());
    }
}

fn check(text: &str) {
    let (study, text) = ready(text);
    let two = scenario("two", "other", "sizes = [15]");
    let dummies = scenario("dummies", "new", "pretraining = { dummies = 3 }");
    study.write("study.toml", &(text.clone() + &scenario("one", "new", "") + &two + &dummies));
    let planned = study.shoal(&["study", "study.toml", "-o", "out", "--device", "cpu", "--plan"]);
    planned.code_is(0);
    assert_eq!(planned.out.matches(SHARED).count(), 1, "{}", planned.out);
    let ran = study.run();
    ran.code_is(0);
    assert!(ran.err.contains(&format!("small: two: {SHARED}")), "{}", ran.err);
    assert_eq!(ran.err.matches(SHARED).count(), 1, "{}", ran.err);
    assert!(!ran.err.contains("resuming"), "{}", ran.err);
    let json = |folder: &str| -> serde_json::Value {
        serde_json::from_str(&study.read(&format!("out/{folder}/study.json"))).unwrap()
    };
    assert_eq!(json("two")["pretraining_of"], "one");
    assert!(json("dummies")["pretraining_of"].is_null());
    let shared = results(&study, "out/two");
    study.write("alone.toml", &(text + &two));
    study.shoal(&["study", "alone.toml", "-o", "alone", "--device", "cpu"]).code_is(0);
    assert_same(&shared, &results(&study, "alone/two"));
    // a copy that was interrupted: the first line of the journal, and no or some networks
    let journal = study.read("out/two/journal.log");
    for keeps_models in [false, true] {
        let first = journal.split_inclusive('\n').next().unwrap();
        for entry in std::fs::read_dir(study.path("out/two")).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true if keeps_models && path.ends_with("models") => {}
                true => std::fs::remove_dir_all(path).unwrap(),
                false => std::fs::remove_file(path).unwrap(),
            }
        }
        study.write("out/two/journal.log", first);
        study.run().code_is(0);
        assert_same(&results(&study, "out/two"), &shared);
    }
    assert_eq!(json("one")["status"], "finished");
}

#[test]
fn a_scenario_with_the_pre_training_of_another_has_the_results_of_one_alone() {
    check(STUDY);
}

#[test]
fn a_scenario_with_the_searched_pre_training_of_another_has_the_results_of_one_alone() {
    check(&(STUDY.replace("seeds = 2\n", "") + SEARCH));
}

#[test]
fn other_pre_trainings_are_not_shared() {
    let (study, text) = ready(STUDY);
    let both = scenario("one", "new", "") + &scenario("two", "other", "");
    study.write("study.toml", &text.replace("seeds = 2", "seeds = 2\nsave_models = false"));
    let unsaved = study.read("study.toml") + &both;
    // a column that is constant in the pre-training has the width of the data to fine-tune on
    let constant: String = inputs(80).lines().map(|line| format!("{line},2.5\n")).collect();
    study.write("flat_x.csv", &constant);
    for (name, factor) in [("new", 1.0), ("other", 1e6)] {
        let text = study.read(&format!("{name}_x.csv"));
        let lines = text.lines().enumerate();
        let wide = lines.map(|(row, line)| format!("{line},{}\n", factor * (row + 1) as f64));
        study.write(&format!("wide-{name}_x.csv"), &wide.collect::<String>());
        study.write(&format!("wide-{name}_y.csv"), &study.read(&format!("{name}_y.csv")));
    }
    let wide = text.replace("base_x.csv", "flat_x.csv")
        + &scenario("one", "wide-new", "")
        + &scenario("two", "wide-other", "");
    let seeds = text.clone() + &scenario("one", "new", "") + &scenario("two", "other", "seed = 2");
    for (number, text) in [unsaved, wide, seeds].iter().enumerate() {
        study.write("study.toml", text);
        let out = format!("out{number}");
        let ran = study.shoal(&["study", "study.toml", "-o", &out, "--device", "cpu"]);
        ran.code_is(0);
        assert!(!ran.err.contains("the pre-trained networks are those of"), "{}", ran.err);
    }
}

#[test]
fn finished_results_without_a_journal_are_not_overwritten() {
    let (study, text) = ready(STUDY);
    let both = scenario("one", "new", "") + &scenario("two", "other", "");
    study.write("study.toml", &(text + &both));
    study.run().code_is(0);
    std::fs::remove_file(study.path("out/two/journal.log")).unwrap();
    let before = files(&study.path("out/two"));
    study.run().fails(2, &["out/two already holds the results of a study", "journal.log"]);
    assert_same(&files(&study.path("out/two")), &before);
}
