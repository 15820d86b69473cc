//! How fast runs train, beside the ceiling of the device measured in the same minute: run-steps per second and GFLOP/s.
//!
//! `cargo bench --bench throughput [-- RUNS WIDTH [f16]]`. Not timed: opening the device, packing, test errors.

use std::sync::Arc;
use std::time::{Duration, Instant};

use shoal::device::Device;
use shoal::device::cpu::Cpu;
use shoal::device::gpu::{Dispatch, Gpu, Options, Store, adapters};
use shoal::kernels::layout::DeviceCall;
use shoal::kernels::{Buffer, Call, ceiling};
use shoal::network::{Activation, Network};
use shoal::random::{pcg4d, unit};
use shoal::run::{InputScale, Outcome, Precision, Run, Schedule, Table, Training};
use shoal::shoal::{Progress, Step, Work};

const INPUTS: usize = 79;
const TARGETS: usize = 6;
const ROWS: usize = 2000;
const BATCH: usize = 32;

fn main() {
    let mut numbers = std::env::args().filter_map(|word| word.parse::<usize>().ok());
    let runs = numbers.next().unwrap_or(64);
    let width = numbers.next().unwrap_or(256);
    let halves = std::env::args().any(|word| word == "f16");
    let precision = if halves {
        Precision::F16
    } else {
        Precision::F32
    };
    println!(
        "{runs} runs of {INPUTS}-{width}-{width}-{TARGETS}, batch {BATCH}, AdamW, dropout 0.2, {}",
        precision.name()
    );
    if let Some(adapter) = adapters().into_iter().next() {
        let name = format!("{} ({})", adapter.name(), adapter.driver());
        let mut gpu = Gpu::open(adapter, Options::default()).expect("the adapter opens");
        gpu.add(&ceiling::KERNEL).expect("the ceiling compiles");
        println!("{name}, {} tiles", gpu.tiles().name);
        let ceiling = measure_ceiling(&gpu);
        report_calls(&gpu, (runs, width, precision), ceiling);
        let device = Device::Gpu(Box::new(gpu));
        report(&device, (runs, width, precision), Some(ceiling));
    }
    let cpu = Cpu::default();
    println!("cpu, {} threads", cpu.threads);
    report(&Device::Cpu(cpu), (runs, width, precision), None);
}

/// GFLOP/s of multiply-adds on registers: the best of five.
fn measure_ceiling(gpu: &Gpu) -> f64 {
    let mut store = Store::new(gpu, Precision::F32);
    let threads = u64::from(gpu.tiles().adamw_threads);
    let groups = 4096 * 64 / threads;
    assert!(
        store
            .reserve(Buffer::Work, 16 * (2 + groups * threads))
            .unwrap()
    );
    store.write(Buffer::Work, 0, bytemuck::cast_slice(&[0.5f32; 8]));
    let call = DeviceCall {
        first: 0,
        count: groups as u32,
    };
    store.set_step(vec![Dispatch {
        kernel: &ceiling::KERNEL,
        call,
        tiles_per_group: 1,
    }]);
    let flops = (groups * threads * ceiling::FLOPS) as f64;
    let once = || {
        let start = Instant::now();
        store.states(&store.play(1).unwrap()).unwrap();
        flops / start.elapsed().as_secs_f64() / 1e9
    };
    once();
    let best = (0..5).map(|_| once()).fold(0.0, f64::max);
    println!("  ceiling: {best:.1} GFLOP/s of multiply-adds on registers");
    best
}

/// Floating-point operations of a training step of one run: forward, and twice that backward, less the first layer's gradient at
/// its input.
fn step_flops(width: usize) -> usize {
    (3 * network(width).flops() - 2 * INPUTS * width) * BATCH
}

/// Where the time of a step goes: each call played alone, then whole steps, none of it with a host that looks.
fn report_calls(gpu: &Gpu, workload: Workload, ceiling: f64) {
    let (runs, width, _) = workload;
    let mut timed = Timed::new(workload);
    let packed: Vec<Run> = std::iter::from_fn(|| timed.next()).collect();
    let layers = packed[0].network.layers().to_vec();
    let pack = |packed: Vec<Run>| Step::new(gpu, Arc::from([table()]), packed).expect("they fit");
    let mut whole = pack(packed.clone());
    let times = 20;
    whole.play(times).expect("the device plays");
    let start = Instant::now();
    whole.play(times).expect("the device plays");
    let seconds = start.elapsed().as_secs_f64() / f64::from(times);
    drop(whole);
    let mut sum = 0.0;
    for (call, seconds) in pack(packed).time(times).expect("the device plays") {
        sum += seconds;
        let flops = match call {
            Call::Forward(l) | Call::BackwardInput(l) | Call::BackwardWeights(l) => {
                2 * layers[l].inputs * layers[l].outputs * BATCH * runs
            }
            _ => 0,
        };
        let rate = flops as f64 / seconds / 1e9;
        println!(
            "    {:<20} {:7.2} ms {rate:6.1} GFLOP/s",
            format!("{call:?}"),
            seconds * 1e3
        );
    }
    for (what, seconds) in [("these calls", sum), ("a whole step", seconds)] {
        let rate = (step_flops(width) * runs) as f64 / seconds / 1e9;
        println!(
            "    {what:<20} {:7.2} ms {rate:6.1} GFLOP/s, 1/{:.1} of the ceiling",
            seconds * 1e3,
            ceiling / rate
        );
    }
}

fn report(device: &Device, workload: Workload, ceiling: Option<f64>) {
    let (_, width, _) = workload;
    let table = table();
    let mut rates = Vec::new();
    let flops = step_flops(width);
    for _ in 0..3 {
        let mut timed = Timed::new(workload);
        // the end is asked for, not an error
        let _ = shoal::shoal::train(device, Arc::from([table.clone()]), &mut timed);
        rates.push(timed.rate());
    }
    rates.sort_by(f64::total_cmp);
    let gflops = rates[1] * flops as f64 / 1e9;
    print!(
        "  {:.0} run-steps/s (median of 3; {:.0} to {:.0}), {gflops:.1} GFLOP/s",
        rates[1], rates[0], rates[2]
    );
    match ceiling {
        Some(ceiling) => println!(", 1/{:.1} of the ceiling", ceiling / gflops),
        None => println!(),
    }
}

fn network(width: usize) -> Network {
    let hidden = Activation::LeakyRelu { slope: 0.2 };
    Network::perceptron(
        INPUTS,
        &[width, width],
        TARGETS,
        hidden,
        Activation::Sigmoid,
        0.2,
    )
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

/// How many runs, how wide, in which precision.
type Workload = (usize, usize, Precision);

/// Runs that never end, timed for a few seconds after a warm-up.
struct Timed {
    waiting: std::ops::Range<usize>,
    width: usize,
    precision: Precision,
    warm: Option<(u64, Duration)>,
    last: (u64, Duration),
}

const WARM_UP: Duration = Duration::from_secs(1);
const TIMED: Duration = Duration::from_secs(4);

impl Timed {
    fn new((runs, width, precision): Workload) -> Self {
        Self {
            waiting: 0..runs,
            width,
            precision,
            warm: None,
            last: (0, Duration::ZERO),
        }
    }

    fn rate(&self) -> f64 {
        let (steps, start) = self.warm.expect("long enough to warm up");
        (self.last.0 - steps) as f64 / (self.last.1 - start).as_secs_f64()
    }
}

impl Work for Timed {
    fn next(&mut self) -> Option<Run> {
        let id = self.waiting.next()?;
        let network = network(self.width);
        Some(Run {
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
                precision: self.precision,
                clip_norm: None,
                schedule: Schedule::default(),
            },
            seed: id as u32,
            table: 0,
            // nearly no validation: a step is a training step, as in the peers' figures
            training_rows: (0..1952).collect(),
            validation_rows: (1952..1984).collect(),
            scale: InputScale {
                mean: vec![0.5; INPUTS],
                inverse_deviation: vec![3.5; INPUTS],
            },
            loss_weights: vec![1.0; TARGETS],
            network,
        })
    }

    fn finished(&mut self, _outcome: Outcome) -> shoal::Result<()> {
        Ok(())
    }

    fn progress(&mut self, progress: &Progress) -> shoal::Result<()> {
        self.last = (progress.run_steps, progress.elapsed);
        if progress.elapsed > WARM_UP {
            self.warm.get_or_insert(self.last);
        }
        match progress.elapsed > WARM_UP + TIMED {
            true => Err(shoal::Error::Interrupted("timed long enough".into())),
            false => Ok(()),
        }
    }
}
