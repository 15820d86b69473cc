//! From `[search.space]` to a space that cannot be invalid.

use super::distribution::{Choice, Distribution, Range};
use super::space::{self, Condition, Parameter, Space, Stage};
use super::table::{Dimension, RangeTable, SpaceTable};
use crate::error::Result;
use crate::input_error;
use crate::network::Activation;

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
const DROPOUT: Known = Known {
    below: 1.0,
    ..real("dropout", 0.2, 0.8, false)
};
const LEARNING_RATE: Known = real("learning_rate", 1e-5, 1e-1, true);
const FINE_TUNING_LEARNING_RATE: Known = real("fine_tuning_learning_rate", 1e-6, 1e-3, true);
const WEIGHT_DECAY: Known = real("weight_decay", 1e-8, 1.0, true);

const fn whole(key: &'static str, low: f64, high: f64) -> Known {
    Known {
        key,
        low,
        high,
        log: false,
        integer: true,
        least: 1.0,
        below: 1e6,
    }
}

const fn real(key: &'static str, low: f64, high: f64, log: bool) -> Known {
    Known {
        key,
        low,
        high,
        log,
        integer: false,
        least: 0.0,
        below: f64::INFINITY,
    }
}

impl SpaceTable {
    /// The space of the networks of a stage.
    ///
    /// # Errors
    /// [`crate::Error::Input`] that names the key and the numbers.
    pub fn space(&self, stage: Stage) -> Result<Space> {
        let mut parameters = Vec::new();
        let (layers, rate, typed_rate) = match stage {
            Stage::Fresh => {
                let layers = distribution(&LAYERS, &self.layers)?;
                let most = most(&layers, &self.layers)?;
                parameters.push(parameter(space::LAYERS, layers));
                (most, &LEARNING_RATE, &self.learning_rate)
            }
            Stage::FineTuning { layers } => (
                layers,
                &FINE_TUNING_LEARNING_RATE,
                &self.fine_tuning_learning_rate,
            ),
        };
        let fresh = stage == Stage::Fresh;
        for layer in 1..=layers {
            let condition = fresh.then_some(Condition {
                parameter: 0,
                at_least: layer as f64,
            });
            if fresh {
                let units = parameter(&space::units(layer), distribution(&UNITS, &self.units)?);
                parameters.push(Parameter { condition, ..units });
            }
            let dropout = parameter(
                &space::dropout(layer),
                distribution(&DROPOUT, &self.dropout)?,
            );
            parameters.push(Parameter {
                condition,
                ..dropout
            });
        }
        parameters.push(parameter(
            space::LEARNING_RATE,
            distribution(rate, typed_rate)?,
        ));
        parameters.push(parameter(
            space::WEIGHT_DECAY,
            distribution(&WEIGHT_DECAY, &self.weight_decay)?,
        ));
        if self.batch.is_some() {
            parameters.push(parameter(space::BATCH, distribution(&BATCH, &self.batch)?));
        }
        if let Some(typed) = self.activation.as_ref().filter(|_| fresh) {
            parameters.push(parameter(
                space::ACTIVATION,
                Distribution::Choices(activations(typed)?),
            ));
        }
        Ok(Space::new(parameters))
    }
}

fn parameter(name: &str, distribution: Distribution) -> Parameter {
    Parameter {
        name: name.into(),
        distribution,
        condition: None,
    }
}

/// The largest number of layers that a trial may have.
fn most(layers: &Distribution, typed: &Option<Dimension>) -> Result<usize> {
    match (layers, typed) {
        (Distribution::Range(range), _) => Ok(range.high() as usize),
        // a choice is known by its index, which says nothing of how many layers there are
        _ => Err(input_error!(
            "search.space.layers has choices; give it low and high, because units and dropout of a layer depend on it"
        )),
    }
}

/// What was typed, with the paper's range for what was not.
fn distribution(known: &Known, typed: &Option<Dimension>) -> Result<Distribution> {
    let key = known.key;
    let table = match typed {
        None => &RangeTable::default(),
        Some(Dimension::Table(table)) => table,
        Some(Dimension::Fixed(value)) => {
            let value = number(known, value)?;
            &RangeTable {
                low: Some(value),
                high: Some(value),
                log: Some(false),
                ..RangeTable::default()
            }
        }
    };
    if let Some(choices) = &table.choices {
        return listed(known, table, choices).map(Distribution::Choices);
    }
    let (low, high) = (
        table.low.unwrap_or(known.low),
        table.high.unwrap_or(known.high),
    );
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
    range
        .map(Distribution::Range)
        .map_err(|error| input_error!("search.space.{key}: {error}"))
}

/// Choices of numbers, each checked, none twice.
fn listed(known: &Known, table: &RangeTable, choices: &[Choice]) -> Result<Vec<Choice>> {
    let key = known.key;
    if table.low.or(table.high).or(table.step).is_some() || table.log.is_some() {
        return Err(input_error!(
            "search.space.{key} has both choices and a range; remove one of them"
        ));
    }
    choices
        .iter()
        .try_for_each(|choice| number(known, choice).map(|_| ()))?;
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

/// The number that was typed, if it makes sense for this hyper-parameter.
fn number(known: &Known, typed: &Choice) -> Result<f64> {
    let key = known.key;
    let value = match typed {
        Choice::Integer(value) => *value as f64,
        Choice::Number(value) => *value,
        Choice::Word(word) => {
            return Err(input_error!(
                "search.space.{key} has '{word}'; it is a number"
            ));
        }
    };
    if known.integer && value.fract() != 0.0 {
        return Err(input_error!(
            "search.space.{key} has {value}; it is a whole number"
        ));
    }
    if !(known.least..known.below).contains(&value) {
        let (least, below) = (known.least, known.below);
        return Err(input_error!(
            "search.space.{key} has {value}; it must be at least {least} and below {below}"
        ));
    }
    Ok(value)
}

/// The names of activations.
fn activations(typed: &Dimension) -> Result<Vec<Choice>> {
    let choices = match typed {
        Dimension::Fixed(choice) => vec![choice.clone()],
        Dimension::Table(RangeTable {
            choices: Some(choices),
            low: None,
            high: None,
            log: None,
            step: None,
        }) => choices.clone(),
        Dimension::Table(_) => {
            return Err(input_error!(
                "search.space.activation has no range; give it choices, a list of names"
            ));
        }
    };
    check_list("activation", &choices)?;
    for choice in &choices {
        match choice {
            Choice::Word(word) if Activation::named(word, 0.2).is_some() => {}
            other => return Err(unknown_activation(other)),
        }
    }
    Ok(choices)
}

fn unknown_activation(typed: &Choice) -> crate::Error {
    let names = Activation::ALL.map(Activation::name).join(", ");
    let typed = match typed {
        Choice::Word(word) => word.clone(),
        Choice::Integer(value) => value.to_string(),
        Choice::Number(value) => value.to_string(),
    };
    input_error!("search.space.activation has '{typed}': no such activation; there are {names}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::search::{SearchTable, Trial};

    fn table(text: &str) -> SpaceTable {
        toml::from_str(text).unwrap()
    }

    fn error(text: &str) -> String {
        match toml::from_str::<SpaceTable>(text) {
            Err(error) => error.to_string(),
            Ok(table) => table.space(Stage::Fresh).unwrap_err().to_string(),
        }
    }

    #[test]
    fn nothing_typed_is_the_papers_space() {
        let search: SearchTable = toml::from_str("").unwrap();
        assert_eq!((search.trials, search.startup), (100, 20));
        let space = search.space.space(Stage::Fresh).unwrap();
        let names: Vec<&str> = space
            .parameters()
            .iter()
            .map(|parameter| parameter.name.as_str())
            .collect();
        let layers = [
            "units_1",
            "dropout_1",
            "units_2",
            "dropout_2",
            "units_3",
            "dropout_3",
        ];
        assert_eq!(
            names,
            [&["layers"], &layers[..], &["learning_rate", "weight_decay"]].concat()
        );
        let conditions: Vec<_> = space
            .parameters()
            .iter()
            .map(|p| p.condition.map(|c| c.at_least))
            .collect();
        assert_eq!(conditions[1..7], [1.0, 1.0, 2.0, 2.0, 3.0, 3.0].map(Some));
        let range = |name: &str| {
            let parameter = space
                .parameters()
                .iter()
                .find(|parameter| parameter.name == name)
                .unwrap();
            let Distribution::Range(range) = &parameter.distribution else {
                panic!("{name}")
            };
            (
                range.low(),
                range.high(),
                range.is_log(),
                range.is_integer(),
            )
        };
        assert_eq!(range("units_3"), (4.0, 500.0, false, true));
        assert_eq!(range("dropout_1"), (0.2, 0.8, false, false));
        assert_eq!(range("learning_rate"), (1e-5, 1e-1, true, false));
        assert_eq!(range("weight_decay"), (1e-8, 1.0, true, false));
    }

    #[test]
    fn fine_tuning_keeps_the_layers() {
        let space = SpaceTable::default()
            .space(Stage::FineTuning { layers: 2 })
            .unwrap();
        let names: Vec<&str> = space
            .parameters()
            .iter()
            .map(|parameter| parameter.name.as_str())
            .collect();
        assert_eq!(
            names,
            ["dropout_1", "dropout_2", "learning_rate", "weight_decay"]
        );
        let Distribution::Range(rate) = &space.parameters()[2].distribution else {
            panic!()
        };
        assert_eq!((rate.low(), rate.high()), (1e-6, 1e-3));
    }

    #[test]
    fn a_trial_has_its_setting() {
        let typed = "layers = { high = 2 }\nbatch = { choices = [16, 32] }\nweight_decay = 0\n\
                     activation = { choices = ['relu', 'silu'] }";
        let space = table(typed).space(Stage::Fresh).unwrap();
        let values = [
            Some(1.0),
            Some(40.0),
            Some(0.3),
            None,
            None,
            Some(1e-3),
            Some(0.0),
            Some(1.0),
            Some(1.0),
        ];
        let setting = space.setting(&Trial::running(0, values.to_vec()));
        assert_eq!((setting.units, setting.dropout), (vec![40], vec![0.3]));
        assert_eq!(
            (setting.learning_rate, setting.weight_decay, setting.batch),
            (1e-3, 0.0, Some(32))
        );
        assert_eq!(setting.activation.as_deref(), Some("silu"));
    }

    #[test]
    fn mistakes_are_named_with_their_numbers() {
        let cases = [
            ("unit = { low = 4 }", ["unknown field `unit`", "`units`"]),
            ("units = { lo = 4 }", ["unknown field `lo`", "`low`"]),
            (
                "units = { low = 600 }",
                ["search.space.units: low is 600", "high is 500"],
            ),
            (
                "units = { low = 0 }",
                ["search.space.units has 0", "at least 1"],
            ),
            (
                "units = { high = 40.5 }",
                ["search.space.units has 40.5", "whole"],
            ),
            ("units = { step = 0.5 }", ["step is 0.5", "from 4 to 500"]),
            (
                "dropout = { high = 1.0 }",
                ["search.space.dropout has 1", "below 1"],
            ),
            (
                "learning_rate = { low = 0.0 }",
                ["learning_rate: low is 0", "log = false"],
            ),
            (
                "learning_rate = { log = true, step = 0.1 }",
                ["step is 0.1", "remove one"],
            ),
            (
                "learning_rate = 'big'",
                ["learning_rate has 'big'", "number"],
            ),
            (
                "layers = { choices = [1, 2] }",
                ["layers has choices", "low and high"],
            ),
            (
                "batch = { choices = [] }",
                ["batch.choices is empty", "at least one"],
            ),
            ("batch = { choices = [8, 8] }", ["twice", "remove one"]),
            (
                "batch = { choices = [8], low = 1 }",
                ["both choices and a range", "remove one"],
            ),
            (
                "activation = { low = 1 }",
                ["activation has no range", "choices"],
            ),
            ("activation = 'rely'", ["'rely'", "leaky_relu"]),
        ];
        for (typed, words) in cases {
            let error = error(typed);
            words.iter().for_each(|word| {
                assert!(error.contains(word), "{typed}: '{error}' lacks '{word}'")
            });
        }
    }

    #[test]
    fn pruning_rules_refuse_each_others_keys() {
        let pruner = |text: &str| {
            toml::from_str::<SearchTable>(&format!("[pruning]\n{text}"))
                .unwrap()
                .pruning
                .pruner()
        };
        let error = |text: &str| pruner(text).unwrap_err().to_string();
        assert!(error("rule = 'halfing'").contains("did you mean 'halving'?"));
        assert!(error("warmup = 3").contains("warmup means nothing to the rule 'halving'"));
        assert!(error("factor = 1").contains("factor is 1; it must be at least 2"));
        assert!(pruner("rule = 'median'\nwarmup = 3").is_ok());
    }
}
