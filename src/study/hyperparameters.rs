//! The hyper-parameters of a run, and the network that they make.

use crate::data::dataset::Dataset;
use crate::engine::activation::Activation;
use crate::engine::architectures::Ends;
use crate::engine::graph::Graph;
use crate::engine::loss::Loss;
use crate::engine::optim::update_scale::UpdateScale;
use crate::engine::run::Training;
use crate::engine::sets::most_rows;
use crate::engine::shape::BatchRows;
use crate::study::config::network::Size;
use crate::study::datasets::{FINE_TUNING_TABLE, PRETRAINING_TABLE, Study};
use crate::study::plan::{NetworkPlan, Plan};
use crate::study::search::space::{SIZES, Setting, Stage};
use crate::study::sizes::Sizes;
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
    /// Dropout after each hidden layer that trains; of an architecture on items the first one is
    /// that of all its layers.
    pub dropout: Vec<f32>,
    /// The other sizes of the architecture.
    pub sizes: Sizes,
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
            dropout: vec![dropout; hidden.len().max(1)],
            sizes: network.sizes.clone(),
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
            hidden: match setting.units.is_empty() {
                true => self.hidden.clone(),
                false => setting.units.clone(),
            },
            activation: setting.activation.as_ref().map_or(self.activation, named),
            dropout: match setting.dropout[..] {
                [] => self.dropout.clone(),
                // of an architecture on items, for all layers of the network or of a head
                [of_all] => vec![of_all as f32; setting.units.len().max(self.hidden.len()).max(1)],
                _ => setting.dropout.iter().map(|dropout| *dropout as f32).collect(),
            },
            sizes: self.sizes_of(&setting.items_units, &setting.sizes),
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
        let widths =
            |layers: &str, units: &str| Some(vec![space.largest(units)?; space.largest(layers)?]);
        let hidden = widths("layers", "units_1").unwrap_or_else(|| self.hidden.clone());
        let batch = space.largest("batch").unwrap_or(self.training.batch);
        let items = widths("items_layers", "items_units_1").unwrap_or_default();
        let sizes = SIZES.iter().filter_map(|key| Some((*key, space.largest(key)?)));
        Self {
            training: Training { batch, ..self.training },
            dropout: vec![0.0; hidden.len().max(1)],
            hidden,
            sizes: self.sizes_of(&items, &Vec::from_iter(sizes)),
            ..self.clone()
        }
    }

    /// Its sizes with others in place of some.
    fn sizes_of(&self, items: &[usize], counts: &[(&'static str, usize)]) -> Sizes {
        let sizes = match items.is_empty() {
            true => self.sizes.clone(),
            false => self.sizes.clone().with("items", Size::Widths(items.to_vec())),
        };
        counts.iter().fold(sizes, |sizes, (key, count)| sizes.with(key, Size::Count(*count)))
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
        let network = with_bottleneck.network(&study.plan, dataset, outputs);
        self.reused(&study.plan, &network, &network)
    }

    /// A network like the pre-trained one, `base`, with the dropout of this run, none after a
    /// bottleneck.
    pub fn reused(&self, plan: &Plan, network: &Graph, base: &Graph) -> Graph {
        if plan.network.architecture.keeps_dropout {
            let edited = network.edited(|nodes| {
                for (node, base) in nodes.iter_mut().zip(base.nodes()) {
                    node.attributes.dropout = base.attributes.dropout;
                }
            });
            return edited.expect("hyperparameters: the same network with its dropout");
        }
        let network = self.with_dropout(network);
        let settings = plan.pretraining.as_ref();
        if settings.is_none_or(|settings| settings.bottleneck.is_none()) {
            return network;
        }
        let last = network.output_node();
        let edited = network.edited(|nodes| nodes[last - 1].attributes.dropout = 0.0);
        edited.expect("hyperparameters: the same network with other dropout")
    }

    /// The network of a strategy; `base` is the pre-trained one, if there is any.
    pub fn strategy_network(
        &self,
        study: &Study,
        strategy: Strategy,
        base: Option<&Graph>,
    ) -> Graph {
        let dataset = &study.data.fine_tuning.dataset;
        let outputs = self.outputs(dataset.targets.columns);
        let start = |base: &Graph| Start {
            parameters: vec![0.0; base.parameter_len()],
            network: base.clone(),
        };
        match (strategy, base) {
            (Strategy::AttachHead, Some(base)) => {
                let reads = study.plan.strategy(strategy).reads;
                let width = transfer::head_inputs(base, reads);
                let head = self.head(&study.plan, width, outputs);
                transfer::attach_head(&start(base), reads, &head, 0).network
            }
            (Strategy::Frozen, Some(base)) => transfer::frozen(&start(base), outputs, 0).network,
            (Strategy::Scratch, _) | (_, None) => self.network(&study.plan, dataset, outputs),
            (_, Some(base)) => {
                let last = base.output_node();
                let edited = base.edited(|nodes| nodes[last].attributes.width = outputs);
                edited.expect("hyperparameters: the same network with other outputs")
            }
        }
    }

    /// Outputs of a network with so many targets, dummies included.
    pub fn outputs(&self, targets: usize) -> usize {
        targets * self.training.loss.predicts.outputs_per_target()
    }

    /// A fresh network that reads a dataset.
    pub fn network(&self, plan: &Plan, dataset: &Dataset, outputs: usize) -> Graph {
        let items = dataset.items.as_ref().map_or(0, |items| items.values.columns);
        let ends = Ends { items, columns: dataset.inputs.columns, outputs };
        let NetworkPlan { architecture, output, .. } = &plan.network;
        let network =
            architecture.network(&self.sizes, ends, &self.hidden, self.activation, *output);
        match architecture.keeps_dropout {
            true => network,
            false => self.with_dropout(&network),
        }
    }

    /// A fresh head: a perceptron with these inputs.
    pub fn head(&self, plan: &Plan, inputs: usize, outputs: usize) -> Graph {
        let widths = [&[inputs], &self.hidden[..], &[outputs]].concat();
        let head = Graph::mlp(&widths).activation(self.activation);
        let head = head.output_activation(plan.network.output).build();
        self.with_dropout(&head.expect("hyperparameters: a perceptron"))
    }

    /// A network with this dropout after its hidden layers.
    pub fn with_dropout(&self, network: &Graph) -> Graph {
        let last = network.output_node();
        let edited = network.edited(|nodes| match network.has_items() {
            false => {
                let hidden = nodes[..last].iter_mut().zip(&self.dropout);
                hidden.for_each(|(node, dropout)| node.attributes.dropout = *dropout);
            }
            true => {
                let hidden = nodes[..last].iter_mut().filter(|node| {
                    let is_hidden = node.attributes.activation != Activation::Identity;
                    node.op.drops_inside || node.op.has_epilogue && is_hidden
                });
                hidden.for_each(|node| node.attributes.dropout = self.dropout[0]);
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

/// The largest network of the pre-training and of each strategy, with its training and the most
/// rows of a batch, to ask a device whether it can hold them.
pub fn largest_networks(study: &Study) -> Vec<(Graph, Training, BatchRows)> {
    let (plan, tables) = (&study.plan, study.data.tables());
    let with_rows = |network: Graph, table: usize, training: Training| {
        let table = &tables[table];
        let all: Vec<u32> = (0..table.rows as u32).collect();
        let rows = most_rows(&network, training.batch, table.sets.as_ref(), [&all[..]]);
        (network, training, rows)
    };
    let mut networks = Vec::new();
    if plan.pretraining.is_some() {
        let own = Hyperparameters::of_plan(plan, None).largest(plan);
        networks.push(with_rows(own.base_network(study), PRETRAINING_TABLE, own.training));
    }
    for strategy in plan.strategies.iter().map(|own| own.strategy) {
        let own = Hyperparameters::of_plan(plan, Some(strategy)).largest(plan);
        let base = networks.first().map(|(base, ..)| base);
        let network = own.strategy_network(study, strategy, base);
        networks.push(with_rows(network, FINE_TUNING_TABLE, own.training));
    }
    networks
}
