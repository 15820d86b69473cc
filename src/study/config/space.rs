//! From `[search.space]` to a space that cannot be invalid.

use crate::data::names::number_text;
use crate::engine::activation::Activation;
use crate::engine::loss::{LOSSES, Loss};
use crate::error::Result;
use crate::input_error;
use crate::study::architecture::Architecture;
use crate::study::config::checks::unknown;
use crate::study::config::search::{DimensionConfig, RangeConfig, SpaceConfig};
use crate::study::search::distribution::{Choice, Distribution, Range};
use crate::study::search::space;
use crate::study::search::space::{Condition, Parameter, Space, Stage};

/// What is known of a hyper-parameter: the paper's range of it, and what makes sense at all.
struct Known {
    /// Its key in the study file.
    key: &'static str,
    low: f64,
    high: f64,
    log: bool,
    integer: bool,
    /// The least value that makes sense.
    least: f64,
    /// The value from which on it makes no sense.
    below: f64,
}

const LAYERS: Known = whole("layers", 1.0, 3.0);
const UNITS: Known = whole("units", 4.0, 500.0);
const BATCH: Known = whole("batch", 16.0, 128.0);
const DROPOUT: Known = Known { below: 1.0, ..real("dropout", 0.2, 0.8, false) };
const LEARNING_RATE: Known = real("learning_rate", 1e-5, 1e-1, true);
const FINE_TUNING_LEARNING_RATE: Known = real("fine_tuning_learning_rate", 1e-6, 1e-3, true);
const BODY_RATE: Known = real("body_rate", 1e-2, 1.0, true);
const WEIGHT_DECAY: Known = real("weight_decay", 1e-8, 1.0, true);

const fn whole(key: &'static str, low: f64, high: f64) -> Known {
    Known { key, low, high, log: false, integer: true, least: 1.0, below: 1e6 }
}

const fn real(key: &'static str, low: f64, high: f64, log: bool) -> Known {
    Known { key, low, high, log, integer: false, least: 0.0, below: f64::INFINITY }
}

impl SpaceConfig {
    /// The space of the networks of an architecture in a stage.
    ///
    /// # Errors
    /// [`crate::Error::Input`] that names the key and the numbers.
    pub fn space_of(&self, architecture: &Architecture, stage: Stage) -> Result<Space> {
        for (key, [one, other]) in self.sizes() {
            if one.or(other).is_some() && !architecture.has_searchable(key) {
                return Err(input_error!(
                    "search.space has sizes of \"{key}\", which the architecture \"{}\" has not; \
                     remove them",
                    architecture.name
                ));
            }
        }
        if architecture.keeps_dropout && self.dropout.is_some() {
            return Err(input_error!(
                "search.space.dropout: each of network.layers says its own `dropout`; remove it"
            ));
        }
        match architecture.reads_items {
            true => self.of_items(stage),
            false => self.space(stage),
        }
    }

    /// The space of an architecture on items, of which only what is given is searched for, besides
    /// the learning rate and the weight decay.
    fn of_items(&self, stage: Stage) -> Result<Space> {
        let mut parameters = Vec::new();
        let fresh = stage == Stage::Fresh;
        if fresh {
            if self.layers.as_ref().or(self.units.as_ref()).is_some() {
                let names = (space::LAYERS, space::units as fn(usize) -> String);
                layers(&mut parameters, names, (&self.layers, &self.units))?;
            }
            if self.items_layers.as_ref().or(self.items_units.as_ref()).is_some() {
                let names = (space::ITEMS_LAYERS, space::items_units as fn(usize) -> String);
                layers(&mut parameters, names, (&self.items_layers, &self.items_units))?;
            }
            for (known, config) in [
                (whole(space::WIDTH, 16.0, 128.0), &self.width),
                (whole(space::HEADS, 1.0, 8.0), &self.heads),
                (whole(space::BLOCKS, 1.0, 4.0), &self.blocks),
                (whole(space::FEED_FORWARD, 32.0, 256.0), &self.feed_forward),
            ] {
                if config.is_some() {
                    parameters.push(parameter(known.key, distribution(&known, config)?));
                }
            }
        }
        if self.dropout.is_some() {
            parameters.push(parameter(space::DROPOUT, distribution(&DROPOUT, &self.dropout)?));
        }
        self.training(stage, &mut parameters)?;
        Ok(Space::new(parameters))
    }

    /// The space of the perceptrons of a stage.
    ///
    /// # Errors
    /// [`crate::Error::Input`] that names the key and the numbers.
    pub fn space(&self, stage: Stage) -> Result<Space> {
        let mut parameters = Vec::new();
        let layers = match stage {
            Stage::Fresh => {
                let layers = distribution(&LAYERS, &self.layers)?;
                let most = most(&layers, &self.layers)?;
                parameters.push(parameter(space::LAYERS, layers));
                most
            }
            Stage::FineTuning { layers } => layers,
        };
        let fresh = stage == Stage::Fresh;
        for layer in 1..=layers {
            let condition = fresh.then_some(Condition { parameter: 0, at_least: layer as f64 });
            if fresh {
                let units = parameter(&space::units(layer), distribution(&UNITS, &self.units)?);
                parameters.push(Parameter { condition, ..units });
            }
            let dropout = parameter(&space::dropout(layer), distribution(&DROPOUT, &self.dropout)?);
            parameters.push(Parameter { condition, ..dropout });
        }
        self.training(stage, &mut parameters)?;
        Ok(Space::new(parameters))
    }

    /// Adds what is searched for of the training, and the activation.
    fn training(&self, stage: Stage, parameters: &mut Vec<Parameter>) -> Result<()> {
        let fresh = stage == Stage::Fresh;
        let (rate, own_rate) = match fresh {
            true => (&LEARNING_RATE, &self.learning_rate),
            false => (&FINE_TUNING_LEARNING_RATE, &self.fine_tuning_learning_rate),
        };
        parameters.push(parameter(space::LEARNING_RATE, distribution(rate, own_rate)?));
        parameters
            .push(parameter(space::WEIGHT_DECAY, distribution(&WEIGHT_DECAY, &self.weight_decay)?));
        if self.batch.is_some() {
            parameters.push(parameter(space::BATCH, distribution(&BATCH, &self.batch)?));
        }
        if self.body_rate.is_some() && matches!(stage, Stage::FineTuning { layers: 1.. }) {
            parameters
                .push(parameter(space::BODY_RATE, distribution(&BODY_RATE, &self.body_rate)?));
        }
        if let Some(config) = self.activation.as_ref().filter(|_| fresh) {
            parameters
                .push(parameter(space::ACTIVATION, Distribution::Choices(activations(config)?)));
        }
        if let Some(config) = &self.loss {
            parameters.push(parameter(space::LOSS, Distribution::Choices(losses(config)?)));
        }
        Ok(())
    }
}

/// Adds a number of layers and the units of each.
fn layers(
    parameters: &mut Vec<Parameter>,
    (name, units_of): (&str, fn(usize) -> String),
    (layers, units): (&Option<DimensionConfig>, &Option<DimensionConfig>),
) -> Result<()> {
    let count = distribution(&LAYERS, layers)?;
    let (most, place) = (most(&count, layers)?, parameters.len());
    parameters.push(parameter(name, count));
    for layer in 1..=most {
        let condition = Some(Condition { parameter: place, at_least: layer as f64 });
        let units = parameter(&units_of(layer), distribution(&UNITS, units)?);
        parameters.push(Parameter { condition, ..units });
    }
    Ok(())
}

fn parameter(name: &str, distribution: Distribution) -> Parameter {
    Parameter { name: name.into(), distribution, condition: None }
}

/// The largest number of layers that a trial may have.
fn most(layers: &Distribution, config: &Option<DimensionConfig>) -> Result<usize> {
    match (layers, config) {
        (Distribution::Range(range), _) => Ok(range.high() as usize),
        // a choice is known by its index, which says nothing of how many layers there are
        _ => Err(input_error!(
            "search.space.layers has choices; give it low and high, because units and dropout of \
             a layer depend on it"
        )),
    }
}

/// The distribution of a hyper-parameter; keys that are left out are the paper's.
fn distribution(known: &Known, config: &Option<DimensionConfig>) -> Result<Distribution> {
    let key = known.key;
    let table = match config {
        None => &RangeConfig::default(),
        Some(DimensionConfig::Table(table)) => table,
        Some(DimensionConfig::Fixed(value)) => {
            let value = number(known, value)?;
            &RangeConfig {
                low: Some(value),
                high: Some(value),
                log: Some(false),
                ..RangeConfig::default()
            }
        }
    };
    if let Some(choices) = &table.choices {
        return listed(known, table, choices).map(Distribution::Choices);
    }
    let (low, high) = (table.low.unwrap_or(known.low), table.high.unwrap_or(known.high));
    for end in [low, high] {
        number(known, &Choice::Number(end))?;
    }
    let log = table.log.unwrap_or(known.log && table.step.is_none());
    let range = match (known.integer, table.step) {
        (_, Some(step)) if log => Err(input_error!(
            "step is {step} and log is true; a logarithmic axis has no steps: remove one of them"
        )),
        (true, Some(step)) if step.fract() != 0.0 => Err(input_error!(
            "step is {step}, of whole numbers from {low} to {high}; it must be whole too"
        )),
        (true, Some(step)) => Range::stepped_int(low as i64, high as i64, step as i64),
        (true, None) => Range::int(low as i64, high as i64, log),
        (false, Some(step)) => Range::stepped(low, high, step),
        (false, None) => Range::float(low, high, log),
    };
    range.map(Distribution::Range).map_err(|error| input_error!("search.space.{key}: {error}"))
}

/// Choices of numbers, each checked, none twice.
fn listed(known: &Known, table: &RangeConfig, choices: &[Choice]) -> Result<Vec<Choice>> {
    let key = known.key;
    if table.low.or(table.high).or(table.step).is_some() || table.log.is_some() {
        return Err(input_error!(
            "search.space.{key} has both choices and a range; remove one of them"
        ));
    }
    choices.iter().try_for_each(|choice| number(known, choice).map(|_| ()))?;
    check_list(key, choices)?;
    Ok(choices.to_vec())
}

fn check_list(key: &str, choices: &[Choice]) -> Result<()> {
    if choices.is_empty() {
        return Err(input_error!(
            "search.space.{key}.choices is empty; give at least one, or a range"
        ));
    }
    for (index, choice) in choices.iter().enumerate() {
        if choices[..index].contains(choice) {
            return Err(input_error!(
                "search.space.{key}.choices has {choice:?} twice; remove one"
            ));
        }
    }
    Ok(())
}

/// The number, if it is valid for this hyper-parameter.
fn number(known: &Known, config: &Choice) -> Result<f64> {
    let key = known.key;
    let value = match config {
        Choice::Integer(value) => *value as f64,
        Choice::Number(value) => *value,
        Choice::Word(word) => {
            return Err(input_error!("search.space.{key} has '{word}'; it is a number"));
        }
    };
    if known.integer && value.fract() != 0.0 {
        let value = number_text(value);
        return Err(input_error!("search.space.{key} has {value}; it is a whole number"));
    }
    if !(known.least..known.below).contains(&value) {
        let (value, least, below) = (number_text(value), known.least, known.below);
        return Err(input_error!(
            "search.space.{key} has {value}; it must be at least {least} and below {below}"
        ));
    }
    Ok(value)
}

/// The names of activations.
fn activations(config: &DimensionConfig) -> Result<Vec<Choice>> {
    let choices = words("activation", config)?;
    for choice in &choices {
        match choice {
            Choice::Word(word) if Activation::named(word, 0.2).is_some() => {}
            other => return Err(unknown_activation(other)),
        }
    }
    Ok(choices)
}

/// The names of losses.
fn losses(config: &DimensionConfig) -> Result<Vec<Choice>> {
    let choices = words("loss", config)?;
    let known = LOSSES.map(|loss| loss.name);
    for choice in &choices {
        match choice {
            Choice::Word(word) if Loss::named(word).is_some() => {}
            other => {
                return Err(unknown("search.space.loss", &other.to_string(), "loss", &known));
            }
        }
    }
    Ok(choices)
}

/// A name, or a list of names.
fn words(key: &str, config: &DimensionConfig) -> Result<Vec<Choice>> {
    let choices = match config {
        DimensionConfig::Fixed(choice) => vec![choice.clone()],
        DimensionConfig::Table(RangeConfig {
            choices: Some(choices),
            low: None,
            high: None,
            log: None,
            step: None,
        }) => choices.clone(),
        DimensionConfig::Table(_) => {
            return Err(input_error!(
                "search.space.{key} has no range; give it choices, a list of names"
            ));
        }
    };
    check_list(key, &choices)?;
    Ok(choices)
}

fn unknown_activation(config: &Choice) -> crate::Error {
    let names = Activation::ALL.map(Activation::name).join(", ");
    input_error!("search.space.activation has '{config}': no such activation; there are {names}")
}
