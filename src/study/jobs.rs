//! From a plan to runs: which there are, and how each starts.

use std::sync::Arc;

use crate::data::dataset::Dataset;
use crate::data::matrix::Matrix;
use crate::data::scaling::Scaling;
use crate::engine::activation::Activation;
use crate::engine::graph::Graph;
use crate::engine::random::Stream;
use crate::engine::random::key;
use crate::engine::run::InputScale;
use crate::engine::run::Run;
use crate::engine::run::Training;
use crate::engine::table::Table;
use crate::error::Result;
use crate::study::plan::{Plan, Pretraining, StrategyPlan};
use crate::study::transfer;
use crate::study::transfer::{Start, Strategy};

/// Index of a dataset among the tables.
const FINETUNE: usize = 0;
const PRETRAIN: usize = 1;

/// One run of a study.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// A pre-training.
    Pretrain {
        /// Simulations.
        simulations: usize,
        /// Which seed, from 1.
        seed: u32,
    },
    /// A fine-tuning.
    Finetune {
        /// Index into the plan's strategies.
        strategy: usize,
        /// Index into the plan's sizes.
        size: usize,
        /// Simulations that the network which it starts from was pre-trained on; 0 for `scratch`.
        pretrained: usize,
        /// Which seed, from 1.
        seed: u32,
    },
}

impl Job {
    /// Which seed, from 1.
    pub fn seed(self) -> u32 {
        match self {
            Job::Pretrain { seed, .. } | Job::Finetune { seed, .. } => seed,
        }
    }
}

/// A pre-trained network and the scaling that travels with it.
#[derive(Clone, Debug)]
pub struct Pretrained {
    /// The network and its best parameters.
    pub start: Start,
    /// Its scaling; the target ranges are those of the data to fine-tune on.
    pub scaling: Scaling,
}

/// A run with the scaling that its model keeps.
pub struct Prepared {
    /// The run; its id is the job's index.
    pub run: Run,
    /// How its inputs and targets are scaled.
    pub scaling: Scaling,
}

/// What differs from run to run besides its data: the plan's own, or a trial's.
#[derive(Clone, Debug, PartialEq)]
pub struct How {
    /// How it is trained.
    pub training: Training,
    /// Widths of the fresh hidden layers; of no meaning where all layers are given.
    pub hidden: Vec<usize>,
    /// Their activation.
    pub activation: Activation,
    /// Dropout after each hidden layer that trains.
    pub dropout: Vec<f32>,
}

impl How {
    /// As the plan says.
    fn of_plan(plan: &Plan, training: Training, hidden: &[usize], dropout: f32) -> Self {
        // of a pre-trained network the hidden layers are as many as the shape has
        let layers = hidden.len();
        Self {
            training,
            hidden: hidden.to_vec(),
            activation: plan.shape.activation,
            dropout: vec![dropout; layers],
        }
    }

    /// Of the pre-training.
    pub fn of_pretraining(plan: &Plan, pretraining: &Pretraining) -> Self {
        let shape = &plan.shape;
        Self::of_plan(plan, pretraining.training, &shape.hidden, shape.dropout)
    }

    /// Of a strategy.
    pub fn of_strategy(plan: &Plan, how: &StrategyPlan) -> Self {
        let hidden = match how.strategy {
            Strategy::AttachHead => &how.head,
            _ => &plan.shape.hidden,
        };
        Self::of_plan(plan, how.training, hidden, how.dropout)
    }

    /// The network of a pre-training: the hidden layers, the bottleneck if there is one, the
    /// targets and the dummies. A bottleneck has no dropout: a unit of five is a fifth of all that
    /// a head could read.
    pub fn base(&self, plan: &Plan, pretraining: &Pretraining) -> Graph {
        let mut how = self.clone();
        how.hidden.extend(pretraining.bottleneck);
        let dataset = &pretraining.dataset;
        let outputs = dataset.targets.columns + pretraining.dummies;
        how.network(plan, dataset.inputs.columns, outputs)
    }

    /// A fresh network.
    fn network(&self, plan: &Plan, inputs: usize, outputs: usize) -> Graph {
        let output = plan.shape.output;
        let widths = [&[inputs], &self.hidden[..], &[outputs]].concat();
        let mlp = Graph::mlp(&widths).activation(self.activation).output_activation(output);
        self.with_dropout(&mlp.build().expect("jobs: a perceptron"))
    }

    /// The network with this dropout after its hidden layers.
    fn with_dropout(&self, network: &Graph) -> Graph {
        let edited = network.edited(|nodes| {
            for (node, dropout) in nodes.iter_mut().zip(&self.dropout) {
                node.attributes.dropout = *dropout;
            }
        });
        edited.expect("jobs: the same network with other dropout")
    }
}

/// Every run of the plan: pre-trainings first, then the fine-tunings by size, strategy,
/// pre-training size and seed.
pub fn jobs(plan: &Plan) -> Vec<Job> {
    let seeds = 1..=plan.seeds;
    let mut jobs = Vec::new();
    for &simulations in plan.pretraining_sizes() {
        let of_seed = |seed| Job::Pretrain { simulations, seed };
        jobs.extend(seeds.clone().map(of_seed));
    }
    for size in 0..plan.sizes.len() {
        for (strategy, how) in plan.strategies.iter().enumerate() {
            for &pretrained in plan.pretraining_sizes_of(how.strategy) {
                jobs.extend(seeds.clone().map(|seed| Job::Finetune {
                    strategy,
                    size,
                    pretrained,
                    seed,
                }));
            }
        }
    }
    jobs
}

/// The tables that the runs read.
pub fn tables(plan: &Plan) -> Arc<[Table]> {
    let mut tables = vec![table(&plan.finetune, &plan.features)];
    if let Some(pretraining) = &plan.pretraining {
        tables.push(table(&pretraining.dataset, &pretraining.features));
    }
    tables.into()
}

fn table(dataset: &Dataset, features: &Matrix) -> Table {
    let ranges = dataset.target_ranges.iter().cycle();
    let y = dataset.targets.values.iter().zip(ranges);
    Table {
        x: features.values.iter().map(|value| *value as f32).collect(),
        y: y.map(|(value, [low, high])| ((value - low) / (high - low)) as f32).collect(),
        rows: dataset.inputs.rows,
        inputs: dataset.inputs.columns,
        targets: dataset.targets.columns,
    }
}

/// The run of a pre-training.
pub fn pretrain(
    plan: &Plan,
    pretraining: &Pretraining,
    how: &How,
    id: usize,
    (simulations, seed): (usize, u32),
) -> Result<Prepared> {
    let dataset = &pretraining.dataset;
    let subset = key(plan.seed, Stream::PretrainingRows, seed);
    let split = pretraining.pool.subset(simulations, pretraining.validation, subset)?;
    let targets = dataset.targets.columns;
    let network = how.base(plan, pretraining);
    let parameters =
        network.initial_parameters(key(plan.seed, Stream::PretrainingParameters, seed));
    // the model that is fine-tuned keeps the scaling of the inputs; its targets are those of the
    // data to fine-tune on
    let ranges = &plan.finetune.target_ranges;
    let scaling = Scaling::from_features(&pretraining.features, &split.train, plan.log10, ranges)?;
    let input_scale = input_scale(&scaling);
    let run = Run {
        id,
        loss_weights: loss_weights(targets, network.outputs()),
        parameters,
        training: how.training,
        seed: key(plan.seed, Stream::PretrainingSteps, seed),
        table: PRETRAIN,
        training_rows: split.train,
        validation_rows: split.validation,
        scale: input_scale,
        graph: network,
    };
    Ok(Prepared { run, scaling })
}

/// The run of a fine-tuning; `base` is the pre-trained network of its seed, which `scratch` does
/// without.
pub fn finetune(
    plan: &Plan,
    base: Option<&Pretrained>,
    how: &How,
    id: usize,
    (strategy, size, seed): (usize, usize, u32),
) -> Result<Prepared> {
    let (split, _) = plan.rows(plan.sizes[size], seed)?;
    let scaling = match base {
        Some(base) => base.scaling.clone(),
        None => {
            let ranges = &plan.finetune.target_ranges;
            Scaling::from_features(&plan.features, &split.train, plan.log10, ranges)?
        }
    };
    let start = start(plan, &plan.strategies[strategy], how, base, seed);
    let targets = plan.finetune.targets.columns;
    let run = Run {
        id,
        loss_weights: loss_weights(targets, targets),
        graph: start.network,
        parameters: start.parameters,
        training: how.training,
        seed: key(plan.seed, Stream::FineTuningSteps, seed),
        table: FINETUNE,
        training_rows: split.train,
        validation_rows: split.validation,
        scale: input_scale(&scaling),
    };
    Ok(Prepared { run, scaling })
}

fn start(
    plan: &Plan,
    strategy: &StrategyPlan,
    how: &How,
    base: Option<&Pretrained>,
    seed: u32,
) -> Start {
    let (inputs, targets) = (plan.finetune.inputs.columns, plan.finetune.targets.columns);
    let fresh = key(plan.seed, Stream::TransferParameters, seed);
    let base = || &base.expect("jobs: a transfer without its pre-training").start;
    let reused = |start: Start| Start { network: how.with_dropout(&start.network), ..start };
    match strategy.strategy {
        Strategy::Scratch => {
            let network = how.network(plan, inputs, targets);
            let parameters =
                network.initial_parameters(key(plan.seed, Stream::FineTuningParameters, seed));
            Start { network, parameters }
        }
        Strategy::DummyNode => reused(transfer::dummy_node(base(), targets, 0.0, fresh)),
        Strategy::WarmStart => {
            let start = transfer::warm_start(base(), plan.shared(), targets, 0.0, fresh);
            reused(start)
        }
        Strategy::AttachHead => {
            let width = transfer::head_inputs(&base().network, strategy.reads);
            let head = how.network(plan, width, targets);
            transfer::attach_head(base(), strategy.reads, &head, fresh)
        }
    }
}

/// The largest networks of the plan with their batches, to ask a device whether it can hold them.
pub fn largest(plan: &Plan) -> Vec<(Graph, usize)> {
    let largest = |how: How| match &plan.search {
        Some(search) => search.largest(&how),
        None => how,
    };
    let mut networks = Vec::new();
    if let Some(pretraining) = &plan.pretraining {
        let how = largest(How::of_pretraining(plan, pretraining));
        networks.push((how.base(plan, pretraining), how.training.batch));
    }
    for strategy in &plan.strategies {
        let how = largest(How::of_strategy(plan, strategy));
        let base = networks.first().map(|(base, _)| base);
        networks.push((shape(plan, strategy, &how, base), how.training.batch));
    }
    networks
}

/// The network of a strategy on a pre-trained one.
pub fn shape(plan: &Plan, strategy: &StrategyPlan, how: &How, base: Option<&Graph>) -> Graph {
    let (inputs, targets) = (plan.finetune.inputs.columns, plan.finetune.targets.columns);
    match (strategy.strategy, base) {
        (Strategy::AttachHead, Some(base)) => {
            let base = Start { parameters: vec![0.0; base.parameter_len()], network: base.clone() };
            let width = transfer::head_inputs(&base.network, strategy.reads);
            let head = how.network(plan, width, targets);
            transfer::attach_head(&base, strategy.reads, &head, 0).network
        }
        (Strategy::Scratch, _) | (_, None) => how.network(plan, inputs, targets),
        (_, Some(base)) => {
            let last = base.output_node();
            let edited = base.edited(|nodes| nodes[last].attributes.width = targets);
            edited.expect("jobs: the same network with other outputs")
        }
    }
}

fn loss_weights(targets: usize, outputs: usize) -> Vec<f32> {
    (0..outputs).map(|output| if output < targets { 1.0 } else { 0.0 }).collect()
}

fn input_scale(scaling: &Scaling) -> InputScale {
    InputScale {
        mean: scaling.mean.iter().map(|mean| *mean as f32).collect(),
        inverse_deviation: scaling.deviation.iter().map(|d| (1.0 / d) as f32).collect(),
    }
}
