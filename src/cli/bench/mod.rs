//! `shoal bench`: how fast this device trains, and what bounds it.

mod measured;

use clap::Args;
use serde_json::json;

use shoal::engine::device::Device;
use shoal::engine::measure::Ceilings;
use shoal::engine::measure::Meter;
use shoal::engine::measure::Pace;
use shoal::engine::measure::Workload;
use shoal::engine::measure::median;
use shoal::engine::precision::Precision;
use shoal::{Error, Result};

use crate::cli::global::Global;
use crate::cli::output::Output;
use measured::{HEAD, Way, measure, way};

/// Measures how fast the device trains, and what bounds it
///
/// First the ceilings of the device: multiply-adds on registers, the bandwidth of memory, the cost
/// of a dispatch. Then workloads of networks 79-W-W-6 (LeakyReLU, dropout 0.2, sigmoid outputs) on
/// batches of 32 with AdamW, 1,600 training rows, shuffled, and 400 validation rows after each
/// epoch. Networks on sets have batches of 64, and only the items that are there count. Not timed:
/// opening the device, packing, a warm-up.
#[derive(Args, Debug)]
#[command(after_long_help = REFERENCE)]
pub struct BenchArgs {
    /// Workloads, separated by commas: 24x128 is 24 networks of width 128; mixed is 64 networks of
    /// 1 to 3 hidden layers, each 4 to 500 wide; deep-sets, edge-graphs and transformers are 24
    /// networks on sets of 4 to 32 items (deep-sets:16-64: of 16 to 64), mixed-sets has 24 of each
    /// and 24 perceptrons [default: 24x128, 24x256, 96x64, 24x512, 1x256, 1000x32 and mixed]
    #[arg(long, value_name = "WORKLOAD", value_delimiter = ',', conflicts_with = "scaling")]
    workload: Vec<String>,
    /// Measure 1 to 4,096 networks of width 32 instead, and different networks against equal ones
    /// with the same arithmetic
    #[arg(long)]
    scaling: bool,
    /// Precision of the training, as `precision` in a study file
    #[arg(long, value_name = "f32|f16", default_value = "f32")]
    precision: Precision,
    /// Repeats of each workload
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    repeats: u16,
    /// Seconds of each repeat
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    seconds: f64,
    /// The same as --repeats 3 --seconds 0.25
    #[arg(long, conflicts_with_all = ["repeats", "seconds"])]
    quick: bool,
}

const REFERENCE: &str = "\
Columns:
  run-steps/s  optimiser steps of one network in a second: the median of the
               repeats, and their range
  GFLOP/s      the arithmetic of these steps
  of ceiling   its part of the ceiling of the device
  bound        what takes longest at the ceilings: arithmetic, memory or
               dispatches; and the part of that bound that is reached

Examples:
  shoal bench --device gpu
  shoal bench --workload 24x128,mixed --quick --json

Events (--json):
  ceilings       device, gflops, gigabytes_per_second, dispatch_microseconds
  workload       a workload: run_steps_per_second, gflops, share_of_ceiling,
                 bound, reached, microseconds_per_run_step and others
  scaling        with --scaling, the same for each number of networks
  heterogeneous  with --scaling: different_to_equal";

/// Numbers of networks of `--scaling`, and their width.
const SCALING: [usize; 7] = [1, 4, 16, 64, 256, 1024, 4096];
const SCALING_WIDTH: usize = 32;

/// Measures.
pub fn run(args: &BenchArgs, global: &Global, output: &Output) -> Result<()> {
    let pace = pace(args)?;
    let mut workloads: Vec<Workload> =
        args.workload.iter().map(|name| name.parse()).collect::<Result<_>>()?;
    if workloads.is_empty() {
        workloads = Workload::usual();
    }
    let precision = args.precision;
    let in_precision = |workload: Workload| workload.in_precision(precision);
    let workloads: Vec<Workload> = workloads.into_iter().map(in_precision).collect();
    let mut device = global.open(output, precision)?;
    let meter = Meter::new(&mut device)?;
    let ceilings = meter.ceilings()?;
    show_ceilings(&meter, &ceilings, output);
    if args.scaling {
        return scaling(&meter, &ceilings, (&pace, precision), output);
    }
    output.result(HEAD);
    for workload in &workloads {
        let way = way(meter.device(), workload);
        let measured = measure(&meter, &ceilings, (workload, way), &pace)?;
        measured.show("workload", output);
    }
    Ok(())
}

fn pace(args: &BenchArgs) -> Result<Pace> {
    let (seconds, repeats) = match args.quick {
        true => (0.25, 3),
        false => (args.seconds, usize::from(args.repeats)),
    };
    if !(0.01..=3600.0).contains(&seconds) {
        return Err(Error::Input(format!(
            "--seconds {seconds}: a repeat takes 0.01 to 3600 seconds"
        )));
    }
    Ok(Pace { warm_up: seconds.min(1.0), seconds, repeats })
}

fn show_ceilings(meter: &Meter, ceilings: &Ceilings, output: &Output) {
    let microseconds = match meter.device() {
        Device::Gpu(_) => Some(ceilings.dispatch * 1e6),
        Device::Cpu(_) => None,
    };
    let dispatch = microseconds.map_or(String::new(), |us| format!(", {us:.1} us a dispatch"));
    output.result(&format!(
        "{}\n  ceilings: {:.1} GFLOP/s of multiply-adds, {:.1} GB/s of memory{dispatch}\n  ({})",
        meter.device().name(),
        ceilings.flops / 1e9,
        ceilings.bandwidth / 1e9,
        meter.how(),
    ));
    output.event(
        "ceilings",
        json!({
            "device": meter.device().describe(),
            "gflops": ceilings.flops / 1e9,
            "gigabytes_per_second": ceilings.bandwidth / 1e9,
            "dispatch_microseconds": microseconds,
            "how": meter.how(),
        }),
    );
}

/// Measures more and more runs, then different runs against equal ones.
fn scaling(
    meter: &Meter,
    ceilings: &Ceilings,
    (pace, precision): (&Pace, Precision),
    output: &Output,
) -> Result<()> {
    output.result(
        "\n   runs  at one time  us per run-step (range)   dispatches a \
         step        bytes  bytes a run",
    );
    for runs in SCALING {
        let workload = Workload::alike(runs, SCALING_WIDTH).in_precision(precision);
        let measured = measure(meter, ceilings, (&workload, Way::Steady), pace)?;
        let microseconds = |rate: f64| 1e6 / rate;
        let [low, high] = measured.range();
        let timing = &measured.timing;
        let dispatches = measured.dispatches.map_or("-".to_owned(), |count| count.to_string());
        output.result(&format!(
            "{runs:>7} {:>12}  {:<28} {dispatches:>14} {:>12} {:>12}",
            timing.packed,
            format!(
                "{:.2} ({:.2} to {:.2})",
                microseconds(median(&timing.rates)),
                microseconds(high),
                microseconds(low)
            ),
            timing.bytes,
            timing.bytes / timing.packed.max(1) as u64,
        ));
        output.event("scaling", measured.json());
    }
    let mixed = Workload::mixed(64).in_precision(precision);
    let alike = mixed.with_the_same_flops();
    let way = way(meter.device(), &mixed);
    output.result(HEAD);
    let [different, equal] = [&mixed, &alike].map(|workload| {
        let measured = measure(meter, ceilings, (workload, way), pace)?;
        measured.show("workload", output);
        Ok::<f64, Error>(median(&measured.timing.rates) * measured.flops)
    });
    let ratio = different? / equal?;
    output.result(&format!(
        "different networks reach {:.0} % of the GFLOP/s of equal ones with the same arithmetic",
        100.0 * ratio
    ));
    output.event("heterogeneous", json!({ "different_to_equal": ratio }));
    Ok(())
}
