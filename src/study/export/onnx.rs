//! A file of ONNX of one or several networks.

use prost::Message;
use serde_json::json;

use crate::engine::graph::Source;
use crate::engine::onnx::layer::{Layer, SetNames};
use crate::engine::onnx::nodes::Nodes;
use crate::engine::onnx::proto::{self, DataType, Dimension, Size};
use crate::engine::ops::kernels_of;
use crate::error::Result;
use crate::input_error;
use crate::study::export::preparation::Preparation;
use crate::study::export::{neighbours, prediction};
use crate::study::store::model::{About, Model};
use crate::study::store::published::check_same;

/// Operators of ONNX 1.12, the first with `LayerNormalization`: onnxruntime 1.12 and newer.
const OPERATORS: i64 = 17;
const FORMAT: i64 = 8;

/// Names of the inputs.
const INPUTS: &str = "inputs";
const ITEMS: &str = "items";
const MASK: &str = "mask";

/// Most bytes of a protocol buffer.
const MOST: usize = i32::MAX as usize;

/// Checks that networks read and predict the same, that each is there once, and that all of them
/// fit into a file.
///
/// # Errors
/// [`crate::Error::Input`] with the first difference.
pub fn check(models: &[(String, Model)]) -> Result<()> {
    // each has neighbours of its own
    let about = |model: &Model| About { edges: None, ..model.about.clone() };
    for (place, (name, model)) in models.iter().enumerate() {
        let (first_name, first) = &models[0];
        check_same((first_name, &about(first)), (name, &about(model)))?;
        for (other_name, other) in &models[..place] {
            if other.start == model.start {
                return Err(input_error!(
                    "{name} is the same network as {other_name}, which would count twice; give \
                     each once"
                ));
            }
        }
    }
    let parameters = models.iter().map(|(_, model)| model.start.network.parameter_count());
    match size_of::<f32>() * parameters.sum::<usize>() {
        bytes if bytes > MOST => Err(input_error!(
            "the networks have {bytes} bytes of parameters, but a file of ONNX holds {MOST}; \
             export fewer of them"
        )),
        _ => Ok(()),
    }
}

/// The contents of a file of ONNX. The inputs are `inputs`, f64, shape (rows, inputs), and of
/// networks on items `items`, f64, shape (rows, places, columns), and `mask`, shape (rows, places),
/// which says where there is one. The outputs, f64, shape (rows, targets), are `predictions`, or
/// their mean over several networks, `deviations` if the networks predict them, and of several
/// networks `spread`, their standard deviation over the networks. Rows that `shoal predict` refuses
/// are NaN.
///
/// # Panics
/// If there is no network.
pub fn onnx(models: &[&Model]) -> Vec<u8> {
    let about = &models[0].about;
    let mut nodes = Nodes::default();
    let mut all = Vec::new();
    for (place, model) in models.iter().enumerate() {
        nodes.prefix = if models.len() > 1 { format!("{place}.") } else { String::new() };
        all.push(network(model, &mut nodes));
    }
    let output = outputs(&mut nodes, all, about.target_names.len());
    let graph = proto::Graph {
        node: nodes.nodes,
        name: "shoal".into(),
        initializer: nodes.constants,
        input: inputs(about),
        output,
    };
    let operators = proto::OperatorSet { domain: String::new(), version: OPERATORS };
    let model = proto::Model {
        ir_version: FORMAT,
        producer_name: "shoal".into(),
        doc_string: format!("{} of '{}': raw inputs in, targets out", about.strategy, about.study),
        graph: Some(graph),
        opset_import: vec![operators],
        metadata_props: metadata(models),
    };
    model.encode_to_vec()
}

/// Adds the outputs of the graph from the predictions of its networks.
fn outputs(
    nodes: &mut Nodes,
    mut all: Vec<prediction::Names>,
    targets: usize,
) -> Vec<proto::ValueInfo> {
    let (names, spread) = match all.len() {
        1 => (all.remove(0), None),
        _ => {
            let (names, spread) = prediction::of_several(nodes, &all);
            (names, Some(spread))
        }
    };
    let outputs = [
        (Some(names.values), "predictions", "targets in physical units"),
        (names.deviations, "deviations", "predicted standard deviations"),
        (spread, "spread", "standard deviation over the networks"),
    ];
    let output = |(value, name, meaning): (Option<String>, &str, &str)| {
        nodes.name(&value?, name);
        let sizes = vec![named("rows"), fixed(targets)];
        Some(value_info(name, meaning, DataType::Double, sizes))
    };
    outputs.into_iter().filter_map(output).collect()
}

/// Names and origin, as JSON.
fn metadata(models: &[&Model]) -> Vec<proto::Entry> {
    let about = &models[0].about;
    let networks = models.iter().map(|model| {
        let About { study, strategy, simulations, seed, validation_loss, shoal, .. } = &model.about;
        json!({
            "study": study, "strategy": strategy, "simulations": simulations, "seed": seed,
            "validation_loss": validation_loss, "shoal": shoal,
        })
    });
    let entries = [
        ("input_names", json!(about.raw_names())),
        ("item_names", json!(about.raw_item_names())),
        ("target_names", json!(about.target_names)),
        ("networks", networks.collect()),
    ];
    let entry = |(key, value): (&str, serde_json::Value)| proto::Entry {
        key: key.to_owned(),
        value: value.to_string(),
    };
    entries.into_iter().map(entry).collect()
}

fn fixed(size: usize) -> Size {
    Size::Fixed(size as i64)
}

fn named(name: &str) -> Size {
    Size::Named(name.to_owned())
}

fn value_info(name: &str, meaning: &str, of: DataType, sizes: Vec<Size>) -> proto::ValueInfo {
    let dim = sizes.into_iter().map(|size| Dimension { size: Some(size) }).collect();
    let shape = Some(proto::TensorShape { dim });
    let tensor_type = Some(proto::TensorType { elem_type: of.into(), shape });
    proto::ValueInfo {
        name: name.to_owned(),
        r#type: Some(proto::Type { tensor_type }),
        doc_string: meaning.to_owned(),
    }
}

fn inputs(about: &About) -> Vec<proto::ValueInfo> {
    let mut all = Vec::new();
    let (columns, items) = (about.raw_names().len(), about.raw_item_names().len());
    if columns > 0 {
        let sizes = vec![named("rows"), fixed(columns)];
        all.push(value_info(INPUTS, "raw inputs", DataType::Double, sizes));
    }
    if items > 0 {
        let sizes = vec![named("rows"), named("places"), fixed(items)];
        all.push(value_info(ITEMS, "raw items, padded", DataType::Double, sizes));
        let sizes = vec![named("rows"), named("places")];
        all.push(value_info(MASK, "whether there is an item", DataType::Bool, sizes));
    }
    all
}

/// Adds a network, from the inputs of the graph to its predictions.
fn network(model: &Model, nodes: &mut Nodes) -> prediction::Names {
    let graph = &model.start.network;
    let (mut unsound, mut sets) = (Vec::new(), SetNames::default());
    let [columns, items] = Preparation::of(model);
    let columns = columns.map(|prepared| {
        let x = prepared.onnx(nodes, INPUTS);
        unsound.push(not_finite(nodes, &x, 1));
        x
    });
    let items = items.map(|prepared| {
        let x = prepared.onnx(nodes, ITEMS);
        sets.mask = nodes.unsqueeze(MASK, &[2]);
        let x = nodes.masked(&x, &sets.mask, 0f32);
        unsound.push(not_finite(nodes, &x, 2));
        if graph.has_edges() {
            sets = neighbours::onnx(model, nodes, &x, &sets.mask);
        }
        x
    });
    let mut outputs: Vec<String> = Vec::new();
    for (id, node) in graph.nodes().iter().enumerate() {
        let name = |source: &Source| match source {
            Source::Node(other) => outputs[*other].clone(),
            Source::Input if graph.has_items() => items.clone().expect("export: items"),
            _ => columns.clone().expect("export: columns"),
        };
        let inputs = node.inputs.iter().map(name).collect();
        let parameters = &model.start.parameters;
        let layer = Layer { graph, id, parameters, inputs, sets: &sets };
        outputs.push((kernels_of(node.op).onnx)(&layer, nodes));
    }
    let mut last = outputs.pop().expect("export: a network has layers");
    for unsound in unsound {
        last = nodes.add("Add", &[&last, &unsound]);
    }
    prediction::of_outputs(model, nodes, &last)
}

/// 0 for each row whose features are finite, else NaN, shape (rows, 1): an activation, or a
/// comparison, could make a number of what is none. The features have so many axes behind the rows.
fn not_finite(nodes: &mut Nodes, x: &str, axes: i64) -> String {
    let mut nothing = nodes.add("Sub", &[x, x]);
    for axis in (1..=axes).rev() {
        nothing = nodes.sum(&nothing, axis);
    }
    nodes.unsqueeze(&nothing, &[1])
}
