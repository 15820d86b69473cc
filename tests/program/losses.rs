//! Studies of classes, of weighted rows and of networks that predict their errors.

use shoal::data::{Dataset, Matrix};
use shoal::study::store::group_predictions::GroupPredictions;
use shoal::study::store::results::StudyResults;

use crate::common::Study;

/// Deterministic numbers in (-1, 1).
pub(crate) fn noise(row: usize, salt: usize) -> f64 {
    let x = ((row * 7919 + salt * 104729 + 12345) as f64 * 0.754877666).sin() * 43758.5453;
    2.0 * (x - x.floor()) - 1.0
}

/// Sums of four numbers are nearly normal, with deviation 1.
pub(crate) fn normal(row: usize, salt: usize) -> f64 {
    (0..4).map(|k| noise(row, salt + 1000 * k)).sum::<f64>() * (3.0f64 / 4.0).sqrt()
}

/// Rows of four inputs, and a target of each row.
pub(crate) fn dataset(
    rows: usize,
    seed: usize,
    name: &str,
    target: impl Fn(&[f64], usize) -> f64,
) -> Dataset {
    let row = |row: usize| (0..4).map(move |k| noise(row + 5000 * seed, k + 1));
    let inputs: Vec<f64> = (0..rows).flat_map(row).collect();
    let targets = inputs.chunks(4).enumerate().map(|(place, x)| target(x, place + 5000 * seed));
    let targets = Matrix::new(rows, 1, targets.collect());
    let inputs = Matrix::new(rows, 4, inputs);
    Dataset::new(inputs, targets, vec![name.to_owned()]).unwrap()
}

/// 1 where a plane plus some noise is above 0.
pub(crate) fn label(x: &[f64], row: usize) -> f64 {
    f64::from(u8::from(x[0] - x[1] + 0.5 * x[2] + 0.4 * normal(row, 9) > 0.0))
}

pub(crate) fn study(loss: &str, rest: &str) -> String {
    format!(
        "name = 'losses'\nseeds = 2\nsizes = [40, 120]\ntest = 120\nlog10 = false\n{rest}\n\
         [data]\npretrain = 'fast.npz'\nfinetune = 'full.npz'\n\
         [network]\nhidden = [16]\ndropout = 0.0\n\
         [training]\nepochs = 60\npatience = 20\nlearning_rate = 1e-2\nloss = {loss}\n"
    )
}

pub(crate) fn ready(fast: &Dataset, full: &Dataset, text: &str) -> Study {
    let study = Study::new();
    fast.save(&study.path("fast.npz")).unwrap();
    full.save(&study.path("full.npz")).unwrap();
    study.write("study.toml", text);
    study
}

/// A column of a table.
pub(crate) fn column<'a>(table: &'a str, name: &str) -> Vec<&'a str> {
    let mut lines = table.lines();
    let place = lines.next().unwrap().split(',').position(|column| column == name);
    let place =
        place.unwrap_or_else(|| panic!("no column {name}: {}", table.lines().next().unwrap()));
    lines.map(|line| line.split(',').nth(place).unwrap()).collect()
}

pub(crate) fn numbers(table: &str, name: &str) -> Vec<f64> {
    column(table, name).into_iter().map(|text| text.parse().unwrap()).collect()
}

/// The area under the curve by its definition, over all pairs.
fn area(rows: &[(f64, f64, f64)]) -> f64 {
    let of = |label: f64| rows.iter().filter(move |row| row.1 == label);
    let (mut won, mut all) = (0.0, 0.0);
    for ((signal, _, v), (background, _, w)) in of(1.0).flat_map(|s| of(0.0).map(move |b| (s, b))) {
        let share = if signal > background { 1.0 } else { 0.0 };
        let share = if signal == background { 0.5 } else { share };
        (won, all) = (won + v * w * share, all + v * w);
    }
    won / all
}

#[test]
fn a_study_of_two_classes_has_the_weighted_area_under_the_curve() {
    let weighted = |rows: usize, seed: usize| {
        let plain = dataset(rows, seed, "signal", label);
        // a tenth has a negative weight, as generators give them
        let weight = |row: usize| if row % 10 == 3 { -0.5 } else { 1.0 + 0.5 * noise(row, 77) };
        Dataset { weights: Some((0..rows).map(weight).collect()), ..plain }
    };
    let (fast, full) = (weighted(400, 1), weighted(300, 2));
    let study = ready(&fast, &full, &study("'bce'", ""));
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("test AUC"), "{}", ran.out);
    let runs = study.read("out/runs.csv");
    for metric in ["log_loss", "accuracy", "rejection_30", "rejection_50", "ams"] {
        // a rejection is absent where no background passes
        assert_eq!(column(&runs, &format!("test_{metric}")).len(), 16, "{metric}");
    }
    let areas = numbers(&runs, "test_auc");
    assert!(areas.iter().all(|area| (0.75..1.0).contains(area)), "{areas:?}");
    assert!(study.path("out/test-auc.svg").exists() && !study.path("out/test-mse.svg").exists());
    let page = study.read("out/report.html");
    assert!(page.contains("above 1") && page.contains("test AUC"));

    // from the predictions of the best scratch network, with the weights of its rows
    let table = study.read("out/predictions.csv");
    let weights = full.weights.unwrap();
    let rows: Vec<(f64, f64, f64)> = (column(&table, "strategy").iter().enumerate())
        .filter(|(_, strategy)| **strategy == "scratch")
        .map(|(line, _)| {
            let number = |name: &str| numbers(&table, name)[line];
            let row = number("row") as usize;
            (number("prediction_signal"), number("truth_signal"), weights[row])
        })
        .collect();
    assert!(rows.iter().all(|row| (0.0..=1.0).contains(&row.0)));
    let seed = column(&table, "seed")[0];
    let here = runs.lines().position(|line| line.starts_with(&format!("scratch,120,{seed},")));
    let stored = areas[here.unwrap() - 1];
    assert!((area(&rows) - stored).abs() < 1e-9, "{} {stored}", area(&rows));

    // every network on every test row, and the curves of the largest size
    let results = StudyResults::read(&study.path("out")).unwrap();
    assert_eq!(results.tested.len(), 4 * 2);
    for run in &results.runs {
        let same = |group: &&GroupPredictions| group.group == run.key.group();
        let group = results.tested.iter().find(same).unwrap();
        let place = group.seeds.iter().position(|seed| *seed == run.key.seed).unwrap();
        let (test, stored) = (group.tested(place), run.score().unwrap());
        assert_eq!(test.predictions[0].len(), 120);
        // the file has f32
        assert!((run.metric().of_targets(&test) - stored).abs() < 1e-4, "{:?}", run.key);
    }
    for stem in ["roc", "scores", "calibration", "ams"] {
        let table = study.read(&format!("out/{stem}.csv"));
        assert!(table.contains("warm-start,120,"), "{stem}");
        assert!(study.path(&format!("out/{stem}.svg")).exists(), "{stem}");
        assert!(page.contains(&format!("{stem}.csv")), "{stem}");
    }
    assert!(!study.path("out/resolution.csv").exists());
}

#[test]
fn numbers_of_classes_are_one_target_and_new_ones_can_be_dummies() {
    let class = |classes: usize| {
        move |x: &[f64], row: usize| {
            let level = x[0] + 0.2 * normal(row, 5);
            if level < -0.3 {
                0.0
            } else if level < 0.4 || classes == 2 {
                1.0
            } else {
                2.0
            }
        }
    };
    let fast = dataset(400, 1, "process", class(2));
    let full = dataset(300, 2, "process", class(3));
    let text = study("{ name = 'cross-entropy', label_smoothing = 0.05 }", "");
    let study = ready(&fast, &full, &(text + "balance_classes = true\n"));
    let ran = study.run();
    assert_eq!(ran.code, 0, "{}", ran.err);
    let runs = study.read("out/runs.csv");
    let accuracy = numbers(&runs, "test_accuracy");
    assert_eq!(column(&runs, "test_accuracy_process=2").len(), accuracy.len());
    assert!(accuracy.iter().sum::<f64>() / accuracy.len() as f64 > 0.6, "{accuracy:?}");
    let strategies = column(&runs, "strategy");
    assert!(strategies.contains(&"dummy-node") && strategies.contains(&"warm-start"));
    let table = study.read("out/predictions.csv");
    for line in 0..column(&table, "row").len() {
        let of_class = |class: usize| numbers(&table, &format!("prediction_process={class}"))[line];
        assert!(((0..3).map(of_class).sum::<f64>() - 1.0).abs() < 1e-6);
    }
}

#[test]
fn networks_predict_the_errors_that_they_make() {
    // the scatter depends on an input
    let scatter = |x: &[f64]| 0.05 + 0.1 * x[3].abs();
    let target = |x: &[f64], row: usize| 0.5 + 0.3 * x[0] + scatter(x) * normal(row, 31);
    let ranged = |dataset: Dataset| Dataset { target_ranges: vec![[-1.0, 3.0]], ..dataset };
    let (fast, full) = (ranged(dataset(800, 1, "p", target)), ranged(dataset(900, 2, "p", target)));
    for loss in ["'gaussian'", "'moments'"] {
        let text = study(loss, "").replace("sizes = [40, 120]", "sizes = [600]");
        let text = text.replace("epochs = 60\npatience = 20", "epochs = 400\npatience = 60");
        let study = ready(&fast, &full, &text);
        let ran = study.run();
        assert_eq!(ran.code, 0, "{}", ran.err);
        let runs = study.read("out/runs.csv");
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        // a head on two outputs takes longer
        let whole = column(&runs, "strategy").len() - 2;
        assert!(mean(&numbers(&runs, "test_mse")[..whole]) < 0.0012, "{runs}");
        assert!(numbers(&runs, "test_chi_squared").iter().all(|chi| *chi > 0.0), "{runs}");
        // 120 rows to validate on, as many to test: a deviation of .06 a network
        let coverage = numbers(&runs, "test_coverage");
        assert!((mean(&coverage) - 0.683).abs() < 0.06, "{loss}: {coverage:?}");
        // in the units of the target: 0.05 to 0.15
        let table = study.read("out/predictions.csv");
        let sigmas = numbers(&table, "sigma_p");
        assert!((0.06..0.16).contains(&mean(&sigmas[..120])), "{}", mean(&sigmas[..120]));
        if loss == "'moments'" {
            // without factors the deviations are those of the loss
            study.write("study.toml", &(text + "calibrate = false\n"));
            assert_eq!(study.shoal(&["study", "study.toml", "-o", "plain"]).code, 0);
            let plain = numbers(&study.read("plain/runs.csv"), "test_coverage");
            assert!(coverage.iter().zip(&plain).all(|(one, other)| one != other), "{plain:?}");
            continue;
        }
        let model = "out/models/warm-start-600-1.safetensors";
        let ran = study.shoal(&["predict", model, "full.npz", "-o", "p.npy"]);
        assert!(ran.out.contains("columns p sigma_p"), "{} {}", ran.out, ran.err);
        let ran = study.shoal(&["explain", model, "--data", "full.npz", "-o", "e", "--rows", "20"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
    }
}

#[test]
fn a_pretraining_on_fewer_targets_is_calibrated_and_searched_by_a_metric() {
    let fast = dataset(200, 1, "p", |x, row| 0.5 + 0.3 * x[0] + 0.1 * normal(row, 31));
    let one = dataset(300, 2, "p", |x, row| 0.5 + 0.3 * x[0] + 0.1 * normal(row, 31));
    let both = one.targets.values.iter().zip(one.inputs.values.chunks(4));
    let both = both.flat_map(|(p, x)| [*p, x[1] + 0.1 * x[2]]).collect();
    let names = ["p", "q"].map(String::from).to_vec();
    let full = Dataset::new(one.inputs, Matrix::new(300, 2, both), names).unwrap();
    let text = study("'gaussian'", "");
    let searched = text.replace("seeds = 2\n", "") + "[search]\ntrials = 3\nminimise = 'mse'\n";
    for text in [text, searched] {
        let study = ready(&fast, &full, &text);
        let ran = study.run();
        assert_eq!(ran.code, 0, "{}", ran.err);
        let coverage = numbers(&study.read("out/runs.csv"), "test_coverage");
        assert!(coverage.iter().all(|part| (0.2..1.0).contains(part)), "{coverage:?}");
    }
}

#[test]
fn what_a_loss_cannot_do_is_an_error_with_the_way_out() {
    let (fast, full) = (dataset(60, 1, "signal", label), dataset(300, 2, "signal", label));
    let fails = |text: &str, full: &Dataset, words: &[&str]| {
        let study = ready(&fast, full, text);
        study.run().fails(2, words);
    };
    let small = |loss: &str, rest: &str| study(loss, rest);
    fails(&small("'bse'", ""), &full, &["training.loss", "\"bse\"", "did you mean \"bce\"?"]);
    fails(&small("{ name = 'mse', delta = 1 }", ""), &full, &["delta", "\"mse\"", "none"]);
    let text = small("{ name = 'huber', delta = -1.0 }", "");
    fails(&text, &full, &["training.loss.delta = -1"]);
    fails(&small("3", ""), &full, &["training.loss = 3", "huber"]);
    let text = small("'bce'", "").replace("dropout = 0.0", "dropout = 0.0\noutput = 'sigmoid'");
    fails(&text, &full, &["network.output", "\"bce\"", "identity"]);
    fails(&small("'mse'", "metrics = ['auc']"), &full, &["\"auc\"", "probabilities", "\"mse\""]);
    fails(&small("'bce'", "metrics = ['aucs']"), &full, &["\"aucs\"", "did you mean \"auc\"?"]);
    fails(&small("'bce'", "metrics = []"), &full, &["metrics is empty"]);
    fails(
        &small("'gaussian'", "metrics = ['coverage']"),
        &full,
        &["coverage", "another one first"],
    );
    let third = dataset(300, 2, "signal", |x, row| 2.0 * label(x, row));
    fails(&small("'bce'", ""), &third, &["target 'signal' is 2 in row", "\"bce\""]);
    let weights = (0..300).map(|row| if row % 2 == 0 { -1.0 } else { 0.5 }).collect();
    let negative = Dataset { weights: Some(weights), ..full.clone() };
    fails(&small("'bce'", ""), &negative, &["data.finetune, 40 simulations, seed", "add up to -"]);
}

#[test]
fn an_average_and_biases_without_decay_are_settings_of_a_study() {
    let fast = dataset(200, 1, "a", |x, _| x[0] - x[1]);
    let full = dataset(300, 2, "a", |x, _| x[0] + x[2]);
    let text = study("'mse'", "save_models = false");
    let value = |extra: &str| {
        let study = ready(&fast, &full, &format!("{text}weight_decay = 0.1\n{extra}\n"));
        let ran = study.run();
        assert_eq!(ran.code, 0, "{}", ran.err);
        let settings = study.read("out/study.json");
        (settings, numbers(&study.read("out/runs.csv"), "validation_loss"))
    };
    let (plain, losses) = value("");
    assert!(!plain.contains("\"average\"") && !plain.contains("decay_biases"), "{plain}");
    let (averaged, of_average) = value("average = 0.9");
    assert!(averaged.contains("\"average\": 0.9"), "{averaged}");
    let (undecayed, of_undecayed) = value("decay_biases = false");
    assert!(undecayed.contains("\"decay_biases\": false"), "{undecayed}");
    for others in [of_average, of_undecayed] {
        assert_eq!(losses.len(), others.len());
        assert!(losses.iter().zip(&others).all(|(one, other)| one != other), "the same losses");
    }
}
