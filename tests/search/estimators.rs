//! The same histories give the same estimators as in Optuna, and the same densities.

use serde::Deserialize;
use shoal::study::search::{Parzen, Tpe};

use crate::{Histories, StoredTrial, reference, trials};

#[derive(Deserialize)]
pub struct Case {
    pub history: String,
    pub trials: Vec<StoredTrial>,
    pub parameters: Vec<Stored>,
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

/// The sums have a few hundred terms of order 1: rounding is far below, any other rule far above.
const TOLERANCE: f64 = 1e-9;

#[track_caller]
fn equal(what: &str, ours: &[f64], theirs: &[f64]) {
    assert_eq!(
        ours.len(),
        theirs.len(),
        "{what}: {} numbers, not {}",
        ours.len(),
        theirs.len()
    );
    for (index, (a, b)) in ours.iter().zip(theirs).enumerate() {
        let near = (a - b).abs() <= TOLERANCE * b.abs().max(1.0);
        assert!(near, "{what}[{index}]: {a} is not {b}, off by {:e}", a - b);
    }
}

fn same(what: &str, ours: &Parzen, theirs: &Kernels) {
    equal(&format!("{what} weights"), ours.weights(), &theirs.weights);
    if let (Some(normals), Some(mus), Some(sigmas)) = (ours.normals(), &theirs.mus, &theirs.sigmas)
    {
        let (means, deviations): (Vec<f64>, Vec<f64>) = normals.into_iter().unzip();
        equal(&format!("{what} mus"), &means, mus);
        equal(&format!("{what} sigmas"), &deviations, sigmas);
    } else {
        let rows = theirs.rows.as_ref().expect("choices");
        equal(
            &format!("{what} rows"),
            &ours.choices().expect("choices").concat(),
            &rows.concat(),
        );
    }
}

#[test]
fn estimators_and_densities_are_optunas() {
    let stored: Histories = reference("estimators.json");
    let space = stored.space();
    let mut points = 0;
    for case in &stored.cases {
        let trials = trials(&case.trials);
        for (index, theirs) in case.parameters.iter().enumerate() {
            let what = format!("{}, {}", case.history, space.parameters()[index].name);
            let [good, bad] = Tpe::estimators(&space, &trials, index);
            same(&format!("{what}, good:"), &good, &theirs.good);
            same(&format!("{what}, bad:"), &bad, &theirs.bad);
            let densities = |parzen: &Parzen| {
                theirs
                    .points
                    .iter()
                    .map(|x| parzen.log_density(*x))
                    .collect::<Vec<_>>()
            };
            let (ours_good, ours_bad) = (densities(&good), densities(&bad));
            equal(&format!("{what}, log l"), &ours_good, &theirs.log_good);
            equal(&format!("{what}, log g"), &ours_bad, &theirs.log_bad);
            let ratio = |good: &[f64], bad: &[f64]| {
                good.iter().zip(bad).map(|(a, b)| a - b).collect::<Vec<_>>()
            };
            let theirs = ratio(&theirs.log_good, &theirs.log_bad);
            equal(
                &format!("{what}, log l/g"),
                &ratio(&ours_good, &ours_bad),
                &theirs,
            );
            points += theirs.len();
        }
    }
    assert!(points > 300, "only {points} points were compared");
}
