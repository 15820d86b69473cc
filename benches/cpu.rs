//! Where a step of the CPU player goes: the time of each of its calls on one thread.
//!
//! `cargo bench --bench cpu [-- WIDTH]`. The least of thousands of times is given: other work on the machine only adds to it.

use std::sync::Arc;
use std::time::Instant;

use shoal::kernels::layout::phase;
use shoal::kernels::{Call, Memory, Prepared, step};
use shoal::network::{Activation, Network};
use shoal::random::{pcg4d, unit};
use shoal::run::{InputScale, Precision, Run, Schedule, Table, Training};

const INPUTS: usize = 79;
const TARGETS: usize = 6;
const ROWS: usize = 2000;
const BATCH: usize = 32;

fn main() {
    let mut numbers = std::env::args().filter_map(|word| word.parse::<usize>().ok());
    let width = numbers.next().unwrap_or(256);
    println!("{INPUTS}-{width}-{width}-{TARGETS}, batch {BATCH}, AdamW, dropout 0.2, one thread");
    report_calls(width);
}

/// Steps that are timed.
const STEPS: usize = 4000;

/// Least time of each call in a training step of one run, and of a whole step.
fn report_calls(width: usize) {
    let tables: Arc<[Table]> = Arc::from([table()]);
    let prepared = Prepared::new(run(0, width), tables);
    let mut memory = Memory::<f32>::new(&prepared);
    let calls = step(prepared.network.layers().len());
    let layers = prepared.network.layers();
    let mut least = vec![f64::MAX; calls.len()];
    let mut whole = f64::MAX;
    for _ in 0..STEPS {
        let first = Instant::now();
        let mut last = first;
        for (call, least) in calls.iter().zip(&mut least) {
            call.twin(&prepared, &mut memory);
            let now = Instant::now();
            if memory.state.phase == phase::TRAIN {
                *least = least.min((now - last).as_secs_f64());
            }
            last = now;
        }
        if memory.state.phase == phase::TRAIN {
            whole = whole.min((last - first).as_secs_f64());
        }
    }
    for (call, seconds) in calls.iter().zip(&least) {
        let flops = match call {
            Call::Forward(l) | Call::BackwardInput(l) | Call::BackwardWeights(l) => {
                2 * layers[*l].inputs * layers[*l].outputs * BATCH
            }
            _ => 0,
        };
        println!(
            "    {:<20} {:7.2} us {:6.1} GFLOP/s",
            format!("{call:?}"),
            seconds * 1e6,
            flops as f64 / seconds / 1e9
        );
    }
    let flops = (3 * prepared.network.flops() - 2 * INPUTS * width) * BATCH;
    println!(
        "    {:<20} {:7.2} us {:6.1} GFLOP/s",
        "a whole step",
        whole * 1e6,
        flops as f64 / whole / 1e9
    );
}

fn network(width: usize) -> Network {
    let hidden = Activation::LeakyRelu { slope: 0.2 };
    let widths = [width, width];
    Network::perceptron(INPUTS, &widths, TARGETS, hidden, Activation::Sigmoid, 0.2)
}

fn table() -> Table {
    let number = |place: usize, salt: u32| unit(pcg4d([place as u32, salt, 1, 2])[0]) as f32;
    Table {
        x: (0..ROWS * INPUTS).map(|place| number(place, 3)).collect(),
        y: (0..ROWS * TARGETS).map(|place| number(place, 4)).collect(),
        rows: ROWS,
        inputs: INPUTS,
        targets: TARGETS,
    }
}

fn run(id: usize, width: usize) -> Run {
    let network = network(width);
    Run {
        id,
        parameters: network.initial_parameters(id as u32),
        training: Training {
            batch: BATCH,
            learning_rate: 1e-3,
            weight_decay: 1e-4,
            beta1: 0.5,
            beta2: 0.999,
            epsilon: 1e-8,
            max_epochs: u32::MAX,
            patience: u32::MAX,
            min_delta: 0.0,
            precision: Precision::F32,
            clip_norm: None,
            schedule: Schedule::default(),
        },
        seed: id as u32,
        table: 0,
        training_rows: (0..1800).collect(),
        validation_rows: (1800..2000).collect(),
        scale: InputScale {
            mean: vec![0.5; INPUTS],
            inverse_deviation: vec![3.5; INPUTS],
        },
        loss_weights: vec![1.0; TARGETS],
        network,
    }
}
