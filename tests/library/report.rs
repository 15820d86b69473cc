//! Reports: tables and figures from the rows of a study.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use shoal::study::metric::MSE;
use shoal::study::report::{test_error_chart, text_table, write_report};
use shoal::study::search::State;
use shoal::study::stats::findings::Findings;
use shoal::study::stats::savings::{Equivalent, equivalent_simulations};
use shoal::study::stats::scatter::Scatter;
use shoal::study::stats::summary::summarize;
use shoal::study::store::results::StudyResults;
use shoal::study::store::run::{Curve, RunKey, RunRecord, Score, StopReason};
use shoal::study::store::runs::{RunColumns, RunsFile, read_runs, write_runs};
use shoal::study::store::savings::Bound;
use shoal::study::store::summary::{Spread, Summary};
use shoal::study::store::trials::{TrialRuns, write_trials};

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn run(
    strategy: &str,
    simulations: usize,
    seed: u32,
    test: Option<f64>,
    targets: usize,
) -> RunRecord {
    let target = |target: usize| test.map(|value| value * (0.2 + 0.4 * target as f64));
    let key = RunKey { curve: Curve::of(strategy), simulations, seed, ..RunKey::default() };
    let mut run = RunRecord::untrained(key, targets);
    run.validation_loss = test.map(|value| value * 0.9);
    run.test[0] = Score { metric: MSE, total: test, targets: (0..targets).map(target).collect() };
    (run.epochs, run.steps) = (120, 6000);
    run.stopped = if test.is_some() { StopReason::Patience } else { StopReason::Diverged };
    run
}

/// Six seeds whose mean and sample standard deviation are exactly `mean` and `deviation`.
fn seeds(
    strategy: &str,
    simulations: usize,
    mean: f64,
    deviation: f64,
    targets: usize,
) -> Vec<RunRecord> {
    let offset = deviation * (5.0f64 / 6.0).sqrt();
    (0..6)
        .map(|seed| {
            let sign = if seed % 2 == 0 { 1.0 } else { -1.0 };
            run(strategy, simulations, seed, Some(mean + sign * offset), targets)
        })
        .collect()
}

/// One strategy: its name, and (simulations, mean, deviation) per size.
type Points<'a> = (&'a str, &'a [(usize, f64, f64)]);

fn rows(targets: usize, curves: &[Points]) -> Vec<RunRecord> {
    curves
        .iter()
        .flat_map(|(strategy, points)| points.iter().map(move |point| (strategy, point)))
        .flat_map(|(strategy, &(simulations, mean, deviation))| {
            seeds(strategy, simulations, mean, deviation, targets)
        })
        .collect()
}

fn study(targets: &[String], curves: &[Points]) -> Summary {
    summarize(targets, &rows(targets.len(), curves))
}

#[test]
fn awkward_numbers_and_names_survive_a_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.csv");
    let targets = names(&["Om", "a, \"b\"", "M_ν"]);
    let mut first = run("scratch", 50, 0, Some(0.1 + 0.2), 3);
    first.test[0].targets = vec![Some(f64::MIN_POSITIVE), Some(5e-324), Some(f64::MAX)];
    first.model = "models/a, b.safetensors".to_owned();
    let mut second = run("dummy, \"node\"", usize::MAX, u32::MAX, None, 3);
    second.test[0].targets = vec![None, Some(1e-17), Some(0.0)];
    let rows = vec![first, second];
    let columns = RunColumns::new(&targets);
    write_runs(&path, &columns, &rows).unwrap();
    assert_eq!(read_runs(&path).unwrap(), (columns.clone(), rows.clone()));

    let appended = folder.path().join("appended.csv");
    let mut file = RunsFile::create(&appended, columns).unwrap();
    for (count, row) in rows.iter().enumerate() {
        file.append(row).unwrap();
        assert_eq!(read_runs(&appended).unwrap().1, rows[..=count]);
    }
    assert_eq!(fs::read(&appended).unwrap(), fs::read(&path).unwrap());
}

#[test]
fn the_columns_are_those_of_the_documentation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.csv");
    let mut row = run("scratch", 50, 3, None, 2);
    row.test[0].targets[1] = Some(f64::NAN);
    write_runs(&path, &RunColumns::new(&names(&["Om", "s8"])), &[row]).unwrap();
    let expected = "strategy,simulations,seed,validation_loss,test_mse,test_mse_Om,test_mse_s8,\
                    epochs,steps,stopped,model\nscratch,50,3,,,,,120,6000,diverged,\n";
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
}

#[test]
fn a_torn_last_line_is_dropped_and_other_damage_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.csv");
    let targets = names(&["Om"]);
    let rows: Vec<RunRecord> = (0..3).map(|seed| run("scratch", 50, seed, Some(0.03), 1)).collect();
    write_runs(&path, &RunColumns::new(&targets), &rows).unwrap();
    let whole = fs::read_to_string(&path).unwrap();
    let last = whole.trim_end().rfind('\n').unwrap() + 1;
    for end in last..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        assert_eq!(read_runs(&path).unwrap().1, rows[..2], "torn after {end} bytes");
    }
    let fields = 10;
    let lost = format!("line 3 has {} fields but line 1 has {fields}", fields - 1);
    for (damage, words) in [(",Infinity?,", "line 3"), (",", &lost)] {
        let lines: Vec<String> = (whole.lines().enumerate())
            .map(
                |(index, line)| {
                    if index == 2 { line.replacen(",0.03,", damage, 1) } else { line.to_owned() }
                },
            )
            .collect();
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        let error = read_runs(&path).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(words), "{error}");
    }
    for text in ["", "strategy,simulations\n", "a,b,c,d,e,f,g,h,i\n"] {
        fs::write(&path, text).unwrap();
        assert!(
            read_runs(&path).unwrap_err().to_string().contains("the columns must be"),
            "{text:?}"
        );
    }
}

#[test]
fn a_full_disk_is_an_output_error_with_the_path() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        eprintln!("skipped: this system has no /dev/full");
        return;
    }
    let error = RunsFile::create(full, RunColumns::new(&names(&["Om"]))).unwrap_err();
    assert_eq!(error.exit_code(), 4);
    assert!(error.to_string().contains("/dev/full"), "{error}");
    assert!(error.to_string().contains("free some space"), "{error}");
}

fn close(value: Option<f64>, expected: f64) {
    let value = value.expect("a value");
    // A few roundings, each half an epsilon of the result.
    let tolerance = 16.0 * f64::EPSILON * expected.abs();
    assert!((value - expected).abs() <= tolerance, "{value} is not {expected}");
}

#[test]
fn statistics_match_numbers_worked_out_by_hand() {
    let spread = Spread::new([Some(2.0), None, Some(4.0), Some(9.0), Some(f64::NAN), Some(5.0)]);
    assert_eq!(spread.count, 4);
    close(spread.mean, 5.0);
    close(spread.deviation, (26.0f64 / 3.0).sqrt());
    close(spread.standard_error, (26.0f64 / 12.0).sqrt());
    close(spread.median, 4.5);
    let one = Spread::new([Some(3.0)]);
    assert_eq!(
        (one.mean, one.median, one.deviation, one.standard_error),
        (Some(3.0), Some(3.0), None, None)
    );
    assert_eq!(Spread::new([None, Some(f64::INFINITY)]), Spread::default());
}

#[test]
fn the_summary_groups_counts_and_is_written() {
    let targets = names(&["Om"]);
    let rows = [
        run("scratch", 100, 0, Some(0.5), 1),
        run("dummy-node", 50, 0, Some(0.25), 1),
        run("scratch", 50, 0, Some(1.0), 1),
        run("scratch", 100, 1, None, 1),
        run("scratch", 50, 1, Some(3.0), 1),
    ];
    let summary = summarize(&targets, &rows);
    assert_eq!(summary.curves, ["scratch", "dummy-node"].map(Curve::of));
    assert_eq!(summary.sizes(), [50, 100]);
    let row = summary.row(&Curve::of("scratch"), 100).unwrap();
    assert_eq!((row.runs, row.diverged, row.score().count), (2, 1, 1));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("summary.csv");
    summary.write(&path).unwrap();
    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let begin = "strategy,simulations,runs,diverged,validation_loss_mean,test_mse_mean,\
                 test_mse_standard_error,test_mse_deviation,test_mse_median,test_mse_Om_mean,\
                 test_mse_Om_standard_error";
    assert!(lines[0].starts_with(begin), "{}", lines[0]);
    assert!(
        lines[1].starts_with("scratch,50,2,0,1.8,2,1,1.4142135623730951,2,0.4,0.2"),
        "{}",
        lines[1]
    );
    assert_eq!(lines[2], "scratch,100,2,1,0.45,0.5,,,0.5,0.1,");
    assert_eq!(lines.len(), 4);
}

#[test]
fn the_table_reads_in_a_terminal_and_in_markdown() {
    let targets = names(&["Om"]);
    let deviation = 0.0012 * 6.0f64.sqrt();
    let mut rows = seeds("scratch", 50, 0.0482, deviation, 1);
    rows.extend(seeds("dummy-node", 50, 0.0326, deviation, 1));
    rows.push(run("dummy-node", 50, 6, None, 1));
    rows.push(run("scratch", 1500, 0, None, 1));
    let table = text_table(&summarize(&targets, &rows));
    let expected = "\
| simulations | scratch         | dummy-node                      |
|------------:|-----------------|---------------------------------|
|          50 | .0482 ± .0012   | .0326 ± .0012 (1 of 7 diverged) |
|        1500 | 1 of 1 diverged | -                               |
";
    assert_eq!(table, expected);
}

#[test]
fn savings_are_exact_on_a_power_law() {
    // mse = c N^-a for scratch; the same with c / 3 after pre-training: 3^(1/a) times fewer
    // simulations.
    let (scale, slope) = (0.4, 0.5);
    let law = |simulations: usize, scale: f64| {
        (simulations, scale * (simulations as f64).powf(-slope), 1e-6)
    };
    let scratch: Vec<_> = [50, 100, 400, 1500].map(|n| law(n, scale)).to_vec();
    let other: Vec<_> = [20, 50, 150, 400].map(|n| law(n, scale / 3.0)).to_vec();
    let worse = [(100, 10.0, 1e-6)];
    let summary =
        study(&[], &[("scratch", &scratch), ("dummy-node", &other), ("attach-head", &worse)]);
    let savings = equivalent_simulations(&summary);
    for saving in savings.iter().filter(|saving| saving.curve == Curve::of("dummy-node")) {
        let analytic = saving.simulations as f64 * 9.0;
        if analytic > 1500.0 {
            assert_eq!((saving.equivalent, saving.bound), (None, Bound::MoreThanLargest));
        } else {
            let found = saving.equivalent.expect("inside the sizes of scratch");
            // Logarithms of means over six values: some tens of roundings.
            assert!((found / analytic - 1.0).abs() < 1e-12, "{found} is not {analytic}");
            assert_eq!(saving.bound, Bound::Exact);
        }
    }
    assert_eq!(savings.last().unwrap().bound, Bound::LessThanSmallest);
    assert_eq!(savings.len(), 5);
}

#[test]
fn a_rise_in_the_curve_of_scratch_does_not_count() {
    let scratch = [(50, 0.04, 1e-6), (100, 0.05, 1e-6), (200, 0.02, 1e-6)];
    let summary = study(
        &[],
        &[("scratch", &scratch), ("dummy-node", &[(50, 0.03, 1e-6), (100, 0.04, 1e-6)])],
    );
    let found = equivalent_simulations(&summary);
    let analytic = 100.0 * 2f64.powf((0.04f64 / 0.03).ln() / 2f64.ln());
    assert!((found[0].equivalent.unwrap() / analytic - 1.0).abs() < 1e-12);
    assert!((found[1].equivalent.unwrap() / 50.0 - 1.0).abs() < 1e-12);
    assert!(savings_without_baseline().is_empty());
}

fn savings_without_baseline() -> Vec<Equivalent> {
    equivalent_simulations(&study(&[], &[("dummy-node", &[(50, 0.03, 0.001)])]))
}

/// Width and height from a PNG's header.
fn png_size(bytes: &[u8]) -> (u32, u32) {
    assert_eq!(&bytes[1..4], b"PNG");
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

/// Shapes of studies that broke a plot in the past: names of targets, runs.
fn awkward_studies() -> Vec<(&'static str, Vec<String>, Vec<RunRecord>)> {
    let many = [
        "Om",
        "Ob",
        "h",
        "ns",
        "s8",
        "M_nu",
        "a & b <c>",
        "$w$ costs $5",
        "a name that is far too long for its small panel",
    ];
    let two = || names(&["Om", "s8"]);
    let decades = [(1, 1e9, 1e8), (1_000_000, 1e-12, 2e-12)];
    let extremes = [(0, 5e-324, 0.0), (usize::MAX, 1e300, 1e300)];
    let mut studies: Vec<(&str, Vec<String>, Vec<RunRecord>)> = vec![
        ("single run", names(&["Om"]), vec![run("scratch", 100, 0, Some(0.03), 1)]),
        ("all diverged", names(&["Om"]), vec![run("scratch", 100, 0, None, 1)]),
        ("zero and no targets", vec![], vec![run("dummy-node", 100, 0, Some(0.0), 0)]),
        ("many decades", two(), rows(2, &[("scratch", &decades)])),
        ("extremes", names(&["Om"]), rows(1, &[("scratch", &extremes)])),
    ];
    let mut gap = seeds("scratch", 50, 0.04, 0.002, 2);
    gap.extend([run("scratch", 100, 0, None, 2), run("scratch", 200, 0, Some(0.02), 2)]);
    studies.push(("a gap", two(), gap));
    let strategies: Vec<String> = (0..14).map(|index| format!("strategy number {index}")).collect();
    let crowd: Vec<RunRecord> = (strategies.iter().enumerate())
        .flat_map(|(index, name)| {
            [50, 60, 70, 80, 2000].map(|n| run(name, n, 0, Some((index + 1) as f64 / n as f64), 3))
        })
        .collect();
    studies.push(("a crowd", names(&["Om", "Ob", "h"]), crowd));
    for count in 1..=many.len() {
        let points = [(50, 0.04, 0.002), (800, 0.02, 0.001)];
        let runs = rows(count, &[("scratch", &points), ("dummy-node", &points)]);
        studies.push(("targets", names(&many[..count]), runs));
    }
    studies
}

#[test]
fn every_awkward_study_can_be_drawn() {
    for (name, targets, runs) in awkward_studies() {
        let summary = summarize(&targets, &runs);
        let title = "Neutrinos & f(R) <P(k)>\u{7}";
        let chart = test_error_chart(title, &summary, &runs, Scatter::Seeds);
        let svg = chart.file_svg();
        assert!(svg.len() < 300_000, "{name}: {} bytes", svg.len());
        assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{name}");
        assert!(
            !svg.contains('\u{7}') && svg.contains("Neutrinos &amp; f(R) &lt;P(k)&gt;<"),
            "{name}"
        );
        let escape =
            |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let curves = summary.curves.iter().map(Curve::label);
        for word in curves.chain(summary.targets.iter().cloned()) {
            assert!(svg.contains(&format!(">{}<", escape(&word))), "{name}: '{word}' is missing");
        }
        let colors: HashSet<&str> =
            svg.match_indices('#').map(|(at, _)| &svg[at..at + 7]).collect();
        assert!(colors.len() > 3, "{name}: only the colours {colors:?}");
        let png = chart.file_png(0.5).unwrap();
        let (width, height) = png_size(&png);
        assert_eq!(width, 500, "{name}");
        assert!((200..=350).contains(&height), "{name}: {height} pixels high");
        assert!(png.len() > 4000, "{name}: a PNG of {} bytes is blank", png.len());
    }
}

#[test]
fn a_figure_is_written_as_svg_and_png() {
    let folder = tempfile::tempdir().unwrap();
    let runs = rows(1, &[("scratch", &[(50, 0.04, 0.002), (800, 0.02, 0.001)])]);
    let summary = summarize(&names(&["Om"]), &runs);
    let chart = test_error_chart("title", &summary, &runs, Scatter::Seeds);
    chart.write(folder.path(), "study").unwrap();
    let svg = fs::read_to_string(folder.path().join("study.svg")).unwrap();
    assert!(
        svg.starts_with("<svg xmlns=") && svg.contains("viewBox=\"0 0 1000 "),
        "{}",
        &svg[..80]
    );
    assert!(svg.contains("sans-serif") && !svg.contains("@font-face"));
    assert!(svg.contains("Mean over 6 seeds, error bars: standard error"));
    assert_eq!(png_size(&fs::read(folder.path().join("study.png")).unwrap()).0, 2400);
    assert!(chart.write(&folder.path().join("missing"), "study").unwrap_err().exit_code() == 4);
    assert!(chart.file_png(0.0).is_err() && chart.file_png(f32::NAN).is_err());
    let empty = test_error_chart("title", &Summary::default(), &[], Scatter::Seeds);
    assert!(empty.file_svg().contains("no finished run"));
}

/// The figure of the folder is the one on the page, and both say what was averaged.
#[test]
fn the_page_contains_the_figure_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let points = [(50, 0.04, 0.002), (800, 0.02, 0.001)];
    let runs = rows(1, &[("scratch", &points), ("dummy-node", &points)]);
    write_runs(&file("runs.csv"), &RunColumns::new(&names(&["Om & <s8>"])), &runs).unwrap();
    let figure = || {
        let results = StudyResults::read(folder.path()).unwrap();
        write_report(&Findings::new(results).unwrap()).unwrap();
        let page = fs::read_to_string(file("report.html")).unwrap();
        let svg = fs::read_to_string(file("test-mse.svg")).unwrap();
        assert!(page.contains(&svg), "the page has another figure than the folder");
        svg
    };
    assert!(figure().contains("Mean over 6 seeds, error bars: standard error"));

    let mut one = run("scratch", 50, 1, Some(0.03), 1);
    one.key.trial = Some(0);
    let trial = TrialRuns { state: State::Complete, parameters: vec![], runs: vec![one] };
    write_trials(&file("trials.csv"), &names(&["Om & <s8>"]), &[], &[trial]).unwrap();
    let svg = figure();
    assert!(svg.contains("Mean over the 6 trials that are best on the validation rows"), "{svg}");
    assert!(!svg.contains("seed"), "{svg}");
}
