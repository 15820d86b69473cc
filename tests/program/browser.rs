//! `report.html` in a real browser: at three widths every figure is drawn, nothing overflows,
//! nothing is on the console.
//!
//! Needs a Chromium; CHROME may name one. Without any the test says that it is skipped.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use shoal::data::Matrix;
use shoal::study::explain::mark_flips;
use shoal::study::search::State;
use shoal::study::store::attribution_table::{Profile, Usage, write_usages};
use shoal::study::store::predictions::{Predictions, write_predictions};
use shoal::study::store::run::{Curve, RunKey, RunRecord, StopReason};
use shoal::study::store::runs::{RunColumns, write_runs};
use shoal::study::store::trials::{TrialRuns, write_trials};

const WIDTHS: [u32; 3] = [390, 900, 1400];
const NAMES: [&str; 6] = [
    "chromium",
    "chromium-headless-shell",
    "google-chrome",
    "google-chrome-stable",
    "chromium-browser",
    "chrome",
];
/// Names that would end an element, an attribute or a script if they were not escaped.
const TARGETS: [&str; 3] =
    ["Omega_m", "</text><script>alert(1)</script>", "M\"_ν' & a rather long name of a target"];
const SIZES: [usize; 4] = [50, 100, 400, 1500];

/// The path of a Chromium; without one, prints that the test is skipped.
fn browser() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROME") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let places = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let found = places.into_iter().find(|place| place.is_file());
    if found.is_none() {
        eprintln!(
            "SKIPPED: no Chromium to look at report.html with; install one, or name one in CHROME"
        );
    }
    found
}

/// Test MSEs of a study in which `attach-head` ends up worse than `scratch`; one run diverged.
fn rows() -> Vec<RunRecord> {
    let mut rows = Vec::new();
    for (strategy, scale, floor) in
        [("scratch", 2.0, 0.02), ("dummy-node", 0.6, 0.02), ("attach-head", 0.5, 0.035)]
    {
        for simulations in SIZES {
            for seed in 1..=5u32 {
                let jitter = 1.0 + 0.02 * f64::from(seed * 7 % 5) - 0.04;
                let value = Some((floor + scale / simulations as f64) * jitter);
                let lost = strategy == "scratch" && simulations == 50 && seed == 3;
                let value = value.filter(|_| !lost);
                let curve = Curve::of(strategy);
                let key = RunKey { curve, simulations, seed, ..RunKey::default() };
                let mut run = RunRecord::untrained(key, 3);
                run.validation_loss = value;
                if let Some(value) = value {
                    run.set_test(&[0.3, 1.0, 1.7].map(|share| value * share));
                    run.stopped = StopReason::Patience;
                }
                rows.push(run);
            }
        }
    }
    rows
}

fn predictions(strategy: &str) -> Predictions {
    let truth: Vec<f64> = (0..90).map(|place| f64::from(place % 31) / 31.0).collect();
    let wrong = truth
        .iter()
        .enumerate()
        .map(|(place, truth)| 0.2 + 0.6 * truth + 0.1 * (place as f64).sin());
    Predictions {
        deviation: None,
        curve: Curve::of(strategy),
        simulations: 1500,
        seed: 2,
        rows: (0..30).collect(),
        prediction: Matrix::new(30, 3, wrong.collect()),
        truth: Matrix::new(30, 3, truth),
    }
}

/// Attributions of networks that read 79 bins, of which the lower ones flip their sign after
/// fine-tuning.
fn usage(strategy: &str, targets: &[&str]) -> Usage {
    let sign = if strategy == "pretraining" { -1.0 } else { 1.0 };
    let profile = |target: &&str| {
        let signed: Vec<f64> = (0..79)
            .map(|bin| (0.3 * f64::from(bin)).sin() * if bin < 20 { sign } else { 1.0 })
            .collect();
        Profile {
            target: (*target).to_owned(),
            mean_absolute: signed.iter().map(|value| value.abs()).collect(),
            correlation: signed.iter().map(|value| Some(value.signum())).collect(),
            standard_error: Some(vec![0.01; 79]),
            signed,
            rows: 50,
        }
    };
    Usage {
        curve: Curve::of(strategy),
        simulations: 1500,
        networks: 3,
        background: 25,
        gap: 4e-15,
        axis_name: "k [\"h/Mpc\"] <".to_owned(),
        inputs: (0..79).map(|bin| format!("k{bin}")).collect(),
        axis: (1..80).map(|bin| 0.0063 * f64::from(bin)).collect(),
        profiles: targets.iter().map(profile).collect(),
        flips: vec![None; targets.len()],
        classes: vec![],
    }
}

/// The folder of a study whose page has every kind of figure.
fn study(folder: &Path, name: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let targets = TARGETS.map(str::to_owned);
    write_runs(&folder.join("runs.csv"), &RunColumns::new(&targets), &rows()).unwrap();
    let all = ["scratch", "dummy-node"].map(predictions);
    write_predictions(&folder.join("predictions.csv"), &targets, &all).unwrap();
    let mut usages = [
        usage("pretraining", &TARGETS[..2]),
        usage("scratch", &TARGETS),
        usage("dummy-node", &TARGETS),
    ];
    mark_flips(&mut usages);
    write_usages(&folder.join("attributions.csv"), &usages).unwrap();
    write_trials(&folder.join("trials.csv"), &targets, &[], &trials()).unwrap();
    let provenance = serde_json::json!({
        "name": name,
        "shoal": "0",
        "device": { "kind": "cpu", "name": "<b>" },
        "seed": 2,
        "seeds": 5,
        "sizes": SIZES,
        "strategies": ["scratch", "dummy-node", "attach-head"],
        "data": {
            "finetune": "6b90d23589f284948c46aa230bf2f84764ad2e596132135c80b0dc6370f53aaa",
            "pretrain": null,
        },
        "sources": { "finetune": {}, "pretrain": null },
        "settings": {},
        "earlier": [],
        "status": "stopped",
        "runs_finished": 60,
        "runs_planned": 64,
        "run_steps": 300_000,
        "seconds": 12.5,
        "device_seconds": 12.0,
        "host_seconds": 0.5,
        "peak_bytes": 1_000_000,
    });
    std::fs::write(folder.join("study.json"), provenance.to_string()).unwrap();
}

/// Trials of two strategies and of the pre-training; every ninth was pruned without a loss.
fn trials() -> Vec<TrialRuns> {
    let trial = |strategy: &str, simulations: usize, trial: u32, loss: Option<f64>| {
        let (curve, trial) = (Curve::of(strategy), Some(trial));
        let key = RunKey { curve, simulations, trial, seed: 1, ..RunKey::default() };
        let mut run = RunRecord::untrained(key, 3);
        run.validation_loss = loss;
        if let Some(loss) = loss.filter(|_| strategy != "pretraining") {
            run.set_test(&[loss; 3]);
        }
        let state = if loss.is_some() { State::Complete } else { State::Pruned };
        TrialRuns { state, parameters: vec![], runs: vec![run] }
    };
    let loss = |trial: u32| 0.03 + 0.02 * f64::from(trial * 17 % 41) / 41.0;
    let mut all = Vec::new();
    for strategy in ["scratch", "dummy-node"] {
        all.extend((0..40).map(|number| {
            trial(strategy, 100, number, Some(loss(number)).filter(|_| number % 9 != 4))
        }));
    }
    let loss = |trial: u32| 0.01 + 0.02 * f64::from(trial * 17 % 31) / 31.0;
    all.extend((0..30).map(|number| trial("pretraining", 1800, number, Some(loss(number)))));
    all
}

fn analyse(folder: &Path) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_shoal")).arg("analyse").arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read_to_string(folder.join("report.html")).unwrap()
}

/// The problems that the harness and the console report for a page with so many figures.
fn problems(browser: &Path, page: &str, figures: usize) -> String {
    let folder = tempfile::tempdir().unwrap();
    let source = page.replace('&', "&amp;").replace('"', "&quot;");
    let frame = |(width, scheme): (u32, &str)| {
        format!(
            "<iframe width=\"{width}\" height=\"900\" style=\"border:0;color-scheme:{scheme}\" \
             data-scheme=\"{scheme}\" data-figures=\"{figures}\" srcdoc=\"{source}\"></iframe>"
        )
    };
    let frames = WIDTHS.iter().flat_map(|width| ["light", "dark"].map(|scheme| (*width, scheme)));
    let frames: Vec<String> = frames.map(frame).collect();
    let harness = include_str!("browser.html").replace("FRAMES", &frames.join("\n"));
    let file = folder.path().join("harness.html");
    std::fs::write(&file, harness).unwrap();
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--enable-logging=stderr",
        ])
        .args(["--window-size=1500,1000", "--virtual-time-budget=10000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    let (shown, log) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let told =
        shown.split_once("<pre id=\"problems\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    let told = told.unwrap_or_else(|| panic!("the browser showed nothing:\n{log}")).0;
    let console: Vec<&str> = log.lines().filter(|line| line.contains("CONSOLE")).collect();
    format!("{told}{}", console.join("\n"))
}

#[test]
fn the_report_is_drawn_at_every_width() {
    let Some(browser) = browser() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    study(folder.path(), "A study of \"<script>\" & others");
    let page = analyse(folder.path());
    // test error, savings, transfer effect, search, attributions, predictions of 2 networks
    let figures = 5 + 2;
    assert_eq!(problems(&browser, &page, figures), "");
    assert!(page.contains("(opposite sign)"), "signs that flip");
    let silent = page.replace("<title>scratch", "<title></title><title>scratch");
    assert!(
        problems(&browser, &silent, 0).contains("no value on hover"),
        "a mark without its value"
    );

    let broken =
        page.replacen("class=\"wide\"", "class=\"wide\" style=\"width:2000px;max-width:none\"", 1);
    let found = problems(&browser, &broken, 0);
    assert!(found.contains("at 1400 pixels, light: the page is"), "a page that overflows: {found}");
    let empty = page
        .replace("class=\"mark\"", "class=\"mark\" d=\"Mx\" ")
        .replace("<title>", "<path d=\"Mx\"/><title>");
    assert!(problems(&browser, &empty, 0).contains("CONSOLE"), "an error on the console");
    assert!(problems(&browser, &page, 99).contains("figures"), "figures that are missing");
}

#[test]
fn the_page_of_a_running_study_loads_itself_again() {
    let Some(browser) = browser() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    study(folder.path(), "First");
    let json = std::fs::read_to_string(folder.path().join("study.json")).unwrap();
    let pages = [("running", "First"), ("finished", "Second")].map(|(status, name)| {
        let json = json.replace("\"stopped\"", &format!("\"{status}\"")).replace("First", name);
        std::fs::write(folder.path().join("study.json"), json).unwrap();
        analyse(folder.path())
    });
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/report.html", server.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut shown = 0;
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap_or(0);
            if !request[..read].starts_with(b"GET /report.html") {
                continue;
            }
            let page = &pages[shown.min(1)];
            shown += 1;
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n";
            let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{page}", page.len());
        }
    });
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu"])
        .args(["--virtual-time-budget=20000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(address)
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("<h1>Second</h1>"), "{}", &shown[..shown.len().min(3000)]);
}

#[test]
fn the_page_of_several_scenarios_is_drawn() {
    let Some(browser) = browser() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for scenario in ["neutrinos", "modified-gravity"] {
        study(&folder.path().join(scenario), &format!("Four of them: {scenario}"));
    }
    let page = analyse(folder.path());
    assert!(
        page.contains("<h1>Four of them</h1>") && page.contains("href=\"neutrinos/report.html\""),
        "{page}"
    );
    assert_eq!(problems(&browser, &page, 1 + 1 + 2), "");
}

#[test]
fn a_study_of_several_pretraining_sizes_is_drawn() {
    let Some(browser) = browser() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for row in rows() {
        let counts: &[Option<usize>] = match row.key.curve.strategy.as_str() {
            "scratch" => &[None],
            _ => &[Some(2000), Some(8000), Some(32768)],
        };
        for &count in counts {
            // the more, the better
            let factor = 1.0 + 50.0 / (50.0 + count.unwrap_or(0) as f64);
            let mut run = row.clone();
            run.key.curve.pretraining_simulations = count;
            let score = &mut run.test[0];
            for value in score.targets.iter_mut().chain([&mut score.total]) {
                *value = value.map(|value| value * factor);
            }
            all.push(run);
        }
    }
    let targets = TARGETS.map(str::to_owned).to_vec();
    let columns = RunColumns { pretraining_sizes: true, ..RunColumns::new(&targets) };
    write_runs(&folder.path().join("runs.csv"), &columns, &all).unwrap();
    let page = analyse(folder.path());
    assert!(
        page.contains("Effect of the pre-training size")
            && page.contains("There is no attributions.csv in this folder"),
        "{page}"
    );
    // test error, savings, transfer effect, pre-training size
    assert_eq!(problems(&browser, &page, 4), "");
}
