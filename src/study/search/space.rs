//! The parameters of a trial: what each may be, and when it applies.

use crate::study::search::distribution::{Choice, Distribution};
use crate::study::search::trial::Trial;

/// One parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name in journals and tables.
    pub name: String,
    /// What it may be.
    pub distribution: Distribution,
    /// When it applies; always if there is none.
    pub condition: Option<Condition>,
}

/// A parameter applies where an earlier one is at least so much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// Index of the earlier parameter.
    pub parameter: usize,
    /// The least value of it.
    pub at_least: f64,
}

/// The parameters of a trial, in the order in which they are proposed.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    parameters: Vec<Parameter>,
}

/// Which networks the space is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Networks that start from random weights: pre-training, scratch, a head.
    Fresh,
    /// Networks that start from pre-trained weights: their layers are given.
    FineTuning {
        /// Hidden layers of the pre-trained network that train; 0 if they are frozen.
        layers: usize,
    },
}

/// A trial's hyper-parameters by their meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Units of each hidden layer; empty where the layers are given.
    pub units: Vec<usize>,
    /// Dropout after each hidden layer.
    pub dropout: Vec<f64>,
    /// Step size of AdamW.
    pub learning_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Examples in a minibatch, if it is searched for.
    pub batch: Option<usize>,
    /// Factor of the learning rate of the pre-trained layers, if it is searched for.
    pub body_rate: Option<f64>,
    /// Activation of the hidden layers, if it is searched for.
    pub activation: Option<String>,
    /// The name of the loss, if it is searched for.
    pub loss: Option<String>,
    /// Units of each layer on items, if they are searched for.
    pub items_units: Vec<usize>,
    /// Other sizes of the architecture that are searched for, by their keys.
    pub sizes: Vec<(&'static str, usize)>,
}

impl Space {
    /// A space of these parameters.
    ///
    /// # Panics
    /// If a condition does not name an earlier parameter.
    pub fn new(parameters: Vec<Parameter>) -> Self {
        for (index, parameter) in parameters.iter().enumerate() {
            let earlier = parameter.condition.is_none_or(|condition| condition.parameter < index);
            assert!(earlier, "space: {} depends on a later parameter", parameter.name);
        }
        Self { parameters }
    }

    /// The parameters, in the order in which they are proposed.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Whether parameter `index` applies, given the values of those before it.
    pub fn applies(&self, index: usize, before: &[Option<f64>]) -> bool {
        let condition = self.parameters[index].condition;
        condition.is_none_or(|condition| {
            before[condition.parameter].is_some_and(|value| value >= condition.at_least)
        })
    }

    /// The largest value of a whole number.
    pub fn largest(&self, name: &str) -> Option<usize> {
        self.bounds(name).map(|[_, most]| most)
    }

    /// The smallest and the largest value of a whole number.
    pub fn bounds(&self, name: &str) -> Option<[usize; 2]> {
        let parameter = self.parameters.iter().find(|parameter| parameter.name == name)?;
        match &parameter.distribution {
            Distribution::Range(range) => Some([range.low() as usize, range.high() as usize]),
            Distribution::Choices(choices) => {
                let whole = || choices.iter().filter_map(Choice::whole);
                Some([whole().min()?, whole().max()?])
            }
        }
    }

    /// Whether a whole number may be the value of a parameter.
    pub fn allows(&self, name: &str, value: usize) -> bool {
        let parameter = self.parameters.iter().find(|parameter| parameter.name == name);
        parameter.is_some_and(|parameter| match &parameter.distribution {
            Distribution::Range(range) => {
                let steps = (value as f64 - range.low()) / range.step().unwrap_or(1.0);
                (range.low()..=range.high()).contains(&(value as f64)) && steps.fract() == 0.0
            }
            Distribution::Choices(choices) => {
                choices.iter().any(|choice| choice.whole() == Some(value))
            }
        })
    }

    /// A trial's value of a parameter, if the space and the trial have it.
    pub fn value(&self, trial: &Trial, name: &str) -> Option<f64> {
        let index = self.parameters.iter().position(|parameter| parameter.name == name)?;
        trial.parameters[index]
    }

    /// A trial's choice of a parameter.
    pub fn choice(&self, trial: &Trial, name: &str) -> Option<&Choice> {
        let index = self.parameters.iter().position(|parameter| parameter.name == name)?;
        match &self.parameters[index].distribution {
            Distribution::Choices(choices) => choices.get(trial.parameters[index]? as usize),
            Distribution::Range(_) => None,
        }
    }

    /// A trial's hyper-parameters.
    ///
    /// # Panics
    /// If the space is not one of [`crate::study::config::SpaceConfig::space`].
    pub fn setting(&self, trial: &Trial) -> Setting {
        let number = |name: &str| match self.choice(trial, name) {
            Some(choice) => choice.number(),
            None => self.value(trial, name),
        };
        let whole = |name: &str| number(name).map(|value| value as usize);
        let needed =
            |name: &str| number(name).unwrap_or_else(|| panic!("space: a trial without {name}"));
        let word = |name: &str| match self.choice(trial, name) {
            Some(Choice::Word(word)) => Some(word.clone()),
            _ => None,
        };
        Setting {
            units: (1..).map_while(|layer| whole(&units(layer))).collect(),
            dropout: match number(DROPOUT) {
                Some(of_all) => vec![of_all],
                None => (1..).map_while(|layer| number(&dropout(layer))).collect(),
            },
            learning_rate: needed(LEARNING_RATE),
            weight_decay: needed(WEIGHT_DECAY),
            batch: whole(BATCH),
            body_rate: number(BODY_RATE),
            activation: word(ACTIVATION),
            loss: word(LOSS),
            items_units: (1..).map_while(|layer| whole(&items_units(layer))).collect(),
            sizes: SIZES.iter().filter_map(|key| Some((*key, whole(key)?))).collect(),
        }
    }
}

pub const WIDTH: &str = "width";
pub const HEADS: &str = "heads";
pub const BLOCKS: &str = "blocks";
pub const FEED_FORWARD: &str = "feed_forward";
/// Sizes that are numbers, by their keys.
pub const SIZES: [&str; 4] = [WIDTH, HEADS, BLOCKS, FEED_FORWARD];
pub const ITEMS_LAYERS: &str = "items_layers";
/// Dropout after every hidden layer of an architecture on items.
pub const DROPOUT: &str = "dropout";
pub const LAYERS: &str = "layers";
pub const LEARNING_RATE: &str = "learning_rate";
pub const WEIGHT_DECAY: &str = "weight_decay";
pub const BATCH: &str = "batch";
pub const BODY_RATE: &str = "body_rate";
pub const ACTIVATION: &str = "activation";
pub const LOSS: &str = "loss";

/// Name of the units of a hidden layer, from 1.
pub fn units(layer: usize) -> String {
    format!("units_{layer}")
}

/// Name of the units of a layer on items, from 1.
pub fn items_units(layer: usize) -> String {
    format!("items_units_{layer}")
}

/// Name of the dropout after a hidden layer, from 1.
pub fn dropout(layer: usize) -> String {
    format!("dropout_{layer}")
}
