//! What a study file says of the loss, of the outputs that it needs, and of metrics.

use crate::engine::activation::Activation;
use crate::engine::loss::{LOSSES, Loss, MSE, Predicts};
use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::{activation, unknown};
use crate::study::config::study::{NetworkConfig, StudyConfig};
use crate::study::metric::{METRICS, Metric, of_outputs};

/// The activation of the outputs. Losses that take logits, logarithms or deviations need outputs of
/// any size.
pub(crate) fn output(config: &NetworkConfig, loss: &Loss) -> Result<Activation> {
    let default = match loss.predicts {
        Predicts::Value => "sigmoid",
        _ => "identity",
    };
    let name = config.output.as_deref().unwrap_or(default);
    let output = activation("network.output", name, config.slope)?;
    if loss.predicts != Predicts::Value && output != Activation::Identity {
        return Err(input_error!(
            "network.output = \"{name}\", but the loss \"{}\" needs outputs as they are; remove \
             it, or give \"identity\"",
            loss.name
        ));
    }
    Ok(output)
}

/// The loss and its parameter.
pub(crate) fn loss(value: Option<&toml::Value>) -> Result<(&'static Loss, Option<f64>)> {
    let named = |name: &str| {
        let known = LOSSES.map(|loss| loss.name);
        Loss::named(name).ok_or_else(|| unknown("training.loss", name, "loss", &known))
    };
    let wrong = |what: String| {
        input_error!(
            "training.loss = {what}; give the name of a loss, or a table such as {{ name = \
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
    for (key, value) in table.iter().filter(|(key, _)| *key != "name") {
        let known = loss.parameter.filter(|parameter| parameter.name == key);
        let Some(known) = known else {
            let has = loss.parameter.map_or("none".to_owned(), |parameter| parameter.name.into());
            return Err(input_error!(
                "training.loss.{key}: the loss \"{name}\" has no such parameter; it has {has}"
            ));
        };
        let number = value.as_float().or(value.as_integer().map(|number| number as f64));
        let [low, high] = known.range;
        match number.filter(|number| (low..=high).contains(number)) {
            Some(number) => parameter = Some(number),
            None => {
                return Err(input_error!(
                    "training.loss.{key} = {value}: a number from {low} to {high}"
                ));
            }
        }
    }
    Ok((loss, parameter))
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
