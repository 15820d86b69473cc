//! Inputs are centred and scaled in f64: neither a constant that is added to them nor their unit
//! changes what a network learns, on both backends and in both precisions.

use shoal::engine::cpu::backend::Cpu;
use shoal::engine::device::Device;
use shoal::engine::precision::Precision;
use shoal::engine::run::{Run, Training};
use shoal::engine::table::Table;

use crate::common::*;

const ROWS: usize = 60;

/// Inputs of many sizes, of which `change` makes other ones, and the same targets.
fn changed(change: &dyn Fn(f64) -> f64) -> Table {
    let wave = |row: usize, k: usize| ((row * (3 * k + 2) + k) as f64 * 0.618).sin();
    let x = (0..ROWS).flat_map(|row| (0..3).map(move |k| 5.0 + wave(row, k)));
    let y: Vec<f64> = (0..ROWS).map(|row| 0.5 + 0.2 * wave(row, 0) * wave(row, 1)).collect();
    Table::new(x.map(change).collect(), 3, y, 1).unwrap()
}

/// The best validation loss of a network.
fn loss(device: &Device, table: &Table, precision: Precision) -> f64 {
    let graph = shoal::Graph::mlp(&[3, 12, 1]).build().unwrap();
    let training =
        Training { learning_rate: 1e-2, max_epochs: 20, precision, ..Training::default() };
    let run = Run::new(graph, table).seed(3).training(training);
    outcomes(device, table, &[run])[0].validation_loss.expect("it learns")
}

#[test]
fn neither_a_constant_nor_a_unit_changes_the_result() {
    let _turn = turn();
    let devices = [Device::Cpu(Cpu::default()), Device::Gpu(Box::new(gpu()))];
    for device in &devices {
        for (precision, tolerance) in [(Precision::F32, 1e-4), (Precision::F16, 1e-2)] {
            let plain = loss(device, &changed(&|x| x), precision);
            let check = |what: &str, table: Table| {
                let found = loss(device, &table, precision);
                let apart = (found / plain - 1.0).abs();
                println!("{} {precision:?} {what}: {apart:.1e} apart", device.name());
                assert!(apart <= tolerance, "{what}: {found} instead of {plain}");
            };
            for shift in [1e8, -2.46e6] {
                check(&format!("{shift:+e}"), changed(&|x| x + shift));
            }
            for unit in [1e-300, 1e-46, 1e38, 1e300] {
                check(&format!("times {unit:e}"), changed(&|x| x * unit));
            }
        }
    }
}

#[test]
fn an_outlier_elsewhere_in_the_table_takes_no_digits() {
    let plain = changed(&|x| x);
    let beside = Table::new(
        plain.x.iter().copied().chain([1e9, -1e9, 1e9]).collect(),
        3,
        plain.y.iter().copied().chain([0.5]).collect(),
        1,
    );
    let device = Device::Cpu(Cpu::default());
    let rows = |table: &Table| {
        let graph = shoal::Graph::mlp(&[3, 12, 1]).build().unwrap();
        let training = Training { learning_rate: 1e-2, max_epochs: 20, ..Training::default() };
        let (validation, rows) = (0..ROWS as u32).partition(|row| row % 5 == 4);
        let run = Run::new(graph, table).rows(table, rows, validation).training(training);
        outcomes(&device, table, &[run])[0].validation_loss.expect("it learns")
    };
    let (expected, found) = (rows(&plain), rows(&beside.unwrap()));
    assert!((found / expected - 1.0).abs() < 1e-4, "{found} instead of {expected}");
}
