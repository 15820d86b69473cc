//! Weights of rows: how they are normalised, and that they do not change a run if they are equal.

use shoal::engine::activation::Activation;
use shoal::engine::device::Device;
use shoal::engine::loss::{CROSS_ENTROPY, LOSSES, MOMENTS, MSE};
use shoal::engine::prepared::PreparedRun;
use shoal::engine::run::{Run, Training};
use shoal::engine::table::Table;

use crate::common::*;

/// A run on 50 rows with a loss.
fn with_loss(table: &Table, training: Training) -> Run {
    let outputs = table.targets * training.loss.predicts.outputs_per_target();
    let (hidden, output) = (Activation::Tanh, Activation::Identity);
    run(3, perceptron(table.inputs, &[9, 7], outputs, hidden, output, 0.2), table, 50, training)
}

#[test]
fn equal_weights_give_the_bits_of_a_run_without_weights() {
    let _turn = turn();
    let devices = [Device::cpu(), Device::Gpu(Box::new(gpu()))];
    let plain = table(50, 6, 2);
    let equal = plain.clone().weights(vec![0.3; 50]);
    for (device, loss) in devices.iter().flat_map(|device| LOSSES.map(|loss| (device, loss))) {
        let run = with_loss(&plain, Training { loss, ..training() });
        let without = &outcomes(device, &plain, std::slice::from_ref(&run))[0];
        let with = &outcomes(device, &equal, &[run])[0];
        assert_same(without, with, loss.name);
    }
}

#[test]
fn the_loss_of_a_validation_is_the_weighted_mean_over_its_rows() {
    let _turn = turn();
    let devices = [Device::cpu(), Device::Gpu(Box::new(gpu()))];
    let table = weighted(table(50, 6, 2), &MSE);
    let weights = table.weights.as_ref().expect("weights");
    // batches of 4: the ten rows to validate on are three batches
    let training = Training { batch: 4, max_epochs: 3, ..training() };
    let run = with_loss(&table, training);
    for device in &devices {
        let outcome = &outcomes(device, &table, std::slice::from_ref(&run))[0];
        let (mut sum, mut total) = (0.0, 0.0);
        for (row, weight) in weights.iter().enumerate().skip(40) {
            let x = &table.x[row * 6..][..6];
            let misses = run.predict(outcome, x).into_iter().zip(&table.y[2 * row..][..2]);
            let loss: f64 = misses.map(|(a, t)| f64::from(a - t).powi(2)).sum();
            sum += f64::from(*weight) * loss / 2.0;
            total += f64::from(*weight);
        }
        let found = outcome.validation_loss.expect("it does not diverge");
        assert!((found - sum / total).abs() < 1e-5 * found.abs(), "{found}, {}", sum / total);
    }
}

#[test]
fn balanced_classes_have_the_same_sum_of_weights() {
    let plain = table(50, 6, 3);
    // 3 of 5 rows are of the first class
    let class = |row: usize| [0, 0, 0, 1, 2][row % 5];
    let y = (0..150).map(|place| f32::from(u8::from(place % 3 == class(place / 3)))).collect();
    let table = weighted(Table { y, ..plain }, &MSE);
    let training = Training { loss: &CROSS_ENTROPY, balance_classes: true, ..training() };
    let run = PreparedRun::new(with_loss(&table, training), tables(&table));
    let weights = run.row_weights().expect("weights");
    let mut sums = [0.0; 3];
    (0..40).for_each(|row| sums[class(row)] += f64::from(weights[row]));
    // 40 rows to train on
    assert!(sums.iter().all(|sum| (sum - 40.0 / 3.0).abs() < 1e-4), "{sums:?}");
    let ratio = f64::from(weights[5] / weights[0]);
    let given = table.weights.expect("weights");
    assert!((ratio - f64::from(given[5] / given[0])).abs() < 1e-5, "within a class as given");
}

#[test]
fn weights_that_cannot_be_normalised_are_errors() {
    let plain = table(50, 6, 2);
    let error = |table: &Table, training: Training| {
        let error = with_loss(table, training).check(std::slice::from_ref(table));
        error.expect_err("it is refused").to_string()
    };
    let training = training();
    let all = |weight: f32| plain.clone().weights(vec![weight; 50]);
    let text = error(&all(-1.0), training);
    assert!(text.contains("40 training rows add up to -40"), "{text}");
    let text = error(&all(f32::NAN), training);
    assert!(text.contains("row 0 has the weight NaN"), "{text}");
    let text = error(&plain.clone().weights(vec![1.0; 3]), training);
    assert!(text.contains("3 weights, but 50 rows"), "{text}");
    let moments = Training { loss: &MOMENTS, ..training };
    let text = error(&weighted(plain.clone(), &MSE), moments);
    assert!(text.contains("moments") && text.contains("from 0 on"), "{text}");
    let text = error(&plain, Training { balance_classes: true, ..training });
    assert!(text.contains("balanced") && text.contains("mse"), "{text}");
    let text = error(&plain, Training { loss_parameter: Some(1.0), ..training });
    assert!(text.contains("mse has no parameter"), "{text}");
}
