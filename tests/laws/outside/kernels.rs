//! The kernels one by one: activations, a step forward and backward, AdamW, and the shuffle.

use shoal::device::gpu::Gpu;
use shoal::kernels::layout::{State, phase};
use shoal::kernels::{Call, Memory, Prepared, Real, step};
use shoal::network::{Activation, Network};
use shoal::random::{pcg4d, permute};
use shoal::run::{InputScale, Run, Table, Training};

use super::*;
use crate::common::{gpu, tables, training, turn};
use crate::single;

fn on_gpu(gpu: &Gpu) -> impl Fn(&Prepared, &mut Memory<f32>, Call) + '_ {
    |run, memory, call| *memory = single::play(gpu, run, memory, call)
}

/// A run on all rows of a table, inputs not scaled, in one batch.
fn whole(network: Network, parameters: Vec<f32>, table: Table, seed: u32) -> Prepared {
    let mut loss_weights = vec![1.0; network.outputs()];
    loss_weights[table.targets..].fill(0.0);
    let inputs = network.inputs();
    let run = Run {
        id: 0,
        training: Training {
            batch: table.rows,
            ..training()
        },
        seed,
        table: 0,
        training_rows: (0..table.rows as u32).collect(),
        validation_rows: vec![0],
        scale: InputScale {
            mean: vec![0.0; inputs],
            inverse_deviation: vec![1.0; inputs],
        },
        loss_weights,
        parameters,
        network,
    };
    Prepared::new(run, tables(&table))
}

/// z through layer 0, whose weight is 1, and a gradient of 1 back through it.
fn activation_and_derivative<F: Real>(
    play: Play<F>,
    activation: Activation,
    z: &[f32],
) -> [Vec<f64>; 2] {
    let network = Network::perceptron(1, &[1], 1, activation, Activation::Identity, 0.0);
    let ones = network.parameter_table();
    let mut parameters = vec![0.0; network.parameter_len()];
    ones.iter()
        .for_each(|place| parameters[place.weights] = 1.0);
    let rows = z.len();
    let table = Table {
        x: z.to_vec(),
        y: vec![0.0; rows],
        rows,
        inputs: 1,
        targets: 1,
    };
    let run = whole(network, parameters, table, 0);
    let (layers, x) = (&run.layout.layers, run.layout.x);
    let mut memory = Memory::<F>::new(&run);
    memory.state = State {
        phase: phase::TRAIN,
        batch_rows: rows as u32,
        ..State::fresh()
    };
    for (place, z) in z.iter().enumerate() {
        memory.work[x + place] = F::of(f64::from(*z));
        memory.work[layers[1].delta + place] = F::one();
    }
    play(&run, &mut memory, Call::Forward(0));
    play(&run, &mut memory, Call::BackwardInput(1));
    [layers[0].output, layers[0].delta].map(|at| wide(&memory.work[at..][..rows]))
}

#[test]
fn activations_and_derivatives_are_those_of_pytorch() {
    let _turn = turn();
    let reference = Reference::open("activations");
    let z = reference.singles("z");
    let gpu = gpu();
    let epsilon = f64::from(f32::EPSILON);
    for activation in Activation::ALL {
        let activation = Activation::named(activation.name(), SLOPE).unwrap();
        let expected = ["", "_grad"]
            .map(|suffix| reference.numbers(&format!("{}{suffix}", activation.name())));
        let check = |player: &str, found: [Vec<f64>; 2], tolerance: &dyn Fn(f64) -> f64| {
            for (name, (found, expected)) in ["f", "f'"].iter().zip(found.iter().zip(&expected)) {
                let offs = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
                let ratios = offs
                    .zip(&z)
                    .map(|(off, z)| off / tolerance(f64::from(z.abs())));
                let worst = ratios.fold(
                    0.0,
                    |m: f64, r| if r.is_nan() { f64::INFINITY } else { m.max(r) },
                );
                let what = format!("{player}: {} {name}", activation.name());
                println!("{what}: {worst:.2} of the tolerance");
                assert!(worst <= 1.0, "{what} is {worst:.2} times the tolerance off");
            }
        };
        let double = activation_and_derivative::<f64>(&on_cpu, activation, &z);
        check("f64", double, &|z| 1e-14 * (1.0 + z));
        // exp(z) loses |z| roundings with z itself, a few functions and products follow
        let single = activation_and_derivative::<f32>(&on_cpu, activation, &z);
        check("f32", single, &|z| 2.0 * epsilon * (1.0 + z));
        // on the device exp may lose 3 + 2 |z| ulp (Vulkan, precision of GLSL.std.450), and erf of 7.1.26 1.5e-7
        let device = activation_and_derivative::<f32>(&on_gpu(&gpu), activation, &z);
        check("gpu", device, &|z| (4.0 * epsilon + 1.5e-7) * (1.0 + z));
    }
}

/// A whole step of network `n` but for the optimiser: prediction, loss, gradients.
fn check_step<F: Real>(player: &str, play: Play<F>, n: usize, tolerance: f64) {
    let reference = Reference::open("forward_backward");
    let name = |array: &str| format!("n{n}_{array}");
    let widths = reference.widths(&name("widths"));
    let (inputs, outputs) = (widths[0], widths[widths.len() - 1]);
    let [hidden, output] = ["hidden", "output"].map(|which| reference.activation(&name(which)));
    let inner = &widths[1..widths.len() - 1];
    let network = Network::perceptron(inputs, inner, outputs, hidden, output, 0.0);
    // an output without weight in the loss is a dummy: it has no column in y
    let weights = reference.numbers(&name("loss_weights"));
    let targets = weights.iter().filter(|weight| **weight > 0.0).count();
    let (x, t) = (reference.singles(&name("x")), reference.singles(&name("t")));
    let rows = x.len() / inputs;
    let y = t
        .chunks(outputs)
        .flat_map(|row| &row[..targets])
        .copied()
        .collect();
    let parameters = narrow(&reference.parameters(&name(""), &network));
    let table = Table {
        x,
        y,
        rows,
        inputs,
        targets,
    };
    let run = whole(network.clone(), parameters, table, 1);

    let mut memory = Memory::<F>::new(&run);
    for call in step(network.layers().len())
        .into_iter()
        .filter(|call| *call != Call::Adamw)
    {
        play(&run, &mut memory, call);
    }
    let what = format!("{player}, network {n}");
    let at = run.layout.layers[network.layers().len() - 1].output;
    let mut predicted = vec![0.0; rows * outputs];
    for place in 0..rows {
        let row = permute(run.seed, 0, rows as u32, place as u32) as usize;
        for unit in 0..outputs {
            let value = memory.work[at + unit * run.layout.stride + place];
            predicted[row * outputs + unit] = value.wide();
        }
    }
    assert_close(
        &format!("{what} p"),
        &predicted,
        &reference.numbers(&name("p")),
        tolerance,
    );
    let loss = memory.state.batch_sum.wide() / (rows * targets) as f64;
    assert_close(
        &format!("{what} loss"),
        &[loss],
        &reference.numbers(&name("loss")),
        tolerance,
    );
    let gradients = reference.parameters(&name("g"), &network);
    assert_parameters_close(
        &what,
        &network,
        &wide(&memory.gradients),
        &gradients,
        tolerance,
    );
}

#[test]
fn predictions_losses_and_gradients_are_those_of_pytorch() {
    let _turn = turn();
    let gpu = gpu();
    for n in 0..6 {
        // a few hundred roundings of 1e-16
        check_step::<f64>("f64", &on_cpu, n, 1e-13);
        // deltas pass seven layers, each with sums of up to 79 terms: (79 + 8) 7 roundings of 6e-8 are 4e-5 at worst and,
        // as they are random, about the root of their number: 1.5e-6
        check_step::<f32>("f32", &on_cpu, n, 5e-6);
        check_step::<f32>("gpu", &on_gpu(&gpu), n, 5e-6);
    }
}

/// The parameters after steps 1, 10 and 50 of AdamW with the given gradients.
fn adamw<F: Real>(
    play: Play<F>,
    settings: &[f64],
    start: &[f64],
    gradients: &[f64],
) -> [Vec<f64>; 3] {
    let count = start.len();
    let network = Network::perceptron(9, &[], 4, Activation::Tanh, Activation::Tanh, 0.0);
    let mut parameters = narrow(start);
    parameters.resize(network.parameter_len(), 0.0);
    let table = Table {
        x: vec![0.0; 9],
        y: vec![0.0; 4],
        rows: 1,
        inputs: 9,
        targets: 4,
    };
    let mut run = (*whole(network, parameters, table.clone(), 0)).clone();
    run.training = Training {
        learning_rate: settings[0],
        beta1: settings[1],
        beta2: settings[2],
        epsilon: settings[3],
        weight_decay: settings[4],
        ..run.training
    };
    let run = Prepared::new(run, tables(&table));
    let mut memory = Memory::<F>::new(&run);
    let mut seen = Vec::new();
    for (taken, gradients) in (0..).zip(gradients.chunks(count)) {
        memory.gradients[..count].copy_from_slice(&reals::<F>(gradients));
        // the clock finds the scalars of step taken + 1
        memory.state = State {
            steps: taken,
            ..State::fresh()
        };
        play(&run, &mut memory, Call::Clock);
        play(&run, &mut memory, Call::Adamw);
        if [1, 10, 50].contains(&(taken + 1)) {
            seen.push(wide(&memory.parameters[..count]));
        }
    }
    seen.try_into().expect("fifty steps")
}

#[test]
fn fifty_steps_of_adamw_are_those_of_pytorch() {
    let _turn = turn();
    let reference = Reference::open("adamw");
    let gpu = gpu();
    let [start, gradients] = ["start", "gradients"].map(|name| reference.numbers(name));
    for (s, settings) in reference.numbers("settings").chunks(5).enumerate() {
        let check = |player: &str, found: [Vec<f64>; 3], tolerance: f64| {
            for (found, step) in found.iter().zip([1, 10, 50]) {
                let expected = reference.numbers(&format!("s{s}_step{step}"));
                let what = format!("{player}, setting {s}, step {step}");
                assert_close(&what, found, &expected, tolerance);
            }
        };
        check(
            "f64",
            adamw::<f64>(&on_cpu, settings, &start, &gradients),
            1e-14,
        );
        // each step rounds p once and its own part a few times: fifty roundings, of which most cancel
        check(
            "f32",
            adamw::<f32>(&on_cpu, settings, &start, &gradients),
            2e-6,
        );
        check(
            "gpu",
            adamw::<f32>(&on_gpu(&gpu), settings, &start, &gradients),
            2e-6,
        );
    }
}

#[test]
fn hashes_and_permutations_are_the_integers_of_numpy() {
    let reference = Reference::open("permutation");
    let [words, hashes] = ["pcg4d_in", "pcg4d_out"].map(|name| reference.words(name));
    for (word, hash) in words.chunks(4).zip(hashes.chunks(4)) {
        assert_eq!(pcg4d(word.try_into().unwrap()), hash);
    }
    let [keys, epochs] = ["key", "epoch"].map(|name| reference.words(name));
    for count in COUNTS {
        let orders = reference.words(&format!("permute_{count}"));
        for ((key, epoch), order) in keys.iter().zip(&epochs).zip(orders.chunks(count as usize)) {
            let ours: Vec<u32> = (0..count)
                .map(|i| permute(*key, *epoch, count, i))
                .collect();
            assert_eq!(ours, order, "key {key}, epoch {epoch}");
        }
    }
}

const COUNTS: [u32; 8] = [1, 2, 3, 5, 16, 17, 61, 1000];

#[test]
fn the_device_gathers_rows_in_the_order_of_numpy() {
    let _turn = turn();
    let reference = Reference::open("permutation");
    let gpu = gpu();
    let [keys, epochs] = ["key", "epoch"].map(|name| reference.words(name));
    let network = Network::perceptron(1, &[], 1, Activation::Tanh, Activation::Tanh, 0.0);
    for count in COUNTS {
        let orders = reference.words(&format!("permute_{count}"));
        for ((key, epoch), order) in keys.iter().zip(&epochs).zip(orders.chunks(count as usize)) {
            // each row holds its own number
            let x = (0..count).map(|row| row as f32).collect();
            let rows = count as usize;
            let table = Table {
                x,
                y: vec![0.0; rows],
                rows,
                inputs: 1,
                targets: 1,
            };
            let run = whole(network.clone(), network.initial_parameters(1), table, *key);
            let mut memory = Memory::<f32>::new(&run);
            let fresh = State::fresh();
            memory.state = State {
                phase: phase::TRAIN,
                epoch: *epoch,
                batch_rows: count,
                ..fresh
            };
            on_gpu(&gpu)(&run, &mut memory, Call::Gather);
            let gathered = &memory.work[run.layout.x..][..rows];
            let gathered: Vec<u32> = gathered.iter().map(|row| *row as u32).collect();
            assert_eq!(gathered, order, "key {key}, epoch {epoch}");
        }
    }
}
