//! Activations, and the forward and backward pass of a step.

use crate::common::*;
use shoal::engine::activation::Activation;
use shoal::engine::layout::State;
use shoal::engine::layout::phase;
use shoal::engine::loss::{LOSSES, Loss};
use shoal::engine::memory::Memory;
use shoal::engine::random::permute;
use shoal::engine::real::Real;
use shoal::engine::table::Table;

use super::*;

/// z through layer 0, whose weight is 1, and a gradient of 1 back through it.
fn activation_and_derivative<F: Real>(
    execute: Execute<F>,
    activation: Activation,
    z: &[f32],
) -> [Vec<f64>; 2] {
    let network = perceptron(1, &[1], 1, activation, Activation::Identity, 0.0);
    let ones = dense(&network);
    let mut parameters = vec![0.0; network.parameter_len()];
    ones.iter().for_each(|place| parameters[place.weights] = 1.0);
    let rows = z.len();
    let table = Table::unscaled(z.to_vec(), 1, vec![0.0; rows], 1).unwrap();
    let run = whole(network, parameters, table, 0);
    let (layers, x) = (&run.layout.nodes, run.layout.x);
    let mut memory = Memory::<F>::new(&run);
    memory.state = State { phase: phase::TRAIN, batch_rows: rows as u32, ..State::fresh() };
    for (place, z) in z.iter().enumerate() {
        memory.work[x + 4 * place] = F::of(f64::from(*z));
        memory.work[layers[1].delta + 4 * place] = F::one();
    }
    copy_by_unit(&run, &mut memory);
    execute(&run, &mut memory, of_level("dense_forward", 0));
    execute(&run, &mut memory, of_level("dense_backward_input", 1));
    // rows of one unit, padded to four
    [layers[0].output, layers[0].delta].map(|at| {
        let column: Vec<F> = memory.work[at..].iter().step_by(4).take(rows).copied().collect();
        wide(&column)
    })
}

#[test]
fn activations_and_derivatives_equal_those_of_pytorch() {
    let _turn = turn();
    let reference = Reference::open("activations");
    let z = reference.singles("z");
    let gpu = gpu();
    let epsilon = f64::from(f32::EPSILON);
    for activation in Activation::ALL {
        let activation = Activation::named(activation.name(), SLOPE).unwrap();
        let expected = ["", "_grad"]
            .map(|suffix| reference.numbers(&format!("{}{suffix}", activation.name())));
        let check = |backend: &str, found: [Vec<f64>; 2], tolerance: &dyn Fn(f64) -> f64| {
            for (name, (found, expected)) in ["f", "f'"].iter().zip(found.iter().zip(&expected)) {
                let offs = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
                let ratios = offs.zip(&z).map(|(off, z)| off / tolerance(f64::from(z.abs())));
                let worst =
                    ratios.fold(0.0, |m: f64, r| if r.is_nan() { f64::INFINITY } else { m.max(r) });
                let what = format!("{backend}: {} {name}", activation.name());
                println!("{what}: {worst:.2} of the tolerance");
                assert!(worst <= 1.0, "{what} is {worst:.2} times the tolerance off");
            }
        };
        let double = activation_and_derivative::<f64>(&on_cpu, activation, &z);
        check("f64", double, &|z| 1e-14 * (1.0 + z));
        // exp(z) loses |z| roundings with z itself, a few functions and products follow
        let single = activation_and_derivative::<f32>(&on_cpu, activation, &z);
        check("f32", single, &|z| 2.0 * epsilon * (1.0 + z));
        // on the device exp may lose 3 + 2 |z| ulp (Vulkan, precision of GLSL.std.450), and erf of
        // 7.1.26 1.5e-7
        let device = activation_and_derivative::<f32>(&on_gpu(&gpu), activation, &z);
        check("gpu", device, &|z| (4.0 * epsilon + 1.5e-7) * (1.0 + z));
    }
}

/// A step of network `n` without the optimiser: prediction, loss, gradients.
fn check_step<F: Real>(backend: &str, execute: Execute<F>, n: usize, tolerance: f64) {
    let reference = Reference::open("forward_backward");
    let name = |array: &str| format!("n{n}_{array}");
    let widths = reference.widths(&name("widths"));
    let (inputs, outputs) = (widths[0], widths[widths.len() - 1]);
    let [hidden, output] = ["hidden", "output"].map(|which| reference.activation(&name(which)));
    let inner = &widths[1..widths.len() - 1];
    let network = perceptron(inputs, inner, outputs, hidden, output, 0.0);
    // an output without weight in the loss is a dummy: it has no column in y
    let weights = reference.numbers(&name("loss_weights"));
    let targets = weights.iter().filter(|weight| **weight > 0.0).count();
    let (x, t) = (reference.singles(&name("x")), reference.singles(&name("t")));
    let rows = x.len() / inputs;
    let y = t.chunks(outputs).flat_map(|row| &row[..targets]).copied().collect();
    let parameters = narrow(&reference.parameters(&name(""), &network));
    let table = Table::unscaled(x, inputs, y, targets).unwrap();
    let run = whole(network.clone(), parameters, table, 1);

    let mut memory = Memory::<F>::new(&run);
    for call in step(&run, false).into_iter().filter(|call| call.kernel.name != "adamw") {
        execute(&run, &mut memory, call);
    }
    let what = format!("{backend}, network {n}");
    let at = run.layout.nodes[network.nodes().len() - 1].output;
    let mut predicted = vec![0.0; rows * outputs];
    for place in 0..rows {
        let row = permute(run.seed, 0, rows as u32, place as u32) as usize;
        for unit in 0..outputs {
            let value = memory.work[at + place * outputs.next_multiple_of(4) + unit];
            predicted[row * outputs + unit] = value.wide();
        }
    }
    assert_close(&format!("{what} p"), &predicted, &reference.numbers(&name("p")), tolerance);
    let loss = memory.state.batch_sum.wide() / (rows * targets) as f64;
    assert_close(&format!("{what} loss"), &[loss], &reference.numbers(&name("loss")), tolerance);
    let gradients = reference.parameters(&name("g"), &network);
    assert_parameters_close(&what, &network, &wide(&memory.gradients), &gradients, tolerance);
}

#[test]
fn predictions_losses_and_gradients_equal_those_of_pytorch() {
    let _turn = turn();
    let gpu = gpu();
    for n in 0..6 {
        // a few hundred roundings of 1e-16
        check_step::<f64>("f64", &on_cpu, n, 1e-13);
        // deltas pass seven layers, each with sums of up to 79 terms: (79 + 8) 7 roundings of 6e-8
        // are 4e-5 at worst and, as they are random, about the root of their number: 1.5e-6
        check_step::<f32>("f32", &on_cpu, n, 5e-6);
        check_step::<f32>("gpu", &on_gpu(&gpu), n, 5e-6);
    }
}

/// The loss and its gradient at the outputs of a batch, from the kernel alone.
fn loss_and_gradient<F: Real>(execute: Execute<F>, loss: &'static Loss) -> [Vec<f64>; 2] {
    let reference = Reference::open("losses");
    let [a, t, w, v, parameter] = ["a", "t", "w", "v", "parameter"]
        .map(|of| reference.singles(&format!("{}_{of}", loss.name)));
    let (targets, rows) = (w.len(), v.len());
    let outputs = a.len() / rows;
    let network = perceptron(1, &[], outputs, Activation::Identity, Activation::Identity, 0.0);
    let table = Table::unscaled(vec![0.0; rows], 1, t.clone(), targets).unwrap();
    let plain = whole(network.clone(), vec![0.0; network.parameter_len()], table, 0);
    let mut loss_weights = w;
    loss_weights.resize(outputs, 0.0);
    let loss_parameter = loss.parameter.map(|_| parameter[0].into());
    let training = Training { loss, loss_parameter, ..plain.training };
    let run = Run { training, loss_weights, ..(*plain).clone() };
    let run = PreparedRun::new(run, plain.tables.clone());
    let mut memory = Memory::<F>::new(&run);
    memory.state = State { phase: phase::TRAIN, batch_rows: rows as u32, ..State::fresh() };
    let (at, stride) = (run.layout.nodes[0], outputs.next_multiple_of(4));
    let mut put = |to: usize, from: &[f32]| {
        memory.work[to..to + from.len()].copy_from_slice(&reals::<F>(&widen(from)));
    };
    for row in 0..rows {
        put(at.output + row * stride, &a[row * outputs..][..outputs]);
        put(run.layout.labels + row * stride, &t[row * targets..][..targets]);
    }
    put(run.layout.example_weights, &v);
    execute(&run, &mut memory, of_run("loss"));
    let delta = memory.work[at.delta..].chunks(stride).take(rows);
    let gradient: Vec<F> = delta.flat_map(|row| row[..outputs].to_vec()).collect();
    let mean = memory.state.batch_sum.wide() / (rows as f64 * run.weight_sum());
    [vec![mean], wide(&gradient)]
}

fn widen(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|number| f64::from(*number)).collect()
}

#[test]
fn losses_and_their_gradients_equal_those_of_pytorch() {
    let _turn = turn();
    let gpu = gpu();
    let reference = Reference::open("losses");
    // the tests of the module compare every loss
    let stored = LOSSES.into_iter().filter(|loss| reference.has(&format!("{}_a", loss.name)));
    assert!(stored.clone().count() >= 6);
    for loss in stored {
        let check = |backend: &str, found: [Vec<f64>; 2], tolerance: f64| {
            for (of, found) in ["loss", "gradient"].iter().zip(found) {
                let expected = reference.numbers(&format!("{}_{of}", loss.name));
                assert_close(
                    &format!("{backend}: {} {of}", loss.name),
                    &found,
                    &expected,
                    tolerance,
                );
            }
        };
        // eps = 1e-12 in the variances of PyTorch's likelihood
        check("f64", loss_and_gradient::<f64>(&on_cpu, loss), 1e-10);
        // sums of 55 terms, and functions that are a few 1e-7 wrong
        check("f32", loss_and_gradient::<f32>(&on_cpu, loss), 5e-6);
        check("gpu", loss_and_gradient::<f32>(&on_gpu(&gpu), loss), 1e-5);
    }
}
