//! The architectures of networks: a list that study files, their messages, help and tests walk.

use std::collections::BTreeMap;

use crate::engine::activation::Activation;
use crate::engine::architectures::{Ends, Hidden};
use crate::engine::graph::{Graph, Reduction};
use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::{MAX_LAYERS, MAX_WIDTH, check_hidden, prefix, unknown};
use crate::study::config::network::{LayerConfig, NetworkConfig, Size};
use crate::study::own_layers;
use crate::study::search::space::{SIZES, Space};

/// Every architecture; the first one is the default.
pub static ARCHITECTURES: [Architecture; 5] =
    [PERCEPTRON, DEEP_SET, EDGE_GRAPH, TRANSFORMER, LAYERS];

/// Most neighbours of an item.
const MOST_NEIGHBOURS: usize = 64;

/// A kind of network, with the keys of its sizes.
#[derive(Debug)]
pub struct Architecture {
    /// Its name in study files.
    pub name: &'static str,
    /// One line of help.
    pub about: &'static str,
    /// Whether it reads items, beside which there may be columns per example.
    pub reads_items: bool,
    /// Whether it reads inputs without items.
    pub reads_inputs: bool,
    /// Whether its layers say what their dropout is.
    pub keeps_dropout: bool,
    /// The keys of `[network]` that it has besides those of all networks.
    pub keys: &'static [Key],
    /// Widths of the hidden layers unless they are given.
    pub hidden: &'static [usize],
    /// Activation of the hidden layers unless it is given.
    pub activation: &'static str,
    /// Dropout unless it is given.
    pub dropout: f32,
    /// The network of these sizes without dropout, whose outputs have no activation.
    build: fn(&Sizes, Ends, &[usize], Hidden) -> Result<Graph>,
}

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

const fn key(name: &'static str, about: &'static str, kind: Kind) -> Key {
    Key { name, about, kind }
}

const PERCEPTRON: Architecture = Architecture {
    name: "perceptron",
    about: "dense layers on the inputs",
    reads_items: false,
    reads_inputs: true,
    keeps_dropout: false,
    keys: &[],
    hidden: &[256, 256],
    activation: "leaky_relu",
    dropout: 0.2,
    build: |_, ends, hidden, layers| {
        let widths = [&[ends.columns], hidden, &[ends.outputs]].concat();
        Graph::mlp(&widths).activation(layers.activation).build()
    },
};

/// The sizes of the particle flow network of arXiv 1810.05165, with one reduction more.
const DEEP_SET: Architecture = Architecture {
    name: "deep-set",
    about: "dense layers on each item, a reduction over the items, dense layers",
    reads_items: true,
    reads_inputs: false,
    keeps_dropout: false,
    keys: &[
        key("items", "widths of the layers on each item", Kind::Widths(&[100, 100, 128])),
        key("reduction", "how items become one row", Kind::Reduction(Reduction::Sum)),
    ],
    hidden: &[100, 100, 100],
    activation: "relu",
    dropout: 0.0,
    build: |sizes, ends, hidden, layers| {
        let (items, reduction) = (sizes.widths("items"), sizes.reduction("reduction"));
        Graph::deep_set_between(ends, items, reduction, hidden, layers)
    },
};

/// The sizes of ParticleNet-lite of arXiv 1902.08570.
const EDGE_GRAPH: Architecture = Architecture {
    name: "edge-graph",
    about: "blocks of dense layers on the edges from each item to its nearest neighbours, the mean \
            over the items, dense layers",
    reads_items: true,
    reads_inputs: false,
    keeps_dropout: false,
    keys: &[
        key(
            "blocks",
            "widths of the layers on edges, a list for each block",
            Kind::Blocks(&[&[32, 32, 32], &[64, 64, 64]]),
        ),
        key("neighbours", "nearest neighbours of an item", Kind::Count(7, MOST_NEIGHBOURS)),
        key("near", "the columns of the items in which they are near", Kind::Names),
        key("periodic", "table of the periods of such columns, { phi = 6.2831853 }", Kind::Periods),
    ],
    hidden: &[128],
    activation: "relu",
    dropout: 0.1,
    build: |sizes, ends, hidden, layers| {
        Graph::edge_graph_between(ends, sizes.blocks("blocks"), hidden, layers)
    },
};

const TRANSFORMER: Architecture = Architecture {
    name: "transformer",
    about: "blocks of attention between the items, pre-norm and without positions, the mean over \
            the items, dense layers",
    reads_items: true,
    reads_inputs: false,
    keeps_dropout: false,
    keys: &[
        key("width", "width of the blocks", Kind::Count(64, MAX_WIDTH)),
        key("heads", "heads of each attention", Kind::Count(4, 64)),
        key("blocks", "how many blocks", Kind::Count(2, 16)),
        key("feed_forward", "width of the wide layer of each block", Kind::Count(128, MAX_WIDTH)),
    ],
    hidden: &[],
    activation: "gelu",
    dropout: 0.1,
    build: |sizes, ends, hidden, layers| {
        let all = ["width", "heads", "blocks", "feed_forward"].map(|key| sizes.count(key));
        Graph::transformer_between(ends, all, hidden, layers)
    },
};

const LAYERS: Architecture = Architecture {
    name: "layers",
    about: "a graph of one's own: layers as below, hidden layers and the outputs",
    reads_items: true,
    reads_inputs: true,
    keeps_dropout: true,
    keys: &[
        key("layers", "the layers, a list of tables", Kind::Layers),
        key(
            "neighbours",
            "as of edge-graph, if a layer reads edges",
            Kind::Count(7, MOST_NEIGHBOURS),
        ),
        key("near", "as of edge-graph", Kind::Names),
        key("periodic", "as of edge-graph", Kind::Periods),
    ],
    hidden: &[],
    activation: "relu",
    dropout: 0.0,
    build: |sizes, ends, hidden, layers| {
        own_layers::network(sizes.layers("layers"), ends, hidden, layers)
    },
};

/// The sizes of a network by the keys of its architecture.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
#[serde(transparent)]
pub struct Sizes(BTreeMap<&'static str, Size>);

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

impl Architecture {
    /// The architecture of a study file.
    ///
    /// # Errors
    /// [`crate::Error::Input`] with the known names.
    pub fn of(config: &NetworkConfig) -> Result<&'static Architecture> {
        let default = if config.layers.is_some() { LAYERS.name } else { PERCEPTRON.name };
        let name = config.architecture.as_deref().unwrap_or(default);
        ARCHITECTURES.iter().find(|one| one.name == name).ok_or_else(|| {
            let known = ARCHITECTURES.each_ref().map(|one| one.name);
            unknown("network.architecture", name, "architecture", &known)
        })
    }

    /// The network of these sizes, whose hidden layers have this activation and no dropout.
    ///
    /// # Panics
    /// If the sizes were not checked.
    pub fn network(
        &self,
        sizes: &Sizes,
        ends: Ends,
        hidden: &[usize],
        activation: Activation,
        output: Activation,
    ) -> Graph {
        let network = self.try_network(sizes, ends, hidden, activation);
        let network = network.expect("architecture: sizes that were checked");
        let last = network.output_node();
        let edited = network.edited(|nodes| nodes[last].attributes.activation = output);
        edited.expect("architecture: the same network with another activation")
    }

    fn try_network(
        &self,
        sizes: &Sizes,
        ends: Ends,
        hidden: &[usize],
        activation: Activation,
    ) -> Result<Graph> {
        (self.build)(sizes, ends, hidden, Hidden { activation, dropout: 0.0 })
    }

    /// The sizes of a study file, with the defaults of those that are not given.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for a key of another architecture and for sizes that do not fit.
    pub fn sizes(&self, config: &NetworkConfig) -> Result<Sizes> {
        let given = config.sizes();
        if let Some((key, _)) = given.iter().find(|(key, _)| self.key(key).is_none()) {
            return Err(self.foreign(key));
        }
        let size = |key: &Key| {
            let given = given.iter().find(|(name, _)| *name == key.name);
            let size = given.map_or_else(|| key.kind.default(), |(_, size)| size.clone());
            key.kind.check(&format!("network.{}", key.name), &size)?;
            Ok((key.name, size))
        };
        let sizes = Sizes(self.keys.iter().map(size).collect::<Result<_>>()?);
        check_edges(&sizes)?;
        Ok(sizes)
    }

    /// Checks that the sizes make a network between these ends.
    ///
    /// # Errors
    /// [`crate::Error::Input`] with what does not fit.
    pub fn check(&self, sizes: &Sizes, ends: Ends, hidden: &[usize]) -> Result<()> {
        let network = self
            .try_network(sizes, ends, hidden, Activation::Relu)
            .map_err(|error| prefix(error, &format!("[network], \"{}\"", self.name)))?;
        match network.has_edges() && sizes.edges().is_none() {
            true => Err(input_error!(
                "network.near is missing: the columns of the items in which neighbours are near, \
                 as near = [\"eta\", \"phi\"]"
            )),
            false => Ok(()),
        }
    }

    /// Whether it has a size of this key that a search can vary: a number or widths. Neighbours are
    /// those of the data.
    pub fn has_searchable(&self, key: &str) -> bool {
        let kind = self.key(key).map(|key| &key.kind);
        matches!(kind, Some(Kind::Count(..) | Kind::Widths(_))) && key != "neighbours"
    }

    /// Checks that the sizes that a search may combine fit together.
    ///
    /// # Errors
    /// [`crate::Error::Input`] with the first two that do not.
    pub fn check_space(&self, sizes: &Sizes, space: &Space) -> Result<()> {
        let values = |key: &str| -> Result<Vec<usize>> {
            let Some([low, high]) = space.bounds(key) else { return Ok(vec![]) };
            if let Some(Key { kind: Kind::Count(_, most), .. }) = self.key(key)
                && high > *most
            {
                return Err(input_error!("search.space.{key} goes up to {high}; at most {most}"));
            }
            Ok((low..=high).filter(|value| space.allows(key, *value)).collect())
        };
        let (keys, ends) = (SIZES, Ends { items: 1, columns: 1, outputs: 1 });
        for (place, one) in keys.into_iter().enumerate() {
            for other in &keys[place + 1..] {
                for (a, b) in values(one)?.into_iter().flat_map(|a| {
                    values(other).unwrap_or_default().into_iter().map(move |b| (a, b))
                }) {
                    let own = sizes.clone().with(one, Size::Count(a)).with(other, Size::Count(b));
                    let built = self.try_network(&own, ends, &[], Activation::Relu);
                    built.map_err(|error| {
                        input_error!(
                            "search.space: {one} = {a} beside {other} = {b}: {error}. Give \
                             choices, or a step, that fit together"
                        )
                    })?;
                }
            }
            for a in values(one)? {
                let own = sizes.clone().with(one, Size::Count(a));
                self.try_network(&own, ends, &[], Activation::Relu).map_err(|error| {
                    input_error!(
                        "search.space: {one} = {a}: {error}. Give choices, or a step, that fit"
                    )
                })?;
            }
        }
        Ok(())
    }

    fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The error for a key of another architecture.
    fn foreign(&self, key: &str) -> crate::Error {
        let owners = ARCHITECTURES.iter().filter(|one| one.key(key).is_some());
        let owners: Vec<String> = owners.map(|one| format!("\"{}\"", one.name)).collect();
        let keys: Vec<&str> = self.keys.iter().map(|key| key.name).chain(["hidden"]).collect();
        input_error!(
            "network.{key}: the architecture \"{}\" has no such size; it has {}. Remove it, or \
             give architecture = {}",
            self.name,
            keys.join(", "),
            owners.join(" or ")
        )
    }
}

fn check_edges(sizes: &Sizes) -> Result<()> {
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

    fn check(&self, key: &str, size: &Size) -> Result<()> {
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
