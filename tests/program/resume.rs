//! Studies that are stopped and resumed end with the same tables, whenever they were stopped.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use shoal::engine::random::pcg4d;
use shoal::engine::random::unit;

use crate::common::{STUDY, Study, ranged};

/// 16 fine-tuning runs and 2 pre-training runs, which take a second or two.
fn study(head: &str) -> Study {
    let study = Study::new();
    let text = STUDY
        .replace("sizes = [10, 20]", &format!("sizes = [10, 40]\n{head}"))
        .replace("hidden = [8]", "hidden = [40, 40]")
        .replace("epochs = 6", "epochs = 1200\npatience = 1200");
    ranged(&study, &text);
    study
}

fn start(study: &Study, folder: &str) -> Child {
    std::process::Command::new(env!("CARGO_BIN_EXE_shoal"))
        .args(["study", "study.toml", "-o", folder, "--device", "cpu"])
        .current_dir(study.folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Times that a study is killed.
const KILLS: usize = 20;

/// A study that is killed at 20 random moments has the files of one that was never killed. It is
/// killed and resumed until it finishes, and started anew until it has been killed 20 times.
pub(super) fn survives_kills(study: &Study, seed: u64, files: &[&str]) {
    let begin = Instant::now();
    undisturbed(study);
    let longest = begin.elapsed() / 4;
    let mut kills = 0;
    while kills < KILLS {
        let _ = std::fs::remove_dir_all(study.path("killed"));
        kills += killed_until_through(study, "killed", moments(seed + kills as u64, longest));
        assert_same(study, files);
    }
}

/// Kills and resumes a study until it finishes; returns how often it was killed.
pub(super) fn killed_until_through(
    study: &Study,
    folder: &str,
    mut moments: impl Iterator<Item = Duration>,
) -> usize {
    for kills in 0.. {
        let mut child = start(study, folder);
        let end = Instant::now() + moments.next().unwrap();
        let status = loop {
            match child.try_wait().unwrap() {
                Some(status) => break Some(status),
                None if Instant::now() > end => break None,
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        if let Some(status) = status {
            assert!(status.success(), "after {kills} kills: {status}");
            return kills;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    unreachable!("without an end")
}

/// Random moments that come later each time, so that the study finishes on a slow machine too.
pub(super) fn moments(seed: u64, longest: Duration) -> impl Iterator<Item = Duration> {
    (0..).map(move |kill| {
        longest.mul_f64(unit(pcg4d([seed as u32, 0, 0, kill])[0]) * f64::from(8 + kill) / 8.0)
    })
}

pub(super) fn assert_same(study: &Study, files: &[&str]) {
    for file in files {
        let [undisturbed, killed] =
            ["undisturbed", "killed"].map(|folder| study.read(&format!("{folder}/{file}")));
        assert_eq!(undisturbed, killed, "{file}");
    }
}

pub(super) fn undisturbed(study: &Study) {
    assert!(start(study, "undisturbed").wait().unwrap().success());
}

const TABLES: [&str; 3] = ["runs.csv", "pretraining.csv", "summary.csv"];

#[test]
fn killed_at_any_moment_the_tables_are_those_of_an_undisturbed_study() {
    // without models, pre-trained networks are trained again
    for head in ["save_models = true", "save_models = false"] {
        let study = study(head);
        survives_kills(&study, 1, &TABLES);
        let parts = std::fs::read_dir(study.path("killed/models")).unwrap();
        let left = parts.filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().ends_with(".part")
        });
        assert_eq!(left.count(), 0, "{head}");
    }
}

#[test]
fn a_lost_pretrained_network_is_trained_again() {
    let study = study("");
    undisturbed(&study);
    let mut child = start(&study, "killed");
    let enough = || study.path("killed/models/pretraining-2.safetensors").exists();
    while !enough() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let _ = std::fs::remove_file(study.path("killed/models/pretraining-1.safetensors"));
    std::fs::write(study.path("killed/models/pretraining-2.safetensors"), "no model").unwrap();
    assert!(start(&study, "killed").wait().unwrap().success());
    assert_same(&study, &TABLES);
    let ran = study.shoal(&["inspect", "killed/models/pretraining-2.safetensors"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

/// The files of a folder of models.
fn models(study: &Study, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(study.path(folder)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let file = |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.map(|path| (file(&path), std::fs::read(&path).unwrap())).collect()
}

/// Removes, cuts, empties and swaps models of a finished study, which trains them again.
pub(super) fn trains_lost_models_again(study: &Study) {
    study.run().code_is(0);
    let whole = models(study, "out/models");
    let tables = TABLES.map(|table| study.read(&format!("out/{table}")));
    let names: Vec<&String> = whole.keys().collect();
    assert!(names.iter().any(|name| name.starts_with("pretraining")), "{names:?}");
    for (place, name) in names.iter().enumerate() {
        let path = study.path(&format!("out/models/{name}"));
        match place % 4 {
            0 => std::fs::remove_file(path).unwrap(),
            1 => std::fs::write(path, &whole[*name][..100]).unwrap(),
            2 => std::fs::write(path, "").unwrap(),
            _ => std::fs::write(path, &whole[names[place - 3]]).unwrap(),
        }
    }
    let ran = study.run();
    ran.code_is(0);
    let says = "networks whose files are missing or damaged train again";
    assert!(ran.err.contains(says), "{}", ran.err);
    let again = models(study, "out/models");
    let others: Vec<_> =
        again.iter().filter(|(name, file)| whole.get(*name) != Some(*file)).collect();
    let others: Vec<_> = others.iter().map(|(name, _)| name).collect();
    assert!(others.is_empty() && again.len() == whole.len(), "{others:?}");
    assert_eq!(TABLES.map(|table| study.read(&format!("out/{table}"))), tables);
    // one alone, whose base is there
    let last = names.last().unwrap();
    std::fs::remove_file(study.path(&format!("out/models/{last}"))).unwrap();
    study.run().code_is(0);
    assert!(models(study, "out/models") == whole, "{last}");
}

#[test]
fn lost_models_of_a_finished_study_are_trained_again() {
    let study = Study::new();
    ranged(&study, STUDY);
    trains_lost_models_again(&study);
}

#[test]
fn another_study_and_a_second_process_are_refused() {
    let study = Study::new();
    ranged(&study, STUDY);
    let resume = |study: &Study| {
        study.shoal(&["study", "study.toml", "-o", "out", "--device", "cpu", "--resume"])
    };
    resume(&study).fails(2, &["--resume", "no study to resume in out"]);
    assert_eq!(study.run().code, 0);
    assert_eq!(resume(&study).code, 0);
    ranged(&study, &STUDY.replace("epochs = 6", "epochs = 7\nlearning_rate = 0.01"));
    study.run().fails(
        2,
        &[
            "out already holds the results of another study",
            "epochs is 6 there and 7 here",
            "learning_rate is 0.001 there and 0.01 here",
            "another folder",
        ],
    );
    ranged(&study, STUDY);
    study.write("new_x.csv", &crate::common::inputs(60).replacen('1', "2", 1));
    study.run().fails(2, &["data.finetune.sha256 is"]);

    let long = self::study("");
    let mut first = start(&long, "out");
    while !long.path("out/study.json").exists() {
        std::thread::sleep(Duration::from_millis(2));
    }
    long.run().fails(2, &["is writing this study", "another folder"]);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(long.run().code, 0);
}
