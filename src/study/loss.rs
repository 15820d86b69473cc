//! What a study file says of the loss, of the outputs that it needs, of metrics, and of what stops
//! a run and what a search looks for.

use crate::engine::activation::Activation;
use crate::engine::loss::{LOSSES, Loss, MSE, Predicts};
use crate::engine::run::StopLoss;
use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::{activation, unknown};
use crate::study::config::network::NetworkConfig;
use crate::study::config::search::SearchConfig;
use crate::study::config::study::StudyConfig;
use crate::study::metric::{Better, METRICS, Metric, Needs, of_outputs};
use crate::study::objective::{Objective, VALIDATION_LOSS};

/// The activation of the outputs, of targets in [0, 1] or standardized ones. Losses that take
/// logits, logarithms or deviations need outputs of any size.
pub(crate) fn output(
    config: &NetworkConfig,
    loss: &Loss,
    standardizes: bool,
) -> Result<Activation> {
    let default = match loss.predicts {
        Predicts::Value if !standardizes => "sigmoid",
        _ => "identity",
    };
    let name = config.output.as_deref().unwrap_or(default);
    let output = activation("network.output", name, config.slope())?;
    if loss.predicts != Predicts::Value && output != Activation::Identity {
        return Err(input_error!(
            "network.output = \"{name}\", but the loss \"{}\" needs outputs as they are; remove \
             it, or give \"identity\"",
            loss.name
        ));
    }
    if standardizes && output == Activation::Sigmoid {
        return Err(input_error!(
            "network.output = \"{name}\" is from 0 to 1, but data.target_scaling = \"deviation\" \
             makes targets of any size; remove one of them"
        ));
    }
    Ok(output)
}

/// The loss of a key and its parameter.
pub(crate) fn loss(key: &str, value: Option<&toml::Value>) -> Result<(&'static Loss, Option<f64>)> {
    let named = |name: &str| {
        let known = LOSSES.map(|loss| loss.name);
        Loss::named(name).ok_or_else(|| unknown(key, name, "loss", &known))
    };
    let wrong = |what: String| {
        input_error!(
            "{key} = {what}; give the name of a loss, or a table such as {{ name = \
             \"huber\", delta = 0.5 }}"
        )
    };
    let table = match value {
        None => return Ok((&MSE, None)),
        Some(toml::Value::String(name)) => return Ok((named(name)?, None)),
        Some(toml::Value::Table(table)) => table,
        Some(other) => return Err(wrong(other.to_string())),
    };
    let Some(name) = table.get("name").and_then(toml::Value::as_str) else {
        return Err(wrong(format!(
            "{value:?} has no name",
            value = toml::Value::from(table.clone())
        )));
    };
    let loss = named(name)?;
    let mut parameter = None;
    for (inner, value) in table.iter().filter(|(inner, _)| *inner != "name") {
        let known = loss.parameter.filter(|parameter| parameter.name == inner);
        let Some(known) = known else {
            let has = loss.parameter.map_or("none".to_owned(), |parameter| parameter.name.into());
            return Err(input_error!(
                "{key}.{inner}: the loss \"{name}\" has no such parameter; it has {has}"
            ));
        };
        let number = value.as_float().or(value.as_integer().map(|number| number as f64));
        let [low, high] = known.range;
        match number.filter(|number| (low..=high).contains(number)) {
            Some(number) => parameter = Some(number),
            None => {
                return Err(input_error!("{key}.{inner} = {value}: a number from {low} to {high}"));
            }
        }
    }
    Ok((loss, parameter))
}

/// What stops a run: a loss that the outputs of a network trained with `loss` give; none for the
/// loss itself.
pub(crate) fn stop_on(
    value: Option<&toml::Value>,
    trained: &'static Loss,
) -> Result<Option<StopLoss>> {
    const KEY: &str = "training.stop_on";
    let name = value.and_then(|value| value.as_str().or_else(|| value.get("name")?.as_str()));
    if value.is_none() || name == Some(VALIDATION_LOSS) {
        return Ok(None);
    }
    let fits = |loss: &&'static Loss| trained.predicts.gives(loss.predicts);
    let known: Vec<String> =
        LOSSES.into_iter().filter(fits).map(|loss| format!("\"{}\"", loss.name)).collect();
    let known = format!("\"{VALIDATION_LOSS}\" or one of the losses {}", known.join(", "));
    if let Some(metric) = name.filter(|name| Loss::named(name).is_none()).and_then(Metric::named) {
        let (key, name) =
            (if metric.better == Better::Lower { "minimise" } else { "maximise" }, metric.name);
        return Err(input_error!(
            "{KEY} = \"{name}\": a metric needs the predictions of all rows, which are known when \
             a run has ended; give {known}. A search can choose by it: search.{key} = \"{name}\""
        ));
    }
    let (loss, parameter) = loss(KEY, value)?;
    if !fits(&loss) {
        return Err(input_error!(
            "{KEY} = \"{}\": the outputs of networks that are trained with the loss \"{}\" do not \
             give it; give {known}",
            loss.name,
            trained.name
        ));
    }
    Ok(Some(StopLoss { loss, parameter }))
}

/// Whether predicted deviations are calibrated.
pub(crate) fn calibrates(calibrate: Option<bool>, loss: &Loss) -> Result<bool> {
    let has_deviations = |loss: &Loss| Needs::Deviations.are_met_by(loss.predicts);
    if calibrate == Some(true) && !has_deviations(loss) {
        let with = LOSSES.into_iter().filter(|loss| has_deviations(loss));
        let with: Vec<String> = with.map(|loss| format!("\"{}\"", loss.name)).collect();
        return Err(input_error!(
            "training.calibrate = true: networks that are trained with the loss \"{}\" predict no \
             deviations; remove it, or give training.loss = {}",
            loss.name,
            with.join(" or ")
        ));
    }
    Ok(has_deviations(loss) && calibrate.unwrap_or(true))
}

/// What a search looks for, in networks that are trained with the loss.
pub(crate) fn objective(search: &SearchConfig, loss: &Loss) -> Result<Objective> {
    let (key, name, better) = match (&search.minimise, &search.maximise) {
        (None, None) => return Ok(Objective::ValidationLoss),
        (Some(name), None) if name == VALIDATION_LOSS => return Ok(Objective::ValidationLoss),
        (Some(name), None) => ("search.minimise", name, Better::Lower),
        (None, Some(name)) => ("search.maximise", name, Better::Higher),
        (Some(one), Some(other)) => {
            return Err(input_error!(
                "search.minimise = \"{one}\" and search.maximise = \"{other}\": a search has one \
                 objective; remove one of them"
            ));
        }
    };
    let fits = |metric: &&Metric| metric.compares && metric.needs.are_met_by(loss.predicts);
    let names = |better: Better| {
        let of = METRICS.iter().filter(fits).filter(|metric| metric.better == better);
        of.map(|metric| metric.name).collect::<Vec<_>>()
    };
    let mut known = names(better);
    if better == Better::Lower {
        known.insert(0, VALIDATION_LOSS);
    }
    let metric = match Metric::named(name) {
        Some(metric) if metric.better == better => metric,
        Some(metric) => {
            let other = if better == Better::Lower { "maximise" } else { "minimise" };
            return Err(input_error!(
                "{key} = \"{name}\": a {} value of it is better; give search.{other} = \"{name}\"",
                metric.better.word()
            ));
        }
        None if name == VALIDATION_LOSS => {
            return Err(input_error!(
                "{key} = \"{name}\": a lower one is better; give search.minimise, or leave it out"
            ));
        }
        None => return Err(unknown(key, name, "objective", &known)),
    };
    if !fits(&metric) {
        let reason = match metric.compares {
            true => format!(
                "it needs {}, which the loss \"{}\" does not give",
                metric.needs.words(),
                loss.name
            ),
            false => "networks cannot be ranked by it".to_owned(),
        };
        return Err(input_error!("{key} = \"{name}\": {reason}; there are {}", known.join(", ")));
    }
    Ok(Objective::Metric(metric))
}

/// The metrics of the study, which networks trained with the loss must have.
pub(crate) fn metrics(config: &StudyConfig, loss: &Loss) -> Result<Vec<&'static Metric>> {
    let Some(names) = &config.metrics else {
        return Ok(of_outputs(loss.predicts));
    };
    let known: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
    let mut metrics: Vec<&'static Metric> = Vec::new();
    for name in names {
        let metric =
            Metric::named(name).ok_or_else(|| unknown("metrics", name, "metric", &known))?;
        if !metric.needs.are_met_by(loss.predicts) {
            return Err(input_error!(
                "metrics: \"{name}\" needs {}, which the loss \"{}\" does not give",
                metric.needs.words(),
                loss.name
            ));
        }
        if metrics.contains(&metric) {
            return Err(input_error!("metrics: \"{name}\" is there twice"));
        }
        metrics.push(metric);
    }
    match metrics.first() {
        None => Err(input_error!("metrics is empty; give at least one, as [\"mse\"]")),
        Some(first) if !first.compares => Err(input_error!(
            "metrics: strategies cannot be compared by \"{}\"; put another one first",
            first.name
        )),
        Some(_) => Ok(metrics),
    }
}
