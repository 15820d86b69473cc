//! The nearest neighbours of items in ONNX. They are computed inside the graph, from the raw items
//! like everything else, so that no program that runs it can choose others than training did.

use crate::engine::onnx::layer::SetNames;
use crate::engine::onnx::nodes::{Nodes, integer, integers};
use crate::engine::onnx::proto::DataType;
use crate::study::store::model::Model;

/// Adds the neighbours of items, shape (examples, items, columns), as `Sets::with_edges` has them;
/// the mask has the shape (examples, items, 1).
///
/// # Panics
/// If the model has no edges.
pub(super) fn onnx(model: &Model, nodes: &mut Nodes, items: &str, mask: &str) -> SetNames {
    let (edges, near) = model.near();
    let distances = distances(model, nodes, items, &near);
    let as_keys = nodes.add_with("Transpose", &[mask], vec![integers("perm", &[0, 2, 1])]);
    let [count, itself] = itself(nodes, mask);
    let absent = nodes.add("Not", &[&as_keys]);
    let no_neighbour = nodes.add("Or", &[&absent, &itself]);
    let infinity = nodes.scalar(f64::INFINITY);
    let distances = nodes.add("Where", &[&no_neighbour, &infinity, &distances]);
    let most = nodes.row(&[edges.neighbours as i64]);
    let most = nodes.add("Min", &[&most, &count]);
    let attributes = vec![integer("axis", -1), integer("largest", 0), integer("sorted", 1)];
    let [nearest, places] = nodes.add_several("TopK", &[&distances, &most], attributes);
    let there = nodes.add("Less", &[&nearest, &infinity]);
    let there = nodes.add("And", &[&there, mask]);
    SetNames {
        mask: mask.to_owned(),
        neighbours: nodes.unsqueeze(&places, &[3]),
        edge_mask: nodes.unsqueeze(&there, &[3]),
    }
}

/// The number of items, shape (1), and whether an item is the other one, shape (items, items).
fn itself(nodes: &mut Nodes, mask: &str) -> [String; 2] {
    let (shape, zero, one) = (nodes.add("Shape", &[mask]), nodes.scalar(0i64), nodes.scalar(1i64));
    let count = nodes.add("Gather", &[&shape, &one]);
    let places = nodes.add("Range", &[&zero, &count, &one]);
    let by_row = nodes.unsqueeze(&places, &[1]);
    let itself = nodes.add("Equal", &[&by_row, &places]);
    [nodes.unsqueeze(&count, &[0]), itself]
}

/// The squared distances between all items in these columns, each with its period, in raw units,
/// shape (examples, items, items).
fn distances(
    model: &Model,
    nodes: &mut Nodes,
    items: &str,
    near: &[(usize, Option<f64>)],
) -> String {
    let deviation = &model.about.scaling.item_deviation;
    let widths: Vec<f64> = near.iter().map(|(column, _)| deviation[*column]).collect();
    let columns: Vec<i64> = near.iter().map(|(column, _)| *column as i64).collect();
    let columns = nodes.row(&columns);
    let at = nodes.add_with("Gather", &[items, &columns], vec![integer("axis", -1)]);
    let (at, widths) = (nodes.cast(&at, DataType::Double), nodes.row(&widths));
    let at = nodes.add("Mul", &[&at, &widths]);
    let [one, other] = [2, 1].map(|axis| nodes.unsqueeze(&at, &[axis]));
    let apart = nodes.add("Sub", &[&one, &other]);
    let apart = nodes.add("Abs", &[&apart]);
    let periods: Vec<f64> = near.iter().map(|(_, one)| one.unwrap_or(f64::INFINITY)).collect();
    let periods = nodes.row(&periods);
    let within = nodes.add_with("Mod", &[&apart, &periods], vec![integer("fmod", 1)]);
    let around = nodes.add("Sub", &[&periods, &within]);
    let apart = nodes.add("Min", &[&within, &around]);
    let squares = nodes.add("Mul", &[&apart, &apart]);
    let (sums, most) = (nodes.sum(&squares, 3), nodes.scalar(f64::MAX));
    // infinity stands for what is no neighbour
    nodes.add("Min", &[&sums, &most])
}
