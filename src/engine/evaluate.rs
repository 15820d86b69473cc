//! Evaluates a graph on given rows, without dropout: for predictions and attributions. The forward
//! kernels of the CPU compute it.

use std::sync::Arc;

use crate::engine::graph::Graph;
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::ops::{gather, kernels_of};
use crate::engine::precision::Precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::run::{Outcome, Run, Training};
use crate::engine::scale::InputScale;
use crate::engine::sets::most_rows;
use crate::engine::shape::{Shape, padded};
use crate::engine::step::step_of;
use crate::engine::table::Table;
use crate::error::Result;
use crate::input_error;

/// Rows evaluated at one time.
const BLOCK: usize = 256;

/// The values of a node for some rows, none of them padded.
#[derive(Clone, Debug)]
pub struct Values<F> {
    /// The input of the activation, shape (rows, width).
    pub preactivation: Vec<F>,
    /// The output, shape (rows, width).
    pub output: Vec<F>,
}

/// Outputs of a graph without items, shape (rows, outputs), from scaled inputs, shape (rows,
/// inputs).
///
/// # Panics
/// If the length of `inputs` is not a multiple of the graph's inputs, or the graph reads items.
pub fn predict<F: Real>(graph: &Graph, parameters: &[F], inputs: &[F]) -> Vec<F> {
    let rows = inputs.len() / graph.inputs();
    Evaluator::new(graph, parameters, rows).predict(inputs)
}

/// The values of every node of a graph without items for scaled inputs, shape (rows, inputs).
///
/// # Panics
/// As [`predict`].
pub fn evaluate<F: Real>(graph: &Graph, parameters: &[F], inputs: &[F]) -> Vec<Values<F>> {
    let mut evaluation = Evaluator::of_graph(graph, parameters, inputs.len() / graph.inputs());
    evaluation.run_rows(inputs);
    let values = |node| Values {
        preactivation: evaluation.preactivation(node),
        output: evaluation.output(node),
    };
    (0..graph.nodes().len()).map(values).collect()
}

/// Outputs of a graph, shape (rows, outputs), for rows of a table, whose columns and items are
/// scaled by `scales`.
///
/// # Panics
/// If the table does not fit the graph, or has no such row.
pub fn predict_rows<F: Real>(
    graph: &Graph,
    parameters: &[F],
    [scale, item_scale]: [InputScale; 2],
    (tables, table): (Arc<[Table]>, usize),
    rows: &[u32],
) -> Vec<F> {
    let run = Run { table, scale, item_scale, ..Run::untrained(graph.clone(), &tables[table]) };
    let mut evaluation = Evaluator::of_run(run, tables, parameters, rows, BLOCK.min(rows.len()));
    let mut outputs = Vec::with_capacity(rows.len() * graph.outputs());
    for rows in rows.chunks(BLOCK) {
        evaluation.run_table(rows);
        outputs.extend(evaluation.output(graph.output_node()));
    }
    outputs
}

/// Evaluates one network on many blocks of rows, in the same memory.
pub struct Evaluator<F> {
    run: PreparedRun,
    memory: Memory<F>,
    /// Most rows of a block.
    rows: usize,
}

impl<F: Real> Evaluator<F> {
    /// An evaluator of a graph without items for calls with up to this number of rows. Calls with
    /// more rows work too.
    ///
    /// # Panics
    /// If the graph reads items.
    pub fn new(graph: &Graph, parameters: &[F], rows: usize) -> Self {
        Self::of_graph(graph, parameters, rows.clamp(1, BLOCK))
    }

    fn of_graph(graph: &Graph, parameters: &[F], rows: usize) -> Self {
        assert!(!graph.has_items(), "evaluate: a graph that reads items");
        let inputs = graph.inputs();
        let table = Table::unscaled(vec![0.0; inputs], inputs, vec![0.0], 1);
        let table = table.expect("evaluate: a table");
        let run = Run::untrained(graph.clone(), &table);
        Self::of_run(run, Arc::from([table]), parameters, &[0], rows)
    }

    /// Outputs for scaled inputs: see [`predict`].
    ///
    /// # Panics
    /// If the length of `inputs` is not a multiple of the graph's inputs.
    pub fn predict(&mut self, inputs: &[F]) -> Vec<F> {
        let width = self.run.graph.inputs();
        assert_eq!(inputs.len() % width, 0, "predict: not whole rows");
        let output = self.run.graph.output_node();
        let mut outputs = Vec::with_capacity(inputs.len() / width * self.run.graph.outputs());
        for block in inputs.chunks(self.rows * width) {
            self.run_rows(block);
            outputs.extend(self.output(output));
        }
        outputs
    }

    /// The evaluator of a run with these parameters on some rows of its table.
    fn of_run(
        run: Run,
        tables: Arc<[Table]>,
        parameters: &[F],
        rows: &[u32],
        batch: usize,
    ) -> Self {
        let training = Training { batch, precision: Precision::F32, ..run.training };
        let most = most_rows(&run.graph, batch, tables[run.table].sets.as_ref(), [rows]);
        let run = PreparedRun::within(Run { training, ..run }, most, tables);
        let mut memory = Memory::for_evaluation(&run, parameters);
        memory.state.phase = phase::VALIDATE;
        Self { run, memory, rows: batch }
    }

    /// Computes scaled inputs, shape (rows, inputs).
    fn run_rows(&mut self, inputs: &[F]) {
        let width = self.run.graph.inputs();
        let x = &mut self.memory.work[self.run.layout.x..];
        for (x, inputs) in x.chunks_exact_mut(padded(width)).zip(inputs.chunks_exact(width)) {
            x[..width].copy_from_slice(inputs);
        }
        self.memory.state.batch_rows = (inputs.len() / width) as u32;
        self.forward();
    }

    /// Computes rows of the table.
    fn run_table(&mut self, rows: &[u32]) {
        gather::bring(&self.run, rows, &mut self.memory);
        self.forward();
    }

    fn forward(&mut self) {
        for (id, node) in self.run.graph.nodes().iter().enumerate() {
            for kernel in kernels_of(node.op).forward {
                (kernel.reference.of())(&self.run, id, &mut self.memory);
            }
        }
    }

    fn output(&self, node: usize) -> Vec<F> {
        self.matrix(self.run.layout.nodes[node].output, self.run.graph.shape(node))
    }

    fn preactivation(&self, node: usize) -> Vec<F> {
        self.matrix(self.run.layout.nodes[node].saved, self.run.graph.shape(node))
    }

    /// The rows of a matrix, without their padding.
    fn matrix(&self, at: usize, shape: Shape) -> Vec<F> {
        let rows = self.memory.work[at..].chunks(padded(shape.width));
        let rows = rows.take(self.memory.present(shape.rows));
        rows.flat_map(|row| &row[..shape.width]).copied().collect()
    }
}

/// The validation loss of a run with its initial parameters, as the CPU computes it after an epoch.
///
/// # Panics
/// If the run does not fit the tables: see [`Run::check`].
pub fn validation_loss(run: Run, tables: Arc<[Table]>) -> f64 {
    let run = PreparedRun::new(run, tables);
    let mut memory = Memory::<f32>::new(&run);
    let (batch, rows) = (run.training.batch, run.validation_rows.len());
    let mut sum = 0.0;
    for first in (0..rows).step_by(batch) {
        memory.state.phase = phase::VALIDATE;
        memory.state.cursor = first as u32;
        memory.state.batch_rows = batch.min(rows - first) as u32;
        for (call, node) in step_of(&run, false).into_iter().filter(|(call, _)| call.validates()) {
            (call.kernel.reference.of())(&run, node, &mut memory);
        }
        sum += memory.state.batch_sum;
    }
    f64::from(sum / (run.weight_sum() * rows as f64) as f32)
}

impl Run {
    /// Outputs of the trained network, shape (rows, outputs), for raw inputs, shape (rows, inputs).
    ///
    /// # Panics
    /// If the length of `x` is not a multiple of the inputs, the outcome is of another network, or
    /// the network reads items.
    pub fn predict<X: Copy + Into<f64>>(&self, outcome: &Outcome, x: &[X]) -> Vec<f32> {
        predict(&self.graph, &outcome.parameters, &self.scale.apply(x))
    }

    /// Outputs of the trained network, shape (rows, outputs), for the rows of a table.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if the table does not fit the network.
    pub fn predict_table(&self, outcome: &Outcome, table: &Table) -> Result<Vec<f32>> {
        let items = table.sets.as_ref().map_or(0, |sets| sets.columns);
        let has_edges = table.sets.as_ref().is_some_and(|sets| sets.edges.is_some());
        for (what, has, needs) in [
            ("columns", table.inputs, self.graph.columns()),
            ("columns of the items", items, self.graph.item_columns()),
        ] {
            if has != needs && needs > 0 {
                return Err(input_error!("{has} {what} of the table, but {needs} of the network"));
            }
        }
        if self.graph.has_edges() && !has_edges {
            return Err(input_error!(
                "the network reads edges, but the items of the table have none"
            ));
        }
        let all: Vec<u32> = (0..table.rows as u32).collect();
        let scales = [self.scale.clone(), self.item_scale.clone()];
        let table = (Arc::from([table.clone()]), 0);
        Ok(predict_rows(&self.graph, &outcome.parameters, scales, table, &all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::cpu::backend::Cpu;
    use crate::engine::device::Device;
    use crate::engine::graph::{Attributes, Node, Source};
    use crate::engine::ops::{concat, pool};
    use crate::engine::sets::Sets;
    use crate::engine::train::train_all;

    #[test]
    fn the_validation_loss_of_kept_parameters_is_that_of_the_outcome() {
        let wave = |place: usize| (place as f64 * 0.7).sin();
        let x: Vec<f64> = (0..180).map(wave).collect();
        let weights: Vec<f32> = (0..60).map(|row| 0.5 + (row % 3) as f32).collect();
        let table = Table::new(x, 3, (200..260).map(wave).collect::<Vec<f64>>(), 1).unwrap();
        let table = table.weights(weights);
        let graph = Graph::mlp(&[3, 8, 1]).dropout(0.2).build().unwrap();
        let training = Training { batch: 5, max_epochs: 3, ..Training::default() };
        let run = Run::new(graph, &table).training(training);
        let device = Device::Cpu(Cpu { threads: 1 });
        let outcome = train_all(&device, std::slice::from_ref(&table), [run.clone()]).unwrap();
        let run = run.parameters(outcome[0].parameters.clone());
        let loss = validation_loss(run, Arc::from([table]));
        assert_eq!(Some(loss), outcome[0].validation_loss);
    }

    /// More columns per example than an item has, each with a scale of its own.
    #[test]
    fn columns_beside_items_have_scales_of_their_own() {
        let node =
            |op, inputs| Node { op, attributes: Attributes::default(), inputs, frozen: false };
        let pooled = node(&pool::OP, vec![Source::Input]);
        let both = node(&concat::OP, vec![Source::Node(0), Source::Columns]);
        let graph = Graph::with_columns(Shape::items(1), 9, vec![pooled, both]).unwrap();
        let columns = || (0..9).map(f64::from);
        let scale =
            InputScale { centre: columns().collect(), width: columns().map(f64::exp2).collect() };
        let table =
            Table::unscaled((0..18u8).map(f32::from).collect(), 9, vec![0.0; 2], 1).unwrap();
        let table = table.with_sets(Sets::new(vec![1.0, 3.0, 8.0], 1, &[2, 1]).unwrap()).unwrap();
        let (tables, scales) = (Arc::from([table]), [scale, InputScale::none(1)]);
        let found = predict_rows::<f32>(&graph, &[], scales, (tables, 0), &[0, 1]);
        let row = |first: f32, apart: f32| {
            std::iter::once(first).chain((0..9).map(move |column| apart / (column as f32).exp2()))
        };
        assert_eq!(found, row(2.0, 0.0).chain(row(8.0, 9.0)).collect::<Vec<f32>>());
    }
}
