//! The layers of a network in the header of a model file.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::engine::activation::Activation;
use crate::engine::graph::{Attributes, Graph, MAX_NUMBERS, Node, Reduction, Source};
use crate::engine::ops;
use crate::engine::ops::dense;
use crate::engine::shape::Shape;
use crate::study::store::difference::differences;

/// The layers of a network and what they read.
pub(crate) struct GraphHeader {
    pub(crate) layers: Vec<LayerHeader>,
    /// Columns of the items that the network reads.
    pub(crate) items: Option<usize>,
    /// Columns per example beside them.
    pub(crate) beside: Option<usize>,
}

/// A layer.
#[derive(Serialize, Deserialize)]
pub(crate) struct LayerHeader {
    op: String,
    inputs: usize,
    outputs: usize,
    activation: String,
    slope: f32,
    dropout: f32,
    frozen: bool,
    /// What it reads, if that is not the layer before it: `items`, `columns` or the number of a
    /// layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reads: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reduction: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    heads: Option<usize>,
}

/// The names of what layers read besides other layers.
const ITEMS: &str = "items";
const COLUMNS: &str = "columns";

/// What the nodes of a network read, if one reads something else than the node before it.
fn reads(network: &Graph, id: usize) -> Option<Vec<String>> {
    let before = id.checked_sub(1).map_or(Source::Input, Source::Node);
    let inputs = &network.nodes()[id].inputs;
    let name = |source: &Source| match source {
        Source::Input => ITEMS.to_owned(),
        Source::Columns => COLUMNS.to_owned(),
        Source::Node(node) => node.to_string(),
    };
    (*inputs != [before]).then(|| inputs.iter().map(name).collect())
}

impl GraphHeader {
    /// The layers of a network.
    pub(crate) fn new(network: &Graph) -> Self {
        let layer = |(id, node): (usize, &Node)| LayerHeader {
            op: node.op.name.to_owned(),
            inputs: network.input_shape(id).width,
            outputs: network.shape(id).width,
            activation: node.attributes.activation.name().to_owned(),
            slope: node.attributes.activation.slope(),
            dropout: node.attributes.dropout,
            frozen: node.frozen,
            reads: reads(network, id),
            reduction: Some(node.attributes.reduction)
                .filter(|reduction| *reduction != Attributes::default().reduction)
                .map(|reduction| reduction.name().to_owned()),
            heads: Some(node.attributes.heads)
                .filter(|heads| *heads != Attributes::default().heads),
        };
        let layers = network.nodes().iter().enumerate().map(layer).collect();
        let items = network.has_items().then_some(network.item_columns());
        let beside = items.and(Some(network.columns())).filter(|columns| *columns > 0);
        Self { layers, items, beside }
    }

    /// The network, if the layers fit together.
    ///
    /// # Errors
    /// What does not fit.
    pub(crate) fn network(&self) -> Result<Graph, String> {
        let Self { layers, .. } = self;
        let first = layers.first().ok_or("it has no layers")?;
        let source = |name: &String| match name.as_str() {
            ITEMS => Ok(Source::Input),
            COLUMNS => Ok(Source::Columns),
            node => node.parse().map(Source::Node).map_err(|_| format!("a layer reads '{name}'")),
        };
        let mut nodes = Vec::new();
        for (id, layer) in layers.iter().enumerate() {
            let activation = Activation::named(&layer.activation, layer.slope)
                .ok_or_else(|| format!("there is no activation '{}'", layer.activation))?;
            let dropout = if layer.frozen { 0.0 } else { layer.dropout };
            let op =
                ops::named(&layer.op).ok_or_else(|| format!("there is no op '{}'", layer.op))?;
            // the width of the other ops is that of their inputs
            let is_dense = *op == dense::OP;
            nodes.push(Node {
                op,
                attributes: Attributes {
                    width: if is_dense { layer.outputs } else { Attributes::default().width },
                    activation,
                    dropout,
                    reduction: match &layer.reduction {
                        Some(name) => Reduction::named(name)
                            .ok_or_else(|| format!("there is no reduction '{name}'"))?,
                        None => Attributes::default().reduction,
                    },
                    heads: layer.heads.unwrap_or(Attributes::default().heads).min(MAX_NUMBERS),
                },
                inputs: match &layer.reads {
                    Some(names) => names.iter().map(source).collect::<Result<_, String>>()?,
                    None => vec![id.checked_sub(1).map_or(Source::Input, Source::Node)],
                },
                frozen: layer.frozen,
            });
        }
        let input = self.items.map_or(Shape::examples(first.inputs), Shape::items);
        let columns = self.beside.unwrap_or(0);
        if columns > MAX_NUMBERS {
            return Err(format!("{columns} columns; at most {MAX_NUMBERS} can be"));
        }
        let graph = Graph::with_columns(input, columns, nodes)?;
        let misfit = layers
            .iter()
            .enumerate()
            .find(|(id, layer)| graph.input_shape(*id).width != layer.inputs);
        match misfit {
            Some((id, layer)) => Err(format!(
                "layer {} reads {} numbers, but {} come in",
                id + 1,
                layer.inputs,
                graph.input_shape(id).width
            )),
            None => Ok(graph),
        }
    }
}

/// The first layer in which two networks differ, but for dropout and frozen layers, in words.
pub(crate) fn first_difference(there: &Graph, here: &Graph) -> Option<String> {
    let layers = |graph: &Graph| -> Vec<Value> {
        let plain = |layer: LayerHeader| LayerHeader { dropout: 0.0, frozen: false, ..layer };
        let layers = GraphHeader::new(graph).layers.into_iter().map(plain);
        layers.map(|layer| json!(layer)).collect()
    };
    let (there, here) = (layers(there), layers(here));
    let pairs = there.iter().zip(&here).enumerate();
    let mut found = pairs.filter_map(|(place, (there, here))| {
        let first = differences(there, here).into_iter().next()?;
        Some(format!("of layer {}, {first}", place + 1))
    });
    found.next().or_else(|| {
        let counts = (there.len(), here.len());
        (counts.0 != counts.1).then(|| format!("{} layers there and {} here", counts.0, counts.1))
    })
}
