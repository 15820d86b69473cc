//! Gradients of the outputs of a network with respect to its scaled inputs, for attributions.
//!
//! The forward and backward kernels of the CPU compute them, in a graph in which a dense node with
//! the identity as weights reads each input: the gradient at its output is that of the input.

use std::sync::Arc;

use crate::engine::activation;
use crate::engine::graph::{Attributes, Graph, Node, NodeId, Source};
use crate::engine::kernel::Kernel;
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::ops::{dense, gather, kernels_of, loss};
use crate::engine::precision::Precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::run::{Run, Training};
use crate::engine::scale::InputScale;
use crate::engine::sets::most_rows;
use crate::engine::shape::{Rows, padded};
use crate::engine::step::{Call, step_of};
use crate::engine::table::Table;

/// Evaluates a network at many points of one row of a table at a time: with other numbers in place
/// of its items and columns, but as many items, and the same edges.
pub struct InputGradients<F> {
    run: PreparedRun,
    memory: Memory<F>,
    backward: Vec<(Call, NodeId)>,
    /// The nodes that pass on the items and the columns per example, where the network reads them.
    items: Option<NodeId>,
    columns: Option<NodeId>,
    /// Points that are evaluated.
    points: usize,
}

/// Numbers of some points, or gradients with respect to them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points<F> {
    /// The items, shape (points, items, columns).
    pub items: Vec<F>,
    /// The columns per example, shape (points, columns).
    pub columns: Vec<F>,
}

impl<F: Real> InputGradients<F> {
    /// For up to `points` points of each of the rows of a table that a network reads with these
    /// scales of columns and items.
    ///
    /// # Panics
    /// If the table does not fit the network.
    pub fn new(
        (network, parameters): (&Graph, &[F]),
        scales: [InputScale; 2],
        table: &Arc<[Table]>,
        points: usize,
    ) -> Self {
        let (graph, passing) = passing(network);
        let [scale, item_scale] = scales;
        let training = Training { batch: points, precision: Precision::F32, ..Training::default() };
        let sets = table[0].sets.as_ref();
        let copies = (0..table[0].rows as u32).map(|row| vec![row; points]);
        let copies: Vec<Vec<u32>> = copies.collect();
        let most = most_rows(&graph, points, sets, copies.iter().map(Vec::as_slice));
        let run = Run { training, scale, item_scale, ..Run::untrained(graph, &table[0]) };
        let run = PreparedRun::within(run, most, table.clone());
        let mut memory = Memory::new(&run);
        fill_parameters(&run.graph, (network, parameters), &mut memory.parameters);
        memory.state.phase = phase::TRAIN;
        let is = |kernel: &'static Kernel| move |(call, _): &(Call, NodeId)| call.kernel == kernel;
        let after = step_of(&run, false).into_iter().skip_while(|one| !is(&loss::KERNEL)(one));
        let backward = after.skip(1).take_while(|(call, _)| call.level.is_some()).collect();
        let [items, columns] = passing;
        Self { run, memory, backward, items, columns, points: 0 }
    }

    /// The scaled numbers of a row, as one point.
    pub fn of_row(&mut self, row: u32) -> Points<F> {
        gather::bring(&self.run, &[row], &mut self.memory);
        let (graph, layout) = (&self.run.graph, &self.run.layout);
        let items = self.memory.present(Rows::Items);
        Points {
            items: self.rows(layout.items, graph.item_columns(), items),
            columns: self.rows(layout.x, graph.columns(), 1),
        }
    }

    /// Outputs at some points of a row, shape (points, outputs).
    ///
    /// # Panics
    /// If there are more points than the evaluator is for, or other numbers of items or columns.
    pub fn outputs(&mut self, row: u32, at: &Points<F>, points: usize) -> Vec<F> {
        assert!(points <= self.run.training.batch, "input gradients: {points} points");
        gather::bring(&self.run, &vec![row; points], &mut self.memory);
        self.points = points;
        let (graph, layout) = (&self.run.graph, &self.run.layout);
        let items = self.memory.present(Rows::Items);
        for (values, width, rows, start) in [
            (&at.items, graph.item_columns(), items, layout.items),
            (&at.columns, graph.columns(), points, layout.x),
        ] {
            assert_eq!(values.len(), rows * width, "input gradients: numbers of the points");
            let to = self.memory.work[start..].chunks_exact_mut(padded(width).max(1));
            for (to, from) in to.zip(values.chunks_exact(width.max(1))) {
                to[..width].copy_from_slice(from);
            }
        }
        for (id, node) in graph.nodes().iter().enumerate() {
            for kernel in kernels_of(node.op).forward {
                (kernel.reference.of())(&self.run, id, &mut self.memory);
            }
        }
        let last = graph.output_node();
        self.rows(self.run.layout.nodes[last].output, self.run.graph.outputs(), points)
    }

    /// The gradient of an output at the points of the last call of [`InputGradients::outputs`].
    pub fn gradients(&mut self, output: usize) -> Points<F> {
        let (graph, rows) = (&self.run.graph, self.memory.rows(&self.run, Rows::Examples));
        let (last, stride) = (graph.output_node(), padded(graph.outputs()));
        let at = self.run.layout.nodes[last];
        let mut delta = vec![F::zero(); rows * stride];
        delta.chunks_exact_mut(stride).take(self.points).for_each(|row| row[output] = F::one());
        let saved = &self.memory.work[at.saved..][..delta.len()];
        activation::times_derivative(graph.nodes()[last].attributes.activation, saved, &mut delta);
        self.memory.work[at.delta..][..delta.len()].copy_from_slice(&delta);
        for (call, node) in &self.backward {
            (call.kernel.reference.of())(&self.run, *node, &mut self.memory);
        }
        let of_node = |node: Option<NodeId>| {
            let Some(node) = node else { return Vec::new() };
            let shape = self.run.graph.shape(node);
            let rows = self.memory.present(shape.rows);
            self.rows(self.run.layout.nodes[node].delta, shape.width, rows)
        };
        Points { items: of_node(self.items), columns: of_node(self.columns) }
    }

    /// The rows of a matrix of working memory, without their padding.
    fn rows(&self, at: usize, width: usize, rows: usize) -> Vec<F> {
        let all = self.memory.work[at..].chunks(padded(width).max(1)).take(rows);
        all.flat_map(|row| &row[..width]).copied().collect()
    }
}

/// The graph whose inputs are read by dense nodes, and these nodes: of items and of columns.
fn passing(graph: &Graph) -> (Graph, [Option<NodeId>; 2]) {
    let reads = |source| graph.nodes().iter().any(|node| node.inputs.contains(&source));
    let sources = [(Source::Input, graph.input().width), (Source::Columns, graph.columns())];
    let sources = sources.into_iter().filter(|(source, _)| reads(*source));
    let sources: Vec<(Source, usize)> = sources.collect();
    let place = |source: &Source| sources.iter().position(|(other, _)| other == source);
    let shifted = |source: &Source| match source {
        Source::Node(node) => Source::Node(sources.len() + node),
        input => Source::Node(place(input).expect("input gradients: an input that is read")),
    };
    let pass = sources.iter().map(|(source, width)| Node {
        op: &dense::OP,
        attributes: Attributes { width: *width, ..Attributes::default() },
        inputs: vec![*source],
        frozen: false,
    });
    let own = graph.nodes().iter().map(|node| Node {
        attributes: Attributes { dropout: 0.0, ..node.attributes },
        inputs: node.inputs.iter().map(shifted).collect(),
        frozen: false,
        ..node.clone()
    });
    let columns = if graph.has_items() { graph.columns() } else { 0 };
    let passed = Graph::with_columns(graph.input(), columns, pass.chain(own).collect());
    let [input, beside] = [place(&Source::Input), place(&Source::Columns)];
    let nodes = if graph.has_items() { [input, beside] } else { [None, input] };
    (passed.expect("input gradients: the same graph on passed inputs"), nodes)
}

/// Identities for the nodes that pass inputs on, and the parameters of the network.
fn fill_parameters<F: Real>(graph: &Graph, (network, parameters): (&Graph, &[F]), all: &mut [F]) {
    all.fill(F::zero());
    let before = graph.nodes().len() - network.nodes().len();
    for node in 0..before {
        let weights = graph.parameters(node)[0];
        (0..weights.rows).for_each(|at| all[weights.at + at * weights.stride + at] = F::one());
    }
    for node in 0..network.nodes().len() {
        for (from, to) in network.parameters(node).iter().zip(graph.parameters(before + node)) {
            all[to.range()].copy_from_slice(&parameters[from.range()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::architectures::{Ends, Hidden};
    use crate::engine::graph::Reduction;
    use crate::engine::sets::Sets;

    /// The gradients of every architecture are the differences of its outputs.
    #[test]
    fn gradients_are_differences_of_the_outputs() {
        let layers =
            Hidden { activation: crate::engine::activation::Activation::Gelu, dropout: 0.2 };
        let ends = Ends { items: 3, columns: 2, outputs: 2 };
        let graphs = [
            Graph::deep_set_between(ends, &[8, 5], Reduction::Sum, &[6], layers).unwrap(),
            Graph::edge_graph_between(ends, &[[8, 8]], &[6], layers).unwrap(),
            Graph::transformer_between(ends, [8, 2, 1, 8], &[6], layers).unwrap(),
            Graph::deep_set(3, &[8], Reduction::Max, &[], 2, layers).unwrap(),
            Graph::mlp(&[2, 6, 2]).activation(layers.activation).build().unwrap(),
        ];
        let counts = [3, 0, 1, 6];
        let items = (0..30).map(|at| (at as f64 * 0.7).sin()).collect();
        let sets = Sets::new(items, 3, &counts).unwrap().with_edges(2, &[(1, None)]).unwrap();
        let x: Vec<f64> = (0..8).map(|at| (at as f64 * 0.9).cos()).collect();
        let with_columns = Table::new(x, 2, vec![0.0; 4], 1).unwrap().with_sets(sets).unwrap();
        for graph in graphs {
            let mut table = with_columns.clone();
            if graph.columns() == 0 {
                (table.x, table.inputs, table.scale) = (vec![], 0, InputScale::default());
            }
            let scales = [table.moments(&[0, 2, 3]), table.item_moments(&[0, 2, 3])];
            let parameters = graph.initial_parameters(3);
            let parameters: Vec<f64> = parameters.iter().map(|p| f64::from(*p)).collect();
            let table: Arc<[Table]> = Arc::from([table]);
            let mut gradients = InputGradients::new((&graph, &parameters), scales, &table, 2);
            for row in 0..4 {
                let at = gradients.of_row(row);
                let twice = |point: &Points<f64>| Points {
                    items: point.items.repeat(2),
                    columns: point.columns.repeat(2),
                };
                gradients.outputs(row, &twice(&at), 2);
                let found = gradients.gradients(1);
                assert_eq!(found.columns.len(), 2 * graph.columns());
                let step = 1e-6;
                let mut difference = |change: &dyn Fn(&mut Points<f64>, f64)| {
                    let mut value = |by: f64| {
                        let mut moved = at.clone();
                        change(&mut moved, by);
                        gradients.outputs(row, &moved, 1)[1]
                    };
                    (value(step) - value(-step)) / (2.0 * step)
                };
                if graph.has_items() {
                    assert_eq!(found.items.len(), 2 * at.items.len());
                    for place in 0..at.items.len() {
                        let expected = difference(&|point, by| point.items[place] += by);
                        let own = [found.items[place], found.items[at.items.len() + place]];
                        let miss = (own[0] - expected).abs().max((own[1] - expected).abs());
                        assert!(miss < 1e-7 * (1.0 + expected.abs()), "{own:?} is not {expected}");
                    }
                }
                for place in 0..graph.columns() {
                    let expected = difference(&|point, by| point.columns[place] += by);
                    let miss = (found.columns[place] - expected).abs();
                    assert!(miss < 1e-7 * (1.0 + expected.abs()), "{miss} beside {expected}");
                }
            }
        }
    }
}
