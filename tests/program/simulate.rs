//! `shoal simulate`, and studies that simulate their data.

use crate::common::{Ran, ran, shoal};
use shoal::cosmology::CONVENTIONS;
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn run(folder: &TempDir, arguments: &[&str]) -> Ran {
    ran(shoal().args(arguments).current_dir(folder.path()))
}

#[test]
fn a_simulated_dataset_is_like_an_imported_one() {
    let folder = folder();
    let ran = run(&folder, &["simulate", "neutrinos", "-n", "30", "-o", "a.npz"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let words = "a.npz: 30 spectra, 79 bins, targets Omega_m Omega_b h n_s sigma_8 M_nu";
    assert!(ran.out.contains(words), "{}", ran.out);
    let inspected = run(&folder, &["inspect", "a.npz"]).out;
    for words in
        ["30 simulations", "79 inputs, k [h/Mpc]", "\"scenario\":\"neutrinos\"", "\"seed\":1"]
    {
        assert!(inspected.contains(words), "{words}: {inspected}");
    }
    // a second call gives the same bits; and with given wavenumbers
    assert_eq!(run(&folder, &["simulate", "neutrinos", "-n", "30", "-o", "b.npz"]).code, 0);
    let [a, b] = ["a.npz", "b.npz"].map(|name| std::fs::read(folder.path().join(name)).unwrap());
    assert!(a == b, "two files of the same spectra differ");
    std::fs::write(folder.path().join("k.txt"), "0.05\n0.1\n0.2\n").unwrap();
    let given =
        "simulate lcdm -n 5 --k k.txt --range h=0.7:0.7 --sampling latin-hypercube --json -o c.npz";
    let ran = run(&folder, &given.split(' ').collect::<Vec<_>>());
    let event: serde_json::Value = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
    assert_eq!((event["event"].as_str(), event["inputs"].as_u64()), (Some("simulated"), Some(3)));
}

#[test]
fn mistakes_are_named_before_anything_is_simulated() {
    let folder = folder();
    std::fs::write(folder.path().join("far.txt"), "0.1\n7\n").unwrap();
    std::fs::write(folder.path().join("small.txt"), "0.004\n0.1\n").unwrap();
    std::fs::write(folder.path().join("narrow.txt"), "0.0100\n0.0101\n0.0102\n").unwrap();
    std::fs::write(folder.path().join("falling.txt"), "0.2\n0.1\n").unwrap();
    let wrong = |given: &str, words: &[&str]| {
        let arguments = format!("simulate {given} -o out.npz");
        run(&folder, &arguments.split(' ').collect::<Vec<_>>()).fails(2, words);
        assert!(!folder.path().join("out.npz").exists(), "{given}");
    };
    wrong("neutrino", &["no scenario 'neutrino'", "modified-gravity", "Did you mean 'neutrinos'?"]);
    wrong("lcdm -n 0", &["0 spectra", "1 to"]);
    wrong("lcdm --spectrum p", &["'p'", "pk", "mpk"]);
    wrong("local --spectrum mpk", &["no marked spectrum of local", "lcdm and neutrinos"]);
    wrong("lcdm --range Omega_m=0.4:0.2", &["Omega_m", "0.4", "0.2", "must not be above"]);
    wrong("lcdm --range Omega_m=0.05:0.2", &["Omega_m", "0.05", "0.1 to 0.5"]);
    wrong("lcdm --range h=nan:0.7", &["range of h", "NaN"]);
    wrong("lcdm --range M_nu=0.1:0.2", &["no parameter of lcdm 'M_nu'", "sigma_8"]);
    wrong("lcdm --range h=0.6:0.7 --range h=0.6:0.7", &["h is given twice"]);
    wrong("lcdm --range Omega_m", &["NAME=LOW:HIGH"]);
    let none = "neutrinos --range Omega_m=0.1:0.1 --range Omega_b=0.08:0.08 --range h=0.5:0.5 \
                --range M_nu=1:1";
    wrong(none, &["no room for cold dark matter", "larger Omega_m"]);
    wrong("lcdm --k far.txt", &["k = 7 h/Mpc", "0.001 to 0.51"]);
    wrong("lcdm --k small.txt", &["k = 0.004 h/Mpc", "0.0062", "--no-noise"]);
    wrong("lcdm --k narrow.txt", &["k = 0.01", "modes", "--no-noise"]);
    wrong("lcdm --k falling.txt", &["0.1", "0.2", "rise"]);
    wrong("lcdm --k nowhere.txt", &["nowhere.txt", "no such file"]);
    run(&folder, &["simulate", "lcdm", "-o", "out.npy"]).fails(2, &["out.npy", ".npz"]);
    run(&folder, &["simulate", "lcdm", "-o", "none/out.npz"])
        .fails(4, &["none/out.npz", "folder does not exist"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_no_half_of_a_dataset() {
    let folder = folder();
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_shoal"))
        .args(["simulate", "lcdm", "-n", "1000000", "-o", "out.npz"])
        .current_dir(folder.path())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let killed =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{error}");
    assert!(error.contains("stopped as requested after"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

const STUDY: &str = r#"
name = "simulated"
seeds = 1
sizes = [20, 40]
test = 20
[data.pretrain.simulate]
scenario = "lcdm"
count = 60
[data.finetune]
simulate = { scenario = "neutrinos", count = 70, seed = 2, ranges = { Omega_m = [0.2, 0.4] } }
[network]
hidden = [8]
[training]
epochs = 4
"#;

const SCENARIOS: &str = r#"
[[scenario]]
name = "neutrinos"
finetune = { simulate = { scenario = "neutrinos", count = 70 } }
[[scenario]]
name = "local"
finetune = { simulate = { scenario = "local", count = 50 } }
sizes = [25]
"#;

fn study(folder: &TempDir, text: &str) -> Ran {
    std::fs::write(folder.path().join("study.toml"), text).unwrap();
    run(folder, &["study", "study.toml", "-o", "out", "--device", "cpu"])
}

/// The study with several scenarios in place of its one dataset.
fn several() -> String {
    let start = STUDY.find("[data.finetune]").unwrap();
    let end = STUDY.find("[network]").unwrap();
    format!("{}{}{SCENARIOS}", &STUDY[..start], &STUDY[end..])
}

#[test]
fn a_study_may_name_scenarios_in_place_of_files() {
    let folder = folder();
    let ran = study(&folder, STUDY);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("simulating 60 spectra of lcdm"), "{}", ran.err);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let provenance: serde_json::Value = serde_json::from_str(&read("out/study.json")).unwrap();
    let simulated = &provenance["sources"]["finetune"]["simulated"];
    assert_eq!(simulated["scenario"], "neutrinos");
    assert_eq!((&simulated["seed"], &simulated["ranges"]["Omega_m"][0]), (&2.into(), &0.2.into()));
    assert_eq!(provenance["data"]["pretrain"].as_str().unwrap().len(), 64);
    assert!(read("out/runs.csv").lines().next().unwrap().contains("test_mse_M_nu"));

    std::fs::remove_dir_all(folder.path().join("out")).unwrap();
    let ran = study(&folder, &several());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.err.matches("simulating 60 spectra of lcdm").count(), 1, "{}", ran.err);
    assert_eq!(read("out/neutrinos/runs.csv").lines().count(), 1 + 2 * 4);
    assert_eq!(read("out/local/runs.csv").lines().count(), 1 + 4);
    assert!(read("out/local/runs.csv").contains("test_mse_f_NL_local"));
    assert!(ran.out.contains("simulated: local"), "{}", ran.out);
    let above = read("out/report.html");
    for scenario in ["neutrinos", "local"] {
        assert!(above.contains(&format!("href=\"{scenario}/report.html\"")));
        assert!(read(&format!("out/{scenario}/report.html")).contains("<svg"));
    }
}

#[test]
fn mistakes_in_scenarios_of_a_study_are_named() {
    let folder = folder();
    let wrong = |text: &str, from: &str, to: &str, words: &[&str]| {
        assert!(text.contains(from), "{from}");
        study(&folder, &text.replace(from, to)).fails(2, words);
        assert!(!folder.path().join("out").exists(), "{to}");
    };
    wrong(STUDY, "scenario = \"lcdm\"", "scenario = \"lcmd\"", &["'lcmd'", "Did you mean 'lcdm'?"]);
    wrong(STUDY, "count = 60", "cuont = 60", &["`cuont`", "did you mean `count`?"]);
    wrong(STUDY, "count = 60", "spectrum = \"mk\"", &["no spectrum 'mk'", "pk, mpk"]);
    wrong(STUDY, "0.4] } }", "0.4] } }\nx = 'a.npy'", &["`x` beside `simulate`"]);
    wrong(STUDY, "[data.finetune]\nsimulate", "[data]\nfinetunes", &["finetunes"]);
    let several = several();
    wrong(&several, "\"local\"\nfinetune", "\"neutrinos\"\nfinetune", &["neutrinos", "twice"]);
    wrong(&several, "name = \"local\"", "name = \"../a\"", &["../a", "names a folder"]);
    wrong(&several, "sizes = [25]", "sizes = [45]", &["scenario local", "45", "30"]);
    let both = format!("{STUDY}{SCENARIOS}");
    study(&folder, &both).fails(2, &["data.finetune", "[[scenario]]"]);
    let none = several.replace(SCENARIOS, "");
    study(&folder, &none).fails(2, &["data.finetune is missing", "[[scenario]]"]);
}

#[test]
fn collisions_are_simulated_for_a_detector_and_studied_without_files() {
    let folder = tempfile::tempdir().unwrap();
    let jets = |detector: &str, name: &str| {
        let arguments = ["simulate", "quark-gluon", "-n", "40", "--detector", detector, "-o", name];
        let ran = run(&folder, &arguments);
        assert!(ran.code == 0 && ran.out.contains("40 collisions"), "{} {}", ran.out, ran.err);
        shoal::data::Dataset::load(&folder.path().join(name), &CONVENTIONS).unwrap()
    };
    let [atlas, cms, particles] = [("atlas", "a.npz"), ("cms", "c.npz"), ("particles", "p.npz")]
        .map(|(detector, name)| jets(detector, name));
    assert_eq!(atlas.targets, cms.targets);
    assert!(atlas.items != cms.items && atlas.items != particles.items);
    assert_eq!(atlas.target_names, ["quark"]);
    let wrong = |arguments: &[&str], words: &[&str]| {
        run(&folder, &[&["simulate"], arguments, &["-o", "x.npz"]].concat()).fails(2, words);
    };
    wrong(
        &["quark-gluon", "--detector", "lhcb"],
        &["no detector 'lhcb'", "atlas, cms, detailed, particles"],
    );
    wrong(&["quark-gluon", "--spectrum", "pk"], &["quark-gluon has no option `spectrum`"]);
    wrong(&["lcdm", "--detector", "cms"], &["lcdm has no option `detector`"]);
    wrong(&["quark-gluons"], &["no scenario 'quark-gluons'", "Did you mean 'quark-gluon'?"]);
    wrong(&["quark-gluon", "-n", "0"], &["0 collisions"]);
    let study = "name = 'jets'\nseeds = 1\nsizes = [30]\ntest = 20\n[data.pretrain.simulate]\n\
                 scenario = 'quark-gluon'\ncount = 60\n[data.finetune.simulate]\n\
                 scenario = 'quark-gluon'\ndetector = 'cms'\ncount = 60\nseed = 2\n[network]\n\
                 architecture = 'deep-set'\nitems = [8]\nhidden = [8]\n[training]\nloss = 'bce'\n\
                 epochs = 3\n[strategies.scratch]\n[strategies.warm-start]\n";
    std::fs::write(folder.path().join("study.toml"), study).unwrap();
    let ran = run(&folder, &["study", "study.toml", "-o", "out", "--device", "cpu"]);
    assert!(ran.code == 0 && ran.err.contains("60 collisions of quark-gluon"), "{}", ran.err);

    // architectures side by side, on the same jets
    let network = "architecture = 'deep-set'\nitems = [8]\nhidden = [8]\n";
    let two = study.replace(network, "architecture = 'deep-set'\nhidden = [8]\n")
        + "[[scenario]]\nname = 'sets'\n[[scenario]]\nname = 'attention'\nseeds = 2\n\
           [scenario.network]\narchitecture = 'transformer'\nwidth = 8\nheads = 2\nblocks = 1\n";
    std::fs::write(folder.path().join("two.toml"), &two).unwrap();
    let ran = run(&folder, &["study", "two.toml", "-o", "two", "--device", "cpu"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.err.matches("simulating").count(), 2, "each dataset once: {}", ran.err);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("two/sets/runs.csv").lines().count(), 1 + 2);
    assert_eq!(read("two/attention/runs.csv").lines().count(), 1 + 4);
    assert!(read("two/attention/models/config.json").contains("attention"));
    let page = read("two/report.html");
    assert!(page.contains("Side by side") && page.contains("gains most from transfer"), "{page}");
    std::fs::write(folder.path().join("two.toml"), two.replace("seeds = 2", "seedz = 2")).unwrap();
    run(&folder, &["study", "two.toml", "-o", "x"])
        .fails(2, &["scenario attention", "seedz", "did you mean `seed"]);
}

#[test]
fn undefined_columns_of_tau_pairs_are_missing_numbers_of_a_study() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(&folder, &["simulate", "tau-pairs", "-n", "60", "-o", "pairs.npz"]);
    assert!(
        ran.code == 0 && ran.out.contains("60 collisions, 28 inputs"),
        "{} {}",
        ran.out,
        ran.err
    );
    let study = "name = 'pairs'\nseeds = 1\nsizes = [30]\ntest = 20\n[data.pretrain.simulate]\n\
                 scenario = 'tau-pairs'\ncount = 60\n[data.finetune.simulate]\n\
                 scenario = 'tau-pairs'\ndetector = 'detailed'\ncount = 60\nseed = 2\n[network]\n\
                 hidden = [8]\n[training]\nloss = 'bce'\nepochs = 3\n[strategies.scratch]\n\
                 [strategies.warm-start]\n";
    std::fs::write(folder.path().join("study.toml"), study).unwrap();
    let arguments = ["study", "study.toml", "-o", "out", "--device", "cpu"];
    run(&folder, &arguments).fails(2, &["tau-pairs", "NaN", "missing = nan"]);
    std::fs::write(folder.path().join("study.toml"), format!("missing = [nan]\n{study}")).unwrap();
    let ran = run(&folder, &arguments);
    assert!(ran.code == 0 && ran.err.contains("60 collisions of tau-pairs"), "{}", ran.err);
}
