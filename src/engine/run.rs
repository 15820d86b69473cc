//! A run: one training of one network, from its rows to its outcome.

use crate::engine::optim::schedule;

use crate::engine::graph::{Network, padded};

pub use schedule::{Cosine, Schedule, ScheduleSteps};

/// The numbers that runs are trained on, shared by all runs of a study.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Inputs, shape (rows, inputs), row by row; already log10 where the study wants it, not yet
    /// scaled.
    pub x: Vec<f32>,
    /// Targets, shape (rows, targets), row by row; already scaled.
    pub y: Vec<f32>,
    /// Simulations.
    pub rows: usize,
    /// Columns of `x`.
    pub inputs: usize,
    /// Columns of `y`.
    pub targets: usize,
}

/// How numbers are stored that are only multiplied and added up: inputs, activations, deltas,
/// gradients, and the weights that products read. Sums, parameters and moments are f32 in either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Four bytes.
    #[default]
    F32,
    /// Two bytes, with a scaled loss (Micikevicius et al., "Mixed precision training", arXiv
    /// 1710.03740).
    F16,
}

impl std::str::FromStr for Precision {
    type Err = String;
    fn from_str(typed: &str) -> std::result::Result<Self, String> {
        let named = Self::ALL.into_iter().find(|one| one.name() == typed);
        named.ok_or_else(|| {
            let known = Self::ALL.map(|one| format!("\"{}\"", one.name()));
            format!("it is {}", known.join(" or "))
        })
    }
}

impl Precision {
    /// Every precision.
    pub const ALL: [Precision; 2] = [Precision::F32, Precision::F16];

    /// The word in a study file.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::F16 => "f16",
        }
    }

    /// Bytes of such a number.
    pub fn bytes(self) -> usize {
        match self {
            Precision::F32 => 4,
            Precision::F16 => 2,
        }
    }
}

/// How a run is trained: AdamW on minibatches with early stopping.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// Examples in a minibatch; the last one of an epoch may be smaller.
    pub batch: usize,
    /// Step size of AdamW.
    pub learning_rate: f64,
    /// Decoupled weight decay per unit of learning rate.
    pub weight_decay: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Epochs at most.
    pub max_epochs: u32,
    /// Epochs without improvement after which a run stops.
    pub patience: u32,
    /// A validation loss must fall by more than this to count as an improvement.
    pub min_delta: f64,
    /// How numbers are stored; the same for all runs that train together on a GPU.
    pub precision: Precision,
    /// The norm of all gradients together that they are scaled down to where it is larger; none:
    /// they are left as they are.
    pub clip_norm: Option<f64>,
    /// How the learning rate changes.
    pub schedule: Schedule,
}

/// How a run's inputs are scaled: `(x - mean) * inverse_deviation`, each of shape (inputs).
#[derive(Clone, Debug, PartialEq)]
pub struct InputScale {
    /// Mean of each input over the training rows.
    pub mean: Vec<f32>,
    /// One over the deviation of each input over the training rows.
    pub inverse_deviation: Vec<f32>,
}

/// One training of one network.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Names the run to whoever asked for it.
    pub id: usize,
    /// The network.
    pub network: Network,
    /// Where its parameters start, laid out as [`Network::parameter_table`] says.
    pub parameters: Vec<f32>,
    /// How it is trained.
    pub training: Training,
    /// Key of its shuffles and dropout masks.
    pub seed: u32,
    /// Index of its table.
    pub table: usize,
    /// Rows of the table to train on.
    pub training_rows: Vec<u32>,
    /// Rows of the table to validate on.
    pub validation_rows: Vec<u32>,
    /// Scaling of the inputs.
    pub scale: InputScale,
    /// Weight of each output in the loss, shape (outputs): 1, or 0 for a dummy.
    pub loss_weights: Vec<f32>,
}

/// Why a run stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Too many epochs without improvement.
    Patience,
    /// All its epochs are done.
    Epochs,
    /// Its loss is no longer finite.
    Diverged,
}

impl Stopped {
    /// The word in `runs.csv`.
    pub fn name(self) -> &'static str {
        match self {
            Stopped::Patience => "patience",
            Stopped::Epochs => "epochs",
            Stopped::Diverged => "diverged",
        }
    }
}

/// What became of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The run's [`Run::id`].
    pub id: usize,
    /// Why it stopped.
    pub stopped: Stopped,
    /// Optimiser steps taken.
    pub steps: u32,
    /// Epochs finished.
    pub epochs: u32,
    /// The epoch of the best validation loss, from 1; 0 if it diverged before the first.
    pub best_epoch: u32,
    /// The best validation loss, if there is one.
    pub validation_loss: Option<f64>,
    /// The training loss of the last whole epoch, if there is one.
    pub training_loss: Option<f64>,
    /// Parameters at the best validation loss; those it started with if there is none.
    pub parameters: Vec<f32>,
    /// Mean squared error of each scaled target on rows that were kept aside, of a run that was
    /// tested.
    pub test_errors: Option<Vec<f64>>,
}

impl Run {
    /// Panics unless shapes agree; a plan makes sure of them before.
    pub(crate) fn check(&self, tables: &[Table]) {
        let (inputs, outputs) = (self.network.inputs(), self.network.outputs());
        let table = &tables[self.table];
        assert_eq!(table.inputs, inputs, "run {}: inputs of table and network", self.id);
        assert!(table.targets <= outputs, "run {}: more targets than outputs", self.id);
        assert_eq!(self.parameters.len(), self.network.parameter_len(), "run {}", self.id);
        assert_eq!(self.scale.mean.len(), inputs, "run {}: mean", self.id);
        assert_eq!(self.scale.inverse_deviation.len(), inputs, "run {}: deviation", self.id);
        assert_eq!(self.loss_weights.len(), outputs, "run {}: loss weights", self.id);
        assert!(self.network.first_trained() < self.network.layers().len(), "run {}", self.id);
        let positive = self.training.batch > 0 && self.training.max_epochs > 0;
        assert!(positive, "run {}: no batch or no epochs", self.id);
        let sound = self.training.schedule.is_sound();
        assert!(sound, "run {}: schedule", self.id);
        let rows = [&self.training_rows, &self.validation_rows];
        assert!(rows.iter().all(|rows| !rows.is_empty()), "run {}: no rows", self.id);
        let inside = |row: &u32| (*row as usize) < table.rows;
        assert!(rows.iter().all(|rows| rows.iter().all(inside)), "run {}: row", self.id);
        let dummies = &self.loss_weights[table.targets..];
        assert!(dummies.iter().all(|weight| *weight == 0.0), "run {}: dummy in the loss", self.id);
    }

    /// Steps of one epoch: training batches and validation batches.
    pub fn steps_per_epoch(&self) -> usize {
        let batch = self.training.batch;
        self.training_rows.len().div_ceil(batch) + self.validation_rows.len().div_ceil(batch)
    }

    /// What tells how long it may take beside others: see [`most_work`].
    pub fn most_work(&self) -> u64 {
        let rows = self.training_rows.len() + self.validation_rows.len();
        most_work(&self.network, rows, self.training.max_epochs)
    }

    /// Its schedule in steps.
    pub fn schedule(&self) -> ScheduleSteps {
        let steps = self.training_rows.len().div_ceil(self.training.batch);
        self.training.schedule.in_steps(steps)
    }

    /// Where the run's numbers lie in working memory.
    pub fn layout(&self) -> Layout {
        Layout::new(&self.network, self.training.batch, self.training.precision)
    }
}

/// Where one layer's batch matrices lie in working memory, in numbers from the start of the run's.
/// Each has shape (batch, units), example by example, rows padded to a multiple of four; or (units,
/// batch) where its name says so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerWork {
    /// What comes in: the batch's x, or the output of the layer below.
    pub input: usize,
    /// The same unit by unit; the GPU's forward product reads it.
    pub input_by_unit: usize,
    /// z = x W + b.
    pub sum: usize,
    /// dropout(activation(z)).
    pub output: usize,
    /// The same unit by unit; only the GPU fills it.
    pub output_by_unit: usize,
    /// d loss / d z.
    pub delta: usize,
}

/// Multiplications of the layers of a network that train, over all rows and epochs.
pub fn most_work(network: &Network, rows: usize, epochs: u32) -> u64 {
    let layers = &network.layers()[network.first_trained()..];
    let products: usize = layers.iter().map(|layer| layer.inputs * layer.outputs).sum();
    products as u64 * rows as u64 * u64::from(epochs)
}

/// Parameters whose squared gradients are summed together.
pub const NORM_BLOCK: usize = 8192;

/// Where a run's numbers lie in its working memory. All offsets and sizes are multiples of four.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Rows of a batch matrix: the batch rounded up to a multiple of four.
    pub stride: usize,
    /// Mean of each input, shape (inputs).
    pub mean: usize,
    /// One over the deviation of each input, shape (inputs).
    pub inverse_deviation: usize,
    /// Weight of each output in the loss, shape (outputs), padded with zeros.
    pub loss_weights: usize,
    /// The batch, shape (batch, inputs).
    pub x: usize,
    /// The same unit by unit, shape (inputs, batch); only the GPU fills it.
    pub x_by_unit: usize,
    /// Its labels, shape (batch, outputs).
    pub labels: usize,
    /// Sums of squared gradients, shape (blocks, 4), a block being [`NORM_BLOCK`] parameters.
    pub squares: usize,
    /// Each layer's matrices.
    pub layers: Vec<LayerWork>,
    /// Numbers in all.
    pub len: usize,
}

impl Layout {
    /// The layout for a network and a batch size. What never changes is f32 in either precision: of
    /// halves it takes the place of two.
    pub fn new(network: &Network, batch: usize, precision: Precision) -> Self {
        let stride = padded(batch);
        let exact = 4 / precision.bytes();
        let mut len = 0;
        let mut take = |count: usize| {
            let at = len;
            len += count;
            at
        };
        let mean = take(exact * padded(network.inputs()));
        let inverse_deviation = take(exact * padded(network.inputs()));
        let loss_weights = take(exact * padded(network.outputs()));
        let x = take(padded(network.inputs()) * stride);
        let x_by_unit = take(padded(network.inputs()) * stride);
        let labels = take(padded(network.outputs()) * stride);
        let mut input = (x, x_by_unit);
        let place = |layer: &crate::engine::graph::Layer| {
            let size = padded(layer.outputs) * stride;
            let work = LayerWork {
                input: input.0,
                input_by_unit: input.1,
                sum: take(size),
                output: take(size),
                output_by_unit: take(size),
                delta: take(size),
            };
            input = (work.output, work.output_by_unit);
            work
        };
        let layers = network.layers().iter().map(place).collect();
        let squares = take(exact * 4 * network.parameter_len().div_ceil(NORM_BLOCK));
        Self {
            stride,
            mean,
            inverse_deviation,
            loss_weights,
            x,
            x_by_unit,
            labels,
            squares,
            layers,
            len,
        }
    }
}
