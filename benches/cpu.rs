//! The time of each call of a step on the CPU, on one thread.
//!
//! `cargo bench --bench cpu [-- WIDTH | WORKLOAD]`, with a workload of `shoal bench` such as
//! `transformers:16-64`. Prints the least of thousands of times, because other work on the machine
//! only adds to it; on sets, whose batches differ, the mean of the faster half of the epochs.

use std::time::Instant;

use shoal::engine::device::Device;
use shoal::engine::layout::phase;
use shoal::engine::measure::Cost;
use shoal::engine::measure::Meter;
use shoal::engine::measure::Workload;
use shoal::engine::measure::call_flops;
use shoal::engine::memory::Memory;
use shoal::engine::precision::Precision;
use shoal::engine::prepared::PreparedRun;
use shoal::engine::step::step_of;

fn main() -> shoal::Result<()> {
    let words = || std::env::args().skip(1).filter(|word| !word.starts_with('-'));
    let widths = words().filter_map(|word| word.parse::<usize>().ok());
    let mut workloads: Vec<Workload> = widths.map(|width| Workload::alike(1, width)).collect();
    for name in words().filter(|word| word.parse::<usize>().is_err()) {
        workloads.push(name.parse()?);
    }
    if workloads.is_empty() {
        workloads.push(Workload::alike(1, 256));
    }
    for workload in workloads {
        report_calls(&workload)?;
    }
    Ok(())
}

/// Training steps that are timed.
const STEPS: usize = 4000;

/// The multiply-adds of one core, in GFLOP/s.
fn ceiling() -> shoal::Result<f64> {
    let mut device = Device::cpu();
    if let Device::Cpu(cpu) = &mut device {
        cpu.threads = 1;
    }
    Ok(Meter::new(&mut device)?.ceilings()?.flops / 1e9)
}

/// Seconds of each call and of the whole step, summed over the training steps of an epoch.
type Epoch = (Vec<f64>, f64);

fn epoch(run: &PreparedRun, memory: &mut Memory<f32>, steps: usize) -> Epoch {
    let calls = step_of(run, run.fuses_update());
    let (mut each, mut whole, mut done) = (vec![0.0; calls.len()], 0.0, 0);
    while done < steps {
        let first = Instant::now();
        let mut marks = Vec::with_capacity(calls.len());
        for (call, node) in &calls {
            (call.kernel.reference.of())(run, *node, memory);
            marks.push(Instant::now());
        }
        if memory.state.phase == phase::TRAIN {
            let mut last = first;
            for (each, mark) in each.iter_mut().zip(marks) {
                *each += (mark - last).as_secs_f64();
                last = mark;
            }
            whole += (last - first).as_secs_f64();
            done += 1;
        }
    }
    (each, whole)
}

/// The time of each call in a training step of the first run, and of a whole step.
fn report_calls(workload: &Workload) -> shoal::Result<()> {
    let network = &workload.networks[0];
    let rows = workload.mean_rows(network);
    println!("{}: {rows:?}, AdamW, one thread, of {:.0} GFLOP/s", workload.name, ceiling()?);
    let mut run = workload.runs().remove(0);
    (run.training.max_epochs, run.training.patience) = (u32::MAX, u32::MAX);
    let prepared = PreparedRun::new(run, workload.tables());
    let mut memory = Memory::<f32>::new(&prepared);
    // as in a training
    memory.keeps_preactivations = false;
    // batches of perceptrons are equal, those of sets are equal in the mean of an epoch
    let steps = if network.has_items() { workload.steps_per_epoch() } else { 1 };
    let repeats = if network.has_items() { STEPS / 10 / steps } else { STEPS };
    let mut epochs: Vec<Epoch> =
        (0..repeats).map(|_| epoch(&prepared, &mut memory, steps)).collect();
    epochs.sort_by(|one, other| one.1.total_cmp(&other.1));
    let kept = if network.has_items() { (repeats / 2).max(1) } else { repeats };
    let seconds = |of: &dyn Fn(&Epoch) -> f64| {
        let all = epochs[..kept].iter().map(of);
        match network.has_items() {
            true => all.sum::<f64>() / (kept * steps) as f64,
            false => all.fold(f64::MAX, f64::min),
        }
    };
    let print = |name: String, seconds: f64, flops: f64| {
        println!("    {name:<40} {:9.2} us {:6.1} GFLOP/s", seconds * 1e6, flops / seconds / 1e9);
    };
    let mut of_kernels: Vec<(&str, f64, f64)> = Vec::new();
    for (place, (call, node)) in step_of(&prepared, prepared.fuses_update()).iter().enumerate() {
        let seconds = seconds(&|epoch| epoch.0[place]);
        let flops = match call.level {
            Some(_) => network.node_flops(*node, rows) as f64,
            None => call_flops(*call, network, &prepared.training, rows) as f64,
        };
        print(format!("{call:?}, node {node}"), seconds, flops);
        match of_kernels.iter_mut().find(|kernel| kernel.0 == call.kernel.name) {
            Some(kernel) => (kernel.1, kernel.2) = (kernel.1 + seconds, kernel.2 + flops),
            None => of_kernels.push((call.kernel.name, seconds, flops)),
        }
    }
    let whole = seconds(&|epoch| epoch.1);
    println!("  by kernel");
    for (name, seconds, flops) in of_kernels {
        print(format!("{name:<24} {:4.1} %", 100.0 * seconds / whole), seconds, flops);
    }
    let flops = Cost::training(network, rows, Precision::F32, prepared.fuses_update()).flops;
    print("a whole step".into(), whole, flops);
    Ok(())
}
