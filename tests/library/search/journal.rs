//! The journal: records are read back unchanged; damaged or foreign journals are refused.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use shoal::Error;
use shoal::study::config::SearchConfig;
use shoal::study::search::{Space, Stage, State, Tpe, Trial, generation};
use shoal::study::store::journal::{Identity, Journal, JournalEvent};

fn identity() -> Identity {
    Identity { study: "5".repeat(64), data: "d".repeat(64) }
}

pub fn space() -> Space {
    let table = "[space]\nlayers = { high = 2 }\nbatch = { choices = [16, 32] }\n\
                 activation = { choices = ['relu', 'silu'] }";
    toml::from_str::<SearchConfig>(table).unwrap().space.space(Stage::Fresh).unwrap()
}

/// A journal in a temporary folder.
pub struct JournalFile {
    _folder: tempfile::TempDir,
    pub path: PathBuf,
}

impl JournalFile {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { path: folder.path().join("journal.log"), _folder: folder }
    }

    pub fn open(&self) -> Journal {
        Journal::open(&self.path, identity()).unwrap()
    }

    fn refused(&self, identity: Identity, words: &[&str]) {
        let error = Journal::open(&self.path, identity).expect_err("expected an error");
        assert!(matches!(error, Error::Input(_)), "{error:?}");
        let error = error.to_string();
        words.iter().for_each(|word| assert!(error.contains(word), "'{error}' lacks '{word}'"));
    }

    /// Two searches, with trials that ended in every way and two that are running.
    pub fn written(&self) -> Vec<Trial> {
        let (space, mut journal) = (space(), self.open());
        let tpe = Tpe { startup: 20, candidates: 24, multivariate: true };
        let mut trials = generation(&tpe, 1, &space, &[], 0..6);
        let scratch = journal.search("P(k), scratch, 50");
        let first = journal.begin(scratch, &space, &trials[..4]);
        let other = journal.search("P(k), dummy-node, 50");
        assert_eq!(journal.begin(other, &space, &trials[..1]), [4]);
        let ids = [first, journal.begin(scratch, &space, &trials[4..])].concat();
        assert_eq!(ids, [0, 1, 2, 3, 5, 6]);
        let losses = [0.1 + 0.2, 1.0 / 3.0, f64::NAN, f64::INFINITY, 0.25, 1e-300];
        for (trial, (id, loss)) in trials.iter_mut().zip(ids.iter().zip(losses)) {
            trial.losses = [(1, 0.5), (2, loss)].into();
            let events = trial.losses.iter().map(|(epoch, loss)| JournalEvent::Loss {
                trial: *id,
                epoch: *epoch,
                loss: *loss,
            });
            journal.append(&events.collect::<Vec<_>>()).unwrap();
        }
        let note = JournalEvent::TrialAttribute {
            trial: 0,
            key: "test_mse".into(),
            value: json!({"total": 0.03}),
        };
        trials[0] = trials[0].clone().complete(0.1 + 0.2);
        trials[1].state = State::Pruned;
        trials[2] = trials[2].clone().complete(f64::NAN);
        trials[3] = trials[3].clone().complete(f64::INFINITY);
        let ends = (0..4).map(|i| JournalEvent::end(ids[i], &trials[i]));
        journal.append(&[note].into_iter().chain(ends).collect::<Vec<_>>()).unwrap();
        trials
    }
}

/// Asserts that trials are equal to the last bit; NaN equals NaN.
#[track_caller]
fn same(a: &[Trial], b: &[Trial]) {
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
}

#[test]
fn what_was_written_comes_back_to_the_last_bit() {
    let file = JournalFile::new();
    let trials = file.written();
    let journal = file.open();
    assert_eq!(journal.repaired(), None);
    let searches = journal.records().searches();
    assert_eq!(searches.len(), 2);
    same(&searches[0].trials(&space()).unwrap(), &trials);
    assert_eq!(journal.records().trial(0).unwrap().attributes["test_mse"], json!({"total": 0.03}));
    assert_eq!(
        journal.records().trial(5).unwrap().parameters.len(),
        searches[0].trials[4].parameters.len()
    );
}

#[test]
fn a_torn_line_is_removed_wherever_the_kill_came() {
    let file = JournalFile::new();
    file.written();
    let whole = fs::read(&file.path).unwrap();
    for cut in (0..whole.len()).step_by(53) {
        fs::write(&file.path, &whole[..cut]).unwrap();
        let journal = file.open();
        let kept = whole[..cut].iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        match journal.repaired() {
            None => assert_eq!(kept, cut),
            Some(words) => {
                assert!(words.contains(&format!("cut off after {} bytes", cut - kept)), "{words}");
                assert!(words.contains("journal.log"), "{words}");
            }
        }
        drop(journal);
        let now = fs::read(&file.path).unwrap();
        // a search whose header was cut off gets it again
        assert!(now.starts_with(&whole[..kept]) && now.ends_with(b"\n") || now.is_empty());
        assert_eq!(file.open().repaired(), None);
    }
}

#[test]
fn a_journal_of_another_study_or_other_data_is_refused() {
    let file = JournalFile::new();
    file.written();
    let other =
        |study: &str, data: &str| Identity { study: study.repeat(64), data: data.repeat(64) };
    file.refused(
        other("6", "d"),
        &["another study", "555555555555...", "666666666666...", "study file has changed"],
    );
    file.refused(other("5", "e"), &["dddddddddddd...", "eeeeeeeeeeee...", "data have changed"]);
}

#[test]
fn damage_and_strangers_are_refused_with_the_line() {
    let file = JournalFile::new();
    file.written();
    let lines: Vec<String> =
        fs::read_to_string(&file.path).unwrap().lines().map(String::from).collect();
    let with = |line: usize, text: &str| {
        let mut lines = lines.clone();
        lines[line] = text.into();
        fs::write(&file.path, lines.join("\n") + "\n").unwrap();
    };
    with(5, &lines[5][..20]);
    file.refused(identity(), &["journal.log, line 6", "damaged"]);
    with(5, r#"{"op_code":4,"worker_id":"1-2","study_id":0,"datetime_start":null}"#);
    file.refused(identity(), &["line 6", "another program", "operation 4", "head -n 5"]);
    with(0, r#"{"op_code":12,"worker_id":"shoal"}"#);
    file.refused(identity(), &["line 1", "operation 12"]);
    with(0, &lines[0].replace("P(k), scratch, 50", "P(k), dummy-node, 50"));
    file.refused(identity(), &["begins twice"]);
    // a note from a dashboard does no harm
    with(
        11,
        r#"{"op_code":3,"worker_id":"1-2","study_id":0,"system_attr":{"dashboard:note_str:1":"hm"}}"#,
    );
    file.open();
    let narrow = SearchConfig::default().space.space(Stage::FineTuning { layers: 1 }).unwrap();
    let error = file.open().records().searches()[0].trials(&narrow).unwrap_err().to_string();
    assert!(
        error.contains("of 'P(k), scratch, 50' has") && error.contains("for learning_rate"),
        "{error}"
    );
}

fn append(path: &Path, lines: &[&str]) {
    let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
    lines.iter().for_each(|line| writeln!(file, "{line}").unwrap());
}

const FOREIGN: [&str; 4] = [
    r#"{"op_code":0,"worker_id":"1-2","study_name":"mine","directions":[1]}"#,
    r#"{"op_code":4,"worker_id":"1-2","study_id":1,"datetime_start":null}"#,
    r#"{"op_code":6,"worker_id":"1-2","trial_id":1,"state":1,"values":[2.0],"datetime_complete":"2026-01-01T00:00:00"}"#,
    r#"{"op_code":3,"worker_id":"1-2","study_id":1,"system_attr":{"note":"hm"}}"#,
];

/// As Optuna counts: the studies and trials of others count too.
#[test]
fn studies_of_other_programs_are_skipped_while_searches_begin() {
    let file = JournalFile::new();
    let (space, mut journal) = (space(), file.open());
    let trials = generation(&shoal::study::search::Random, 1, &space, &[], 0..2);
    let first = journal.search("first");
    assert_eq!(journal.begin(first, &space, &trials[..1]), [0]);
    journal.write().unwrap();
    append(&file.path, &FOREIGN);
    let second = journal.search("second");
    let ids =
        [journal.begin(second, &space, &trials[..1]), journal.begin(first, &space, &trials[1..])];
    assert_eq!((second, ids.concat()), (1, vec![1, 2]));
    journal
        .append(&[JournalEvent::End { trial: 1, state: State::Complete, value: Some(0.5) }])
        .unwrap();
    // deleted, its number stays taken; a name that is free again may be taken
    append(&file.path, &[r#"{"op_code":1,"worker_id":"1-2","study_id":1}"#]);
    journal.search("mine");
    journal.force().unwrap();
    drop(journal);
    let text = fs::read_to_string(&file.path).unwrap();
    let ours = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let ours: Vec<Value> = ours.filter(|line| line["worker_id"] == "shoal").collect();
    let numbers = |code: u64, key: &str| -> Vec<u64> {
        let of = ours.iter().filter(|line| line["op_code"] == code);
        of.map(|line| line[key].as_u64().unwrap()).collect()
    };
    assert_eq!(numbers(4, "study_id"), [0, 2, 0], "studies of the trials");
    assert_eq!(numbers(6, "trial_id"), [2], "the trial that ended");
    assert_eq!(numbers(2, "study_id"), [0, 0, 0, 2, 2, 2, 3, 3, 3], "headers");
    let journal = file.open();
    let searches = journal.records().searches();
    let names: Vec<&str> = searches.iter().map(|search| search.name.as_str()).collect();
    assert_eq!(names, ["first", "second", "mine"]);
    assert_eq!(searches[0].trials.len(), 2);
    assert_eq!(searches[1].trials[0].value, Some(0.5));
}

#[test]
fn what_changes_a_search_is_refused_before_anything_is_appended() {
    for (line, words) in [
        (r#"{"op_code":4,"worker_id":"1-2","study_id":0,"datetime_start":null}"#, "added a trial"),
        (r#"{"op_code":1,"worker_id":"1-2","study_id":0}"#, "deleted the study 'first'"),
        (
            r#"{"op_code":6,"worker_id":"1-2","trial_id":0,"state":3,"values":null}"#,
            "changed a trial",
        ),
        (r#"{"op_code":0,"worker_id":"1-2","study_name":"next","directions":[1]}"#, "'next'"),
    ] {
        let file = JournalFile::new();
        let (space, mut journal) = (space(), file.open());
        let trials = generation(&shoal::study::search::Random, 1, &space, &[], 0..1);
        let first = journal.search("first");
        journal.begin(first, &space, &trials);
        journal.write().unwrap();
        append(&file.path, &[line]);
        let before = fs::read(&file.path).unwrap();
        journal.search("next");
        let error = journal.force().unwrap_err();
        assert!(matches!(error, Error::Input(_)), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
        drop(journal);
        assert_eq!(fs::read(&file.path).unwrap(), before, "{words}");
        if !words.contains("next") {
            file.refused(identity(), &[words, "journal.log, line 6", "head -n 5"]);
            // what is advised
            let kept: Vec<&[u8]> = before.split_inclusive(|byte| *byte == b'\n').take(5).collect();
            fs::write(&file.path, kept.concat()).unwrap();
            assert_eq!(file.open().records().searches()[0].trials.len(), 1);
        }
    }
}

#[test]
fn a_line_that_is_there_twice_is_refused_and_a_foreign_journal_too() {
    let file = JournalFile::new();
    file.written();
    let whole = fs::read_to_string(&file.path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    for (place, line) in lines.iter().enumerate() {
        let event: Value =
            serde_json::from_str(&line.replace("NaN", "0").replace("Infinity", "0")).unwrap();
        // attributes and losses that are there twice change nothing
        if ![0, 4, 6].contains(&event["op_code"].as_u64().unwrap()) {
            continue;
        }
        let mut twice = lines.clone();
        twice.insert(place + 1, line);
        fs::write(&file.path, twice.join("\n") + "\n").unwrap();
        file.refused(identity(), &["journal.log, line", "head -n"]);
    }
    fs::write(&file.path, FOREIGN[0].to_owned() + "\n").unwrap();
    file.refused(identity(), &["not a journal of shoal", "'mine'"]);
}

/// This test starts itself in a second process, which holds the journal.
#[test]
fn a_second_process_is_refused_and_a_killed_one_is_not_in_the_way() {
    const HELD: &str = "SHOAL_TEST_HELD_JOURNAL";
    if let Ok(path) = std::env::var(HELD) {
        let _journal = Journal::open(Path::new(&path), identity()).unwrap();
        fs::write(Path::new(&path).with_extension("ready"), "").unwrap();
        std::thread::sleep(std::time::Duration::from_secs(60));
        return;
    }
    let file = JournalFile::new();
    let this = "search::journal::a_second_process_is_refused_and_a_killed_one_is_not_in_the_way";
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", this])
        .env(HELD, &file.path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !file.path.with_extension("ready").exists() {
        assert!(holder.try_wait().unwrap().is_none(), "the second process ended");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    file.refused(
        identity(),
        &["journal.log", &format!("process {}", holder.id()), "is writing this study"],
    );
    holder.kill().unwrap();
    holder.wait().unwrap();
    file.open();
}
