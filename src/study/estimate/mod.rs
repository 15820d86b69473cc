//! What a study will take, before anything runs: runs, packing, bytes, steps, arithmetic, and time
//! on this device and on others.
//!
//! `sketch` has the runs of a plan, `drawn` those of searches, `schedule` says who trains beside
//! whom, `classes` has other GPUs. How fast this device trains the networks of the study is
//! measured on a few of them, each strategy for a moment, in units of the least time that its
//! ceilings allow; how often runs step is counted.

pub(crate) mod classes;
pub(crate) mod drawn;
pub(crate) mod schedule;
pub(crate) mod sketch;

use std::sync::Arc;

pub use classes::{CLASSES, Class};
pub use schedule::Schedule;

use crate::engine::device::Device;
use crate::engine::measure::bound::Floors;
use crate::engine::measure::ceilings::Ceilings;
use crate::engine::measure::ceilings::Meter;
use crate::engine::measure::cost::Cost;
use crate::engine::measure::median;
use crate::engine::measure::timing::Pace;
use crate::engine::measure::timing::steady;
use crate::engine::measure::timing::whole;
use crate::engine::memory;
use crate::engine::run::Run;
use crate::engine::step;
use crate::engine::table::Table;
use crate::engine::tile::HARDWARE;
use crate::engine::tile::TileSet;
use crate::error::Result;
use crate::study::jobs;
use crate::study::plan::Plan;
use schedule::Take;
use sketch::{EXPECTED, MOST, Played, Sketch, sketches};

/// What a study will take.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// The pre-training and each strategy.
    pub families: Vec<Family>,
    /// Whether early stopping or a pruner can end runs early, so that `expected` is less than
    /// `most`.
    pub open: bool,
    /// Whether networks are drawn from a search space, so that none of them is known.
    pub drawn: bool,
    /// What the device can do at most.
    pub ceilings: Ceilings,
    /// On this device, if every run takes all its epochs.
    pub most: Schedule,
    /// On this device, as expected.
    pub expected: Schedule,
    /// On GPUs of other classes.
    pub elsewhere: Vec<Elsewhere>,
}

/// The runs of a kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// `pretraining`, or the strategy.
    pub name: String,
    /// How many there are.
    pub runs: usize,
    /// Widths of its smallest and its largest network.
    pub networks: [Vec<usize>; 2],
    /// Optimiser steps at most, and as expected.
    pub steps: [u64; 2],
    /// Floating-point operations at most, and as expected.
    pub flops: [f64; 2],
    /// How many times the least time that the device's ceilings allow a step takes, measured.
    pub factor: f64,
}

/// On a GPU that is not here.
#[derive(Clone, Debug, PartialEq)]
pub struct Elsewhere {
    /// Which.
    pub class: Class,
    /// Seconds at least, at most epochs and as expected: its data sheet, and no dispatch takes any
    /// time.
    pub least: [f64; 2],
    /// The same with the dispatches, one after another.
    pub with_dispatches: [f64; 2],
}

/// Networks of a kind that are measured together at most.
const PROBES: usize = 64;
/// Steps of an epoch of a run that is measured.
const PROBE_STEPS: usize = 64;
const PACE: Pace = Pace { warm_up: 0.05, seconds: 0.12, repeats: 3 };

/// What a plan will take on the device of a meter.
///
/// # Errors
/// [`crate::Error::Input`] for a network or tables that the device can never hold;
/// [`crate::Error::Device`] if it fails.
pub fn forecast(plan: &Plan, meter: &Meter) -> Result<Forecast> {
    for (network, batch) in jobs::largest(plan) {
        meter.device().check(&network, batch, plan.precision())?;
    }
    let (tables, sketches) = (jobs::tables(plan), sketches(plan)?);
    let ceilings = meter.ceilings()?;
    let played = Played {
        fuses_update: &|training| meter.device().fuses_update(training),
        computed_rows: match meter.device() {
            Device::Cpu(_) => memory::computed_rows,
            Device::Gpu(_) => whole_batches,
        },
    };
    let mut families = Vec::new();
    let names = plan.strategies.iter().map(|plan| plan.strategy.name());
    for (number, name) in std::iter::once("pretraining").chain(names).enumerate() {
        let of_family: Vec<&Sketch> = sketches.iter().filter(|one| one.family == number).collect();
        let factor = match of_family.is_empty() {
            true => 1.0,
            false => factor(meter, &ceilings, &of_family, &tables)?,
        };
        families.push(family(name, &of_family, played, factor));
    }
    let here = |which: usize| -> Result<Schedule> {
        let takes = takes(&sketches, which, played, &|sketch, cost| {
            families[sketch.family].factor * seconds(meter.device(), &ceilings, cost)
        });
        match meter.device() {
            Device::Cpu(cpu) => Ok(schedule::on_cpu(cpu.threads, &sketches, &takes, &tables)),
            Device::Gpu(gpu) => {
                let between = |ids: &[usize]| {
                    let packed = ids.iter().map(|id| &sketches[*id]);
                    dispatches(packed, gpu.tiles()) * ceilings.dispatch
                };
                schedule::on_gpu(gpu, &sketches, &takes, &tables, &between)
            }
        }
    };
    let open = sketches.iter().any(|one| one.epochs[MOST] != one.epochs[EXPECTED]);
    let mut most = here(MOST)?;
    let expected = if open { here(EXPECTED)? } else { most.clone() };
    // where runs end at other moments, others train side by side
    most.bytes = most.bytes.max(expected.bytes);
    most.packed = most.packed.max(expected.packed);
    let elsewhere = CLASSES.map(|class| elsewhere(class, &sketches, &tables));
    families.retain(|family| family.runs > 0);
    Ok(Forecast {
        families,
        open,
        drawn: plan.search.is_some(),
        ceilings,
        most,
        expected,
        elsewhere: elsewhere.into_iter().collect::<Result<_>>()?,
    })
}

/// Dispatches of a step of these runs together.
fn dispatches<'a>(sketches: impl Iterator<Item = &'a Sketch> + Clone, set: &TileSet) -> f64 {
    let runs = sketches.map(|sketch| (&*sketch.network, &sketch.training));
    step::dispatches(runs, set) as f64
}

/// The least seconds of a piece of work of one run: on a CPU by the share of one thread.
fn seconds(device: &Device, ceilings: &Ceilings, cost: Cost) -> f64 {
    let least = Floors::new(cost, 0, ceilings).least();
    match device {
        Device::Cpu(cpu) => least * cpu.threads as f64,
        Device::Gpu(_) => least,
    }
}

/// Rows of a batch that a GPU computes: all, whether examples are there or not.
fn whole_batches(_present: usize, batch: usize) -> usize {
    batch
}

fn takes(
    sketches: &[Sketch],
    which: usize,
    played: Played,
    seconds: &dyn Fn(&Sketch, Cost) -> f64,
) -> Vec<Take> {
    let take = |sketch: &Sketch| {
        let [training, validation] = sketch.epoch_costs(played);
        let ticks: usize = sketch.steps().iter().sum();
        Take {
            ticks: sketch.ticks(which),
            seconds: (seconds(sketch, training) + seconds(sketch, validation)) / ticks as f64,
        }
    };
    sketches.iter().map(take).collect()
}

fn family(name: &str, sketches: &[&Sketch], played: Played, factor: f64) -> Family {
    let widths = |sketch: Option<&&Sketch>| -> Vec<usize> {
        let Some(network) = sketch.map(|sketch| &sketch.network) else { return Vec::new() };
        let nodes = 0..network.nodes().len();
        let widths = nodes.map(|node| network.shape(node).width);
        std::iter::once(network.inputs()).chain(widths).collect()
    };
    let parameters = |sketch: &&&Sketch| sketch.network.parameter_count();
    let total = |which: usize, of: &dyn Fn(&Sketch) -> f64| -> f64 {
        sketches.iter().map(|one| f64::from(one.epochs[which]) * of(one)).sum()
    };
    let flops = |sketch: &Sketch| sketch.epoch_costs(played).iter().map(|cost| cost.flops).sum();
    let steps = |sketch: &Sketch| sketch.steps()[0] as f64;
    Family {
        name: name.into(),
        runs: sketches.len(),
        networks: [
            widths(sketches.iter().min_by_key(parameters)),
            widths(sketches.iter().max_by_key(parameters)),
        ],
        steps: [MOST, EXPECTED].map(|which| total(which, &steps) as u64),
        flops: [MOST, EXPECTED].map(|which| total(which, &flops)),
        factor,
    }
}

/// How many times the least time a training step takes, measured on some of the runs.
fn factor(
    meter: &Meter,
    ceilings: &Ceilings,
    sketches: &[&Sketch],
    tables: &Arc<[Table]>,
) -> Result<f64> {
    let device = meter.device();
    let alike = sketches.windows(2).all(|pair| pair[0].network == pair[1].network);
    let most = match device {
        Device::Cpu(cpu) if alike => cpu.threads,
        Device::Cpu(cpu) => PROBES.min(8 * cpu.threads),
        Device::Gpu(_) => PROBES,
    };
    let count = sketches.len().min(most);
    let chosen: Vec<&Sketch> = (0..count).map(|i| sketches[i * sketches.len() / count]).collect();
    let run = |(id, sketch): (usize, &&Sketch)| {
        sketch.run(id, tables, [PROBE_STEPS * sketch.training.batch, 1])
    };
    let runs: Vec<Run> = chosen.iter().enumerate().map(run).collect();
    let least = |sketch: &&Sketch| {
        let cost = Cost::training(
            &sketch.network,
            sketch.training.batch,
            sketch.training.precision,
            device.fuses_update(&sketch.training),
        );
        seconds(device, ceilings, cost)
    };
    let least: f64 = chosen.iter().map(least).sum::<f64>() / count as f64;
    match device {
        Device::Gpu(gpu) => {
            let timing = steady(device, tables.clone(), runs, &PACE)?;
            let between = dispatches(chosen.iter().copied(), gpu.tiles()) * ceilings.dispatch;
            let tick = timing.packed as f64 / median(&timing.rates);
            // a step that is next to nothing but its dispatches
            let of_runs = (tick - between).max(tick / 10.0);
            Ok(of_runs / timing.packed as f64 / least)
        }
        Device::Cpu(cpu) => {
            let timing = match alike {
                true => steady(device, tables.clone(), runs, &PACE)?,
                false => whole(device, tables.clone(), runs, &PACE)?,
            };
            let busy = cpu.threads.min(count) as f64;
            Ok(busy / median(&timing.rates) / least)
        }
    }
}

fn elsewhere(class: Class, sketches: &[Sketch], tables: &Arc<[Table]>) -> Result<Elsewhere> {
    let ceilings =
        Ceilings { flops: class.flops, bandwidth: class.bandwidth, dispatch: class.dispatch };
    let schedule = |which: usize, dispatch: f64| -> Result<f64> {
        let played = Played {
            fuses_update: &|training| HARDWARE.fuses_update(training),
            computed_rows: whole_batches,
        };
        let takes =
            takes(sketches, which, played, &|_, cost| Floors::new(cost, 0, &ceilings).least());
        let between =
            |ids: &[usize]| dispatches(ids.iter().map(|id| &sketches[*id]), &HARDWARE) * dispatch;
        Ok(schedule::on_paper(sketches, &takes, tables, &between)?.seconds)
    };
    Ok(Elsewhere {
        class,
        least: [schedule(MOST, 0.0)?, schedule(EXPECTED, 0.0)?],
        with_dispatches: [schedule(MOST, class.dispatch)?, schedule(EXPECTED, class.dispatch)?],
    })
}
