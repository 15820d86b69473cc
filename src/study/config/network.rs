//! `[network]` of a study file: the architecture of every network, and its sizes.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `[network]`: what is not given has the default of the architecture.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkConfig {
    /// The name of one of [`ARCHITECTURES`](crate::study::architecture::ARCHITECTURES); default
    /// "perceptron".
    pub architecture: Option<String>,
    /// Widths of the hidden layers; of an architecture on items those after the reduction.
    pub hidden: Option<Vec<usize>>,
    /// Activation of the hidden layers.
    pub activation: Option<String>,
    /// Slope of leaky_relu below 0; default 0.2.
    pub slope: Option<f32>,
    /// Activation of the outputs; default "sigmoid" for the losses of values, "identity" for
    /// others.
    pub output: Option<String>,
    /// Probability with which a hidden unit is dropped in training.
    pub dropout: Option<f32>,
    /// deep-set: widths of the layers on items.
    pub items: Option<Vec<usize>>,
    /// deep-set: how items are reduced to one row.
    pub reduction: Option<String>,
    /// edge-graph: widths of the layers on edges, a list for each block; transformer: how many
    /// blocks.
    pub blocks: Option<Blocks>,
    /// edge-graph: nearest neighbours of an item.
    pub neighbours: Option<usize>,
    /// edge-graph: the columns of the items in which they are near.
    pub near: Option<Vec<String>>,
    /// edge-graph: the periods of these columns that have one.
    pub periodic: Option<BTreeMap<String, f64>>,
    /// transformer: width of its blocks.
    pub width: Option<usize>,
    /// transformer: heads of each attention.
    pub heads: Option<usize>,
    /// transformer: width of the wide layer of each block.
    pub feed_forward: Option<usize>,
    /// A graph of one's own.
    pub layers: Option<Vec<LayerConfig>>,
}

/// A layer of `network.layers`.
#[derive(Clone, Debug, PartialEq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct LayerConfig {
    /// The name of its op.
    pub op: String,
    /// Its name, by which others read it; its number from 1 if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it reads; the layer before it if it does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Vec<String>>,
    /// Width of a dense layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Its activation; that of `[network]` if it does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation: Option<String>,
    /// Slope of leaky_relu below 0; default 0.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slope: Option<f32>,
    /// Dropout after it; default 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropout: Option<f32>,
    /// How it reduces rows; default "mean".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reduction: Option<String>,
    /// Its heads; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heads: Option<usize>,
}

impl LayerConfig {
    /// The keys of its op that are given.
    pub fn given(&self) -> Vec<&'static str> {
        let all = [
            ("width", self.width.is_some()),
            ("activation", self.activation.is_some()),
            ("slope", self.slope.is_some()),
            ("dropout", self.dropout.is_some()),
            ("reduction", self.reduction.is_some()),
            ("heads", self.heads.is_some()),
        ];
        all.into_iter().filter(|(_, given)| *given).map(|(key, _)| key).collect()
    }
}

/// Blocks of an architecture: how many, or the widths of each.
#[derive(Clone, Debug, PartialEq)]
pub enum Blocks {
    /// How many.
    Count(usize),
    /// The widths of the layers of each.
    Widths(Vec<Vec<usize>>),
}

impl<'de> Deserialize<'de> for Blocks {
    // not derived: the errors of an untagged enum do not name the expected types
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Blocks;
            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter
                    .write_str("a number of blocks, or a list with a list of widths for each block")
            }
            fn visit_i64<E: serde::de::Error>(self, one: i64) -> std::result::Result<Blocks, E> {
                usize::try_from(one)
                    .map(Blocks::Count)
                    .map_err(|_| E::custom(format!("{one} blocks; there must be at least one")))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                list: A,
            ) -> std::result::Result<Blocks, A::Error> {
                Vec::deserialize(serde::de::value::SeqAccessDeserializer::new(list))
                    .map(Blocks::Widths)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// A size of an architecture.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(untagged)]
pub enum Size {
    /// A number.
    Count(usize),
    /// Widths of layers.
    Widths(Vec<usize>),
    /// Widths of the layers of blocks.
    Blocks(Vec<Vec<usize>>),
    /// One of a few words.
    Word(String),
    /// Names of columns.
    Names(Vec<String>),
    /// Periods of columns.
    Periods(BTreeMap<String, f64>),
    /// Layers of a graph of one's own.
    Layers(Vec<LayerConfig>),
}

impl Size {
    /// As it is written in a study file.
    pub fn text(&self) -> String {
        match self {
            Size::Periods(periods) => {
                let all = periods.iter().map(|(name, period)| format!("{name} = {period}"));
                format!("{{ {} }}", all.collect::<Vec<_>>().join(", "))
            }
            other => serde_json::to_string(other).expect("network: plain data is JSON"),
        }
        .replace(',', ", ")
        .replace("  ", " ")
    }
}

impl NetworkConfig {
    /// The sizes that are given, by their keys.
    pub fn sizes(&self) -> Vec<(&'static str, Size)> {
        let blocks = self.blocks.as_ref().map(|blocks| match blocks {
            Blocks::Count(count) => Size::Count(*count),
            Blocks::Widths(widths) => Size::Blocks(widths.clone()),
        });
        let all = [
            ("items", self.items.clone().map(Size::Widths)),
            ("reduction", self.reduction.clone().map(Size::Word)),
            ("blocks", blocks),
            ("neighbours", self.neighbours.map(Size::Count)),
            ("near", self.near.clone().map(Size::Names)),
            ("periodic", self.periodic.clone().map(Size::Periods)),
            ("width", self.width.map(Size::Count)),
            ("heads", self.heads.map(Size::Count)),
            ("feed_forward", self.feed_forward.map(Size::Count)),
            ("layers", self.layers.clone().map(Size::Layers)),
        ];
        all.into_iter().filter_map(|(key, size)| Some((key, size?))).collect()
    }

    /// Slope of leaky_relu below 0.
    pub fn slope(&self) -> f32 {
        self.slope.unwrap_or(0.2)
    }
}
