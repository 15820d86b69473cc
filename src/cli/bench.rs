//! `shoal bench`: how fast this device trains, and what bounds it.

use clap::Args;
use serde_json::{Value, json};

use shoal::engine::device::Device;
use shoal::engine::gpu::packing::step::Step;
use shoal::engine::measure::{
    Ceilings, Floors, Meter, Pace, Timing, Workload, median, steady, whole,
};
use shoal::engine::precision::Precision;
use shoal::{Error, Result};

use super::Global;
use super::Output;

/// Measures how fast the device trains, beside what it can do at most, and says what bounds it
///
/// First the ceilings, in the same minute: multiply-adds on registers, the bandwidth of memory, the
/// cost of a dispatch. Then networks 79-W-W-6 (LeakyReLU, dropout 0.2, sigmoid) on batches of 32
/// with AdamW, 1,600 of 2,000 rows to train on, shuffled, and 400 to validate on after each epoch.
/// A run-step is one optimiser step of one network. Medians of the repeats, and their range. Not
/// timed: opening the device, packing, a warm-up.
#[derive(Args, Debug)]
pub struct BenchArgs {
    /// So many networks of such a width, as 24x128, or mixed: 64 networks of 1 to 3 hidden layers,
    /// each 4 to 500 wide [default: 24x128, 24x256, 96x64, 24x512, 1x256, 1000x32 and mixed]
    #[arg(
        long,
        value_name = "RUNSxWIDTH|mixed",
        value_delimiter = ',',
        conflicts_with = "scaling"
    )]
    workload: Vec<String>,
    /// 1 to 4,096 networks of width 32 instead, and different networks against as much work in
    /// equal ones
    #[arg(long)]
    scaling: bool,
    /// The precision in which the networks train: f32, or f16 as `precision = "f16"` does in a
    /// study
    #[arg(long, value_name = "f32|f16", default_value = "f32")]
    precision: Precision,
    /// Repeats of each workload
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    repeats: u16,
    /// Seconds of each repeat
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    seconds: f64,
    /// Three repeats of a quarter of a second, for a first look
    #[arg(long, conflicts_with_all = ["repeats", "seconds"])]
    quick: bool,
}

/// Networks of the scaling, of this width.
const SCALING: [usize; 7] = [1, 4, 16, 64, 256, 1024, 4096];
const SCALING_WIDTH: usize = 32;

/// Measures.
pub fn run(args: &BenchArgs, global: &Global, output: &Output) -> Result<()> {
    let pace = pace(args)?;
    let mut workloads: Vec<Workload> =
        args.workload.iter().map(|args| args.parse()).collect::<Result<_>>()?;
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
    let dispatch = match meter.device() {
        Device::Gpu(_) => format!(", {:.1} us a dispatch", ceilings.dispatch * 1e6),
        Device::Cpu(_) => String::new(),
    };
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
            "dispatch_microseconds": gpu_only(meter, ceilings.dispatch * 1e6),
            "how": meter.how(),
        }),
    );
}

fn gpu_only(meter: &Meter, value: impl Into<Value>) -> Value {
    match meter.device() {
        Device::Gpu(_) => value.into(),
        Device::Cpu(_) => Value::Null,
    }
}

/// A workload as it went.
struct Measured {
    name: String,
    precision: Precision,
    runs: usize,
    timing: Timing,
    /// Of one training step of one run, the mean over the runs.
    flops: f64,
    /// Of a training step of the runs that train at one time, beside one another.
    floors: Floors,
    /// Seconds that it took.
    took: f64,
    /// Part of the device's ceiling of multiply-adds.
    share: f64,
    /// Of one step of all runs, on a GPU.
    dispatches: Option<usize>,
    device_bandwidth: f64,
}

fn measure(
    meter: &Meter,
    ceilings: &Ceilings,
    (workload, way): (&Workload, Way),
    pace: &Pace,
) -> Result<Measured> {
    let device = meter.device();
    let timing = match way {
        Way::Steady => steady(device, Workload::tables(), workload.runs(), pace)?,
        Way::Whole => whole(device, Workload::tables(), workload.runs(), pace)?,
    };
    let dispatches = match device {
        Device::Gpu(gpu) => Some(dispatches(gpu, workload)?),
        Device::Cpu(_) => None,
    };
    let runs = workload.networks.len();
    let packed = timing.packed.max(1) as f64;
    let fuses_update = device.fuses_update(&workload.training());
    let of_one = workload.cost(fuses_update) * (1.0 / runs as f64);
    // fewer runs than cores leave cores idle
    let busy = match device {
        Device::Cpu(cpu) => packed / cpu.threads as f64,
        Device::Gpu(_) => 1.0,
    };
    let device_bandwidth = meter.bandwidth(timing.bytes)?;
    let here = Ceilings {
        flops: ceilings.flops * busy.min(1.0),
        bandwidth: device_bandwidth * busy.min(1.0),
        ..*ceilings
    };
    let rate = median(&timing.rates);
    Ok(Measured {
        name: workload.name.clone(),
        precision: workload.precision,
        runs,
        floors: Floors::new(of_one * packed, dispatches.unwrap_or(0), &here),
        took: packed / rate,
        share: rate * of_one.flops / ceilings.flops,
        flops: of_one.flops,
        timing,
        dispatches,
        device_bandwidth,
    })
}

/// How a workload is timed.
#[derive(Clone, Copy)]
enum Way {
    Steady,
    Whole,
}

/// The CPU takes runs one after another: of different ones, all must have their turn.
fn way(device: &Device, workload: &Workload) -> Way {
    match device {
        Device::Cpu(_) if !workload.is_alike() => Way::Whole,
        _ => Way::Steady,
    }
}

/// Dispatches of a step of a workload; a few of its runs have as many as all.
fn dispatches(gpu: &shoal::engine::gpu::Gpu, workload: &Workload) -> Result<usize> {
    let deepest = (workload.runs().into_iter()).max_by_key(|run| run.graph.depth());
    let deepest = deepest.into_iter().collect();
    Ok(Step::pack(gpu, Workload::tables(), deepest)?.dispatches())
}

const HEAD: &str = "\n   workload  run-steps/s (range)              GFLOP/s  of ceiling  bound, and how much of it is reached";

impl Measured {
    fn range(&self) -> [f64; 2] {
        let rates = self.timing.rates.iter().copied();
        [rates.clone().fold(f64::INFINITY, f64::min), rates.fold(0.0, f64::max)]
    }

    fn show(&self, kind: &str, output: &Output) {
        let rate = median(&self.timing.rates);
        let [low, high] = self.range();
        let reached = self.floors.least() / self.took;
        output.result(&format!(
            "{:>11}  {:<30} {:>9.1} {:>10.1}%  {}, {:.0} %",
            match self.precision {
                Precision::F32 => self.name.clone(),
                Precision::F16 => format!("{} f16", self.name),
            },
            format!("{rate:.0} ({low:.0} to {high:.0})"),
            rate * self.flops / 1e9,
            100.0 * self.share,
            self.floors.bound().name(),
            100.0 * reached,
        ));
        output.event(kind, self.json());
    }

    fn json(&self) -> Value {
        let rate = median(&self.timing.rates);
        let microseconds = 1e6 / self.timing.packed.max(1) as f64;
        json!({
            "workload": self.name,
            "precision": self.precision.name(),
            "runs": self.runs,
            "packed": self.timing.packed,
            "run_steps_per_second": rate,
            "repeats": self.timing.rates,
            "flops_per_run_step": self.flops,
            "gflops": rate * self.flops / 1e9,
            "share_of_ceiling": self.share,
            "dispatches_per_step": self.dispatches,
            "bytes": self.timing.bytes,
            "gigabytes_per_second_at_this_size": self.device_bandwidth / 1e9,
            "bound": self.floors.bound().name(),
            "reached": self.floors.least() / self.took,
            "microseconds_per_run_step": {
                "measured": self.took * microseconds,
                "arithmetic": self.floors.arithmetic * microseconds,
                "memory": self.floors.memory * microseconds,
                "dispatches": self.floors.dispatches * microseconds,
            },
        })
    }
}

/// More and more runs, then different runs against equal ones.
fn scaling(
    meter: &Meter,
    ceilings: &Ceilings,
    (pace, precision): (&Pace, Precision),
    output: &Output,
) -> Result<()> {
    output.result("\n   runs  at one time  us per run-step (range)   dispatches a step        bytes  bytes a run");
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
