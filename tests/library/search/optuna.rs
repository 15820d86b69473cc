//! Optuna reads the journal, also while it grows.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use shoal::study::search::{State, Trial};
use shoal::study::store::journal::JournalEvent;

use super::folder;
use super::journal::{JournalFile, space};

/// The Python with Optuna: `SHOAL_PYTHON`, or python3.
fn python() -> Option<String> {
    let python = std::env::var("SHOAL_PYTHON").unwrap_or("python3".into());
    let found = Command::new(&python).args(["-c", "import optuna"]).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    eprintln!(
        "SKIPPED: {python} cannot import optuna; pip install optuna, or name a Python that has it \
         in SHOAL_PYTHON"
    );
    None
}

#[test]
fn optuna_reads_a_growing_journal() {
    let Some(python) = python() else { return };
    let file = JournalFile::new();
    let trials = file.written();
    let mut reader = Command::new(python)
        .arg(folder().join("read_journal.py"))
        .args([file.path.to_str().unwrap(), "--live"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answers = BufReader::new(reader.stdout.take().unwrap()).lines();
    let mut answer =
        || serde_json::from_str::<Value>(&answers.next().expect("an answer").unwrap()).unwrap();
    check_answer(&answer(), &trials);
    // it grows while Optuna has it open
    let mut journal = file.open();
    let events = [
        JournalEvent::Loss { trial: 6, epoch: 3, loss: 0.125 },
        JournalEvent::End { trial: 6, state: State::Complete, value: Some(0.125) },
    ];
    journal.append(&events).unwrap();
    let mut more = reader.stdin.take().unwrap();
    more.write_all(b"\n").unwrap();
    let answered = answer();
    assert_eq!(answered[0]["trials"][5]["state"], "COMPLETE");
    assert_eq!(
        answered[0]["trials"][5]["losses"],
        json!([[1, "0.5"], [2, "1e-300"], [3, "0.125"]])
    );
    assert_eq!(answered[0]["best"], 5);
    drop(more);
    assert!(reader.wait().unwrap().success());
}

/// A study that Optuna makes in the file while a search runs.
#[test]
fn optuna_may_have_studies_of_its_own_in_the_journal() {
    let Some(python) = python() else { return };
    let file = JournalFile::new();
    let trials = file.written();
    let mut journal = file.open();
    let script = |text: &str| {
        let head = "import sys, optuna\nfrom optuna.storages import JournalStorage\n\
                    from optuna.storages.journal import JournalFileBackend\n\
                    storage = JournalStorage(JournalFileBackend(sys.argv[1]))\n";
        let arguments = ["-c", &format!("{head}{text}")];
        let output = Command::new(&python).args(arguments).arg(&file.path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    script(
        "study = optuna.create_study(study_name='mine', storage=storage)\n\
         study.optimize(lambda trial: trial.suggest_float('x', 0, 1), n_trials=2)\n",
    );
    let later = journal.search("later");
    let ids = journal.begin(later, &space(), &trials[..1]);
    let end = JournalEvent::End { trial: ids[0], state: State::Complete, value: Some(0.25) };
    journal.append(&[end]).unwrap();
    let read = "later = optuna.load_study(study_name='later', storage=storage)\n\
                mine = optuna.load_study(study_name='mine', storage=storage)\n\
                print(later.best_value, later.user_attrs['shoal:version'], len(mine.trials))\n";
    assert_eq!(script(read).trim(), format!("0.25 {} 2", env!("CARGO_PKG_VERSION")));
    drop(journal);
    assert_eq!(file.open().records().searches()[2].trials[0].value, Some(0.25));
}

fn check_answer(answered: &Value, trials: &[Trial]) {
    assert_eq!(answered[0]["name"], "P(k), scratch, 50");
    assert_eq!(answered[1]["name"], "P(k), dummy-node, 50");
    assert_eq!((&answered[0]["direction"], &answered[0]["best"]), (&json!("MINIMIZE"), &json!(0)));
    assert_eq!(answered[0]["attributes"]["shoal:study_sha256"], "5".repeat(64));
    let theirs = answered[0]["trials"].as_array().unwrap();
    assert_eq!((theirs.len(), answered[1]["trials"].as_array().unwrap().len()), (6, 1));
    let states: Vec<&str> = theirs.iter().map(|trial| trial["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["COMPLETE", "PRUNED", "FAIL", "COMPLETE", "RUNNING", "RUNNING"]);
    let values: Vec<&Value> = theirs.iter().map(|trial| &trial["values"]).collect();
    let expected =
        [json!(["0.30000000000000004"]), json!(["0.3333333333333333"]), json!([]), json!(["inf"])];
    assert_eq!(values[..4], expected.iter().collect::<Vec<_>>());
    assert_eq!(theirs[2]["losses"], json!([[1, "0.5"], [2, "nan"]]));
    assert_eq!(theirs[0]["attributes"]["test_mse"]["total"], 0.03);
    assert!(theirs[0]["took"].as_f64().is_some_and(|seconds| (0.0..60.0).contains(&seconds)));
    let (space, distributions) = (space(), &theirs[0]["distributions"]);
    assert_eq!(distributions["units_1"], "IntDistribution(high=500, log=False, low=4, step=1)");
    assert_eq!(
        distributions["learning_rate"],
        "FloatDistribution(high=0.1, log=True, low=1e-05, step=None)"
    );
    assert_eq!(distributions["batch"], "CategoricalDistribution(choices=(16, 32))");
    for (trial, theirs) in trials.iter().zip(theirs) {
        let setting = space.setting(trial);
        let parameters = &theirs["parameters"];
        assert_eq!(parameters["learning_rate"].as_f64(), Some(setting.learning_rate));
        assert_eq!(parameters["batch"].as_u64(), setting.batch.map(|batch| batch as u64));
        assert_eq!(parameters["activation"].as_str(), setting.activation.as_deref());
        assert_eq!(parameters["layers"].as_u64(), Some(setting.units.len() as u64));
        assert_eq!(parameters["units_1"].as_u64(), Some(setting.units[0] as u64));
        assert_eq!(parameters.get("units_2").is_some(), setting.units.len() == 2);
    }
}
