//! Where a step of the CPU player goes: each call's time on one thread, and run-steps per second on all of them beside the
//! ceiling of the cores, measured in the same minute.
//!
//! `cargo bench --bench cpu [-- RUNS WIDTH]`. Other work on the machine disturbs less than in a plain mean: of each call the least
//! of many times is given, and of trainings the best and the median of slices of 50 ms.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shoal::device::Device;
use shoal::device::cpu::Cpu;
use shoal::kernels::{Call, Memory, Prepared, ceiling, step};
use shoal::network::{Activation, Network};
use shoal::random::{pcg4d, unit};
use shoal::run::{InputScale, Outcome, Run, Table, Training};
use shoal::shoal::{Progress, Work};

const INPUTS: usize = 79;
const TARGETS: usize = 6;
const ROWS: usize = 2000;
const BATCH: usize = 32;

fn main() {
    let mut numbers = std::env::args().filter_map(|word| word.parse::<usize>().ok());
    let runs = numbers.next().unwrap_or(24);
    let width = numbers.next().unwrap_or(256);
    let cpu = Cpu::default();
    println!(
        "{runs} runs of {INPUTS}-{width}-{width}-{TARGETS}, batch {BATCH}, AdamW, dropout 0.2, {} threads",
        cpu.threads
    );
    let ceiling = measure_ceiling(cpu.threads);
    println!("  ceiling: {ceiling:.0} GFLOP/s of multiply-adds on registers");
    report_calls(width);
    report_training(cpu, runs, width, ceiling);
}

/// GFLOP/s of multiply-adds on registers, all threads together: the best of many tries of each.
fn measure_ceiling(threads: usize) -> f64 {
    let best = || {
        let once = |_| {
            let mut sums = [[0.5f32; 16]; 16];
            let start = Instant::now();
            ceiling::twin(black_box(&mut sums));
            start.elapsed().as_secs_f64()
        };
        ceiling::TWIN_FLOPS as f64 / (0..1000).map(once).fold(f64::MAX, f64::min) / 1e9
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(best)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    })
}

/// Least time of each call of a step of one run on this thread. Two runs take turns, as no call finds its data where the same call
/// left it.
fn report_calls(width: usize) {
    let tables: Arc<[Table]> = Arc::from([table()]);
    let prepared = Prepared::new(run(0, width), tables);
    let mut memory = Memory::<f32>::new(&prepared);
    let calls = step(prepared.network.layers().len());
    let layers = prepared.network.layers();
    let mut least = vec![f64::MAX; calls.len()];
    let mut whole = f64::MAX;
    for _ in 0..4000 {
        let first = Instant::now();
        let mut last = first;
        for (call, least) in calls.iter().zip(&mut least) {
            call.twin(&prepared, &mut memory);
            let now = Instant::now();
            if memory.state.phase == shoal::kernels::layout::phase::TRAIN {
                *least = least.min((now - last).as_secs_f64());
            }
            last = now;
        }
        if memory.state.phase == shoal::kernels::layout::phase::TRAIN {
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
    println!("    {:<20} {:7.2} us", "a whole step", whole * 1e6);
}

fn report_training(cpu: Cpu, runs: usize, width: usize, ceiling: f64) {
    let mut timed = Timed {
        waiting: 0..runs,
        width,
        last: (0, Duration::ZERO),
        rates: Vec::new(),
    };
    // the end is asked for, not an error
    let _ = shoal::shoal::train(&Device::Cpu(cpu), Arc::from([table()]), &mut timed);
    timed.rates.sort_by(f64::total_cmp);
    let flops = ((3 * network(width).flops() - 2 * INPUTS * width) * BATCH) as f64;
    for (what, rate) in [
        ("median", timed.rates[timed.rates.len() / 2]),
        ("best", timed.rates[timed.rates.len() - 1]),
    ] {
        let gflops = rate * flops / 1e9;
        println!(
            "  {what}: {rate:.0} run-steps/s, {gflops:.1} GFLOP/s, {:.0} % of the ceiling",
            100.0 * gflops / ceiling
        );
    }
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
            max_epochs: 40,
            patience: u32::MAX,
            min_delta: 0.0,
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

/// Runs one after another, for five seconds.
struct Timed {
    waiting: std::ops::Range<usize>,
    width: usize,
    last: (u64, Duration),
    rates: Vec<f64>,
}

impl Work for Timed {
    fn next(&mut self) -> Option<Run> {
        // some of the first runs again when all have had their turn: the time ends the training
        let id = self.waiting.next()?;
        self.waiting = self.waiting.start..self.waiting.end + 1;
        Some(run(id, self.width))
    }

    fn finished(&mut self, _outcome: Outcome) -> shoal::Result<()> {
        Ok(())
    }

    fn progress(&mut self, progress: &Progress) -> shoal::Result<()> {
        let (steps, elapsed) = self.last;
        self.last = (progress.run_steps, progress.elapsed);
        let seconds = (progress.elapsed - elapsed).as_secs_f64();
        self.rates
            .push((progress.run_steps - steps) as f64 / seconds);
        match progress.elapsed > Duration::from_secs(5) {
            true => Err(shoal::Error::Interrupted("timed long enough".into())),
            false => Ok(()),
        }
    }
}
