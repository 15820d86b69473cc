//! The learning rate of every step, against the schedulers of PyTorch.

use crate::common::*;
use shoal::engine::layout::State;
use shoal::engine::memory::Memory;
use shoal::engine::optim::schedule::Cosine;
use shoal::engine::optim::schedule::Schedule;
use shoal::engine::prepared::PreparedRun;
use shoal::engine::real::Real;

use super::*;

/// A run whose epochs are one step each; without a first moment its step size is the learning rate.
fn follower(settings: &[f64]) -> PreparedRun {
    let [rate, warmup, steps, final_fraction] = settings.try_into().expect("four settings");
    let network = perceptron(2, &[], 1, Activation::Tanh, Activation::Tanh, 0.0);
    let table = Table::unscaled(vec![0.0; 2], 2, vec![0.0], 1).unwrap();
    let parameters = network.initial_parameters(1);
    let mut run = (*whole(network, parameters, table.clone(), 0)).clone();
    let cosine = Cosine { epochs: steps as u32, final_fraction };
    run.training = Training {
        learning_rate: rate,
        weight_decay: 1.0,
        beta1: 0.0,
        max_epochs: 1000,
        schedule: Schedule { warmup, cosine: (steps > 0.0).then_some(cosine) },
        ..run.training
    };
    PreparedRun::new(run, tables(&table))
}

/// The step size and the decay of one step, from 0.
fn rates<F: Real>(execute: Execute<F>, run: &PreparedRun, step: usize) -> [f64; 2] {
    let mut memory = Memory::<F>::new(run);
    memory.state = State { steps: step as u32, ..State::fresh() };
    execute(run, &mut memory, of_run("clock"));
    [memory.state.step_size, memory.state.decay].map(F::wide)
}

/// Asserts that each rate equals that of PyTorch, relative to itself.
fn check<F: Real>(
    what: &str,
    execute: Execute<F>,
    run: &PreparedRun,
    rate: (usize, f64),
    tolerance: f64,
) -> f64 {
    let (step, expected) = rate;
    let mut worst = 0.0f64;
    for found in rates(execute, run, step) {
        let off = (found / expected - 1.0).abs();
        // written so that NaN fails
        let within = off <= tolerance;
        assert!(within, "{what}, step {step}: {found}, in PyTorch {expected}");
        worst = worst.max(off);
    }
    worst
}

#[test]
fn the_learning_rate_of_a_step_is_that_of_pytorch() {
    let _turn = turn();
    let reference = Reference::open("schedules");
    let gpu = gpu();
    let mut worst = [0.0f64; 3];
    for (s, settings) in reference.numbers("settings").chunks(4).enumerate() {
        let run = follower(settings);
        let all = reference.numbers(&format!("s{s}_rates"));
        for (step, expected) in all.iter().enumerate() {
            let what = |backend: &str| format!("{backend}, setting {s}");
            let rate = (step, *expected);
            // CosineAnnealingLR multiplies from step to step, and 1 + cos cancels: it is off by as
            // much itself
            let double = check::<f64>(&what("f64"), &on_cpu, &run, rate, 1e-12);
            let single = check::<f32>(&what("f32"), &on_cpu, &run, rate, 1e-7);
            worst[0] = worst[0].max(double);
            worst[1] = worst[1].max(single);
            if step % 7 == 0 || step + 3 > all.len() {
                // a quotient, a series of seven terms, its square: a few dozen roundings of 6e-8 at
                // most
                let on_device = check(&what("gpu"), &on_gpu(&gpu), &run, rate, 2e-6);
                worst[2] = worst[2].max(on_device);
            }
        }
    }
    println!("learning rates, worst relative: f64, f32, gpu {worst:.1?}");
}
