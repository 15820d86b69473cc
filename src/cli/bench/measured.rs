//! Measuring one workload.

use serde_json::{Value, json};

use shoal::Result;
use shoal::engine::device::Device;
use shoal::engine::gpu::packing::step::Step;
use shoal::engine::measure::Ceilings;
use shoal::engine::measure::Floors;
use shoal::engine::measure::Meter;
use shoal::engine::measure::Pace;
use shoal::engine::measure::Timing;
use shoal::engine::measure::Workload;
use shoal::engine::measure::median;
use shoal::engine::measure::steady;
use shoal::engine::measure::whole;
use shoal::engine::precision::Precision;

use crate::cli::output::Output;

/// One workload, measured.
pub struct Measured {
    name: String,
    precision: Precision,
    runs: usize,
    pub timing: Timing,
    /// Of one training step of one run, the mean over the runs.
    pub flops: f64,
    /// Of a training step of all runs that train at one time.
    floors: Floors,
    /// Seconds of such a step.
    seconds: f64,
    /// Part of the device's ceiling of multiply-adds.
    share: f64,
    /// Of one step of all runs, on a GPU.
    pub dispatches: Option<usize>,
    /// Bytes a second, of memory of the size that the runs take.
    bandwidth: f64,
}

/// Trains a workload for a while.
pub fn measure(
    meter: &Meter,
    ceilings: &Ceilings,
    (workload, way): (&Workload, Way),
    pace: &Pace,
) -> Result<Measured> {
    let device = meter.device();
    let timing = match way {
        Way::Steady => steady(device, workload.tables(), workload.runs(), pace)?,
        Way::Whole => whole(device, workload.tables(), workload.runs(), pace)?,
    };
    let dispatches = match device {
        Device::Gpu(gpu) => Some(dispatches(gpu, workload)?),
        Device::Cpu(_) => None,
    };
    let runs = workload.networks.len();
    let packed = timing.packed.max(1) as f64;
    let fuses_update = device.fuses_update(&workload.networks[0], &workload.training());
    let of_one = workload.cost(fuses_update) * (1.0 / runs as f64);
    // fewer runs than cores leave cores idle
    let busy = match device {
        Device::Cpu(cpu) => packed / cpu.threads as f64,
        Device::Gpu(_) => 1.0,
    };
    let bandwidth = meter.bandwidth(timing.bytes)?;
    let here = Ceilings {
        flops: ceilings.flops * busy.min(1.0),
        bandwidth: bandwidth * busy.min(1.0),
        ..*ceilings
    };
    let rate = median(&timing.rates);
    Ok(Measured {
        name: workload.name.clone(),
        precision: workload.precision,
        runs,
        floors: Floors::new(of_one * packed, dispatches.unwrap_or(0), &here),
        seconds: packed / rate,
        share: rate * of_one.flops / ceilings.flops,
        flops: of_one.flops,
        timing,
        dispatches,
        bandwidth,
    })
}

/// How a workload is timed.
#[derive(Clone, Copy)]
pub enum Way {
    /// For so many seconds, however far the runs come.
    Steady,
    /// Until each run has taken the same number of steps.
    Whole,
}

/// The CPU trains runs one after another, so different ones are timed whole.
pub fn way(device: &Device, workload: &Workload) -> Way {
    match device {
        Device::Cpu(_) if !workload.is_alike() => Way::Whole,
        _ => Way::Steady,
    }
}

/// Dispatches of a step of a workload, which are those of its deepest network.
fn dispatches(gpu: &shoal::engine::gpu::Gpu, workload: &Workload) -> Result<usize> {
    let deepest = (workload.runs().into_iter()).max_by_key(|run| run.graph.depth());
    let deepest = deepest.into_iter().collect();
    Ok(Step::pack(gpu, workload.tables(), deepest)?.dispatches())
}

/// The columns of [`Measured::show`].
pub const HEAD: &str = "\n   workload  run-steps/s (range)              GFLOP/s  of \
     ceiling  bound, and how much of it is reached";

impl Measured {
    /// The slowest and the fastest repeat, in run-steps a second.
    pub fn range(&self) -> [f64; 2] {
        let rates = self.timing.rates.iter().copied();
        [rates.clone().fold(f64::INFINITY, f64::min), rates.fold(0.0, f64::max)]
    }

    /// Prints a line, and an event of this kind.
    pub fn show(&self, kind: &str, output: &Output) {
        let rate = median(&self.timing.rates);
        let [low, high] = self.range();
        let reached = self.floors.least() / self.seconds;
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

    /// The event.
    pub fn json(&self) -> Value {
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
            "gigabytes_per_second_at_this_size": self.bandwidth / 1e9,
            "bound": self.floors.bound().name(),
            "reached": self.floors.least() / self.seconds,
            "microseconds_per_run_step": {
                "measured": self.seconds * microseconds,
                "arithmetic": self.floors.arithmetic * microseconds,
                "memory": self.floors.memory * microseconds,
                "dispatches": self.floors.dispatches * microseconds,
            },
        })
    }
}
