//! Scenarios that pre-train the same networks train them once.

use std::path::Path;

use crate::common::{STUDY, Study};
use crate::parts::files;

const SEARCH: &str = "[search]\ntrials = 4\ngeneration = 2\n[search.space]\n\
                      units = { low = 4, high = 9 }\nlayers = 1\n[search.pruning]\n\
                      rule = \"median\"\nstartup = 1\n";
const DATA: &str = "[data.finetune]\nx = \"new_x.csv\"\ny = \"new_y.csv\"\n";

fn scenario(name: &str, keys: &str) -> String {
    let data = "finetune = { x = \"new_x.csv\", y = \"new_y.csv\" }\n";
    format!("[[scenario]]\nname = \"{name}\"\n{data}{keys}\n")
}

fn check(text: &str) {
    let study = Study::new();
    let two = scenario("two", "sizes = [15]");
    let dummies = scenario("dummies", "pretraining = { dummies = 3 }");
    study.write("study.toml", &(text.to_owned() + &scenario("one", "") + &two + &dummies));
    let planned = study.shoal(&["study", "study.toml", "-o", "out", "--device", "cpu", "--plan"]);
    planned.code_is(0);
    let there = "the pre-trained networks are those of one";
    assert_eq!(planned.out.matches(there).count(), 1, "{}", planned.out);
    let ran = study.run();
    ran.code_is(0);
    assert!(ran.err.contains(&format!("small: two: {there}")), "{}", ran.err);
    assert_eq!(ran.err.matches(there).count(), 1, "{}", ran.err);
    study.write("study.toml", &(text.to_owned() + &two));
    study.shoal(&["study", "study.toml", "-o", "alone", "--device", "cpu"]).code_is(0);
    let [shared, alone] = ["out/two", "alone/two"].map(|folder| {
        let mut files = files(&study.path(folder));
        // its place among the scenarios
        files.remove(Path::new("study.json")).expect("study.json");
        files
    });
    let names = shared.keys().collect::<Vec<_>>();
    assert_eq!(names, alone.keys().collect::<Vec<_>>());
    for (name, bytes) in &shared {
        assert!(*bytes == alone[name], "{}", name.display());
    }
}

#[test]
fn a_scenario_with_the_pre_training_of_another_has_the_results_of_one_alone() {
    check(&STUDY.replace(DATA, ""));
}

#[test]
fn so_has_one_with_the_searched_pre_training_of_another() {
    check(&(STUDY.replace(DATA, "").replace("seeds = 2\n", "") + SEARCH));
}
