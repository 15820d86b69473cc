//! A run: one training of one network, with its rows, settings and outcome.

use crate::engine::graph::{Graph, NodeId, Parameters};
use crate::engine::loss::{Loss, MSE};
use crate::engine::optim::schedule::{Schedule, ScheduleSteps};
use crate::engine::optim::update_scale::UpdateScale;
use crate::engine::precision::Precision;
use crate::engine::scale::InputScale;
use crate::engine::sets::{self, most_rows};
use crate::engine::shape::BatchRows;
use crate::engine::table::Table;
use crate::engine::work::MOST_INDEX;
use crate::error::Result;
use crate::input_error;

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
    /// Largest number of epochs.
    pub max_epochs: u32,
    /// Epochs without improvement after which a run stops.
    pub patience: u32,
    /// A validation loss must fall by more than this to count as an improvement.
    pub min_delta: f64,
    /// Storage precision; the same for all runs that train together on a GPU.
    pub precision: Precision,
    /// Largest norm of the gradients of a batch: larger gradients are scaled down to it, as
    /// `torch.nn.utils.clip_grad_norm_` does. `None`: no clipping.
    pub clip_norm: Option<f64>,
    /// The learning-rate schedule.
    pub schedule: Schedule,
    /// The loss function.
    pub loss: &'static Loss,
    /// The number that the loss depends on, such as the delta of Huber's; its default if `None`.
    pub loss_parameter: Option<f64>,
    /// Whether rows are weighted such that each class has the same sum of weights among the
    /// training rows.
    pub balance_classes: bool,
    /// Whether weight decay applies to vectors too, which are biases and the gains of norms.
    pub decay_biases: bool,
    /// Decay of the exponential average of the parameters: the average is then what is validated
    /// and kept, and the parameters themselves only train. After the first step it is equal to the
    /// parameters; each later step moves it towards them by 1 - decay, without correction of its
    /// start, as `torch.optim.swa_utils.AveragedModel` with `get_ema_multi_avg_fn` does. `None`: no
    /// average.
    pub average: Option<f64>,
    /// The validation loss, which stops a run and decides which parameters are kept; the loss of
    /// the training if `None`.
    pub stop_on: Option<StopLoss>,
}

/// A loss on the validation rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StopLoss {
    /// The loss function: [`Predicts::gives`] says which ones fit the loss of the training.
    pub loss: &'static Loss,
    /// The number that it depends on; its default if `None`.
    pub parameter: Option<f64>,
}

impl Default for Training {
    /// AdamW as in `torch.optim.AdamW`, on batches of 32, for at most 1,000 epochs; it stops after
    /// 50 epochs without an improvement of the validation loss. Squared error, f32.
    fn default() -> Self {
        Self {
            batch: 32,
            learning_rate: 1e-3,
            weight_decay: 1e-2,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            max_epochs: 1000,
            patience: 50,
            min_delta: 0.0,
            precision: Precision::F32,
            clip_norm: None,
            schedule: Schedule::default(),
            loss: &MSE,
            loss_parameter: None,
            balance_classes: false,
            decay_biases: true,
            average: None,
            stop_on: None,
        }
    }
}

impl Training {
    /// Whether the update of each parameter depends on its own gradient only. It does not with
    /// clipping, which needs the norm of all gradients, nor in f16, where an overflow of any
    /// gradient skips the step.
    pub fn updates_are_independent(&self) -> bool {
        self.precision == Precision::F32 && self.clip_norm.is_none()
    }

    /// The loss on the training rows and the number that it depends on, 0 if it depends on none.
    pub fn training_loss(&self) -> (&'static Loss, f64) {
        (self.loss, self.loss.parameter_or(self.loss_parameter))
    }

    /// The loss on the validation rows and the number that it depends on.
    pub fn validation_loss(&self) -> (&'static Loss, f64) {
        match self.stop_on {
            Some(stop) => (stop.loss, stop.loss.parameter_or(stop.parameter)),
            None => self.training_loss(),
        }
    }
}

/// One training of one network.
///
/// [`Run::new`] sets defaults; the fields can be changed one by one.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Identifies the run: its [`Outcome`] has the same.
    pub id: usize,
    /// The network.
    pub graph: Graph,
    /// Initial parameters, stored as in [`Graph::parameters`].
    pub parameters: Vec<f32>,
    /// The hyper-parameters.
    pub training: Training,
    /// Key of its shuffles and dropout masks.
    pub seed: u32,
    /// Index of its table.
    pub table: usize,
    /// Rows of the table to train on.
    pub training_rows: Vec<u32>,
    /// Rows of the table to validate on.
    pub validation_rows: Vec<u32>,
    /// Scaling of the columns per example, from raw ones.
    pub scale: InputScale,
    /// Scaling of the columns of the items, from raw ones; empty without items.
    pub item_scale: InputScale,
    /// Weight of each target in the loss, shape (outputs): 1, or 0 beyond the last target, for a
    /// dummy. A network with two outputs for each target needs only the first half.
    pub loss_weights: Vec<f32>,
    /// Factors of the learning rate and the weight decay of each matrix of parameters, in the order
    /// of [`Graph::matrices`]. Those of frozen nodes mean nothing.
    pub updates: Vec<UpdateScale>,
}

impl Run {
    /// A run of a network on a table with the default [`Training`] and seed 0: every fifth row
    /// validates, the others train, and inputs are scaled by the mean and the deviation of the
    /// latter. Outputs beyond the table's targets are dummies.
    pub fn new(graph: Graph, table: &Table) -> Self {
        let parameters = graph.initial_parameters(0);
        Self { parameters, ..Self::untrained(graph, table) }
    }

    /// The same without parameters.
    pub(crate) fn untrained(graph: Graph, table: &Table) -> Self {
        let (validation_rows, training_rows): (Vec<u32>, Vec<u32>) =
            (0..table.rows as u32).partition(|row| row % 5 == 4);
        let outputs = graph.outputs();
        Self {
            id: 0,
            parameters: Vec::new(),
            training: Training::default(),
            seed: 0,
            table: 0,
            scale: table.moments(&training_rows),
            item_scale: table.item_moments(&training_rows),
            training_rows,
            validation_rows,
            loss_weights: (0..outputs).map(|j| f32::from(u8::from(j < table.targets))).collect(),
            updates: UpdateScale::all(&graph),
            graph,
        }
    }

    /// Sets the training and validation rows, and the scaling of the former.
    pub fn rows(self, table: &Table, training: Vec<u32>, validation: Vec<u32>) -> Self {
        let (scale, item_scale) = (table.moments(&training), table.item_moments(&training));
        Self { training_rows: training, validation_rows: validation, scale, item_scale, ..self }
    }

    /// Sets the hyper-parameters.
    pub fn training(self, training: Training) -> Self {
        Self { training, ..self }
    }

    /// Sets the seed, and the initial parameters of that seed.
    pub fn seed(self, seed: u32) -> Self {
        Self { parameters: self.graph.initial_parameters(seed), seed, ..self }
    }

    /// Sets the initial parameters, such as those of an earlier [`Outcome`].
    pub fn parameters(self, parameters: Vec<f32>) -> Self {
        Self { parameters, ..self }
    }

    /// Sets the factors of the learning rate and the weight decay of each matrix.
    pub fn updates(self, updates: Vec<UpdateScale>) -> Self {
        Self { updates, ..self }
    }

    /// Sets the index of the table among those passed to [`crate::train_all`]; 0 by default.
    pub fn table(self, table: usize) -> Self {
        Self { table, ..self }
    }
}

/// Why a run stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Too many epochs without improvement.
    Patience,
    /// It reached the largest number of epochs.
    Epochs,
    /// Its loss is not finite.
    Diverged,
}

impl Stopped {
    /// Its name in result files.
    pub fn name(self) -> &'static str {
        match self {
            Stopped::Patience => "patience",
            Stopped::Epochs => "epochs",
            Stopped::Diverged => "diverged",
        }
    }
}

/// The outcome of a run.
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
    /// The training loss of the last complete epoch, if there is one.
    pub training_loss: Option<f64>,
    /// Parameters at the best validation loss; those it started with if there is none.
    pub parameters: Vec<f32>,
    /// The test errors of each target, if the run was tested: see [`crate::engine::queue::Test`].
    pub test_errors: Option<Vec<f64>>,
}

impl Run {
    /// Checks that the run fits its table and that every setting is valid.
    ///
    /// # Errors
    /// [`crate::Error::Input`] that names the setting, and both numbers where two do not agree.
    pub fn check(&self, tables: &[Table]) -> Result<()> {
        let wrong = |what: String| Err(input_error!("run {}: {what}", self.id));
        let Some(table) = tables.get(self.table) else {
            return wrong(format!("there is no table {}, only {}", self.table, tables.len()));
        };
        let (inputs, outputs) = (self.graph.columns(), self.graph.outputs());
        let sets = table.sets.as_ref().filter(|_| self.graph.has_items());
        let agree = [
            (
                "columns of the items of the table",
                sets.map_or(0, |sets| sets.columns),
                "columns of the items of the network",
                self.graph.item_columns(),
            ),
            ("centres of items", self.item_scale.centre.len(), "columns", self.item_columns(table)),
            // a network on items may leave the columns beside them alone
            (
                "inputs of the table",
                if inputs == 0 { 0 } else { table.inputs },
                "inputs of the network",
                inputs,
            ),
            ("numbers in x", table.x.len(), "rows times inputs", table.rows * table.inputs),
            ("numbers in y", table.y.len(), "rows times targets", table.rows * table.targets),
            ("centres of inputs", self.scale.centre.len(), "inputs", table.inputs),
            ("widths of inputs", self.scale.width.len(), "inputs", table.inputs),
            ("loss weights", self.loss_weights.len(), "outputs", outputs),
            ("weights", table.weights.as_ref().map_or(table.rows, Vec::len), "rows", table.rows),
            (
                "parameters",
                self.parameters.len(),
                "those of the network",
                self.graph.parameter_len(),
            ),
            (
                "update scales",
                self.updates.len(),
                "matrices of parameters",
                self.graph.matrices().count(),
            ),
        ];
        for (what, has, other, needs) in agree {
            if has != needs {
                return wrong(format!("{has} {what}, but {needs} {other}"));
            }
        }
        if self.graph.has_edges() && sets.is_none_or(|sets| sets.edges.is_none()) {
            return wrong("the network reads edges, but the items of the table have none".into());
        }
        let most = self.most_rows(table);
        let longest = most.items.max(most.edges).max(if sets.is_some() { table.rows } else { 0 });
        if longest >= MOST_INDEX {
            return wrong(format!(
                "{longest} rows of the table, or items or edges of a batch; with sets there can be \
                 {MOST_INDEX}"
            ));
        }
        let needed = table.targets * self.training.loss.predicts.outputs_per_target();
        if needed > outputs {
            return wrong(format!(
                "{} targets need {needed} outputs with the loss {}, but there are {outputs}",
                table.targets, self.training.loss.name
            ));
        }
        if let Some(dummy) =
            self.loss_weights[table.targets..].iter().find(|weight| **weight != 0.0)
        {
            return wrong(format!(
                "an output without a target has loss weight {dummy} instead of 0"
            ));
        }
        if let Some(scale) = self.updates.iter().find(|scale| !scale.is_sound()) {
            return wrong(format!(
                "an update scale has rate {} and decay {}; both must be at least 0 and finite",
                scale.rate, scale.decay
            ));
        }
        if !(0..self.graph.nodes().len()).any(|node| self.trains(node)) {
            return wrong(
                "every layer is frozen or has update scales of rate 0; at least one must train"
                    .into(),
            );
        }
        for (what, rows) in
            [("training", &self.training_rows), ("validation", &self.validation_rows)]
        {
            if rows.is_empty() {
                return wrong(format!("no {what} rows"));
            }
            if let Some(row) = rows.iter().find(|row| **row as usize >= table.rows) {
                return wrong(format!("{what} row {row} of a table of {} rows", table.rows));
            }
        }
        self.check_loss(table).map_err(|what| input_error!("run {}: {what}", self.id))?;
        if self.training.batch == 0 || self.training.max_epochs == 0 {
            return wrong("batch and max_epochs must be at least 1".into());
        }
        if let Some(decay) = self.training.average.filter(|decay| !(0.0..1.0).contains(decay)) {
            return wrong(format!("average is {decay}; it must be at least 0 and below 1"));
        }
        if !self.training.schedule.is_sound() {
            return wrong(
                "the warm-up must end before the cosine, and its final fraction be in [0, 1]"
                    .into(),
            );
        }
        Ok(())
    }

    /// Columns of the items of a table.
    fn item_columns(&self, table: &Table) -> usize {
        table.sets.as_ref().map_or(0, |sets| sets.columns)
    }

    /// The most rows of each kind that one of its batches has.
    pub fn most_rows(&self, table: &Table) -> BatchRows {
        let lists = [&self.training_rows[..], &self.validation_rows];
        most_rows(&self.graph, self.training.batch, table.sets.as_ref(), lists)
    }

    /// Whether it updates parameters while it computes their gradients.
    pub fn fuses_update(&self) -> bool {
        self.training.updates_are_independent() && self.graph.fuses_update()
    }

    /// Whether any parameters of a node are updated.
    pub fn trains(&self, node: NodeId) -> bool {
        let trains = |scale: &UpdateScale| scale.trains();
        !self.graph.nodes()[node].frozen && self.updates_of(node).iter().any(trains)
    }

    /// The factors of the matrices of a node.
    pub fn updates_of(&self, node: NodeId) -> &[UpdateScale] {
        match self.graph.parameters(node) {
            [] => &[],
            matrices @ [first, ..] => &self.updates[first.index..][..matrices.len()],
        }
    }

    /// The matrices of parameters that are updated.
    pub fn trained_matrices(&self) -> impl Iterator<Item = Parameters> + '_ {
        let trained = self.graph.first_trained()..self.graph.nodes().len();
        let matrices = trained.flat_map(|node| self.graph.parameters(node)).copied();
        matrices.filter(|matrix| self.updates[matrix.index].trains())
    }

    /// The node whose parameters a step updates last; the output node if nothing trains.
    pub fn last_updated(&self) -> NodeId {
        let trained = (0..self.graph.nodes().len()).filter(|node| self.trains(*node));
        let last = trained.min_by_key(|node| self.graph.level(*node));
        last.unwrap_or(self.graph.output_node())
    }

    /// Steps of one epoch: training batches and validation batches.
    pub fn steps_per_epoch(&self) -> usize {
        let batch = self.training.batch;
        self.training_rows.len().div_ceil(batch) + self.validation_rows.len().div_ceil(batch)
    }

    /// An upper bound of the run's work, relative to other runs: see [`most_work`].
    pub fn most_work(&self, table: &Table) -> u64 {
        let lists = [&self.training_rows[..], &self.validation_rows];
        let rows = sets::all_rows(&self.graph, table.sets.as_ref(), lists);
        most_work(&self.graph, rows, self.training.max_epochs)
    }

    /// Its schedule in steps.
    pub fn schedule(&self) -> ScheduleSteps {
        let steps = self.training_rows.len().div_ceil(self.training.batch);
        self.training.schedule.in_steps(steps)
    }
}

/// Multiplications in the forward products of the nodes that train, over all rows and epochs.
pub fn most_work(graph: &Graph, rows: BatchRows, epochs: u32) -> u64 {
    let trained = graph.first_trained()..graph.nodes().len();
    let products: usize = trained.map(|node| graph.node_flops(node, rows) / 2).sum();
    (products as u64).saturating_mul(u64::from(epochs))
}
