//! `shoal study --plan`: what a study will take, before anything runs.

use std::path::Path;

use indicatif::HumanCount;
use serde_json::{Value, json};

use shoal::Result;
use shoal::engine::device::Device;
use shoal::study::Study;
use shoal::study::estimate::{Bounds, Forecast, PATIENCES, PATIENCES_OF_HEADS, Share, forecast};
use shoal::study::shared_pretraining::SharedPretrainings;

use crate::cli::output::Output;

/// Shows the forecast of each study.
pub fn show(studies: &[Study], device: &Device, output: &Output) -> Result<()> {
    let bar = output.steps();
    let mut shared = SharedPretrainings::default();
    let forecasts: Vec<Forecast> = studies
        .iter()
        .map(|study| {
            output.step(&bar, &format!("{}: timing some of its networks", study.plan.name));
            let mut forecast = forecast(study, device)?;
            bar.finish_and_clear();
            let there = shared.of(study);
            if there.is_some() {
                forecast = forecast.without_pretraining();
            }
            show_one(study, &forecast, there, device, output);
            shared.add(study, Path::new(""));
            Ok(forecast)
        })
        .collect::<Result<_>>()?;
    if let [_, _, ..] = &forecasts[..] {
        let sum = |of: fn(&Forecast) -> f64| time(forecasts.iter().map(of).sum());
        output.result(&format!(
            "all {} together: {} (at most {})",
            studies.len(),
            sum(|one| one.seconds.expected),
            sum(|one| one.seconds.most)
        ));
    }
    Ok(())
}

/// Shows a forecast; pre-trained networks may be there, from another scenario.
fn show_one(
    study: &Study,
    forecast: &Forecast,
    there: Option<&str>,
    device: &Device,
    output: &Output,
) {
    let plan = &study.plan;
    study.notices.iter().for_each(|notice| output.notice(notice));
    let runs: usize = forecast.shares.iter().map(|share| share.runs).sum();
    output.result(&format!(
        "{}\n{runs} runs{}, {} at a time; {} bytes on the device\n",
        plan.name,
        if plan.is_search() { " if no trial is pruned" } else { "" },
        both(&forecast.room.map(|room| room.together.to_string())),
        both(&forecast.room.map(|room| HumanCount(room.bytes).to_string())),
    ));
    output.result(&table(study, forecast));
    output.result(&format!("on {}: {}", device.name(), both(&forecast.seconds.map(|s| time(*s)))));
    if let Some(scenario) = there {
        output.result(&format!("the pre-trained networks are those of {scenario}"));
    }
    for sentence in assumptions(study, forecast) {
        output.result(&sentence);
    }
    output.result("");
    output.event("plan", as_json(study, forecast, device));
}

/// What is expected, and ` (at most ...)` where that is another text.
fn both(texts: &Bounds<String>) -> String {
    match texts.most == texts.expected {
        true => texts.expected.clone(),
        false => format!("{} (at most {})", texts.expected, texts.most),
    }
}

fn table(study: &Study, forecast: &Forecast) -> String {
    let head = ["", "runs", "networks", "training steps", "GFLOP", "GFLOP/s"];
    let row = |share: &Share| {
        [
            share.name.to_owned(),
            share.runs.to_string(),
            networks(study, share),
            both(&share.steps.map(|steps| HumanCount(*steps).to_string())),
            both(&share.flops.map(|flops| gflop(*flops))),
            gflop(share.rate),
        ]
    };
    let rows: Vec<[String; 6]> =
        std::iter::once(head.map(str::to_owned)).chain(forecast.shares.iter().map(row)).collect();
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

/// Widths of a network, or of the smallest and the largest; of those on items their parameters.
fn networks(study: &Study, share: &Share) -> String {
    let architecture = study.plan.network.architecture;
    if architecture.reads_items {
        let [least, most] = share.parameters.map(|count| HumanCount(count as u64).to_string());
        let range = if least == most { least } else { format!("{least} to {most}") };
        return format!("{}, {range} parameters", architecture.name);
    }
    let widths = |network: &[usize]| {
        let words: Vec<String> = network.iter().map(usize::to_string).collect();
        words.join("-")
    };
    let [smallest, largest] = &share.networks;
    match smallest == largest {
        true => widths(smallest),
        false => format!("{} to {}", widths(smallest), widths(largest)),
    }
}

/// What the figures assume.
fn assumptions(study: &Study, forecast: &Forecast) -> Vec<String> {
    let mut sentences = vec![
        "GFLOP/s: the rate at which this device trained some of the networks just now".to_owned(),
    ];
    if forecast.ends_early {
        sentences.push(format!(
            "before 'at most': early stopping is expected to end a network that trains whole \
             after {PATIENCES} times the patience, and one on a frozen base (attach-head) after \
             {PATIENCES_OF_HEADS} times, about as in the studies in data/studies"
        ));
    }
    if study.plan.is_search() {
        sentences.push(
            "the networks of trials are drawn at random from the search space, and so are the \
             losses by which trials are pruned"
                .into(),
        );
    }
    sentences
}

/// Seconds in a unit that suits them.
pub fn time(seconds: f64) -> String {
    match seconds {
        less if less < 0.1 => format!("{:.1} ms", less * 1e3),
        less if less < 100.0 => format!("{less:.1} s"),
        less if less < 6000.0 => format!("{:.1} min", less / 60.0),
        more => format!("{:.1} h", more / 3600.0),
    }
}

fn as_json(study: &Study, forecast: &Forecast, device: &Device) -> Value {
    let shares = forecast.shares.iter().map(|share| {
        json!({
            "name": share.name,
            "runs": share.runs,
            "smallest": share.networks[0],
            "largest": share.networks[1],
            "parameters": share.parameters,
            "steps": { "most": share.steps.most, "expected": share.steps.expected },
            "flops": { "most": share.flops.most, "expected": share.flops.expected },
            "flops_per_second": share.rate,
        })
    });
    let in_all =
        forecast.room.map(|room| json!({ "bytes": room.bytes, "at_a_time": room.together }));
    let Bounds { mut most, mut expected } = in_all;
    most["seconds"] = forecast.seconds.most.into();
    expected["seconds"] = forecast.seconds.expected.into();
    json!({
        "name": study.plan.name,
        "scenario": study.plan.scenario,
        "device": device.describe(),
        "strategies": shares.collect::<Vec<_>>(),
        "ends_early": forecast.ends_early,
        "expected": expected,
        "most": most,
    })
}
