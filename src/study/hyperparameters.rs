//! The hyper-parameters of a run, and the network that they make.

use crate::engine::activation::Activation;
use crate::engine::graph::Graph;
use crate::engine::loss::Loss;
use crate::engine::optim::update_scale::UpdateScale;
use crate::engine::run::Training;
use crate::study::datasets::Study;
use crate::study::plan::Plan;
use crate::study::search::space::{Setting, Stage};
use crate::study::transfer::{self, Parts, Start, Strategy};

/// What differs from run to run besides its data: the plan's own settings, or a trial's.
#[derive(Clone, Debug, PartialEq)]
pub struct Hyperparameters {
    /// How the run is trained.
    pub training: Training,
    /// Widths of the fresh hidden layers; of no meaning where all layers are pre-trained.
    pub hidden: Vec<usize>,
    /// Their activation.
    pub activation: Activation,
    /// Dropout after each hidden layer that trains.
    pub dropout: Vec<f32>,
    /// Factors of the learning rate and the weight decay of pre-trained layers.
    pub parts: Parts,
}

impl Hyperparameters {
    /// Those of the plan, for a strategy or the pre-training.
    ///
    /// # Panics
    /// If the plan has no such strategy, or no pre-training.
    pub fn of_plan(plan: &Plan, strategy: Option<Strategy>) -> Self {
        let network = &plan.network;
        let (training, hidden, dropout) = match strategy {
            None => {
                let pretraining = plan.pretraining.as_ref().expect("plan: no pre-training");
                (pretraining.training, &network.hidden, network.dropout)
            }
            Some(strategy) => {
                let own = plan.strategy(strategy);
                let head = strategy == Strategy::AttachHead;
                (own.training, if head { &own.head } else { &network.hidden }, own.dropout)
            }
        };
        Self {
            training,
            hidden: hidden.clone(),
            activation: network.activation,
            dropout: vec![dropout; hidden.len()],
            parts: strategy.map_or_else(Parts::default, |strategy| plan.strategy(strategy).parts),
        }
    }

    /// Those of a trial; what is not searched for stays.
    pub fn with_setting(&self, setting: &Setting) -> Self {
        let slope = match self.activation.slope() {
            0.0 => 0.2,
            own => own,
        };
        let named = |name: &String| {
            Activation::named(name, slope).expect("search: an activation that was checked")
        };
        Self {
            training: Training {
                batch: setting.batch.unwrap_or(self.training.batch),
                learning_rate: setting.learning_rate,
                weight_decay: setting.weight_decay,
                ..with_loss(self.training, setting.loss.as_deref())
            },
            hidden: setting.units.clone(),
            activation: setting.activation.as_ref().map_or(self.activation, named),
            dropout: setting.dropout.iter().map(|dropout| *dropout as f32).collect(),
            parts: match setting.body_rate {
                Some(rate) => {
                    let body = UpdateScale { rate: rate as f32, ..self.parts.body };
                    Parts { body, ..self.parts }
                }
                None => self.parts,
            },
        }
    }

    /// Those of the largest network that a trial may have; the same without a search.
    pub fn largest(&self, plan: &Plan) -> Self {
        let space = plan.trials.space(Stage::Fresh);
        let (Some(layers), Some(units)) = (space.largest("layers"), space.largest("units_1"))
        else {
            return self.clone();
        };
        let batch = space.largest("batch").unwrap_or(self.training.batch);
        Self {
            training: Training { batch, ..self.training },
            hidden: vec![units; layers],
            dropout: vec![0.0; layers],
            ..self.clone()
        }
    }

    /// Those of the smallest network that a trial may have; the same without a search.
    pub fn smallest(&self, plan: &Plan) -> Self {
        let space = plan.trials.space(Stage::Fresh);
        let (Some([layers, _]), Some([units, _])) =
            (space.bounds("layers"), space.bounds("units_1"))
        else {
            return self.clone();
        };
        Self { hidden: vec![units; layers], dropout: vec![0.0; layers], ..self.clone() }
    }

    /// The network of a pre-training: the hidden layers, the bottleneck if there is one, the
    /// targets and the dummies. A bottleneck has no dropout: a unit of five is a fifth of all that
    /// a head could read.
    pub fn base_network(&self, study: &Study) -> Graph {
        let pretraining = study.plan.pretraining.as_ref().expect("plan: no pre-training");
        let mut with_bottleneck = self.clone();
        with_bottleneck.hidden.extend(pretraining.bottleneck);
        let dataset = &study.pretraining_data().dataset;
        let outputs = self.outputs(dataset.targets.columns + pretraining.dummies);
        with_bottleneck.network(&study.plan, dataset.inputs.columns, outputs)
    }

    /// The network of a strategy; `base` is the pre-trained one, if there is any.
    pub fn strategy_network(
        &self,
        study: &Study,
        strategy: Strategy,
        base: Option<&Graph>,
    ) -> Graph {
        let dataset = &study.data.fine_tuning.dataset;
        let (inputs, outputs) = (dataset.inputs.columns, self.outputs(dataset.targets.columns));
        match (strategy, base) {
            (Strategy::AttachHead, Some(base)) => {
                let parameters = vec![0.0; base.parameter_len()];
                let base = Start { parameters, network: base.clone() };
                let reads = study.plan.strategy(strategy).reads;
                let width = transfer::head_inputs(&base.network, reads);
                let head = self.network(&study.plan, width, outputs);
                transfer::attach_head(&base, reads, &head, 0).network
            }
            (Strategy::Scratch, _) | (_, None) => self.network(&study.plan, inputs, outputs),
            (strategy, Some(base)) => {
                let parameters = vec![0.0; base.parameter_len()];
                let base = Start { parameters, network: base.clone() };
                if strategy == Strategy::Frozen {
                    return transfer::frozen(&base, outputs, 0).network;
                }
                let last = base.network.output_node();
                let edited = base.network.edited(|nodes| nodes[last].attributes.width = outputs);
                edited.expect("hyperparameters: the same network with other outputs")
            }
        }
    }

    /// Outputs of a network with so many targets, dummies included.
    pub fn outputs(&self, targets: usize) -> usize {
        targets * self.training.loss.predicts.outputs_per_target()
    }

    /// A fresh network.
    pub fn network(&self, plan: &Plan, inputs: usize, outputs: usize) -> Graph {
        let output = plan.network.output;
        let widths = [&[inputs], &self.hidden[..], &[outputs]].concat();
        let mlp = Graph::mlp(&widths).activation(self.activation).output_activation(output);
        self.with_dropout(&mlp.build().expect("hyperparameters: a perceptron"))
    }

    /// A network with this dropout after its hidden layers.
    pub fn with_dropout(&self, network: &Graph) -> Graph {
        let edited = network.edited(|nodes| {
            for (node, dropout) in nodes.iter_mut().zip(&self.dropout) {
                node.attributes.dropout = *dropout;
            }
        });
        edited.expect("hyperparameters: the same network with other dropout")
    }
}

/// The training with the loss of this name; another one than its own has its default parameter.
fn with_loss(training: Training, name: Option<&str>) -> Training {
    match name.and_then(Loss::named).filter(|loss| **loss != *training.loss) {
        Some(loss) => Training { loss, loss_parameter: None, ..training },
        None => training,
    }
}

/// The largest network of the pre-training and of each strategy, with its training, to ask a device
/// whether it can hold them.
pub fn largest_networks(study: &Study) -> Vec<(Graph, Training)> {
    let plan = &study.plan;
    let mut networks = Vec::new();
    if plan.pretraining.is_some() {
        let own = Hyperparameters::of_plan(plan, None).largest(plan);
        networks.push((own.base_network(study), own.training));
    }
    for strategy in plan.strategies.iter().map(|own| own.strategy) {
        let own = Hyperparameters::of_plan(plan, Some(strategy)).largest(plan);
        let base = networks.first().map(|(base, _)| base);
        networks.push((own.strategy_network(study, strategy, base), own.training));
    }
    networks
}
