//! Metrics agree with scikit-learn's on `tests/reference/metrics`.

use std::sync::Arc;

use shoal::engine::loss::Predicts;
use shoal::study::metric::{METRICS, evaluate, of_outputs};
use shoal::study::tested::Tested;

use crate::common::{Reference, member, path};

/// Compares each metric that the reference has under this prefix. Returns how many.
fn check(reference: &Reference, prefix: &str, test: &Tested) -> usize {
    let file = path("tests/reference/metrics/metrics.npz");
    let name = |metric: &str| format!("{prefix}_{metric}");
    let there = METRICS.iter().filter(|metric| member(&file, &name(metric.name)).is_some());
    let mut compared = 0;
    for metric in there {
        let values = evaluate(&[metric], test);
        let found = values.iter().sum::<f64>() / values.len() as f64;
        let expected = reference.row(&name(metric.name))[0];
        let off = (found - expected).abs();
        assert!(off < 1e-10 * expected.abs(), "{}: {found}, {expected}", name(metric.name));
        compared += 1;
    }
    compared
}

/// The weights of a prefix of the reference.
fn weights(reference: &Reference, prefix: &str) -> Option<Arc<Vec<f64>>> {
    match prefix {
        "plain" => None,
        "weighted" => Some(reference.row("weight").into()),
        _ => Some(reference.row(prefix).into()),
    }
}

#[test]
fn metrics_equal_those_of_scikit_learn() {
    let reference = Reference::open("metrics");
    for (prefix, count) in [("plain", 6), ("weighted", 6), ("negative", 4)] {
        let test = Tested {
            predicts: Predicts::Probability,
            predictions: vec![reference.row("score")],
            deviations: vec![],
            truth: vec![reference.row("truth")],
            weights: weights(&reference, prefix),
        };
        assert_eq!(check(&reference, prefix, &test), count, "{prefix}");
    }
    for prefix in ["plain", "weighted"] {
        let test = Tested {
            predicts: Predicts::LogVariance,
            predictions: vec![reference.row("prediction")],
            deviations: vec![reference.row("deviation")],
            truth: vec![reference.row("value")],
            weights: weights(&reference, prefix),
        };
        assert_eq!(check(&reference, &format!("{prefix}_values"), &test), 7, "{prefix}");
        let of_class = |of: &dyn Fn(usize, usize) -> f64| -> Vec<Vec<f64>> {
            (0..3).map(|class| (0..400).map(|row| of(row, class)).collect()).collect()
        };
        let (label, probability) = (reference.row("label"), reference.row("probability"));
        let test = Tested {
            predicts: Predicts::Classes,
            predictions: of_class(&|row, class| probability[3 * row + class]),
            deviations: vec![],
            truth: of_class(&|row, class| f64::from(u8::from(label[row] == class as f64))),
            weights: weights(&reference, prefix),
        };
        assert_eq!(check(&reference, &format!("{prefix}_classes"), &test), 3, "{prefix}");
    }
}

#[test]
fn every_kind_of_output_has_a_first_metric_that_compares() {
    use Predicts::{Classes, Deviation, LogVariance, Probability, Value};
    for predicts in [Value, Probability, Classes, LogVariance, Deviation] {
        let metrics = of_outputs(predicts);
        assert!(metrics[0].compares && metrics.iter().all(|one| one.needs.are_met_by(predicts)));
    }
}

#[test]
fn metrics_that_are_not_defined_are_not_numbers() {
    let test = |truth: &[f64]| Tested {
        predicts: Predicts::Probability,
        predictions: vec![vec![0.2, 0.7, 0.7]],
        deviations: vec![],
        truth: vec![truth.to_vec()],
        weights: None,
    };
    let of = |name: &str, truth: &[f64]| {
        let metric = METRICS.iter().find(|metric| metric.name == name).unwrap();
        evaluate(&[metric], &test(truth))[0]
    };
    assert!(of("auc", &[1.0, 1.0, 1.0]).is_nan());
    assert!(!of("rejection_30", &[0.0, 1.0, 1.0]).is_finite(), "no background passes");
    assert_eq!(of("auc", &[0.0, 0.0, 1.0]), 0.75, "a tie counts half");
    assert_eq!(of("ams", &[0.0, 0.0, 0.0]), 0.0, "no signal");
}
