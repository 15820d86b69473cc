//! The sizes of networks: the keys of `[network]`, what they may be, and their values.

use std::collections::BTreeMap;

use crate::engine::graph::Reduction;
use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::{MAX_LAYERS, check_hidden, unknown};
use crate::study::config::network::{LayerConfig, Size};

/// Most neighbours of an item.
pub(crate) const MOST_NEIGHBOURS: usize = 64;

/// A key of `[network]` that some architectures have.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// One line of help.
    pub about: &'static str,
    /// What it may be.
    pub kind: Kind,
}

/// What a size may be, with its default.
#[derive(Debug)]
pub enum Kind {
    /// A number from 1 to the second one.
    Count(usize, usize),
    /// Widths of layers.
    Widths(&'static [usize]),
    /// Widths of the layers of each block.
    Blocks(&'static [&'static [usize]]),
    /// The name of a reduction.
    Reduction(Reduction),
    /// Names of columns of the items; there is no default.
    Names,
    /// Periods of columns; none by default.
    Periods,
    /// Layers of a graph of one's own; there is no default.
    Layers,
}

pub(crate) const fn key(name: &'static str, about: &'static str, kind: Kind) -> Key {
    Key { name, about, kind }
}

/// The sizes of a network by the keys of its architecture.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
#[serde(transparent)]
pub struct Sizes(pub(crate) BTreeMap<&'static str, Size>);

impl Sizes {
    /// A number.
    ///
    /// # Panics
    /// If the architecture has no such key, as all functions of sizes.
    pub fn count(&self, key: &str) -> usize {
        match &self.0[key] {
            Size::Count(count) => *count,
            other => panic!("architecture: {key} is {other:?}"),
        }
    }

    /// Widths of layers.
    pub fn widths(&self, key: &str) -> &[usize] {
        match &self.0[key] {
            Size::Widths(widths) => widths,
            other => panic!("architecture: {key} is {other:?}"),
        }
    }

    /// Widths of the layers of each block.
    pub fn blocks(&self, key: &str) -> &[Vec<usize>] {
        match &self.0[key] {
            Size::Blocks(blocks) => blocks,
            other => panic!("architecture: {key} is {other:?}"),
        }
    }

    /// Layers of a graph of one's own.
    pub fn layers(&self, key: &str) -> &[LayerConfig] {
        match &self.0[key] {
            Size::Layers(layers) => layers,
            other => panic!("architecture: {key} is {other:?}"),
        }
    }

    /// A reduction.
    pub fn reduction(&self, key: &str) -> Reduction {
        match &self.0[key] {
            Size::Word(word) => Reduction::named(word).expect("architecture: a known reduction"),
            other => panic!("architecture: {key} is {other:?}"),
        }
    }

    /// The same with another size.
    pub fn with(mut self, key: &'static str, size: Size) -> Self {
        self.0.insert(key, size);
        self
    }

    /// Its edges, if it has some.
    pub fn edges(&self) -> Option<Edges> {
        let (Size::Names(near), Size::Periods(periods)) =
            (self.0.get("near")?, self.0.get("periodic")?)
        else {
            return None;
        };
        if near.is_empty() {
            return None;
        }
        let near = near.iter().map(|name| (name.clone(), periods.get(name).copied())).collect();
        Some(Edges { neighbours: self.count("neighbours"), near })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Edges from each item to its nearest neighbours.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Edges {
    /// Most neighbours of an item.
    pub neighbours: usize,
    /// The columns of the items in which distances are, with the periods of those that have one.
    pub near: Vec<(String, Option<f64>)>,
}

impl Edges {
    /// Checks that items with these columns can have these edges.
    ///
    /// # Errors
    /// A message.
    pub(crate) fn check(&self, item_names: &[String]) -> Result<(), String> {
        if self.neighbours == 0 || self.neighbours > MOST_NEIGHBOURS || self.near.is_empty() {
            return Err(format!(
                "edges to {} neighbours in {} columns; there are 1 to {MOST_NEIGHBOURS}, in at \
                 least one column",
                self.neighbours,
                self.near.len()
            ));
        }
        for (name, period) in &self.near {
            if !item_names.contains(name) {
                return Err(format!("edges in '{name}', which is no column of the items"));
            }
            if period.is_some_and(|period| !(period.is_finite() && period > 0.0)) {
                return Err(format!("the period of '{name}' is not above 0"));
            }
        }
        Ok(())
    }
}

/// Checks the columns and the periods of edges.
///
/// # Errors
/// [`crate::Error::Input`] that names the key.
pub(crate) fn check_edges(sizes: &Sizes) -> Result<()> {
    let Some(Size::Periods(periods)) = sizes.0.get("periodic") else { return Ok(()) };
    let near = sizes.edges().map_or_else(Vec::new, |edges| edges.near);
    for (name, period) in periods {
        if !near.iter().any(|(near, _)| near == name) {
            return Err(input_error!(
                "network.periodic.{name}: '{name}' is not in network.near; add it there, or remove \
                 its period"
            ));
        }
        if !(period.is_finite() && *period > 0.0) {
            return Err(input_error!(
                "network.periodic.{name} = {period}: a period is a number above 0, as 6.2831853"
            ));
        }
    }
    Ok(())
}

impl Kind {
    /// The size unless it is given.
    pub fn default(&self) -> Size {
        match self {
            Kind::Count(default, _) => Size::Count(*default),
            Kind::Widths(default) => Size::Widths(default.to_vec()),
            Kind::Blocks(default) => Size::Blocks(default.iter().map(|one| one.to_vec()).collect()),
            Kind::Reduction(default) => Size::Word(default.name().to_owned()),
            Kind::Names => Size::Names(Vec::new()),
            Kind::Periods => Size::Periods(BTreeMap::new()),
            Kind::Layers => Size::Layers(Vec::new()),
        }
    }

    pub(crate) fn check(&self, key: &str, size: &Size) -> Result<()> {
        match (self, size) {
            (Kind::Count(_, most), Size::Count(count)) => match (1..=*most).contains(count) {
                true => Ok(()),
                false => Err(input_error!("{key} = {count}: a number from 1 to {most}")),
            },
            (Kind::Widths(_), Size::Widths(widths)) => check_hidden(key, widths),
            (Kind::Blocks(_), Size::Blocks(blocks)) => {
                if !(1..=MAX_LAYERS).contains(&blocks.len()) {
                    return Err(input_error!(
                        "{key} has {} blocks; give a list of widths for each of 1 to {MAX_LAYERS} \
                         blocks",
                        blocks.len()
                    ));
                }
                blocks.iter().try_for_each(|block| check_hidden(key, block))
            }
            (Kind::Reduction(_), Size::Word(word)) => match Reduction::named(word) {
                Some(_) => Ok(()),
                None => Err(unknown(key, word, "reduction", &Reduction::ALL.map(Reduction::name))),
            },
            (Kind::Names, Size::Names(_))
            | (Kind::Periods, Size::Periods(_))
            | (Kind::Layers, Size::Layers(_)) => Ok(()),
            (Kind::Count(default, _), _) => {
                Err(input_error!("{key}: a number for this architecture, as {default}"))
            }
            (_, size) => Err(input_error!(
                "{key} = {}: for this architecture it is written as {}",
                size.text(),
                self.default().text()
            )),
        }
    }
}
