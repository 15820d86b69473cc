//! The same histories give the same estimators and densities as Optuna.

use serde::Deserialize;
use shoal::study::search::{Kernels as Ours, Parzen, Tpe};

use super::{Histories, StoredTrial, reference, trials};

#[derive(Deserialize)]
pub struct Case {
    pub history: String,
    pub trials: Vec<StoredTrial>,
    pub parameters: Vec<Stored>,
    pub joint: Joint,
}

/// Joint densities of the parameters that every finished trial has.
#[derive(Deserialize)]
pub struct Joint {
    names: Vec<String>,
    points: Vec<Vec<f64>>,
    log_good: Vec<f64>,
    log_bad: Vec<f64>,
}

#[derive(Deserialize)]
pub struct Stored {
    good: Kernels,
    bad: Kernels,
    points: Vec<f64>,
    log_good: Vec<f64>,
    log_bad: Vec<f64>,
}

#[derive(Deserialize)]
struct Kernels {
    weights: Vec<f64>,
    mus: Option<Vec<f64>>,
    sigmas: Option<Vec<f64>>,
    rows: Option<Vec<Vec<f64>>>,
}

/// The sums have a few hundred terms of order 1: rounding is far below, a different rule far above.
const TOLERANCE: f64 = 1e-9;

#[track_caller]
fn equal(what: &str, ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len(), "{what}: {} numbers, not {}", ours.len(), theirs.len());
    for (index, (a, b)) in ours.iter().zip(theirs).enumerate() {
        let near = (a - b).abs() <= TOLERANCE * b.abs().max(1.0);
        assert!(near, "{what}[{index}]: {a} is not {b}, off by {:e}", a - b);
    }
}

fn same(what: &str, ours: &Parzen, theirs: &Kernels) {
    equal(&format!("{what} weights"), ours.weights(), &theirs.weights);
    match &ours.kernels()[0] {
        Ours::Normals { normals, .. } => {
            let means: Vec<f64> = normals.iter().map(|normal| normal.mean).collect();
            let deviations: Vec<f64> = normals.iter().map(|normal| normal.deviation).collect();
            equal(&format!("{what} mus"), &means, theirs.mus.as_ref().expect("mus"));
            equal(&format!("{what} sigmas"), &deviations, theirs.sigmas.as_ref().expect("sigmas"));
        }
        Ours::Choices(rows) => {
            let theirs = theirs.rows.as_ref().expect("rows");
            equal(&format!("{what} rows"), &rows.concat(), &theirs.concat());
        }
    }
}

#[test]
fn estimators_and_densities_equal_those_of_optuna() {
    let stored: Histories = reference("estimators.json");
    let space = stored.space();
    let mut points = 0;
    for case in &stored.cases {
        let trials = trials(&case.trials);
        for (index, theirs) in case.parameters.iter().enumerate() {
            let what = format!("{}, {}", case.history, space.parameters()[index].name);
            let [good, bad] = Tpe::estimators(&space, &trials, &[index]);
            same(&format!("{what}, good:"), &good, &theirs.good);
            same(&format!("{what}, bad:"), &bad, &theirs.bad);
            let densities = |parzen: &Parzen| {
                theirs.points.iter().map(|x| parzen.log_density(&[*x])).collect::<Vec<_>>()
            };
            let (ours_good, ours_bad) = (densities(&good), densities(&bad));
            equal(&format!("{what}, log l"), &ours_good, &theirs.log_good);
            equal(&format!("{what}, log g"), &ours_bad, &theirs.log_bad);
            let ratio = |good: &[f64], bad: &[f64]| {
                good.iter().zip(bad).map(|(a, b)| a - b).collect::<Vec<_>>()
            };
            let theirs = ratio(&theirs.log_good, &theirs.log_bad);
            equal(&format!("{what}, log l/g"), &ratio(&ours_good, &ours_bad), &theirs);
            points += theirs.len();
        }
    }
    assert!(points > 300, "only {points} points were compared");
}

#[test]
fn joint_densities_equal_those_of_optuna() {
    let stored: Histories = reference("estimators.json");
    let space = stored.space();
    for Case { history, trials, joint, .. } in &stored.cases {
        let trials = super::trials(trials);
        let shared = Tpe::shared(&space, &trials);
        let names: Vec<&str> =
            shared.iter().map(|index| space.parameters()[*index].name.as_str()).collect();
        assert_eq!(names, joint.names, "{history}");
        let [good, bad] = Tpe::estimators(&space, &trials, &shared);
        let densities = |parzen: &Parzen| {
            joint.points.iter().map(|x| parzen.log_density(x)).collect::<Vec<_>>()
        };
        equal(&format!("{history}, log l"), &densities(&good), &joint.log_good);
        equal(&format!("{history}, log g"), &densities(&bad), &joint.log_bad);
    }
}
