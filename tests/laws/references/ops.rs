//! Every op equals its formula in PyTorch: `tests/reference/ops`.

use std::collections::BTreeMap;

use serde::Deserialize;
use shoal::engine::graph::{Attributes, Reduction};
use shoal::engine::kernel::{OpKernels, Update};
use shoal::engine::layout::{State, phase};
use shoal::engine::ops::OPS;
use shoal::engine::random::pcg4d;
use shoal::engine::sets::Sets;
use shoal::engine::shape::{Rows, Shape, padded};

use super::*;

/// A file of `tests/reference/ops`; `make.py` describes the members.
#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    python: String,
    #[serde(default)]
    attributes: BTreeMap<String, serde_json::Value>,
    inputs: Vec<Input>,
    #[serde(default = "few")]
    counts: Vec<usize>,
    #[serde(default = "one")]
    every: usize,
    output: Vec<f64>,
    gradients: Vec<Vec<f64>>,
    parameter_gradients: Vec<Vec<f64>>,
}

/// Arrays of each kind.
type Results = [Vec<Vec<f64>>; 3];

#[derive(Deserialize)]
struct Input {
    rows: String,
    width: usize,
}

fn few() -> Vec<usize> {
    vec![3, 0, 1, 5]
}

fn one() -> usize {
    1
}

/// The arrays that `numbers` knows.
const INPUT: u32 = 0;
const PARAMETER: u32 = 10;
const DELTA: u32 = 20;
const ITEMS: u32 = 30;

/// Numbers in [-1, 1), as in `make.py`.
fn numbers(array: u32, rows: usize, columns: usize) -> Vec<f32> {
    let number = |place: usize| {
        let word = pcg4d([array, (place / columns) as u32, (place % columns) as u32, 0])[0];
        (word >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..rows * columns).map(number).collect()
}

impl Case {
    fn attributes(&self) -> Attributes {
        let mut attributes = Attributes::default();
        for (name, value) in &self.attributes {
            let number = || value.as_u64().expect("a number") as usize;
            match name.as_str() {
                "width" => attributes.width = number(),
                "heads" => attributes.heads = number(),
                "reduction" => {
                    let name = value.as_str().expect("a name");
                    attributes.reduction = Reduction::named(name).expect("a reduction");
                }
                other => panic!("the attribute '{other}'"),
            }
        }
        attributes
    }

    fn shapes(&self) -> Vec<Shape> {
        let rows = |name: &str| match name {
            "examples" => Rows::Examples,
            "items" => Rows::Items,
            "edges" => Rows::Edges,
            other => panic!("rows for {other}"),
        };
        self.inputs.iter().map(|one| Shape { rows: rows(&one.rows), width: one.width }).collect()
    }

    /// The table of the sets, and a run of the op between dense layers whose only batch it is.
    fn run(&self, op: &OpKernels) -> (PreparedRun, usize) {
        let layer = |width: usize, _| Attributes { width, ..Attributes::default() };
        let (graph, node) = enclosed(op.op, self.attributes(), &self.shapes(), [1, 1, 1], layer);
        let (examples, items) = (self.counts.len(), self.counts.iter().sum());
        let sets = Sets::new(numbers(ITEMS, items, 1), 1, &self.counts);
        let sets = sets.and_then(|sets| sets.with_edges(2, &[(0, None)])).unwrap();
        let table = Table::unscaled(vec![0.0; examples], 1, vec![0.0; examples], 1);
        let table = table.and_then(|table| table.with_sets(sets)).unwrap();
        let mut parameters = vec![0.0; graph.parameter_len()];
        for (place, matrix) in (0..).zip(graph.parameters(node)) {
            let from = numbers(PARAMETER + place, matrix.rows, matrix.columns);
            put(&from, matrix.columns, &mut parameters[matrix.range()]);
        }
        let all: Vec<u32> = (0..examples as u32).collect();
        let run = Run::new(graph, &table).rows(&table, all.clone(), all).parameters(parameters);
        let training = Training { batch: examples, ..training() };
        (PreparedRun::new(run.training(training), tables(&table)), node)
    }

    /// The output, the gradients at the inputs and those of the parameters; of the first two one
    /// row in `every`.
    fn results<F: Real>(&self, op: &OpKernels, every: usize, execute: Execute<F>) -> Results {
        let (run, node) = self.run(op);
        let (graph, layout) = (&run.graph, &run.layout);
        let mut memory = Memory::<F>::new(&run);
        // batches of a validation are not shuffled
        let state = State { batch_rows: self.counts.len() as u32, ..State::fresh() };
        memory.state = State { phase: phase::VALIDATE, ..state };
        for name in ["sets", "gather_items", "gather_edges"] {
            execute(&run, &mut memory, of_run(name));
        }
        memory.state.phase = phase::TRAIN;
        let below: Vec<usize> =
            (0..self.inputs.len()).map(|at| graph.contribution(node, at).unwrap().below).collect();
        let mut fill = |array: u32, shape: Shape, at: usize| {
            let rows = memory.present(shape.rows);
            let from = reals::<F>(&wide(&numbers(array, rows, shape.width)));
            put(&from, shape.width, &mut memory.work[at..]);
        };
        fill(DELTA, graph.shape(node), layout.nodes[node].delta);
        for (place, below) in (0..).zip(&below) {
            fill(INPUT + place, graph.shape(*below), layout.nodes[*below].output);
        }
        copy_by_unit(&run, &mut memory);
        let kernels = op.forward.iter().chain(op.backward);
        for kernel in kernels.filter(|kernel| kernel.update != Update::Fused) {
            let call = Call { kernel, level: Some(graph.level(node)) };
            execute(&run, &mut memory, call);
        }
        let some = |at: usize, shape: Shape| {
            let rows = memory.work[at..].chunks(padded(shape.width));
            let rows = rows.take(memory.present(shape.rows)).step_by(every);
            rows.flat_map(|row| wide(&row[..shape.width])).collect::<Vec<f64>>()
        };
        let output = some(layout.nodes[node].output, graph.shape(node));
        let deltas = below.iter().map(|below| (layout.nodes[*below].delta, graph.shape(*below)));
        let gradients = deltas.map(|(at, shape)| some(at, shape));
        let parameters = graph.parameters(node).iter().map(|matrix| {
            let rows = memory.gradients[matrix.range()].chunks(matrix.stride);
            rows.flat_map(|row| wide(&row[..matrix.columns])).collect()
        });
        [vec![output], gradients.collect(), parameters.collect()]
    }

    fn check(&self, what: &str, found: &Results, expected: &Results, tolerance: f64) {
        let names = ["output", "gradient", "gradient of parameters"];
        for ((found, expected), name) in found.iter().zip(expected).zip(names) {
            assert_eq!(found.len(), expected.len(), "{what}: {name}");
            for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
                let what = format!("{what}, {}: {name} {place}", self.python);
                assert_close(&what, found, expected, tolerance);
            }
        }
    }

    fn of_pytorch(&self) -> Results {
        [vec![self.output.clone()], self.gradients.clone(), self.parameter_gradients.clone()]
    }
}

/// Copies rows of numbers to padded rows.
fn put<F: Real>(from: &[F], columns: usize, to: &mut [F]) {
    for (from, to) in from.chunks(columns).zip(to.chunks_mut(padded(columns))) {
        to[..columns].copy_from_slice(from);
    }
}

#[test]
fn every_op_equals_pytorch() {
    let _turn = turn();
    let gpu = gpu();
    for op in OPS {
        let name = op.op.name;
        let path = stored().join(format!("ops/{name}.json"));
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file: File = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for case in file.cases {
            let expected = case.of_pytorch();
            let found = case.results::<f64>(op, case.every, &on_cpu);
            case.check(&format!("f64: {name}"), &found, &expected, 1e-13);
            // sums of up to 512 terms, and functions that are a few 1e-7 wrong
            let found = case.results::<f32>(op, case.every, &on_cpu);
            case.check(&format!("f32: {name}"), &found, &expected, 3e-6);
            let expected = case.results::<f64>(op, 1, &on_cpu);
            let found = case.results::<f32>(op, 1, &on_gpu(&gpu));
            case.check(&format!("gpu: {name}"), &found, &expected, 3e-6);
        }
    }
}
