//! `shoal study --plan`: what a study will take, before anything runs.

use indicatif::HumanCount;
use serde_json::{Value, json};

use shoal::Result;
use shoal::engine::device::Device;
use shoal::engine::measure::Meter;
use shoal::study::Plan;
use shoal::study::estimate::{Family, Forecast, Schedule, forecast};

use super::Output;

/// Shows the forecast of each plan.
pub fn show(plans: &[Plan], device: &mut Device, output: &Output) -> Result<()> {
    let meter = Meter::new(device)?;
    let forecasts: Vec<Forecast> = plans
        .iter()
        .map(|plan| {
            let forecast = forecast(plan, &meter)?;
            show_one(plan, &forecast, meter.device(), output);
            Ok(forecast)
        })
        .collect::<Result<_>>()?;
    if let [_, _, ..] = &forecasts[..] {
        let sum = |of: fn(&Forecast) -> f64| time(forecasts.iter().map(of).sum());
        output.result(&format!(
            "all {} together: {} (at most {})",
            plans.len(),
            sum(|one| one.expected.seconds),
            sum(|one| one.most.seconds)
        ));
    }
    Ok(())
}

fn show_one(plan: &Plan, forecast: &Forecast, device: &Device, output: &Output) {
    let (most, expected) = (&forecast.most, &forecast.expected);
    let runs: usize = forecast.families.iter().map(|family| family.runs).sum();
    output.result(&format!(
        "{}\n{runs} runs{}, {} at one time; {} bytes on the device{}\n",
        plan.name,
        if plan.search.is_some() { " if no trial is stopped early" } else { "" },
        expected.packed,
        HumanCount(expected.bytes),
        at_most(forecast, &HumanCount(most.bytes).to_string(), most.bytes != expected.bytes),
    ));
    output.result(&table(forecast));
    let ceilings = &forecast.ceilings;
    output.result(&format!(
        "on {}: {}{}, with {:.1} GFLOP/s, {:.1} GB/s{} measured now",
        device.name(),
        time(expected.seconds),
        at_most(forecast, &time(most.seconds), forecast.open),
        ceilings.flops / 1e9,
        ceilings.bandwidth / 1e9,
        match device {
            Device::Gpu(_) => format!(" and {:.1} us a dispatch", ceilings.dispatch * 1e6),
            Device::Cpu(_) => String::new(),
        }
    ));
    output.result("\nelsewhere, not measured: the least time by the data sheet; and with dispatches as long as others measured:");
    for elsewhere in &forecast.elsewhere {
        let class = &elsewhere.class;
        let [least, with] = [elsewhere.least, elsewhere.with_dispatches].map(|seconds| {
            let most = at_most(forecast, &time(seconds[0]), forecast.open);
            format!("{}{most}", time(seconds[1]))
        });
        output.result(&format!(
            "  {:<24} {least:<28} {with:<28} {:.1} TFLOP/s, {:.0} GB/s, {:.0} us a dispatch",
            class.name,
            class.flops / 1e12,
            class.bandwidth / 1e9,
            class.dispatch * 1e6
        ));
    }
    for sentence in assumptions(forecast) {
        output.result(&sentence);
    }
    output.result("");
    output.event("plan", as_json(plan, forecast, device));
}

/// ` (at most ...)` where that is more.
fn at_most(forecast: &Forecast, most: &str, more: bool) -> String {
    match forecast.open && more {
        true => format!(" (at most {most})"),
        false => String::new(),
    }
}

fn table(forecast: &Forecast) -> String {
    let head = ["", "runs", "networks", "training steps", "GFLOP", "of least"];
    let mut rows = vec![head.map(str::to_owned)];
    for family in &forecast.families {
        let [most, expected] = family.steps.map(|steps| HumanCount(steps).to_string());
        let [most_flops, expected_flops] = family.flops.map(gflop);
        let more = most != expected;
        rows.push([
            family.name.clone(),
            family.runs.to_string(),
            networks(family),
            format!("{expected}{}", at_most(forecast, &most, more)),
            format!("{expected_flops}{}", at_most(forecast, &most_flops, more)),
            format!("{:.1}x", family.factor),
        ]);
    }
    let widths: Vec<usize> = (0..head.len())
        .map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0))
        .collect();
    let line = |row: &[String; 6]| {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| match column {
            // words to the left, numbers to the right
            0 | 2 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ") + "\n"
    };
    rows.iter().map(line).collect()
}

/// Billions of operations.
fn gflop(flops: f64) -> String {
    match flops / 1e9 {
        few if few < 100.0 => format!("{few:.2}"),
        many => HumanCount(many.round() as u64).to_string(),
    }
}

/// Widths of a network, or of the smallest and the largest.
fn networks(family: &Family) -> String {
    let widths = |network: &[usize]| {
        let words: Vec<String> = network.iter().map(usize::to_string).collect();
        words.join("-")
    };
    let [smallest, largest] = &family.networks;
    match smallest == largest {
        true => widths(smallest),
        false => format!("{} to {}", widths(smallest), widths(largest)),
    }
}

/// What the figures rest on.
fn assumptions(forecast: &Forecast) -> Vec<String> {
    let mut sentences = vec![
        "'of least': how many times the least time that the ceilings allow the networks take, measured on some; \
         below 1 where they lie in a cache that is faster than the memory"
            .to_owned(),
    ];
    if forecast.open {
        sentences.push(
            "expected, before 'at most': early stopping ends a network that trains whole after 4 times the patience, \
             and one on a frozen base after 15 times, about as in the studies in data/studies; nobody can know"
                .into(),
        );
    }
    if forecast.drawn {
        sentences.push(
            "the networks of trials are drawn at random from the search space, and the trials that the pruner stops by \
             lot; a sampler that fuses_update will propose others"
                .into(),
        );
    }
    sentences
}

/// Seconds in a unit that suits them.
fn time(seconds: f64) -> String {
    match seconds {
        less if less < 0.1 => format!("{:.1} ms", less * 1e3),
        less if less < 100.0 => format!("{less:.1} s"),
        less if less < 6000.0 => format!("{:.1} min", less / 60.0),
        more => format!("{:.1} h", more / 3600.0),
    }
}

fn as_json(plan: &Plan, forecast: &Forecast, device: &Device) -> Value {
    let schedule = |one: &Schedule| {
        json!({
            "seconds": one.seconds,
            "bytes": one.bytes,
            "at_one_time": one.packed,
            "steps_of_the_shoal": one.ticks,
        })
    };
    let families = forecast.families.iter().map(|family| {
        json!({
            "name": family.name,
            "runs": family.runs,
            "smallest": family.networks[0],
            "largest": family.networks[1],
            "steps": { "most": family.steps[0], "expected": family.steps[1] },
            "flops": { "most": family.flops[0], "expected": family.flops[1] },
            "times_the_least": family.factor,
        })
    });
    let elsewhere = forecast.elsewhere.iter().map(|one| {
        json!({
            "name": one.class.name,
            "tflops": one.class.flops / 1e12,
            "gigabytes_per_second": one.class.bandwidth / 1e9,
            "dispatch_microseconds": one.class.dispatch * 1e6,
            "source": one.class.source,
            "seconds_at_least": { "most": one.least[0], "expected": one.least[1] },
            "seconds_with_dispatches": { "most": one.with_dispatches[0], "expected": one.with_dispatches[1] },
        })
    });
    json!({
        "name": plan.name,
        "scenario": plan.scenario,
        "device": device.describe(),
        "ceilings": {
            "gflops": forecast.ceilings.flops / 1e9,
            "gigabytes_per_second": forecast.ceilings.bandwidth / 1e9,
            "dispatch_microseconds": forecast.ceilings.dispatch * 1e6,
        },
        "families": families.collect::<Vec<_>>(),
        "early_stopping": forecast.open,
        "expected": schedule(&forecast.expected),
        "most": schedule(&forecast.most),
        "elsewhere": elsewhere.collect::<Vec<_>>(),
    })
}
