//! AdamW with given gradients.

use crate::common::*;
use shoal::engine::activation::Activation;
use shoal::engine::layout::State;
use shoal::engine::memory::Memory;
use shoal::engine::prepared::PreparedRun;
use shoal::engine::real::Real;
use shoal::engine::run::Training;
use shoal::engine::table::Table;

use super::*;

/// The parameters after steps 1, 10 and 50 of AdamW with the given gradients.
fn adamw<F: Real>(
    execute: Execute<F>,
    settings: &[f64],
    start: &[f64],
    gradients: &[f64],
) -> [Vec<f64>; 3] {
    let count = start.len();
    let network = perceptron(9, &[], 4, Activation::Tanh, Activation::Tanh, 0.0);
    let mut parameters = narrow(start);
    parameters.resize(network.parameter_len(), 0.0);
    let table = Table::unscaled(vec![0.0; 9], 9, vec![0.0; 4], 4).unwrap();
    let mut run = (*whole(network, parameters, table.clone(), 0)).clone();
    run.training = Training {
        learning_rate: settings[0],
        beta1: settings[1],
        beta2: settings[2],
        epsilon: settings[3],
        weight_decay: settings[4],
        ..run.training
    };
    let run = PreparedRun::new(run, tables(&table));
    let mut memory = Memory::<F>::new(&run);
    let mut seen = Vec::new();
    for (taken, gradients) in (0..).zip(gradients.chunks(count)) {
        memory.gradients[..count].copy_from_slice(&reals::<F>(gradients));
        // the clock computes the scalars of the next step
        memory.state = State { steps: taken, ..State::fresh() };
        execute(&run, &mut memory, of_run("clock"));
        execute(&run, &mut memory, of_run("adamw"));
        if [1, 10, 50].contains(&(taken + 1)) {
            seen.push(wide(&memory.parameters[..count]));
        }
    }
    seen.try_into().expect("fifty steps")
}

#[test]
fn fifty_steps_of_adamw_equal_those_of_pytorch() {
    let _turn = turn();
    let reference = Reference::open("adamw");
    let gpu = gpu();
    let [start, gradients] = ["start", "gradients"].map(|name| reference.numbers(name));
    for (s, settings) in reference.numbers("settings").chunks(5).enumerate() {
        let check = |backend: &str, found: [Vec<f64>; 3], tolerance: f64| {
            for (found, step) in found.iter().zip([1, 10, 50]) {
                let expected = reference.numbers(&format!("s{s}_step{step}"));
                let what = format!("{backend}, setting {s}, step {step}");
                assert_close(&what, found, &expected, tolerance);
            }
        };
        check("f64", adamw::<f64>(&on_cpu, settings, &start, &gradients), 1e-13);
        // each step rounds p once and its own part a few times: fifty roundings, of which most
        // cancel
        check("f32", adamw::<f32>(&on_cpu, settings, &start, &gradients), 2e-6);
        check("gpu", adamw::<f32>(&on_gpu(&gpu), settings, &start, &gradients), 2e-6);
    }
}
