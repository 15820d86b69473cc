//! A study in parts, merged, is the study of one machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::common::{Ran, STUDY, Study, ranged};

fn part(study: &Study, part: &str) -> Ran {
    study.shoal(&["study", "study.toml", "-o", "parted", "--device", "cpu", "--part", part])
}

/// The files below a folder by their paths, without parts and locks. Of the report and `study.json`
/// what does not depend on times and processes, of the journal its lines by search.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(inner) = open.pop() {
        for entry in std::fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                open.extend((name != "parts").then_some(path));
                continue;
            }
            let mut bytes = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            bytes = match &name[..] {
                "report.html" => without_seconds(&text).into_bytes(),
                "study.json" => lasting(&text).into_bytes(),
                "journal.log" => searches(&text).into_bytes(),
                "journal.log.owner" => continue,
                _ => bytes,
            };
            all.insert(path.strip_prefix(folder).unwrap().to_owned(), bytes);
        }
    }
    all
}

/// A report without the seconds of training and what it repeats of `study.json`.
fn without_seconds(text: &str) -> String {
    let (text, _) = text.split_once("<h2>Provenance</h2>").unwrap_or((text, ""));
    let (before, after) = text.split_once(" s on cpu").unwrap_or((text, ""));
    before.trim_end_matches(|letter: char| letter.is_ascii_digit()).to_owned() + after
}

fn lasting(text: &str) -> String {
    let mut all: Map<String, Value> = serde_json::from_str(text).unwrap();
    for key in ["earlier", "seconds", "device_seconds", "host_seconds", "peak_bytes"] {
        all.remove(key).expect(key);
    }
    Value::Object(all).to_string()
}

/// The lines of a journal by search and trial, without numbers and times.
fn searches(text: &str) -> String {
    let (mut names, mut trials) = (vec![], vec![]);
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in text.lines() {
        let line = line.replace(":NaN", ":\"NaN\"");
        let mut event: Map<String, Value> = serde_json::from_str(&line).unwrap();
        let study = event.remove("study_id").and_then(|one| one.as_u64());
        let trial = event.remove("trial_id").and_then(|one| one.as_u64());
        event.retain(|key, _| !key.starts_with("datetime"));
        if let Some(name) = event.get("study_name") {
            names.push(name.to_string());
        }
        let mut key = match (study, trial) {
            (Some(study), _) => names[study as usize].clone(),
            (_, Some(trial)) => String::clone(&trials[trial as usize]),
            _ => names.last().unwrap().clone(),
        };
        if event["op_code"] == 4 {
            key += &event["user_attrs"].to_string();
            trials.push(key.clone());
        }
        lines.entry(key).or_default().push(Value::Object(event).to_string());
    }
    format!("{lines:#?}")
}

fn assert_same(study: &Study) {
    let [one, merged] = ["out", "parted"].map(|folder| files(&study.path(folder)));
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&one), names(&merged));
    for (name, bytes) in &one {
        let other = &merged[name];
        let place = bytes.iter().zip(other).position(|(one, other)| one != other);
        let place = place.unwrap_or(0).saturating_sub(40);
        let text = |bytes: &Vec<u8>| {
            let end = bytes.len().min(place + 200);
            String::from_utf8_lossy(&bytes[place.min(end)..end]).into_owned()
        };
        assert!(bytes == other, "{}:\n{}\n{}", name.display(), text(bytes), text(other));
    }
}

/// Runs parts of a study, one of them again after a kill, and merges them.
fn in_parts(study: &Study, stages: &[&str]) {
    study.run().code_is(0);
    for (place, stage) in stages.iter().enumerate() {
        if place == 1 {
            killed(study, stage);
        }
        let ran = part(study, stage);
        ran.code_is(0);
        assert!(ran.err.contains("when all are: shoal merge parted"), "{}", ran.err);
    }
    study.shoal(&["merge", "parted", "--device", "cpu"]).code_is(0);
    assert_same(study);
}

/// Kills a part when its first network is there.
fn killed(study: &Study, part: &str) {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_shoal"))
        .args(["study", "study.toml", "-o", "parted", "--device", "cpu", "--part", part])
        .current_dir(study.folder.path())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let models = study.path(&format!("parted/parts/{}/models", part.replace(['/', ':'], "-")));
    let saved = || std::fs::read_dir(&models).is_ok_and(|mut found| found.next().is_some());
    while !saved() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let _ = child.kill();
    child.wait().unwrap();
}

#[test]
fn merged_parts_are_the_study_of_one_machine() {
    let study = Study::new();
    ranged(&study, STUDY);
    in_parts(&study, &["1/3", "2/3", "3/3"]);
    let again = study.shoal(&["merge", "parted", "--device", "cpu"]);
    assert!(again.code == 0 && again.err.contains("0 runs in "), "{}", again.err);
    assert_same(&study);
}

#[test]
fn parts_of_searches_and_scenarios_start_from_pre_trainings_of_their_own_parts() {
    let study = Study::new();
    let search = "[search]\ntrials = 4\ngeneration = 2\nseeds = 2\n[search.space]\n\
                  units = { low = 4, high = 9 }\nlayers = 1\n";
    let data = "[data.finetune]\nx = \"new_x.csv\"\ny = \"new_y.csv\"\n";
    let scenario = |name: &str| {
        format!(
            "[[scenario]]\nname = \"{name}\"\n\
             finetune = {{ x = \"new_x.csv\", y = \"new_y.csv\" }}\n"
        )
    };
    let text = STUDY.replace(data, "").replace("seeds = 2\n", "")
        + search
        + &scenario("one")
        + &scenario("two");
    study.write("study.toml", &text);
    in_parts(&study, &["pretraining:1/2", "pretraining:2/2", "1/2", "2/2"]);
    for number in [1, 2] {
        let json = study.read(&format!("parted/parts/{number}-2/one/study.json"));
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["part"]["part"], format!("{number}/2"));
    }
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let study = Study::new();
    ranged(&study, STUDY);
    let merge =
        |arguments: &[&str]| study.shoal(&[&["merge"], arguments, &["--device", "cpu"]].concat());
    merge(&["parted"]).fails(2, &["parted has no parts/", "name the folders"]);
    part(&study, "4/3").fails(2, &["a part is written 2/8"]);
    part(&study, "pretraining").code_is(0);
    merge(&["parted"]).fails(2, &["only pre-trainings", "1/N"]);
    for number in ["1/3", "3/3"] {
        let ran = part(&study, number);
        assert!(ran.code == 0 && ran.err.contains("1 pre-trainings are there"), "{}", ran.err);
    }
    merge(&["parted"]).fails(2, &["1 of 3 parts are missing", "2/3 (not there)", "--part"]);
    assert!(!study.path("parted/journal.log").exists());
    part(&study, "1/2").code_is(0);
    merge(&["parted"]).fails(2, &["is part 1/2", "is part 1/3", "one division"]);
    std::fs::remove_dir_all(study.path("parted/parts/1-2")).unwrap();
    // the last line of a part that ended is gone
    part(&study, "2/3").code_is(0);
    let journal = study.read("parted/parts/2-3/journal.log");
    let cut = journal.trim_end().rfind('\n').unwrap();
    study.write("parted/parts/2-3/journal.log", &journal[..=cut]);
    merge(&["parted"])
        .fails(2, &["1 of 3 parts", "2/3 (", "runs are finished in parted/parts/2-3"]);
    study.write("parted/parts/2-3/journal.log", &journal);
    merge(&["parted/parts"]).fails(2, &["parted/parts has no parts/"]);
    merge(&["all", "parted", "new_x.csv"]).fails(2, &["new_x.csv has no part of a study"]);
    // elsewhere, and without the study file in its place
    std::fs::rename(study.path("study.toml"), study.path("moved.toml")).unwrap();
    merge(&["all", "parted"]).fails(2, &["study.toml"]);
    merge(&["all", "parted", "--study", "moved.toml"]).code_is(0);
    let text = study.read("moved.toml").replace("epochs = 6", "epochs = 7");
    study.write("moved.toml", &text);
    merge(&["other", "parted", "--study", "moved.toml"])
        .fails(2, &["parted/parts/", "another study", "epochs is 6 there and 7 here"]);
}
