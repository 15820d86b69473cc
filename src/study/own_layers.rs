//! `network.layers` of a study file: a graph of one's own.

use std::collections::HashMap;

use crate::engine::activation::Activation;
use crate::engine::architectures::{Ends, Hidden};
use crate::engine::graph::{Attributes, Graph, Node, Op, Reduction, Source};
use crate::engine::ops::{OPS, dense, named};
use crate::engine::shape::Shape;
use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::{MAX_WIDTH, activation, check_dropout, unknown};
use crate::study::config::network::LayerConfig;

/// What layers call the items and the columns per example.
const ITEMS: &str = "items";
const INPUTS: &str = "inputs";
/// Most layers of a network.
const MOST: usize = 256;

/// The attributes of ops that not every op has.
const ATTRIBUTES: [(&str, &str); 4] =
    [("dense", "width"), ("attention", "heads"), ("pool", "reduction"), ("aggregate", "reduction")];

/// The keys of a layer of an op besides `op`, `name` and `inputs`.
fn keys(op: &Op) -> Vec<&'static str> {
    let own = ATTRIBUTES.iter().filter(|(name, _)| *name == op.name).map(|(_, key)| *key);
    let of_output = ["activation", "slope"].into_iter().filter(|_| op.has_epilogue);
    let dropout = (op.has_epilogue || op.drops_inside).then_some("dropout");
    own.chain(of_output).chain(dropout).collect()
}

/// The ops with the keys of their layers, for help.
pub fn ops() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    OPS.iter().map(|op| (op.op.name, keys(op.op)))
}

/// The network of these layers, hidden layers and the outputs.
///
/// # Errors
/// [`crate::Error::Input`] that names the layer.
pub(crate) fn network(
    layers: &[LayerConfig],
    ends: Ends,
    hidden: &[usize],
    of_all: Hidden,
) -> Result<Graph> {
    if layers.is_empty() || layers.len() > MOST {
        return Err(input_error!("there are {} layers; give 1 to {MOST}", layers.len()));
    }
    let (mut names, mut nodes) = (HashMap::new(), Vec::<Node>::new());
    let first = if ends.items > 0 { ITEMS } else { INPUTS };
    if ends.items > 0 {
        names.insert(ITEMS.to_owned(), Source::Input);
    }
    if ends.columns > 0 {
        let source = if ends.items > 0 { Source::Columns } else { Source::Input };
        names.insert(INPUTS.to_owned(), source);
    }
    for (place, layer) in layers.iter().enumerate() {
        let name = layer.name.clone().unwrap_or_else(|| (place + 1).to_string());
        let wrong = |what: String| input_error!("layer '{name}': {what}");
        let before = match place {
            0 => vec![first.to_owned()],
            _ => vec![layers[place - 1].name.clone().unwrap_or_else(|| place.to_string())],
        };
        let inputs = layer.inputs.clone().unwrap_or(before);
        let known = || {
            let mut known: Vec<&str> = names.keys().map(String::as_str).collect();
            known.sort_unstable();
            known.join(", ")
        };
        let source = |input: &String| {
            names.get(input).copied().ok_or_else(|| {
                wrong(format!("reads '{input}', which is not before it; there are {}", known()))
            })
        };
        let inputs = inputs.iter().map(source).collect::<Result<Vec<Source>>>()?;
        nodes.push(node(layer, &name, inputs, of_all.activation)?);
        if names.insert(name.clone(), Source::Node(place)).is_some() {
            return Err(wrong("there is another one of this name; rename it".into()));
        }
    }
    for width in hidden.iter().chain([&ends.outputs]) {
        let is_last = nodes.len() == layers.len() + hidden.len();
        let activation = if is_last { Activation::Identity } else { of_all.activation };
        let attributes = Attributes { width: *width, activation, ..Attributes::default() };
        let inputs = vec![Source::Node(nodes.len() - 1)];
        nodes.push(Node { op: &dense::OP, attributes, inputs, frozen: false });
    }
    let (input, columns) = match ends.items {
        0 => (Shape::examples(ends.columns), 0),
        items => (Shape::items(items), ends.columns),
    };
    Graph::with_columns(input, columns, nodes).map_err(|what| input_error!("{what}"))
}

fn node(layer: &LayerConfig, name: &str, inputs: Vec<Source>, default: Activation) -> Result<Node> {
    let key = format!("layer '{name}'");
    let Some(op) = named(&layer.op) else {
        let known: Vec<&str> = OPS.iter().map(|op| op.op.name).collect();
        return Err(unknown(&format!("{key}, op"), &layer.op, "op", &known));
    };
    let own = keys(op);
    if let Some(other) = layer.given().into_iter().find(|given| !own.contains(given)) {
        let keys = if own.is_empty() { "none".to_owned() } else { own.join(", ") };
        return Err(input_error!("{key}: the op {} has no `{other}`; its keys: {keys}", op.name));
    }
    let activation = match (&layer.activation, op.has_epilogue) {
        (Some(name), _) => {
            activation(&format!("{key}, activation"), name, layer.slope.unwrap_or(0.2))?
        }
        (None, true) => default,
        (None, false) => Activation::Identity,
    };
    let dropout = layer.dropout.unwrap_or(0.0);
    check_dropout(&format!("{key}, dropout"), dropout)?;
    let reduction = match &layer.reduction {
        Some(word) => Reduction::named(word).ok_or_else(|| {
            let known = Reduction::ALL.map(Reduction::name);
            unknown(&format!("{key}, reduction"), word, "reduction", &known)
        })?,
        None => Attributes::default().reduction,
    };
    let width = match (layer.width, own.contains(&"width")) {
        (Some(width), _) if (1..=MAX_WIDTH).contains(&width) => width,
        (None, false) => Attributes::default().width,
        (Some(width), _) => {
            return Err(input_error!("{key}: width = {width}; widths are 1 to {MAX_WIDTH}"));
        }
        (None, true) => return Err(input_error!("{key}: `width` is missing")),
    };
    let heads = layer.heads.unwrap_or(Attributes::default().heads).min(MAX_WIDTH);
    let attributes = Attributes { width, activation, dropout, reduction, heads };
    Ok(Node { op, attributes, inputs, frozen: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(text: &str) -> Vec<LayerConfig> {
        #[derive(serde::Deserialize)]
        struct All {
            layers: Vec<LayerConfig>,
        }
        toml::from_str::<All>(text).unwrap().layers
    }

    #[test]
    fn every_op_has_its_keys() {
        assert!(ATTRIBUTES.iter().all(|(name, _)| named(name).is_some()));
        let of = |name: &str| keys(named(name).unwrap());
        assert_eq!(of("dense"), ["width", "activation", "slope", "dropout"]);
        assert_eq!(of("attention"), ["heads", "dropout"]);
        assert_eq!((of("pool"), of("add")), (vec!["reduction"], vec![]));
    }

    /// The deep set by hand is the named one.
    #[test]
    fn layers_are_the_graph_that_they_name() {
        let text = "layers = [{ op = 'dense', width = 8 }, { op = 'dense', width = 4, name = 'own' }, \
                    { op = 'pool', reduction = 'sum', name = 'all' }, \
                    { op = 'concat', inputs = ['all', 'inputs'] }]";
        let ends = Ends { items: 3, columns: 2, outputs: 1 };
        let own = network(&layers(text), ends, &[5], Hidden::default()).unwrap();
        let named = Graph::deep_set_between(ends, &[8, 4], Reduction::Sum, &[5], Hidden::default());
        assert_eq!(own, named.unwrap());
        let flat = "layers = [{ op = 'dense', width = 6 }, { op = 'norm' }]";
        let ends = Ends { items: 0, columns: 2, outputs: 1 };
        let flat = network(&layers(flat), ends, &[], Hidden::default()).unwrap();
        assert_eq!((flat.columns(), flat.nodes().len(), flat.has_items()), (2, 3, false));
    }

    #[test]
    fn mistakes_name_the_layer() {
        let ends = Ends { items: 3, columns: 0, outputs: 1 };
        let fails = |text: &str, words: &[&str]| {
            let error = network(&layers(text), ends, &[], Hidden::default()).unwrap_err();
            let error = error.to_string();
            words.iter().for_each(|word| assert!(error.contains(word), "{error} lacks {word}"));
        };
        fails("layers = [{ op = 'densee' }]", &["layer '1', op", "did you mean \"dense\""]);
        fails("layers = [{ op = 'dense' }]", &["layer '1': `width` is missing"]);
        fails("layers = [{ op = 'pool', heads = 2 }]", &["pool has no `heads`", "reduction"]);
        let text = "layers = [{ op = 'pool', inputs = ['inputs'] }]";
        fails(text, &["reads 'inputs'", "there are items"]);
        fails("layers = [{ op = 'dense', width = 4 }]", &["pool them"]);
        let text = "layers = [{ op = 'pool', name = 'a' }, { op = 'norm', name = 'a' }]";
        fails(text, &["layer 'a'", "another one of this name"]);
    }
}
