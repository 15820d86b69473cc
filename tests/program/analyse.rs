//! `shoal analyse`, and the analysis at the end of a study.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::{STUDY, Study, ranged};

/// The cells of a table, without its heading.
fn cells(text: &str) -> Vec<Vec<String>> {
    let line = |line: &str| line.split(',').map(str::to_owned).collect();
    text.lines().skip(1).map(line).collect()
}

#[test]
fn analyse_repeats_the_analysis_of_a_study() {
    let study = Study::new();
    ranged(&study, STUDY);
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("the report is out/report.html"), "{}", ran.err);
    let files = ["savings.csv", "negative_transfer.csv", "agreement.csv", "report.html"];
    let first = files.map(|file| study.read(&format!("out/{file}")));
    for file in files {
        std::fs::remove_file(study.path("out").join(file)).unwrap();
    }
    let again = study.shoal(&["analyse", "out"]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(ran.out.ends_with(&again.out), "{}", again.out);
    assert_eq!(files.map(|file| study.read(&format!("out/{file}"))), first);
    // strategies but scratch, times sizes; these times three targets and their mean
    assert_eq!(cells(&first[0]).len(), 3 * 2);
    assert_eq!(cells(&first[1]).len(), 3 * 2 * 4);
    predictions_give_the_errors_of_the_table(&study);

    study.shoal(&["analyse", "nowhere"]).fails(2, &["nowhere", "-o of shoal study"]);
    std::fs::create_dir(study.path("empty")).unwrap();
    study.shoal(&["analyse", "empty"]).fails(2, &["empty", "no runs.csv"]);
    study.write("out/study.json", "{");
    study.shoal(&["analyse", "out"]).fails(2, &["study.json", "another version of shoal"]);
}

/// The mean squared error of `predictions.csv` is that of `runs.csv` for the same networks. Target
/// `a` has the range 0 to 1, so its units are the same in both.
fn predictions_give_the_errors_of_the_table(study: &Study) {
    let (predictions, runs) = (study.read("out/predictions.csv"), study.read("out/runs.csv"));
    assert!(
        predictions
            .starts_with("strategy,simulations,seed,row,truth_a,truth_b,truth_c,prediction_a")
    );
    let lines = cells(&predictions);
    let mut compared = 0;
    for run in cells(&runs) {
        let same = lines.iter().filter(|line| line[..3] == run[..3]);
        let misses = same.map(|line| {
            let number = |place: usize| line[place].parse::<f64>().unwrap();
            (number(7) - number(4)).powi(2)
        });
        let misses: Vec<f64> = misses.collect();
        if misses.is_empty() {
            continue;
        }
        assert_eq!(misses.len(), 15, "rows of the test set");
        let mean = misses.iter().sum::<f64>() / misses.len() as f64;
        let booked: f64 = run[5].parse().unwrap();
        // the scaled output and the prediction are f32
        assert!((mean / booked - 1.0).abs() < 1e-5, "{}: {mean} {booked}", run[0]);
        compared += 1;
    }
    assert_eq!(compared, 4, "a network of each strategy");
}

#[test]
fn a_running_study_shows_its_epochs_and_a_watched_one_has_a_fresh_report() {
    let study = Study::new();
    let text = STUDY.replace("hidden = [8]", "hidden = [40, 40]");
    // a pre-training of some seconds, then runs of some more, between which a report is made
    let text = text.replace("epochs = 6", "epochs = 60000\npatience = 60000");
    ranged(&study, &(text + "[pretraining]\nepochs = 8000\n"));
    let spawn = |arguments: &[&str], out: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shoal"));
        command.args(arguments).current_dir(study.folder.path()).stderr(Stdio::null());
        command.stdout(out).spawn().unwrap()
    };
    study.shoal(&["analyse", "out", "--watch"]).fails(2, &["out: cannot be read"]);
    std::fs::create_dir(study.path("out")).unwrap();
    let mut watch = spawn(&["analyse", "out", "--watch"], Stdio::null());
    let events = std::fs::File::create(study.path("events")).unwrap();
    let run = ["study", "study.toml", "-o", "out", "--device", "cpu", "--json"];
    let mut child = spawn(&run, events.into());
    let refreshes = || {
        let page = std::fs::read_to_string(study.path("out/report.html")).unwrap_or_default();
        page.contains("http-equiv=\"refresh\"")
    };
    let begin = Instant::now();
    while !refreshes() && child.try_wait().unwrap().is_none() {
        assert!(begin.elapsed() < Duration::from_secs(100), "no report");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(refreshes(), "the study ended before a report of it was there");
    assert!(child.wait().unwrap().success());
    assert!(watch.wait().unwrap().success());
    assert!(!refreshes(), "the page of a finished study loads itself again");
    let report = study.read("out/report.html");
    study.shoal(&["analyse", "out"]).code_is(0);
    assert_eq!(study.read("out/report.html"), report);

    let events = study.read("events");
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let first = events.into_iter().find(|event| event["event"] == "progress").expect("progress");
    // a fast machine has pre-trained by then
    let group = &first["groups"][0];
    let epochs = if group["strategy"] == "pretraining" { 8000 } else { 60000 };
    assert_eq!(group["epochs"], epochs);
    let epoch = group["epoch"].as_f64().unwrap();
    let is_shown = epoch > 0.0 && epoch < f64::from(epochs) && group["training_loss"].is_number();
    assert!(is_shown, "{first}");
}

/// A table of numbers between -1 and 1, or of what `of` makes of each row of them.
fn table<const N: usize>(rows: usize, first: usize, of: impl Fn([f64; 3]) -> [f64; N]) -> String {
    let turns = [0.618_033_988_749_895, 0.754_877_666_246_693, 0.569_840_290_998_053];
    let lines = (first..first + rows).map(|row| {
        let numbers = of(turns.map(|turn| (row as f64 * turn).fract() * 2.0 - 1.0));
        numbers.map(|number| number.to_string()).join(",") + "\n"
    });
    lines.collect()
}

#[test]
fn a_new_target_that_looks_like_a_known_one_is_named() {
    let study = Study::new();
    // c moves the inputs as a does, but for one of them; nothing else moves as b does
    let inputs = |c: f64| {
        move |[a, b, new]: [f64; 3]| {
            let both = a + c * new;
            [both, 0.5 * both - 0.1 * c * new, b, 0.7 * b + 0.2 * both, both * both]
        }
    };
    study.write("base_x.csv", &table(300, 1, inputs(0.0)));
    study.write("base_y.csv", &format!("a,b\n{}", table(300, 1, |[a, b, _]| [a, b])));
    study.write("new_x.csv", &table(200, 1000, inputs(0.8)));
    study.write("new_y.csv", &format!("a,b,c\n{}", table(200, 1000, |of| of)));
    let text = STUDY.replace("epochs = 6", "epochs = 300").replace("test = 15", "test = 60");
    let text = text.replace(
        "[data.finetune]",
        "[data.ranges]\na = [-1, 1]\nb = [-1, 1]\nc = [-1, 1]\n[data.finetune]",
    );
    study.write("study.toml", &text.replace("sizes = [10, 20]", "sizes = [40, 120]"));
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    let found = study.read("out/degeneracy.csv");
    let numbers = |shared: &str| -> Vec<f64> {
        let begin = format!("c,{shared},2,");
        let line = found.lines().find_map(|line| line.strip_prefix(&begin)).expect(&found);
        line.split(',').map(|number| number.parse().unwrap()).collect()
    };
    let (of_a, of_b) = (numbers("a"), numbers("b"));
    // at most 0.8 of one deviation, which is 1/sqrt(12) of the range; less, as one input differs
    assert!(of_a[0] > 0.1 && of_a[0] < 0.8 / 12f64.sqrt(), "{found}");
    assert!((of_a[3] / of_a[0] - 1.0).abs() < 0.2, "the Fisher matrix: {found}");
    assert!(of_b[0].abs() < 0.03 && of_b[3].abs() < 0.03, "{found}");
    assert!(of_a[4] < -0.5 && of_b[4].abs() < 0.5, "{found}");
    assert!(ran.out.contains("networks take c for a ("), "{}", ran.out);
    let report = study.read("out/report.html");
    assert!(report.contains("networks take c for a ("));
    let again = study.shoal(&["analyse", "out"]);
    assert!(again.out.contains("networks take c for a ("), "{}", again.out);
    assert_eq!(study.read("out/report.html"), report);
}
