//! The time of each call of a step on the CPU, on one thread.
//!
//! `cargo bench --bench cpu [-- WIDTH]`. Prints the least of thousands of times, because
//! other work on the machine only adds to it.

use std::time::Instant;

use shoal::engine::layout::phase;
use shoal::engine::measure::BATCH;
use shoal::engine::measure::Cost;
use shoal::engine::measure::Workload;
use shoal::engine::measure::call_flops;
use shoal::engine::memory::Memory;
use shoal::engine::precision::Precision;
use shoal::engine::prepared::PreparedRun;
use shoal::engine::step::step_of;

fn main() {
    let mut numbers = std::env::args().filter_map(|word| word.parse::<usize>().ok());
    let width = numbers.next().unwrap_or(256);
    println!("79-{width}-{width}-6, batch {BATCH}, AdamW, dropout 0.2, one thread");
    report_calls(width);
}

/// Steps that are timed.
const STEPS: usize = 4000;

/// The least time of each call in a training step of one run, and of a whole step.
fn report_calls(width: usize) {
    let mut run = Workload::alike(1, width).runs().remove(0);
    (run.training.max_epochs, run.training.patience) = (u32::MAX, u32::MAX);
    let prepared = PreparedRun::new(run, Workload::tables());
    let mut memory = Memory::<f32>::new(&prepared);
    let calls = step_of(&prepared, true);
    let mut least = vec![f64::MAX; calls.len()];
    let mut whole = f64::MAX;
    for _ in 0..STEPS {
        let first = Instant::now();
        let mut last = first;
        for ((call, _), least) in calls.iter().zip(&mut least) {
            call.reference(&prepared, &mut memory);
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
    for ((call, _), seconds) in calls.iter().zip(&least) {
        let flops = call_flops(*call, &prepared.graph, &prepared.training, prepared.training.batch);
        println!(
            "    {:<20} {:7.2} us {:6.1} GFLOP/s",
            format!("{call:?}"),
            seconds * 1e6,
            flops as f64 / seconds / 1e9
        );
    }
    let flops = Cost::training(&prepared.graph, BATCH, Precision::F32, true).flops;
    println!(
        "    {:<20} {:7.2} us {:6.1} GFLOP/s",
        "a whole step",
        whole * 1e6,
        flops / whole / 1e9
    );
}
