//! What a study will take on a device: counts and arithmetic of the planned runs, and time from the
//! rate at which the device trains some of them.

use std::sync::Arc;

use crate::engine::device::Device;
use crate::engine::measure::median;
use crate::engine::measure::timing::Pace;
use crate::engine::measure::timing::steady;
use crate::engine::measure::timing::whole;
use crate::engine::memory;
use crate::engine::run::Run;
use crate::engine::table::Table;
use crate::error::Result;
use crate::study::datasets::Study;
use crate::study::estimate::planned::{Bounds, PlannedRun, planned_runs};
use crate::study::estimate::room::{Room, room};
use crate::study::hyperparameters::largest_networks;
use crate::study::transfer::PRETRAINING;

/// What a study will take.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// The pre-training and each strategy.
    pub shares: Vec<Share>,
    /// Whether early stopping or a pruner can end runs early, so that less than the most is
    /// expected.
    pub ends_early: bool,
    /// Runs at a time, and bytes.
    pub room: Bounds<Room>,
    /// Seconds of training.
    pub seconds: Bounds<f64>,
}

impl Forecast {
    /// Without the pre-training, whose networks are there.
    pub fn without_pretraining(mut self) -> Self {
        let pretraining = self.shares.extract_if(.., |share| share.name == PRETRAINING);
        for Share { flops, rate, .. } in pretraining {
            self.seconds.most -= flops.most / rate;
            self.seconds.expected -= flops.expected / rate;
        }
        self
    }
}

/// The share of the pre-training, or of a strategy.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// `pretraining`, or the strategy.
    pub name: &'static str,
    /// Runs.
    pub runs: usize,
    /// Widths of its smallest and its largest network.
    pub networks: [Vec<usize>; 2],
    /// Parameters of both.
    pub parameters: [usize; 2],
    /// Optimiser steps.
    pub steps: Bounds<u64>,
    /// Floating-point operations.
    pub flops: Bounds<f64>,
    /// Floating-point operations per second with which the device trains its networks, measured.
    pub rate: f64,
}

/// Most networks of a share that are timed together; eight times as many on a hardware GPU.
const TIMED: usize = 64;
/// Steps of an epoch of a timed run.
const TIMED_STEPS: usize = 64;
const PACE: Pace = Pace { warm_up: 0.05, seconds: 0.12, repeats: 3 };

/// What a study will take on a device, which trains some of its networks for a moment.
///
/// # Errors
/// [`crate::Error::Input`] for a network or tables that the device can never hold;
/// [`crate::Error::Device`] if it fails.
pub fn forecast(study: &Study, device: &Device) -> Result<Forecast> {
    for (network, training, rows) in largest_networks(study) {
        device.check(&network, rows, &training)?;
    }
    let (tables, runs) = (study.data.tables(), planned_runs(study)?);
    // a few rows, on which the weights of a set might not add up to a positive number
    let tables: Arc<[Table]> =
        tables.iter().map(|table| Table { weights: None, ..table.clone() }).collect();
    let mut names: Vec<&'static str> = runs.iter().map(|run| run.group.name()).collect();
    names.sort_unstable();
    names.dedup();
    names.sort_by_key(|name| runs.iter().position(|run| run.group.name() == *name));
    let shares: Vec<Share> =
        names.into_iter().map(|name| share(name, &runs, device, &tables)).collect::<Result<_>>()?;
    let ends_early = runs.iter().any(|run| run.epochs.most != run.epochs.expected);
    let rooms = |epochs: &dyn Fn(&PlannedRun) -> u32| {
        let steps = |run: &PlannedRun| {
            u64::from(epochs(run)) * run.steps_per_epoch().iter().sum::<usize>() as u64
        };
        room(device, &runs, &runs.iter().map(steps).collect::<Vec<_>>(), &tables)
    };
    let most = rooms(&|run| run.epochs.most)?;
    let expected = if ends_early { rooms(&|run| run.epochs.expected)? } else { most };
    // where runs end at other moments, others train together
    let most = Room {
        together: most.together.max(expected.together),
        bytes: most.bytes.max(expected.bytes),
    };
    let seconds = |flops: &dyn Fn(&Share) -> f64| {
        shares.iter().map(|share| flops(share) / share.rate).sum::<f64>()
    };
    let seconds = Bounds {
        most: seconds(&|share| share.flops.most),
        expected: seconds(&|share| share.flops.expected),
    };
    Ok(Forecast { shares, ends_early, room: Bounds { most, expected }, seconds })
}

fn share(
    name: &'static str,
    runs: &[PlannedRun],
    device: &Device,
    tables: &Arc<[Table]>,
) -> Result<Share> {
    let runs: Vec<&PlannedRun> = runs.iter().filter(|run| run.group.name() == name).collect();
    let widths = |run: Option<&&PlannedRun>| -> Vec<usize> {
        let Some(network) = run.map(|run| &run.network) else { return Vec::new() };
        let widths = (0..network.nodes().len()).map(|node| network.shape(node).width);
        std::iter::once(network.inputs()).chain(widths).collect()
    };
    let parameters = |run: &&&PlannedRun| run.network.parameter_count();
    let total = |of: &dyn Fn(&PlannedRun) -> Bounds<f64>| -> Bounds<f64> {
        let sum = |sum: Bounds<f64>, add: Bounds<f64>| Bounds {
            most: sum.most + add.most,
            expected: sum.expected + add.expected,
        };
        runs.iter().map(|run| of(run)).fold(Bounds::default(), sum)
    };
    let steps =
        total(&|run| run.epochs.map(|epochs| f64::from(*epochs) * run.steps_per_epoch()[0] as f64));
    let computed = computed_rows(device);
    let flops = total(&|run| {
        let of_epoch = run.flops_per_epoch(computed);
        run.epochs.map(|epochs| f64::from(*epochs) * of_epoch)
    });
    Ok(Share {
        name,
        runs: runs.len(),
        networks: [
            widths(runs.iter().min_by_key(parameters)),
            widths(runs.iter().max_by_key(parameters)),
        ],
        parameters: [
            runs.iter().map(|run| parameters(&run)).min().unwrap_or(0),
            runs.iter().map(|run| parameters(&run)).max().unwrap_or(0),
        ],
        steps: steps.map(|steps| *steps as u64),
        flops,
        rate: rate(device, &runs, tables)?,
    })
}

/// How many rows a device computes of a batch where so many are present: a GPU all of them.
fn computed_rows(device: &Device) -> fn(usize, usize) -> usize {
    match device {
        Device::Cpu(_) => memory::computed_rows,
        Device::Gpu(_) => |_, batch| batch,
    }
}

/// Floating-point operations per second of the device with some of the runs.
fn rate(device: &Device, runs: &[&PlannedRun], tables: &Arc<[Table]>) -> Result<f64> {
    let alike = runs.windows(2).all(|pair| pair[0].network == pair[1].network);
    let most = match device {
        Device::Cpu(cpu) if alike => cpu.threads,
        Device::Cpu(cpu) => TIMED.min(8 * cpu.threads),
        // it needs many to be full
        Device::Gpu(gpu) if !gpu.adapter().is_software() => 8 * TIMED,
        Device::Gpu(_) => TIMED,
    };
    let count = runs.len().min(most);
    let chosen: Vec<PlannedRun> = (0..count)
        .map(|i| {
            let run = runs[i * runs.len() / count];
            PlannedRun { rows: [TIMED_STEPS * run.training.batch, 1], ..run.clone() }
        })
        .collect();
    let timed: Vec<Run> =
        chosen.iter().enumerate().map(|(id, run)| run.run(id, tables, run.rows)).collect();
    let timing = match device {
        Device::Cpu(_) if !alike => whole(device, tables.clone(), timed, &PACE)?,
        _ => steady(device, tables.clone(), timed, &PACE)?,
    };
    let computed = computed_rows(device);
    let flops: f64 = chosen.iter().map(|run| run.flops_per_epoch(computed)).sum();
    Ok(median(&timing.rates) * flops / (count * TIMED_STEPS) as f64)
}
