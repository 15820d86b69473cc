//! The time of each call of a step on a GPU, beside the ceiling of the device measured in the same
//! minute. `shoal bench` times whole trainings.
//!
//! `cargo bench --bench throughput [-- RUNS WIDTH [TILES]]`. Not timed: opening the device,
//! packing, reading states back.

use std::time::Instant;

use shoal::Error;
use shoal::engine::device::Device;
use shoal::engine::gpu::Gpu;
use shoal::engine::gpu::Options;
use shoal::engine::gpu::adapters;
use shoal::engine::gpu::packing::step::Step;
use shoal::engine::measure::BATCH;
use shoal::engine::measure::Meter;
use shoal::engine::measure::Workload;
use shoal::engine::measure::call_flops;
use shoal::engine::step::Call;

/// Steps that are timed together, on a software rasterizer and on a GPU, whose calls take
/// microseconds.
const TIMES: [u32; 2] = [20, 500];

fn main() -> shoal::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let mut numbers = words.iter().filter_map(|word| word.parse::<usize>().ok());
    let tiles = words.get(2).map(|name| name.parse().map_err(Error::Input)).transpose()?;
    let runs = numbers.next().unwrap_or(64);
    let workload = Workload::alike(runs, numbers.next().unwrap_or(256));
    println!("{}, batch {BATCH}, AdamW, dropout 0.2", workload.name);
    let Some(adapter) = adapters().into_iter().next() else {
        println!("there is no adapter; shoal bench --device cpu says how fast the CPU is");
        return Ok(());
    };
    println!("{} ({})", adapter.name(), adapter.driver());
    let mut device =
        Device::Gpu(Box::new(Gpu::open(adapter, Options { tiles, ..Options::default() })?));
    let ceilings = Meter::new(&mut device)?.ceilings()?;
    println!(
        "  ceilings: {:.1} GFLOP/s of multiply-adds, {:.1} GB/s, {:.1} us a dispatch",
        ceilings.flops / 1e9,
        ceilings.bandwidth / 1e9,
        ceilings.dispatch * 1e6
    );
    match &device {
        Device::Gpu(gpu) => report(gpu, &workload, ceilings.flops / 1e9),
        Device::Cpu(_) => Ok(()),
    }
}

/// Times each call alone, then whole steps.
fn report(gpu: &Gpu, workload: &Workload, ceiling: f64) -> shoal::Result<()> {
    let times = TIMES[usize::from(!gpu.adapter().is_software())];
    let pack = || Step::new(gpu, workload.tables(), workload.runs());
    let mut whole = pack()?;
    whole.execute(times)?;
    let start = Instant::now();
    whole.execute(times)?;
    let seconds = start.elapsed().as_secs_f64() / f64::from(times);
    drop(whole);
    let (network, training) = (&workload.networks[0], workload.training());
    let (mut sum, mut all) = (0.0, 0);
    for (calls, seconds) in pack()?.time(times)? {
        let flops = |call: &Call| call_flops(*call, network, &training, training.batch);
        let flops = calls.iter().map(flops).sum::<usize>() * workload.networks.len();
        let name = match &calls[..] {
            [call] => format!("{call:?}"),
            calls => calls[0].kernel.name.to_owned(),
        };
        println!(
            "    {:<36} {:9.4} ms {:6.1} GFLOP/s",
            name,
            seconds * 1e3,
            flops as f64 / seconds / 1e9
        );
        (sum, all) = (sum + seconds, all + flops);
    }
    for (what, seconds) in [("these calls", sum), ("a whole step", seconds)] {
        let rate = all as f64 / seconds / 1e9;
        println!(
            "    {what:<36} {:9.4} ms {rate:6.1} GFLOP/s, 1/{:.1} of the ceiling",
            seconds * 1e3,
            ceiling / rate
        );
    }
    Ok(())
}
