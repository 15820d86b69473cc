//! Evaluates a graph on given rows, without dropout: for predictions and attributions.

use crate::engine::graph::{Graph, Source};
use crate::engine::kernel::Values;
use crate::engine::ops::kernels_of;
use crate::engine::real::Real;
use crate::engine::run::{Outcome, Run};

/// Rows evaluated at one time.
const BLOCK: usize = 256;

/// Outputs of a graph, shape (rows, outputs), from scaled inputs, shape (rows, inputs).
///
/// # Panics
/// If the length of `inputs` is not a multiple of the graph's inputs.
pub fn predict<F: Real>(graph: &Graph, parameters: &[F], inputs: &[F]) -> Vec<F> {
    let width = graph.inputs();
    assert_eq!(inputs.len() % width, 0, "predict: not whole rows");
    let mut outputs = Vec::with_capacity(inputs.len() / width * graph.outputs());
    for block in inputs.chunks(BLOCK * width) {
        let mut values = evaluate(graph, parameters, block);
        outputs.append(&mut values[graph.output_node()].output);
    }
    outputs
}

/// The values of every node for scaled inputs, shape (rows, inputs).
pub fn evaluate<F: Real>(graph: &Graph, parameters: &[F], inputs: &[F]) -> Vec<Values<F>> {
    let mut all: Vec<Values<F>> = Vec::with_capacity(graph.nodes().len());
    for (id, node) in graph.nodes().iter().enumerate() {
        let value = |source: &Source| match source {
            Source::Input => inputs,
            Source::Node(below) => &all[*below].output,
        };
        let below: Vec<&[F]> = node.inputs.iter().map(value).collect();
        let values = (kernels_of(node.op).evaluate.of())(graph, id, parameters, &below);
        all.push(values);
    }
    all
}

impl Run {
    /// Outputs of the trained network, shape (rows, outputs), for raw inputs, shape (rows, inputs).
    ///
    /// # Panics
    /// If the length of `x` is not a multiple of the inputs, or the outcome is of another network.
    pub fn predict<X: Copy + Into<f64>>(&self, outcome: &Outcome, x: &[X]) -> Vec<f32> {
        predict(&self.graph, &outcome.parameters, &self.scale.apply(x))
    }
}
