//! What commands write: never over an input or a file of somebody else, in the format that the name
//! says, to devices, pipes and links, and to paths that are not text.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{Ran, STUDY, Study, ran, ranged, shoal};

const MODEL: &str = "out/models/scratch-20-1.safetensors";

/// A study that has run.
fn finished() -> Study {
    let study = Study::new();
    ranged(&study, STUDY);
    study.run().code_is(0);
    study
}

fn predict(study: &Study, input: &str, output: &str) -> Ran {
    study.shoal(&["predict", MODEL, input, "-o", output])
}

#[test]
fn an_output_is_never_an_input_under_any_name() {
    let study = finished();
    let before = study.read("new_x.csv");
    fs::hard_link(study.path("new_x.csv"), study.path("hard.csv")).unwrap();
    fs::create_dir(study.path("below")).unwrap();
    let mut names = vec!["new_x.csv", "./new_x.csv", "below/../new_x.csv", "hard.csv"];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("new_x.csv", study.path("soft.csv")).unwrap();
        names.push("soft.csv");
    }
    for name in names {
        predict(&study, "new_x.csv", name).fails(2, &["is the input new_x.csv", "another name"]);
        assert_eq!(study.read("new_x.csv"), before, "{name}");
    }
    let import = ["import", "--x", "new_x.csv", "--y", "new_y.csv", "-o", "all.npz"];
    study.shoal(&import).code_is(0);
    let before = fs::read(study.path("all.npz")).unwrap();
    let again = ["import", "--x", "all.npz:x", "--y", "all.npz:y", "-o", "all.npz"];
    study.shoal(&again).fails(2, &["all.npz is the input all.npz"]);
    let k = ["simulate", "lcdm", "-n", "2", "--k", "all.npz:axis", "-o", "all.npz"];
    study.shoal(&k).fails(2, &["all.npz is the input all.npz"]);
    assert_eq!(fs::read(study.path("all.npz")).unwrap(), before);
    predict(&study, "new_x.csv", "new_y.csv").code_is(0);
}

#[test]
fn the_end_of_its_name_is_the_format_of_an_output() {
    let study = finished();
    for name in ["y.csv", "y.npy", "y.npz", "upper.CSV"] {
        predict(&study, "new_x.csv", name).code_is(0);
    }
    let options = shoal::data::TextOptions::default();
    let table = shoal::data::read_table(&study.path("y.csv"), options).unwrap();
    let (matrix, names) = (table.matrix, table.names);
    assert_eq!((matrix.rows, names.unwrap().join(" ")), (60, "a b c".to_owned()));
    for name in ["y.npy", "y.npz:y", "upper.CSV"] {
        assert_eq!(shoal::data::read_matrix(&study.path(name)).unwrap(), matrix, "{name}");
    }
    // before any work: the model is not even read
    for name in ["y.txt", "y", "y.npz.gz", ".csv", "y.safetensors"] {
        let ran = study.shoal(&["predict", "nowhere", "new_x.csv", "-o", name]);
        ran.fails(2, &[&format!("-o {name}: predictions are written as .npy or .npz or .csv")]);
        let ran = study.shoal(&["import", "--x", "nowhere", "--y", "nowhere", "-o", name]);
        ran.fails(2, &["a dataset is written as .npz"]);
        let ran = study.shoal(&["simulate", "nothing", "-o", name]);
        ran.fails(2, &["a dataset is written as .npz"]);
    }
    let ran = study.shoal(&["predict", "nowhere", "new_x.csv", "-o", "no/folder.csv"]);
    ran.fails(4, &["no/folder.csv", "does not exist"]);
}

#[cfg(unix)]
#[test]
fn devices_and_pipes_are_written_in_place() {
    use std::os::unix::fs::FileTypeExt;
    let study = finished();
    predict(&study, "new_x.csv", "expected.csv").code_is(0);
    predict(&study, "new_x.csv", "expected.npz").code_is(0);
    for (name, expected) in [("pipe", "expected.csv"), ("pipe.npz", "expected.npz")] {
        let path = study.path(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let reading = path.clone();
        let reader = std::thread::spawn(move || fs::read(reading).unwrap());
        predict(&study, "new_x.csv", name).code_is(0);
        assert_eq!(reader.join().unwrap(), fs::read(study.path(expected)).unwrap(), "{name}");
        assert!(fs::metadata(&path).unwrap().file_type().is_fifo());
    }
    for device in ["/dev/null", "null.csv"] {
        if device == "null.csv" {
            std::os::unix::fs::symlink("/dev/null", study.path(device)).unwrap();
        }
        predict(&study, "new_x.csv", device).code_is(0);
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device(), "{device}");
        assert!(!Path::new(&study.path(device)).is_file());
    }
    let full = study.shoal(&["predict", MODEL, "new_x.csv", "-o", "/dev/full"]);
    full.fails(4, &["/dev/full"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let study = finished();
    fs::create_dir(study.path("elsewhere")).unwrap();
    study.write("elsewhere/y.csv", "old");
    let mode = |name: &str| fs::metadata(study.path(name)).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(study.path("elsewhere/y.csv"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("elsewhere/y.csv", study.path("one.csv")).unwrap();
    symlink(study.path("one.csv"), study.path("two.csv")).unwrap();
    symlink("elsewhere/new.csv", study.path("dangling.csv")).unwrap();
    for (link, file) in [("two.csv", "elsewhere/y.csv"), ("dangling.csv", "elsewhere/new.csv")] {
        predict(&study, "new_x.csv", link).code_is(0);
        assert!(fs::symlink_metadata(study.path(link)).unwrap().is_symlink());
        assert_eq!(study.read(file).lines().count(), 61, "{link}");
    }
    assert_eq!(mode("elsewhere/y.csv"), 0o640);
    let left = fs::read_dir(study.path("elsewhere")).unwrap().count();
    assert_eq!(left, 2, "a temporary file was left");
    fs::set_permissions(study.path("elsewhere/y.csv"), fs::Permissions::from_mode(0o444)).unwrap();
    predict(&study, "new_x.csv", "one.csv").fails(4, &["one.csv is read-only"]);
}

#[test]
fn files_of_others_in_the_folder_of_results_stay() {
    for name in ["report.html", "summary.csv", "runs.csv", "test-mse.png", "models/mine.pt"] {
        let study = Study::new();
        ranged(&study, STUDY);
        fs::create_dir_all(study.path("out/models")).unwrap();
        study.write(&format!("out/{name}"), "mine");
        study.run().fails(2, &[name, "is not of a study of shoal", "another folder with -o"]);
        assert_eq!(study.read(&format!("out/{name}")), "mine");
        assert!(!study.path("out/journal.log").exists(), "nothing is begun beside {name}");
    }
    // what no study writes does not matter, and results of shoal are its own
    let study = Study::new();
    ranged(&study, STUDY);
    fs::create_dir(study.path("out")).unwrap();
    study.write("out/notes.txt", "mine");
    study.run().code_is(0);
    study.run().code_is(0);
    study.shoal(&["analyse", "out"]).code_is(0);
    assert_eq!(study.read("out/notes.txt"), "mine");
    study.write("out/report.html", "<html>mine</html>");
    study.run().fails(2, &["report.html"]);
    study.shoal(&["analyse", "out"]).fails(2, &["report.html"]);
    assert_eq!(study.read("out/report.html"), "<html>mine</html>");
}

#[test]
fn a_page_above_several_scenarios_is_kept_if_it_is_of_somebody_else() {
    let study = Study::new();
    let finetune = "x = \"new_x.csv\"\ny = \"new_y.csv\"";
    let scenario = format!("[[scenario]]\nname = \"one\"\n[scenario.finetune]\n{finetune}\n");
    let text = STUDY.replace(&format!("[data.finetune]\n{finetune}\n"), "") + &scenario;
    ranged(&study, &text);
    fs::create_dir(study.path("out")).unwrap();
    study.write("out/report.html", "mine");
    study.run().fails(2, &["out/report.html", "is not of a study of shoal"]);
    assert_eq!(study.read("out/report.html"), "mine");
    fs::remove_file(study.path("out/report.html")).unwrap();
    study.run().code_is(0);
    study.run().code_is(0);
    assert!(study.read("out/report.html").contains("scenario"));
}

#[test]
fn an_explanation_overwrites_nothing() {
    let study = finished();
    fs::create_dir(study.path("shown")).unwrap();
    for name in ["explanation.json", "attributions.png", "comparison.csv"] {
        study.write(&format!("shown/{name}"), "mine");
        let ran = study.shoal(&["explain", MODEL, "--data", "new_x.csv", "-o", "shown"]);
        ran.fails(2, &[name, "already exists", "-o"]);
        assert_eq!(study.read(&format!("shown/{name}")), "mine");
        fs::remove_file(study.path(&format!("shown/{name}"))).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn paths_that_are_not_text_work() {
    use std::os::unix::ffi::OsStrExt;
    let study = Study::new();
    ranged(&study, STUDY);
    let name = |text: &[u8]| std::ffi::OsStr::from_bytes(text).to_owned();
    let folder = study.path("").join(name(b"r\xe9sultats"));
    fs::create_dir(&folder).unwrap();
    for entry in fs::read_dir(study.folder.path()).unwrap().flatten() {
        if entry.path().is_file() {
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
    }
    fs::rename(folder.join("new_x.csv"), folder.join(name(b"x\xff.csv"))).unwrap();
    fs::copy(study.path("new_x.csv"), folder.join("new_x.csv")).unwrap();
    fs::rename(folder.join("study.toml"), folder.join(name(b"study\xff.toml"))).unwrap();
    // also where the folder itself is no text
    let run = |arguments: &[&[u8]]| {
        let mut command = shoal();
        command.args(arguments.iter().map(|text| name(text))).current_dir(&folder);
        let ran = ran(&mut command);
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        ran
    };
    for json in [&b"--json"[..], b"--verbose"] {
        let events: &[u8] =
            if json == b"--json" { b"--tensorboard" } else { b"--tensorboard=t\xff" };
        let out: &[u8] = if json == b"--json" { b"out\xff" } else { b"again\xfe" };
        let args: [&[u8]; 8] =
            [b"study", b"study\xff.toml", b"-o", out, b"--device", b"cpu", events, json];
        run(&args).code_is(0);
        run(&args).code_is(0);
        run(&[b"analyse", out, json]).code_is(0);
        assert!(folder.join(name(out)).join("report.html").is_file());
    }
    let model: &[u8] = b"out\xff/models/scratch-20-1.safetensors";
    for json in [&b"--json"[..], b"--verbose"] {
        run(&[b"predict", model, b"x\xff.csv", b"-o", b"y\xfe.csv", json]).code_is(0);
        run(&[b"inspect", model, json]).code_is(0);
        let [x, y, data] = [&b"x\xff.csv"[..], b"new_y.csv", b"d\xff.npz"];
        run(&[b"import", b"--x", x, b"--y", y, b"-o", data, json]).code_is(0);
        run(&[b"import", b"--x", b"d\xff.npz:x", b"--y", y, b"-o", b"e\xff.npz", json]).code_is(0);
        run(&[b"inspect", data, json]).code_is(0);
        let shown: &[u8] = if json == b"--json" { b"one\xff" } else { b"two\xff" };
        run(&[b"explain", model, b"--data", data, b"-o", shown, json]).code_is(0);
        run(&[b"simulate", b"lcdm", b"-n", b"2", b"-o", b"s\xff.npz", json]).code_is(0);
    }
    run(&[b"inspect", b"missing\xff.npz"]).code_is(2);
}
