//! `shoal study`: output, files and the exit code after each mistake.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::common::{STUDY, Study, inputs, ran, ranged, shoal};

#[test]
fn a_study_leaves_tables_models_and_plots() {
    let study = Study::new();
    ranged(&study, STUDY);
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("| simulations"), "{}", ran.out);
    let runs = study.read("out/runs.csv");
    let mut lines = runs.lines();
    let heading = lines.next().unwrap();
    let begin =
        "strategy,simulations,seed,validation_loss,test_mse,test_mse_a,test_mse_b,test_mse_c,";
    assert!(heading.starts_with(begin), "{heading}");
    assert!(heading.ends_with("epochs,steps,stopped,model"), "{heading}");
    assert_eq!(lines.count(), 2 * 4 * 2);
    for file in [
        "summary.csv",
        "pretraining.csv",
        "test-mse.svg",
        "test-mse.png",
        "models/pretraining-2.safetensors",
    ] {
        assert!(study.path("out").join(file).exists(), "{file}");
    }
    let provenance: serde_json::Value =
        serde_json::from_str(&study.read("out/study.json")).unwrap();
    assert_eq!(provenance["status"], "finished");
    assert_eq!(provenance["device"]["kind"], "cpu");
    // finished runs are not trained again
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("18 runs are finished"), "{}", ran.err);
    assert_eq!(study.read("out/runs.csv"), runs);
    std::fs::remove_file(study.path("out/journal.log")).unwrap();
    study.run().fails(2, &["out already holds the results", "another folder"]);
    assert_eq!(study.read("out/runs.csv"), runs);
    // a second study gives the same table
    assert_eq!(study.shoal(&["study", "study.toml", "-o", "again", "--device", "cpu"]).code, 0);
    assert_eq!(study.read("again/runs.csv"), runs);

    predict_and_inspect(&study);
}

fn predict_and_inspect(study: &Study) {
    let model = "out/models/dummy-node-20-1.safetensors";
    let ran = study.shoal(&["predict", model, "new_x.csv", "-o", "p.npy"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("60 simulations, columns a b c"), "{}", ran.out);
    let bytes = std::fs::read(study.path("p.npy")).unwrap();
    let array = npyz::NpyFile::new(&bytes[..]).unwrap();
    assert_eq!(array.shape(), [60, 3]);
    let values: Vec<f64> = array.into_vec().unwrap();
    assert!(values.iter().all(|value| (-0.1..1.1).contains(value)));

    study.write("narrow.csv", "1,2,3\n");
    study
        .shoal(&["predict", model, "narrow.csv", "-o", "q.npy"])
        .fails(2, &["3 columns", "5 inputs"]);
    study.write("negative.csv", "1,2,3,4,5\n1,2,-3,4,5\n");
    study
        .shoal(&["predict", model, "negative.csv", "-o", "q.npy"])
        .fails(2, &["row 1, column 2", "-3"]);
    study.shoal(&["predict", "new_x.csv", "new_x.csv", "-o", "q.npy"]).fails(2, &["not a model"]);
    assert!(!study.path("q.npy").exists());

    let ran = study.shoal(&["inspect", model]);
    assert!(ran.out.contains("layer 1: dense 8 -> 3, sigmoid"), "{}", ran.out);
    let import =
        ["import", "--x", "new_x.csv", "--y", "new_y.csv", "-o", "new.npz", "--range", "a=0:1"];
    assert_eq!(study.shoal(&import).code, 0);
    let ran = study.shoal(&["inspect", "new.npz"]);
    assert!(ran.out.contains("60 simulations") && ran.out.contains("target a"), "{}", ran.out);
    let ran = study.shoal(&["predict", model, "new.npz", "-o", "p2.npy", "--json"]);
    let event: serde_json::Value = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
    assert_eq!(
        (event["event"].as_str(), event["simulations"].as_u64()),
        (Some("predicted"), Some(60))
    );
}

#[test]
fn mistakes_in_the_study_file_are_named_with_the_way_out() {
    let study = Study::new();
    let wrong = |from: &str, to: &str, words: &[&str]| {
        study.toml(from, to);
        study.run().fails(2, words);
        assert!(!study.path("out").exists(), "nothing is begun: {to}");
    };
    wrong(
        "epochs = 6",
        "epoch = 6",
        &["study.toml", "unknown field `epoch`", "did you mean `epochs`?"],
    );
    wrong("epochs = 6", "epochs = 0", &["training.epochs = 0", "at least one"]);
    wrong("hidden = [8]", "hidden = [8, 0]", &["network.hidden", "width of 0", "1 to 4096"]);
    wrong("hidden = [8]", "hidden = []", &["network.hidden", "1 to 6"]);
    wrong("hidden = [8]", "activation = 'softmax'", &["softmax", "leaky_relu"]);
    wrong("batch = 8", "batch = 0", &["training.batch = 0"]);
    wrong(
        "batch = 8",
        "precision = 'f64'",
        &["training.precision = \"f64\"", "\"f32\" or \"f16\""],
    );
    wrong("batch = 8", "learning_rate = -1", &["training.learning_rate = -1", "above 0"]);
    wrong("batch = 8", "clip_norm = -1", &["training.clip_norm = -1", "above 0"]);
    wrong("batch = 8", "schedule = 'cosin'", &["training.schedule", "did you mean \"cosine\"?"]);
    wrong("batch = 8", "warmup = 6", &["training.warmup = 6", "fewer than all epochs, here 6"]);
    wrong(
        "batch = 8",
        "batch = 8\n[strategies.scratch]\nwarmup = 9",
        &["strategies.scratch.warmup = 9"],
    );
    wrong("\"new_x.csv\"", "\"nowhere.csv\"", &["nowhere.csv", "no such file"]);
    wrong(
        "[data.pretrain]\nx = \"base_x.csv\"\ny = \"base_y.csv\"\n",
        "",
        &["data.pretrain is missing"],
    );
    // each file states another range
    ranged(&study, STUDY);
    let other = study.read("study.toml").replacen("a = [0.0, 1.0]", "a = [0.0, 2.0]", 1);
    study.write("study.toml", &other);
    study.run().fails(2, &["target 'a'", "[0.0, 2.0]", "[0.0, 1.0]", "[data.ranges]"]);
    ranged(&study, &STUDY.replace("sizes = [10, 20]", "sizes = [10, 46]"));
    study.run().fails(2, &["46", "45"]);
    study.shoal(&["study", "no.toml", "-o", "out"]).fails(2, &["no.toml", "cannot be read"]);
}

#[test]
fn mistakes_in_the_data_are_named_with_row_and_column() {
    let study = Study::new();
    let wrong = |name: &str, text: &str, words: &[&str]| {
        let kept = study.read(name);
        study.write(name, text);
        ranged(&study, STUDY);
        study.run().fails(2, words);
        study.write(name, &kept);
    };
    let x = inputs(60);
    let replaced = |row: usize, word: &str| {
        let mut lines: Vec<String> = x.lines().map(str::to_owned).collect();
        let mut cells: Vec<&str> = x.lines().nth(row).unwrap().split(',').collect();
        cells[3] = word;
        lines[row] = cells.join(",");
        lines.join("\n") + "\n"
    };
    wrong("new_x.csv", &replaced(7, "nan"), &["new_x.csv", "row 7", "column 'x3'"]);
    wrong("new_x.csv", &replaced(8, "inf"), &["new_x.csv", "row 8", "column 'x3'"]);
    wrong("new_x.csv", &replaced(9, "-0.5"), &["row 9", "'x3'", "-0.5", "log10"]);
    wrong("new_x.csv", &replaced(9, "0"), &["row 9", "log10"]);
    wrong("new_x.csv", &replaced(9, "abc"), &["new_x.csv", "abc"]);
    wrong("new_x.csv", &inputs(59), &["59 rows", "60"]);
    let fixture =
        |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    for (name, words) in FIXTURES {
        let path = fixture(name);
        assert!(path.exists(), "{}", path.display());
        let text = STUDY.replace("\"new_x.csv\"", &format!("{:?}", path.display().to_string()));
        ranged(&study, &text);
        study.run().fails(2, words);
    }
    assert!(!study.path("out").exists());
}

const FIXTURES: [(&str, &[&str]); 3] = [
    ("truncated.npy", &["truncated.npy", "bytes"]),
    ("pickled.npy", &["pickled.npy", "np.save"]),
    ("nested.npy", &["nested.npy", "field 'k'", "structured_to_unstructured"]),
];

#[test]
fn a_missing_device_says_what_was_tried_and_what_to_do() {
    let study = Study::new();
    ranged(&study, STUDY);
    let arguments = ["study", "study.toml", "-o", "out", "--device"];
    let run = |device: &str, hide: bool| {
        let mut command = shoal();
        command.args(arguments).arg(device).current_dir(study.folder.path());
        if hide {
            // the Vulkan loader finds no driver
            command
                .env("VK_DRIVER_FILES", "/nowhere.json")
                .env("VK_ICD_FILENAMES", "/nowhere.json");
        }
        ran(&mut command)
    };
    if cfg!(target_os = "linux") {
        run("gpu", true).fails(3, &["Vulkan", "mesa-vulkan-drivers", "--device cpu"]);
        let auto = run("auto", true);
        assert_eq!(auto.code, 0, "{}", auto.err);
        assert!(auto.err.contains("device: cpu"), "{}", auto.err);
    }
    run("Voodoo 2", false).fails(3, &["'Voodoo 2'", "--device"]);
}

#[test]
fn results_that_cannot_be_written_end_with_code_4() {
    let study = Study::new();
    ranged(&study, STUDY);
    study.write("file", "");
    let ran = study.shoal(&["study", "study.toml", "-o", "file/out", "--device", "cpu"]);
    ran.fails(4, &["file/out", "-o"]);
}

#[test]
fn a_full_disk_ends_with_code_4_and_keeps_what_was_finished() {
    let study = Study::new();
    ranged(&study, &STUDY.replace("hidden = [8]", "hidden = [300]"));
    let small = study.path("small");
    std::fs::create_dir(&small).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(&small)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        eprintln!("SKIPPED: a small tmpfs cannot be mounted here (it needs root)");
        return;
    }
    let ran = study.shoal(&["study", "study.toml", "-o", "small/out", "--device", "cpu"]);
    let kept = std::fs::read_to_string(small.join("out/pretraining.csv")).unwrap_or_default();
    let leftovers = std::fs::read_dir(small.join("out/models")).map_or(0, |files| {
        files
            .filter_map(Result::ok)
            .filter(|file| file.file_name().to_string_lossy().starts_with('.'))
            .count()
    });
    let unmounted = std::process::Command::new("umount").arg(&small).status();
    assert!(unmounted.unwrap().success());
    ran.fails(4, &["small/out", "space", "runs are finished"]);
    assert!(kept.starts_with("strategy,"), "{kept}");
    assert_eq!(leftovers, 0, "a half-written model was left");
}

#[test]
fn a_run_that_diverges_is_reported_and_the_others_go_on() {
    let study = Study::new();
    let text =
        format!("{STUDY}[strategies.scratch]\nlearning_rate = 1e30\n[strategies.warm-start]\n");
    // an output without bounds, so that it can overflow
    ranged(&study, &text.replace("hidden = [8]", "hidden = [8]\noutput = 'identity'"));
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("4 runs diverged"), "{}", ran.err);
    let runs = study.read("out/runs.csv");
    assert_eq!(
        runs.lines()
            .filter(|line| line.starts_with("scratch") && line.contains(",diverged,"))
            .count(),
        4,
        "{runs}"
    );
    assert_eq!(
        runs.lines()
            .filter(|line| line.starts_with("warm-start") && line.contains(".safetensors"))
            .count(),
        4,
        "{runs}"
    );
}

/// Starts a long study, waits until some runs are finished and sends a signal; returns the exit
/// code and the error.
fn signalled(study: &Study, signal: &str) -> (Option<i32>, String) {
    let text = STUDY
        .replace("sizes = [10, 20]", "sizes = [10, 45]")
        .replace("epochs = 6", "epochs = 60000\npatience = 60000");
    let quick =
        format!("{text}[pretraining]\nepochs = 5\n[strategies.scratch]\n[strategies.warm-start]\n");
    ranged(study, &quick);
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_shoal"))
        .args(["study", "study.toml", "-o", "out", "--device", "cpu"])
        .current_dir(study.folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let finished = || {
        std::fs::read_to_string(study.path("out/pretraining.csv"))
            .map_or(0, |text| text.lines().count())
    };
    while finished() < 3 {
        assert!(start.elapsed() < Duration::from_secs(60), "no run finished");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(200));
    let killed =
        std::process::Command::new("kill").arg(signal).arg(child.id().to_string()).status();
    assert!(killed.unwrap().success());
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_cleanly_and_says_what_is_on_disk() {
    let study = Study::new();
    let (code, error) = signalled(&study, "-INT");
    assert_eq!(code, Some(130), "{error}");
    let rows = |name| {
        let table = std::fs::read_to_string(study.path(&format!("out/{name}.csv")));
        table.map_or(0, |table| table.lines().count() - 1)
    };
    let finished = rows("pretraining") + rows("runs");
    assert!((2..10).contains(&finished), "{finished} runs");
    for words in [
        "interrupted",
        &format!("{finished} of 10 runs are finished and in out"),
        "the same command resumes the study",
    ] {
        assert!(error.contains(words), "{error}");
    }
    assert!(study.read("out/study.json").contains("\"status\": \"stopped\""));
}

#[cfg(unix)]
#[test]
fn kill_9_leaves_finished_runs_readable() {
    let study = Study::new();
    let (code, _) = signalled(&study, "-KILL");
    assert_eq!(code, None, "killed by the signal");
    assert_eq!(study.read("out/pretraining.csv").lines().count(), 3);
    assert!(study.read("out/study.json").contains("\"status\": \"running\""));
    let ran = study.shoal(&["inspect", "out/models/pretraining-1.safetensors"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn help_names_units_defaults_and_exit_codes() {
    let ran = ran(shoal().arg("--help"));
    for word in [
        "study",
        "simulate",
        "import",
        "predict",
        "devices",
        "inspect",
        "--device",
        "[default: auto]",
        "130",
    ] {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
    self::ran(shoal().args(["study", "--helq"])).code_is(2);
}

#[test]
fn a_study_of_several_seeds_has_a_verdict_over_them() {
    let study = Study::new();
    ranged(&study, &format!("seed = [2, 1, 3]\n{}", STUDY.replace("epochs = 6", "epochs = 40")));
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("small: dummy-node, over 3 study seeds: "), "{}", ran.out);
    let table = study.read("out/study_seeds.csv");
    let report = study.read("out/report.html");
    assert!(report.contains("Over study seeds"), "{report}");
    // sizes, strategies, and three targets with their mean
    assert_eq!(table.lines().count(), 1 + 2 * 4 * 4, "{table}");
    let numbers = |text: &str, first: &str, from: usize| -> Vec<f64> {
        let line = text.lines().find(|line| line.starts_with(first)).unwrap();
        let fields = line.split(',').skip(from);
        fields.map_while(|field| field.parse().ok()).collect()
    };
    // of the seeds: the mean, and the interval of Student's t with 2 degrees of freedom
    let means = [1, 2, 3].map(|seed| {
        let summary = study.read(&format!("out/seed-{seed}/summary.csv"));
        let mean =
            summary.lines().next().unwrap().split(',').position(|one| one == "test_mse_mean");
        numbers(&summary, "scratch,10,", mean.unwrap())[0]
    });
    let mean = means.iter().sum::<f64>() / 3.0;
    let variance = means.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / 2.0;
    let half = 4.302_652_729_911_275 * (variance / 3.0).sqrt();
    let found = numbers(&table, "small,scratch,10,,", 4);
    assert_eq!(found[0], 3.0);
    for (found, expected) in found[1..].iter().zip([mean, mean - half, mean + half]) {
        assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}");
    }
    // each study is the one with that seed alone
    ranged(&study, &format!("seed = 2\n{}", STUDY.replace("epochs = 6", "epochs = 40")));
    study.shoal(&["study", "study.toml", "-o", "alone", "--device", "cpu"]).code_is(0);
    assert_eq!(study.read("alone/runs.csv"), study.read("out/seed-2/runs.csv"));
    study.shoal(&["analyse", "out"]).code_is(0);
    assert_eq!(study.read("out/study_seeds.csv"), table);
    // a table of somebody else is kept
    std::fs::remove_file(study.path("out/report.html")).unwrap();
    let words = ["study_seeds.csv is not of a study of shoal", "another folder"];
    study.shoal(&["analyse", "out"]).fails(2, &words);
    study.shoal(&["study", "study.toml", "-o", "out", "--device", "cpu"]).fails(2, &words);
    std::fs::remove_file(study.path("out/study_seeds.csv")).unwrap();
    study.shoal(&["analyse", "out"]).code_is(0);
    assert_eq!(study.read("out/report.html"), report);
}
