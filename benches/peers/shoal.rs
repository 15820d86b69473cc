//! shoal in the comparison, through its public interface: `peer LIST cpu|gpu [THREADS]`.

#[path = "protocol.rs"]
mod protocol;

use std::sync::Arc;
use std::time::Instant;

use shoal::Result;
use shoal::engine::activation::Activation;
use shoal::engine::architectures::Hidden;
use shoal::engine::choice::Choice;
use shoal::engine::device::Device;
use shoal::engine::graph::{Graph, Reduction};
use shoal::engine::measure::Cost;
use shoal::engine::measure::Meter;
use shoal::engine::measure::Pace;
use shoal::engine::measure::steady;
use shoal::engine::queue::Progress;
use shoal::engine::queue::RunQueue;
use shoal::engine::run::Outcome;
use shoal::engine::run::Run;
use shoal::engine::run::Training;
use shoal::engine::scale::InputScale;
use shoal::engine::sets::Sets;
use shoal::engine::shape::{BatchRows, Rows, Shape};
use shoal::engine::table::Table;
use shoal::engine::train::train;

use protocol::{Done, Trainer, converse, count, counts};

struct Peer {
    device: Device,
    work: protocol::Work,
    tables: Arc<[Table]>,
}

/// The network of a run on sets.
fn network_on_sets(work: &protocol::Work, sets: &protocol::Items, run: &protocol::Run) -> Graph {
    let (words, hidden, outputs) = (&run.words, &run.hidden, work.targets);
    let (items, layers) = (sets.columns, Hidden::default());
    let number = |key: &str| count(&words[key]);
    let graph = match words["architecture"].as_str().expect("an architecture") {
        "deep-set" => {
            let widths = counts(&words["items"]);
            Graph::deep_set(items, &widths, Reduction::Mean, hidden, outputs, layers)
        }
        "edge-graph" => {
            let blocks: Vec<Vec<usize>> =
                words["blocks"].as_array().expect("blocks").iter().map(counts).collect();
            let blocks: Vec<&[usize]> = blocks.iter().map(Vec::as_slice).collect();
            Graph::edge_graph(items, &blocks, hidden, outputs, layers)
        }
        "transformer" => {
            let [width, heads, blocks] = ["width", "heads", "blocks"].map(number);
            let wide = number("feed_forward");
            Graph::transformer(items, width, heads, blocks, wide, outputs, layers)
        }
        "perceptron" => Graph::mlp(&[&[work.inputs], &hidden[..], &[outputs]].concat()).build(),
        other => panic!("{other}: no such architecture"),
    };
    graph.expect("a network on sets")
}

/// The frozen base, then what is trained.
fn network(work: &protocol::Work, run: &protocol::Run) -> Graph {
    let (mut hidden, mut last) =
        (Activation::LeakyRelu { slope: work.training.slope as f32 }, Activation::Sigmoid);
    if let Some(name) = run.words["activation"].as_str() {
        hidden = Activation::named(name, 0.01).expect("an activation");
        last = Activation::Identity;
    }
    let mut builder = Graph::builder(Shape::examples(work.inputs));
    for width in &run.frozen {
        builder = builder.dense(*width, hidden, 0.0);
    }
    for width in &run.hidden {
        builder = builder.dense(*width, hidden, run.dropout as f32);
    }
    let graph = builder.dense(work.targets, last, 0.0).build().expect("a network");
    let frozen = graph.edited(|nodes| {
        nodes[..run.frozen.len()].iter_mut().for_each(|node| node.frozen = true);
    });
    frozen.expect("a network with frozen layers")
}

/// As shoal draws them, but the output layer with the deviation of PyTorch's default (uniform
/// within 1 / sqrt(inputs)), with which the other peers start.
fn parameters(network: &Graph, seed: u32) -> Vec<f32> {
    let mut parameters = network.initial_parameters(seed);
    for weight in &mut parameters[network.parameters(network.output_node())[0].range()] {
        *weight /= 3f32.sqrt();
    }
    parameters
}

impl Peer {
    fn run(&self, id: usize) -> Run {
        let (run, settings) = (&self.work.runs[id], self.work.training);
        let rows = run.training as u32..(run.training + run.validation) as u32;
        let table = &self.tables[0];
        let training = Training {
            batch: settings.batch,
            learning_rate: settings.learning_rate,
            weight_decay: settings.weight_decay,
            beta1: settings.betas[0],
            beta2: settings.betas[1],
            epsilon: settings.epsilon,
            max_epochs: run.epochs as u32,
            patience: u32::MAX,
            ..Training::default()
        };
        let with_rows = |graph: Graph| {
            let run = Run::new(graph, table).rows(table, (0..rows.start).collect(), rows.collect());
            Run { id, ..run.training(training).seed(id as u32) }
        };
        if let Some(sets) = &self.work.sets {
            return with_rows(network_on_sets(&self.work, sets, run));
        }
        let graph = network(&self.work, run);
        let parameters = parameters(&graph, id as u32);
        Run { parameters, scale: InputScale::none(self.work.inputs), ..with_rows(graph) }
    }
}

impl Trainer for Peer {
    /// Endless runs, timed after a warm-up, as in `shoal bench`.
    fn rate(&mut self, seconds: f64) -> Done {
        let runs = (0..self.work.runs.len()).map(|id| self.run(id)).collect();
        let pace = Pace { warm_up: 0.5, seconds, repeats: 1 };
        let timing = steady(&self.device, self.tables.clone(), runs, &pace).expect("shoal trains");
        let steps = (timing.rates[0] * seconds).round() as u64;
        Done { steps, seconds, loss: None, arithmetic: None }
    }

    fn whole(&mut self) -> Done {
        let begin = Instant::now();
        let mut whole = Whole { peer: self, waiting: 0..self.work.runs.len(), steps: 0, best: 0.0 };
        train(&self.device, self.tables.clone(), &mut whole).expect("shoal trains");
        let loss = whole.best / self.work.runs.len() as f64;
        let done = Done::since(begin, whole.steps, Some(loss));
        let ceilings = Meter::new(&mut self.device).and_then(|meter| meter.ceilings());
        let ceiling = ceilings.expect("a device that computes").flops;
        Done { arithmetic: Some([self.flops(), ceiling]), ..done }
    }
}

impl Peer {
    /// Floating-point operations of all runs, validation included, of the rows that are there.
    fn flops(&self) -> f64 {
        let of_run = |id: usize| {
            let run = self.run(id);
            let (sets, batch) = (self.tables[0].sets.as_ref(), run.training.batch);
            let all = |rows: &[u32], kind: Rows| match (kind, sets) {
                (Rows::Examples, _) => rows.len(),
                (_, Some(sets)) => rows.iter().map(|row| sets.rows_of(*row as usize, kind)).sum(),
                _ => 0,
            };
            // the mean batch, so many times
            let times = |rows: &[u32]| rows.len() as f64 / batch as f64;
            let mean = |rows: &[u32]| {
                let of = |kind| (all(rows, kind) as f64 / times(rows)).round() as usize;
                BatchRows { examples: batch, items: of(Rows::Items), edges: of(Rows::Edges) }
            };
            let (training, validation) = (&run.training_rows, &run.validation_rows);
            let precision = run.training.precision;
            let step = Cost::training(&run.graph, mean(training), precision, true).flops;
            let check = Cost::validation(&run.graph, mean(validation), precision).flops;
            let epoch = step * times(training) + check * times(validation);
            f64::from(run.training.max_epochs) * epoch
        };
        (0..self.work.runs.len()).map(of_run).sum()
    }
}

struct Whole<'a> {
    peer: &'a Peer,
    waiting: std::ops::Range<usize>,
    steps: u64,
    best: f64,
}

impl RunQueue for Whole<'_> {
    fn next(&mut self) -> Option<Run> {
        Some(self.peer.run(self.waiting.next()?))
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        self.steps += u64::from(outcome.steps);
        self.best += outcome.validation_loss.expect("every run validates");
        Ok(())
    }

    fn progress(&mut self, _progress: &Progress) -> Result<()> {
        Ok(())
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, path, choice, rest @ ..] = arguments.as_slice() else {
        panic!("usage: peer LIST cpu|gpu [THREADS]");
    };
    let mut work = protocol::Work::read(path.as_ref());
    let choice: Choice = choice.parse().expect("a device");
    let mut device = Device::open(&choice, None).unwrap_or_else(|error| panic!("{error}"));
    if let (Device::Cpu(cpu), Some(threads)) = (&mut device, rest.first()) {
        cpu.threads = threads.parse().expect("threads");
    }
    let (x, y) = (std::mem::take(&mut work.x), std::mem::take(&mut work.y));
    let mut table = Table::unscaled(x, work.inputs, y, work.targets).expect("whole rows");
    if let Some(items) = &mut work.sets {
        let sets = Sets::new(std::mem::take(&mut items.x), items.columns, &items.counts);
        let sets = sets.and_then(|sets| sets.with_edges(items.neighbours, &[(0, None), (1, None)]));
        table = sets.and_then(|sets| table.with_sets(sets)).expect("a set for each row");
    }
    let version = format!("shoal {}, {}", env!("CARGO_PKG_VERSION"), device.name());
    let tables = Arc::from([table]);
    converse(&version, &mut Peer { device, work, tables });
}
