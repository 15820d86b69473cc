//! The best of 100 trials is as good as that of Optuna on five functions, with one trial at a time
//! and with ten.

use std::collections::BTreeMap;
use std::f64::consts::{E, TAU};

use serde::Deserialize;
use shoal::engine::random::pcg4d;
use shoal::engine::random::unit;
use shoal::study::search::{
    Condition, Distribution, Parameter, Range, Space, Tpe, Trial, generation,
};

use super::{parameter, reference};

#[derive(Deserialize)]
struct Stored {
    trials: u32,
    startup: usize,
    functions: BTreeMap<String, BTreeMap<String, Vec<f64>>>,
}

/// Name, trials at a time, whether multivariate.
const MODES: [(&str, u32, bool); 3] = [
    ("one at a time", 1, false),
    ("ten at a time", 10, false),
    ("multivariate, one at a time", 1, true),
];

/// The function that is minimised, of the parameters of a trial.
type Function = fn(&[Option<f64>]) -> f64;

fn float(name: &str, low: f64, high: f64, log: bool) -> Parameter {
    parameter(name, Distribution::Range(Range::float(low, high, log).unwrap()))
}

fn int(name: &str, low: i64, high: i64, log: bool) -> Parameter {
    parameter(name, Distribution::Range(Range::int(low, high, log).unwrap()))
}

fn cube(dimensions: usize, half: f64) -> Vec<Parameter> {
    (0..dimensions).map(|i| float(&format!("x{i}"), -half, half, false)).collect()
}

/// The functions of `tests/reference/optuna/functions.py`.
fn function(name: &str) -> (Space, Function) {
    let (parameters, function): (Vec<Parameter>, Function) = match name {
        "sphere" => (cube(4, 5.0), |v| v.iter().flatten().map(|x| x * x).sum()),
        "rosenbrock" => (cube(3, 2.0), |v| {
            let [x, y, z] = [0, 1, 2].map(|i| v[i].unwrap());
            let valley = |x: f64, y: f64| 100.0 * (y - x * x).powi(2) + (1.0 - x).powi(2);
            valley(x, y) + valley(y, z)
        }),
        "ackley" => (cube(3, 32.0), |v| {
            let mean = |f: fn(f64) -> f64| v.iter().flatten().map(|x| f(*x)).sum::<f64>() / 3.0;
            let waves = mean(|x| (TAU * x).cos());
            -20.0 * (-0.2 * mean(|x| x * x).sqrt()).exp() - waves.exp() + 20.0 + E
        }),
        "conditional" => (conditional_space(), conditional),
        "mixed" => (mixed_space(), mixed),
        other => panic!("{other}"),
    };
    (Space::new(parameters), function)
}

fn conditional_space() -> Vec<Parameter> {
    let mut parameters = vec![int("layers", 1, 3, false)];
    for layer in 1..=3 {
        let condition = Some(Condition { parameter: 0, at_least: f64::from(layer) });
        parameters.push(Parameter { condition, ..int(&format!("units_{layer}"), 4, 500, false) });
    }
    parameters.push(float("learning_rate", 1e-5, 1e-1, true));
    parameters
}

fn conditional(v: &[Option<f64>]) -> f64 {
    let miss = |(i, units): (f64, f64)| ((units - 100.0 * i) / 500.0).powi(2);
    let misses: f64 =
        [1.0, 2.0, 3.0].into_iter().zip(v[1..4].iter().flatten().copied()).map(miss).sum();
    1.0 / v[0].unwrap() + misses + (v[4].unwrap().log10() + 3.0).powi(2)
}

fn mixed_space() -> Vec<Parameter> {
    let kinds = ["a", "b", "c", "d"].map(Into::into).to_vec();
    vec![
        float("learning_rate", 1e-6, 1.0, true),
        int("width", 1, 1024, true),
        int("depth", 0, 20, false),
        parameter("size", Distribution::Range(Range::stepped_int(16, 512, 16).unwrap())),
        parameter("kind", Distribution::Choices(kinds)),
    ]
}

fn mixed(v: &[Option<f64>]) -> f64 {
    let [rate, width, depth, size, kind] = [0, 1, 2, 3, 4].map(|i| v[i].unwrap());
    (rate.log10() + 2.5).powi(2)
        + (width.log2() - 7.0).powi(2) / 4.0
        + (depth - 13.0).powi(2) / 50.0
        + (size - 192.0).powi(2) / 4e4
        + [1.0, 0.5, 0.0, 2.0][kind as usize]
}

fn best(
    (tpe, seed): (&Tpe, u64),
    (space, function): &(Space, Function),
    trials: u32,
    batch: u32,
) -> f64 {
    let mut history: Vec<Trial> = Vec::new();
    for first in (0..trials).step_by(batch as usize) {
        let generation = generation(tpe, seed, space, &history, first..trials.min(first + batch));
        history.extend(generation.into_iter().map(|trial| {
            let value = function(&trial.parameters);
            trial.complete(value)
        }));
    }
    history.iter().filter_map(|trial| trial.value).fold(f64::INFINITY, f64::min)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}

/// The 95 % bootstrap interval of the difference of the medians of `a` and `b`.
fn difference(a: &[f64], b: &[f64]) -> (f64, f64) {
    let resample = |values: &[f64], key: u32, round: u32| {
        let draw =
            |i: u32| values[(unit(pcg4d([key, round, i, 0])[0]) * values.len() as f64) as usize];
        median(&mut (0..values.len() as u32).map(draw).collect::<Vec<f64>>())
    };
    let mut differences: Vec<f64> =
        (0..4_000).map(|round| resample(a, 1, round) - resample(b, 2, round)).collect();
    differences.sort_by(f64::total_cmp);
    (differences[100], differences[3_899])
}

#[test]
fn the_best_of_100_trials_is_as_good_as_with_optuna() {
    let stored: Stored = reference("bests.json");
    assert_eq!(stored.functions.len(), 5);
    let mut worse = Vec::new();
    for (name, modes) in &stored.functions {
        let function = function(name);
        for (mode, batch, multivariate) in MODES {
            let theirs = &modes[mode];
            let seeds = 0..theirs.len() as u64;
            let tpe = Tpe { startup: stored.startup, candidates: 24, multivariate };
            let ours: Vec<f64> =
                seeds.map(|seed| best((&tpe, seed), &function, stored.trials, batch)).collect();
            let (low, high) = difference(&ours, theirs);
            let [a, b] = [&ours, theirs].map(|values| median(&mut values.clone()));
            let line = format!(
                "{name}, {mode}: median {a:.4}, Optuna's {b:.4}, difference {low:.4} to {high:.4}"
            );
            println!("{line}");
            if low > 0.0 {
                worse.push(line);
            }
        }
    }
    assert!(worse.is_empty(), "worse than Optuna:\n{}", worse.join("\n"));
}
