//! Predictions in ONNX, in physical units, from the outputs of networks.

use crate::engine::loss::Predicts;
use crate::engine::onnx::nodes::{Nodes, integer, integers};
use crate::engine::onnx::proto::DataType;
use crate::study::store::model::Model;

/// Names of predictions, shape (rows, targets), in f64.
pub(super) struct Names {
    pub values: String,
    /// Their standard deviations, if the network predicts them.
    pub deviations: Option<String>,
}

/// Adds the predictions of a network from its outputs, shape (rows, outputs), in f32: see
/// [`crate::study::prediction::Prediction`].
pub(super) fn of_outputs(model: &Model, nodes: &mut Nodes, outputs: &str) -> Names {
    let (predicts, ranges) = (model.about.predicts, &model.about.scaling.target_ranges);
    let (each, targets) = (predicts.outputs_per_target(), ranges.len());
    let outputs = nodes.cast(outputs, DataType::Double);
    let of_targets = |nodes: &mut Nodes, place: usize| {
        let places: Vec<i64> = (0..targets).map(|target| (each * target + place) as i64).collect();
        let places = nodes.row(&places);
        nodes.add_with("Gather", &[&outputs, &places], vec![integer("axis", 1)])
    };
    let first = of_targets(nodes, 0);
    let (values, deviations) = match predicts {
        Predicts::Value => (first, None),
        Predicts::Probability => (nodes.add("Sigmoid", &[&first]), None),
        Predicts::Classes => {
            (nodes.add_with("Softmax", &[&first], vec![integer("axis", -1)]), None)
        }
        Predicts::LogVariance => {
            let (logarithms, half) = (of_targets(nodes, 1), nodes.scalar(0.5));
            let exponents = nodes.add("Mul", &[&logarithms, &half]);
            (first, Some(nodes.add("Exp", &[&exponents])))
        }
        Predicts::Deviation => {
            let signed = of_targets(nodes, 1);
            (first, Some(nodes.add("Abs", &[&signed])))
        }
    };
    let lows = nodes.row(&Vec::from_iter(ranges.iter().map(|[low, _]| *low)));
    let widths = nodes.row(&Vec::from_iter(ranges.iter().map(|[low, high]| high - low)));
    let scaled = nodes.add("Mul", &[&values, &widths]);
    Names {
        values: nodes.add("Add", &[&scaled, &lows]),
        deviations: deviations.map(|one| nodes.add("Mul", &[&one, &widths])),
    }
}

/// Adds the mean over several networks, the root of the mean variance, and the standard deviation
/// of the predictions over the networks (with one less than their number, numpy's `ddof=1`).
pub(super) fn of_several(nodes: &mut Nodes, all: &[Names]) -> (Names, String) {
    let mean = |nodes: &mut Nodes, value: &str| {
        let attributes = vec![integers("axes", &[0]), integer("keepdims", 0)];
        nodes.add_with("ReduceMean", &[value], attributes)
    };
    let values = stacked(nodes, all.iter().map(|one| &one.values));
    let deviations = all.iter().map(|one| one.deviations.as_ref()).collect::<Option<Vec<_>>>();
    let deviations = deviations.map(|each| {
        let each = stacked(nodes, each.into_iter());
        let squares = nodes.add("Mul", &[&each, &each]);
        let variance = mean(nodes, &squares);
        nodes.add("Sqrt", &[&variance])
    });
    let means = mean(nodes, &values);
    let apart = nodes.add("Sub", &[&values, &means]);
    let squares = nodes.add("Mul", &[&apart, &apart]);
    let (sum, less) = (nodes.sum(&squares, 0), nodes.scalar(all.len() as f64 - 1.0));
    let variance = nodes.add("Div", &[&sum, &less]);
    (Names { values: means, deviations }, nodes.add("Sqrt", &[&variance]))
}

/// Values one above the other, shape (networks, rows, targets).
fn stacked<'a>(nodes: &mut Nodes, values: impl Iterator<Item = &'a String>) -> String {
    let values: Vec<String> = values.map(|value| nodes.unsqueeze(value, &[0])).collect();
    let names: Vec<&str> = values.iter().map(String::as_str).collect();
    nodes.add_with("Concat", &names, vec![integer("axis", 0)])
}
