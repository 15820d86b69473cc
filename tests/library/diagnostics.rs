//! Curves of networks on their test rows, and intervals over test rows.

use shoal::data::Matrix;
use shoal::engine::loss::Predicts;
use shoal::engine::normals::normal_pair;
use shoal::engine::random::pcg4d;
use shoal::study::stats::bootstrap::Bootstrap;
use shoal::study::stats::curves::{
    Points, bias, calibration, rejection, resolution, response, roc, scores, signal_efficiency,
    significance, vector_resolution,
};
use shoal::study::stats::diagnostics::{FIGURES, diagnostics};
use shoal::study::stats::scatter::Scatter;
use shoal::study::store::group_predictions::{GroupPredictions, TestRows};
use shoal::study::store::run::{Curve, GroupName, RunKey, RunRecord, StopReason};
use shoal::study::tested::Tested;

use crate::common::Reference;

fn tested(
    predicts: Predicts,
    columns: &[(Vec<f64>, Vec<f64>)],
    weights: Option<Vec<f64>>,
) -> Tested {
    Tested {
        predicts,
        predictions: columns.iter().map(|(prediction, _)| prediction.clone()).collect(),
        deviations: vec![],
        truth: columns.iter().map(|(_, truth)| truth.clone()).collect(),
        weights: weights.map(Into::into),
    }
}

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() < 1e-12, "{place}: {found}, {expected}");
    }
}

fn split(points: Points) -> [Vec<f64>; 2] {
    let (x, y) = points.into_iter().unzip();
    [x, y]
}

#[test]
fn curves_of_classes_equal_those_of_scikit_learn() {
    let reference = Reference::open("metrics");
    let columns = [(reference.row("score"), reference.row("truth"))];
    for (name, weights) in [("plain", None), ("weighted", Some(reference.row("weight")))] {
        let test = tested(Predicts::Probability, &columns, weights);
        let [background, signal] = split(roc(&test, 0));
        close(&background, &reference.row(&format!("{name}_roc_background")));
        close(&signal, &reference.row(&format!("{name}_roc_signal")));
        // the grids agree with single numbers of the same library
        let at = |points: &Points, x: f64| {
            points.iter().find(|point| (point.0 - x).abs() < 1e-12).unwrap().1
        };
        let found = rejection(&test, 0);
        for percent in [30, 50] {
            let expected = reference.row(&format!("{name}_rejection_{percent}"))[0];
            assert!((at(&found, f64::from(percent) / 100.0) / expected - 1.0).abs() < 1e-10);
        }
        let best = significance(&test, 0).iter().fold(0.0f64, |best, point| best.max(point.1));
        let ams = reference.row(&format!("{name}_ams"))[0];
        assert!(best <= ams + 1e-12 && best > 0.99 * ams, "{best}, {ams}");
        assert!((at(&signal_efficiency(&test, 0), 1.0) - 1.0).abs() < 1e-12);
    }
    let test = tested(Predicts::Probability, &columns, None);
    let [predicted, signal] = split(calibration(&test, 0));
    close(&predicted, &reference.row("calibration_predicted"));
    close(&signal, &reference.row("calibration_signal"));
    for signal in [true, false] {
        let sum: f64 = scores(&test, 0, signal).iter().step_by(2).map(|point| point.1).sum();
        assert!((sum - 1.0).abs() < 1e-12);
    }
}

fn normal(row: u32, salt: u32) -> f64 {
    let words = pcg4d([row, salt, 3, 9]);
    normal_pair(words[0], words[1])[0]
}

#[test]
fn bias_resolution_and_response_are_those_of_the_errors() {
    // truths in bins of two rows; the first bin is 0.1 too high, with errors of 0.02
    let truth: Vec<f64> = (0..20).map(|row| f64::from(row) / 20.0).collect();
    let errors = |row: usize| if row.is_multiple_of(2) { 0.12 } else { 0.08 };
    let predicted: Vec<f64> = truth.iter().enumerate().map(|(row, t)| t + errors(row)).collect();
    let test = tested(Predicts::Value, &[(predicted, truth)], None);
    let [x, y] = split(bias(&test, 0));
    close(&x, &(0..10).map(|bin| f64::from(bin) / 10.0 + 0.025).collect::<Vec<_>>());
    close(&y, &[0.1; 10]);
    close(&split(resolution(&test, 0))[1], &[0.02; 10]);

    // vectors in units: predictions are 0.8 times as long, and off by 3 to the side
    let ranges = [[-100.0, 100.0], [-50.0, 50.0]];
    let vector = |row: usize| [30.0 + row as f64, 10.0];
    let off = |row: usize| {
        let [x, y] = vector(row);
        let length = x.hypot(y);
        [0.8 * x - 3.0 * y / length, 0.8 * y + 3.0 * x / length]
    };
    let columns = [0, 1].map(|j: usize| {
        let [low, high] = ranges[j];
        let scaled = |of: &dyn Fn(usize) -> [f64; 2]| -> Vec<f64> {
            (0..10).map(|row| (of(row)[j] - low) / (high - low)).collect()
        };
        (scaled(&off), scaled(&vector))
    });
    let test = tested(Predicts::Value, &columns, None);
    let [length, found] = split(response(&test, [0, 1], &ranges));
    close(&found, &[0.8; 10]);
    let expected: Vec<f64> = length.iter().map(|t| ((0.04 * t * t + 9.0) / 2.0).sqrt()).collect();
    close(&split(vector_resolution(&test, [0, 1], &ranges))[1], &expected);
}

/// Networks of `scratch` and `warm-start` with the same errors, but for `better` of the second.
fn networks(rows: usize, seeds: u32, better: f64) -> (Vec<RunRecord>, Vec<GroupPredictions>) {
    let truth: Vec<f64> = (0..rows as u32).map(|row| normal(row, 0)).collect();
    let (mut runs, mut groups) = (vec![], vec![]);
    for (number, strategy) in [(1, "scratch"), (2, "warm-start")] {
        let scale = if number == 2 { 1.0 - better } else { 1.0 };
        let predictions: Vec<Vec<f64>> = (1..=seeds)
            .map(|seed| {
                let error = |row: u32| scale * normal(row, 10 * seed + number);
                (0..).zip(&truth).map(|(row, truth)| truth + error(row)).collect()
            })
            .collect();
        let group = GroupName { curve: Curve::of(strategy), simulations: 100 };
        let one = GroupPredictions {
            group: group.clone(),
            seeds: (1..=seeds).collect(),
            predicts: Predicts::Value,
            targets: vec!["y".into()],
            ranges: vec![[0.0, 1.0]],
            rows: vec![TestRows {
                rows: (0..rows as u32).collect(),
                truth: Matrix::new(rows, 1, truth.clone()),
                weights: None,
            }],
            predictions: predictions.into_iter().map(|of| Matrix::new(rows, 1, of)).collect(),
            deviations: vec![],
        };
        for seed in 1..=seeds {
            let GroupName { curve, simulations } = group.clone();
            let key = RunKey { curve, simulations, seed, ..RunKey::default() };
            let mut run = RunRecord::untrained(key, 1);
            run.stopped = StopReason::Patience;
            run.set_test(&[run.test[0].metric.of_targets(&one.tested(seed as usize - 1))]);
            runs.push(run);
        }
        groups.push(one);
    }
    (runs, groups)
}

#[test]
fn intervals_cover_the_scatter_of_test_rows() {
    let (one, other) = (Curve::of("warm-start"), Curve::of("scratch"));
    let width = |rows: usize, with_rows: bool| {
        let (runs, groups) = networks(rows, 1, 0.0);
        let groups = if with_rows { &groups[..] } else { &[] };
        let bootstrap = Bootstrap::new(&runs, groups, Scatter::Seeds, (1000, 7));
        bootstrap.difference(&one, &other, 100).map(|[low, high]| high - low)
    };
    // a single seed has no scatter over seeds; squared errors have variance 2 each
    assert_eq!(width(400, false), None);
    for rows in [100, 400] {
        let expected = 2.0 * 1.96 * (2.0 * 2.0 / rows as f64).sqrt();
        let found = width(rows, true).unwrap() / expected;
        assert!((0.75..1.3).contains(&found), "{rows} rows: {found}");
    }
    let (runs, groups) = networks(400, 3, 0.3);
    let bootstrap = Bootstrap::new(&runs, &groups, Scatter::Seeds, (1000, 7));
    let [low, high] = bootstrap.difference(&one, &other, 100).unwrap();
    assert!(low < -0.51 && -0.51 < high && high < 0.0, "{low} to {high}");
}

#[test]
fn a_study_has_the_figures_of_its_outputs() {
    let stems = |groups: &[GroupPredictions]| -> Vec<&str> {
        diagnostics(groups).iter().map(|(figure, _)| figure.stem).collect()
    };
    let (_, mut groups) = networks(40, 2, 0.0);
    assert_eq!(stems(&groups), ["resolution"]);
    for group in &mut groups {
        group.predicts = Predicts::Probability;
        let class = |value: &mut f64| *value = f64::from(u8::from(*value > 0.0));
        group.rows[0].truth.values.iter_mut().for_each(class);
        let logit = |value: &mut f64| *value = 1.0 / (1.0 + (-*value).exp());
        let values = group.predictions.iter_mut().flat_map(|matrix| &mut matrix.values);
        values.for_each(logit);
    }
    assert_eq!(stems(&groups), ["roc", "scores", "calibration", "ams"]);
    let found = diagnostics(&groups);
    let bands = found.iter().flat_map(|(_, bands)| bands);
    assert!(bands.flat_map(|band| &band.points).any(|point| point.2.is_some_and(|d| d > 0.0)));
    assert_eq!(FIGURES.len(), 6);
    assert!(diagnostics(&[]).is_empty());
}
