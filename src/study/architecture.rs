//! The architectures of networks: a list that study files, their messages, help and tests walk.

use crate::engine::activation::Activation;
use crate::engine::architectures::{Ends, Hidden};
use crate::engine::graph::{Graph, Reduction};
use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::{MAX_WIDTH, prefix, unknown};
use crate::study::config::network::{NetworkConfig, Size};
use crate::study::own_layers;
use crate::study::search::space::{SIZES, Space};
use crate::study::sizes::{Key, Kind, MOST_NEIGHBOURS, Sizes, check_edges, key};

/// Every architecture; the first one is the default.
pub static ARCHITECTURES: [Architecture; 6] =
    [PERCEPTRON, DEEP_SET, WEIGHTED_SUM, EDGE_GRAPH, TRANSFORMER, LAYERS];

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

const WEIGHTED_SUM: Architecture = Architecture {
    name: "weighted-sum",
    about: "a weight for each item from dense layers (items on the item, hidden on these beside \
            their mean), the sum of the weighted columns of the items, the outputs",
    reads_items: true,
    reads_inputs: false,
    keeps_dropout: false,
    keys: &[key("items", "widths of the layers on each item", Kind::Widths(&[64, 64]))],
    hidden: &[64],
    activation: "relu",
    dropout: 0.0,
    build: |sizes, ends, hidden, layers| {
        Graph::weighted_sum_between(ends, sizes.widths("items"), hidden, layers)
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
