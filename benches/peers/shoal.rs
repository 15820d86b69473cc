//! shoal in the comparison, through its public interface: `peer LIST cpu|gpu [THREADS]`.

#[path = "protocol.rs"]
mod protocol;

use std::sync::Arc;
use std::time::Instant;

use shoal::Result;
use shoal::engine::activation::Activation;
use shoal::engine::device::Choice;
use shoal::engine::device::Device;
use shoal::engine::graph::Graph;
use shoal::engine::measure::Pace;
use shoal::engine::measure::steady;
use shoal::engine::optim::update_scale::UpdateScale;
use shoal::engine::queue::Progress;
use shoal::engine::queue::RunQueue;
use shoal::engine::run::Outcome;
use shoal::engine::run::Run;
use shoal::engine::run::Training;
use shoal::engine::scale::InputScale;
use shoal::engine::shape::Shape;
use shoal::engine::table::Table;
use shoal::engine::train::train;

use protocol::{Done, Trainer, converse};

struct Peer {
    device: Device,
    work: protocol::Work,
    tables: Arc<[Table]>,
}

/// The frozen base, then what is trained.
fn network(work: &protocol::Work, run: &protocol::Run) -> Graph {
    let slope = work.training.slope as f32;
    let hidden = Activation::LeakyRelu { slope };
    let mut builder = Graph::builder(Shape::examples(work.inputs));
    for width in &run.frozen {
        builder = builder.dense(*width, hidden, 0.0);
    }
    for width in &run.hidden {
        builder = builder.dense(*width, hidden, run.dropout as f32);
    }
    let graph = builder.dense(work.targets, Activation::Sigmoid, 0.0).build().expect("a network");
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
        let network = network(&self.work, run);
        let (training, rows) = (run.training as u32, (run.training + run.validation) as u32);
        Run {
            id,
            parameters: parameters(&network, id as u32),
            training: Training {
                batch: settings.batch,
                learning_rate: settings.learning_rate,
                weight_decay: settings.weight_decay,
                beta1: settings.betas[0],
                beta2: settings.betas[1],
                epsilon: settings.epsilon,
                max_epochs: run.epochs as u32,
                patience: u32::MAX,
                ..Training::default()
            },
            seed: id as u32,
            table: 0,
            training_rows: (0..training).collect(),
            validation_rows: (training..rows).collect(),
            scale: InputScale::none(self.work.inputs),
            item_scale: InputScale::default(),
            loss_weights: vec![1.0; self.work.targets],
            updates: UpdateScale::all(&network),
            graph: network,
        }
    }
}

impl Trainer for Peer {
    /// Endless runs, timed after a warm-up, as in `shoal bench`.
    fn rate(&mut self, seconds: f64) -> Done {
        let runs = (0..self.work.runs.len()).map(|id| self.run(id)).collect();
        let pace = Pace { warm_up: 0.5, seconds, repeats: 1 };
        let timing = steady(&self.device, self.tables.clone(), runs, &pace).expect("shoal trains");
        Done { steps: (timing.rates[0] * seconds).round() as u64, seconds, loss: None }
    }

    fn whole(&mut self) -> Done {
        let begin = Instant::now();
        let mut whole = Whole { peer: self, waiting: 0..self.work.runs.len(), steps: 0, best: 0.0 };
        train(&self.device, self.tables.clone(), &mut whole).expect("shoal trains");
        let loss = whole.best / self.work.runs.len() as f64;
        Done::since(begin, whole.steps, Some(loss))
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
    let table = Table::unscaled(x, work.inputs, y, work.targets).expect("whole rows");
    let version = format!("shoal {}, {}", env!("CARGO_PKG_VERSION"), device.name());
    let tables = Arc::from([table]);
    converse(&version, &mut Peer { device, work, tables });
}
