//! Losses that are not finite.

use shoal::engine::activation::Activation;
use shoal::engine::run::Run;
use shoal::engine::run::Stopped;
use shoal::engine::run::Training;
use shoal::engine::table::Table;

use super::devices;
use crate::common::*;

/// A table with NaN in its first row, inputs and targets, and in the inputs of its last row; and
/// runs that use neither. Absent examples of a partial batch read the first row and are masked.
fn sick_table() -> (Table, Vec<Run>) {
    let mut table = table(SICK + 1, 11, 3);
    let mut runs = different_runs(24, &Table { rows: SICK - 1, ..table.clone() }, 24);
    for run in &mut runs {
        let rows = run.training_rows.iter_mut().chain(&mut run.validation_rows);
        rows.for_each(|row| *row += 1);
    }
    table.x[4] = f32::NAN;
    table.y[1] = f32::NAN;
    table.x[SICK * 11 + 4] = f32::NAN;
    (table, runs)
}

/// The last row of the table.
const SICK: usize = 61;

#[test]
fn a_nan_in_the_data_ends_that_run_and_no_other() {
    let _turn = turn();
    let (table, mut runs) = sick_table();
    let healthy = runs.len();
    // every activation must let a NaN through, below and at the end
    for (number, hidden) in Activation::ALL.into_iter().enumerate() {
        for output in Activation::ALL {
            let network = perceptron(11, &[9, 8], 3, hidden, output, 0.0);
            let mut sick = run(runs.len(), network, &table, 50, training());
            sick.training_rows[0] = 1;
            match number % 2 {
                0 => sick.training_rows[17] = SICK as u32,
                _ => sick.validation_rows[3] = SICK as u32,
            }
            runs.push(sick);
        }
    }
    for (name, device) in devices() {
        let alone = outcomes(&device, &table, &runs[..healthy]);
        let found = outcomes(&device, &table, &runs);
        for (one, other) in alone.iter().zip(&found) {
            assert_ne!(one.stopped, Stopped::Diverged, "{name}: healthy run {}", one.id);
            assert_same(one, other, name);
        }
        for (run, outcome) in runs.iter().zip(&found).skip(healthy) {
            let layers = dense(&run.graph);
            let what = format!("{name}: {:?}, {:?}", layers[0].activation, layers[2].activation);
            assert_eq!(outcome.stopped, Stopped::Diverged, "{what}");
            assert_eq!((outcome.best_epoch, outcome.validation_loss), (0, None), "{what}");
            assert_eq!(outcome.parameters, run.parameters, "{what}: not those it started with");
        }
    }
}

#[test]
fn a_run_with_too_large_a_learning_rate_diverges_alone() {
    let _turn = turn();
    let table = table(60, 11, 3);
    let mut runs = different_runs(12, &table, 24);
    for id in 12..16 {
        let hidden = Activation::LeakyRelu { slope: 0.2 };
        let network = perceptron(11, &[9, 8], 3, hidden, Activation::Identity, 0.0);
        runs.push(run(id, network, &table, 60, Training { learning_rate: 1e30, ..training() }));
    }
    for (name, device) in devices() {
        let alone = outcomes(&device, &table, &runs[..12]);
        let found = outcomes(&device, &table, &runs);
        alone.iter().zip(&found).for_each(|(one, other)| assert_same(one, other, name));
        for outcome in &found[12..] {
            assert_eq!((outcome.stopped, outcome.epochs), (Stopped::Diverged, 0), "{name}");
            assert_eq!(outcome.parameters, runs[outcome.id].parameters, "{name}");
        }
    }
}

#[test]
fn a_run_that_diverges_after_a_good_epoch_keeps_the_best_parameters() {
    let _turn = turn();
    let table = table(60, 11, 3);
    let network = perceptron(11, &[9], 3, Activation::Tanh, Activation::Identity, 0.0);
    // decay of 2.5 for each step: the parameters grow by -1.5 a step until their square overflows
    let wild = Training { weight_decay: 2500.0, max_epochs: 500, patience: 500, ..training() };
    let sick = run(0, network, &table, 60, wild);
    for (name, device) in devices() {
        let found = outcomes(&device, &table, std::slice::from_ref(&sick)).remove(0);
        assert_eq!(found.stopped, Stopped::Diverged, "{name}");
        assert!(found.epochs > found.best_epoch && found.best_epoch > 0, "{name}: {found:?}");
        let training = Training { max_epochs: found.best_epoch, ..wild };
        let short = Run { training, ..sick.clone() };
        let best = outcomes(&device, &table, &[short]).remove(0);
        assert_eq!(best.stopped, Stopped::Epochs, "{name}");
        assert_eq!(bits(&best.parameters), bits(&found.parameters), "{name}");
        assert_eq!(best.validation_loss, found.validation_loss, "{name}");
    }
}
