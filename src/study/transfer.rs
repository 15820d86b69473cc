//! The transfer strategies: the initial network and parameters of a run, from a pre-trained
//! network, and which of them train. The functions are pure; seeds are arguments.
//!
//! The targets of the new network are those of the pre-training (`shared`), in their order, then
//! the new ones.

use crate::engine::graph::{Attributes, Graph, Node, NodeId, Op, Parameters, Source};
use crate::engine::ops::{aggregate, pool};
use crate::engine::optim::update_scale::UpdateScale;
use crate::engine::shape::Rows;

/// The name of the strategy that others are compared with: training from scratch.
pub(crate) const BASELINE: &str = "scratch";

/// The name of the pre-training where a strategy is expected.
pub const PRETRAINING: &str = "pretraining";

/// How a run starts, and which of its parameters train.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Strategy {
    /// No transfer: random parameters.
    Scratch,
    /// All parameters are the pre-trained ones. Dummy outputs, which the loss of the pre-training
    /// ignores, become the new targets.
    DummyNode,
    /// The pre-trained parameters, with random weights for the outputs of new targets.
    WarmStart,
    /// The pre-trained network is frozen and feeds a new network, the head.
    AttachHead,
    /// As [`Strategy::WarmStart`], but only biases and norms train, and the output layer if it has
    /// new targets. See arXiv 2512.00187.
    BiasOnly,
    /// The pre-trained network is frozen, and only a fresh output layer trains.
    Frozen,
    /// The pre-trained network as it is: nothing trains. All targets are those of the pre-training.
    Applied,
}

impl Strategy {
    /// Every strategy, in the order of reports.
    pub const ALL: [Strategy; 7] = [
        Strategy::Scratch,
        Strategy::DummyNode,
        Strategy::WarmStart,
        Strategy::AttachHead,
        Strategy::BiasOnly,
        Strategy::Frozen,
        Strategy::Applied,
    ];

    /// Those of a study that names none.
    pub const DEFAULT: [Strategy; 4] =
        [Strategy::Scratch, Strategy::DummyNode, Strategy::WarmStart, Strategy::AttachHead];

    /// The name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::Scratch => "scratch",
            Strategy::DummyNode => "dummy-node",
            Strategy::WarmStart => "warm-start",
            Strategy::AttachHead => "attach-head",
            Strategy::BiasOnly => "bias-only",
            Strategy::Frozen => "frozen",
            Strategy::Applied => "applied",
        }
    }

    /// One line for documentation.
    pub fn about(self) -> &'static str {
        match self {
            Strategy::Scratch => "no transfer: random parameters",
            Strategy::DummyNode => {
                "the pre-trained network, whose dummy outputs become the new targets"
            }
            Strategy::WarmStart => "the pre-trained network, with fresh outputs for new targets",
            Strategy::AttachHead => "a fresh network on the frozen pre-trained one",
            Strategy::BiasOnly => "as warm-start, but only biases, norms and new outputs train",
            Strategy::Frozen => "a fresh output layer on the frozen pre-trained network",
            Strategy::Applied => "the pre-trained network as it is, for the same targets",
        }
    }

    /// Whether the strategy uses a pre-trained network.
    pub fn transfers(self) -> bool {
        self != Strategy::Scratch
    }

    /// Whether the hidden layers are those of the pre-trained network.
    pub(crate) fn gives_layers(self) -> bool {
        !matches!(self, Strategy::Scratch | Strategy::AttachHead)
    }

    /// Whether hidden layers of the pre-trained network train.
    pub(crate) fn trains_body(self) -> bool {
        matches!(self, Strategy::DummyNode | Strategy::WarmStart | Strategy::BiasOnly)
    }

    /// Whether anything trains.
    pub(crate) fn trains(self) -> bool {
        self != Strategy::Applied
    }
}

/// The inputs of an attached head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reads {
    /// The outputs of the frozen network, dummies included.
    Outputs,
    /// What the last layer of the frozen network reads.
    LastHidden,
    /// The output of the layer of this number, from 0, as `shoal inspect` lists them.
    Layer(NodeId),
    /// The output of the last layer of this op.
    Op(&'static Op),
}

impl Reads {
    /// The node of a network that it is the output of, if there is such a node.
    pub fn node(self, base: &Graph) -> Option<NodeId> {
        let last = base.output_node();
        match self {
            Reads::Outputs => Some(last),
            Reads::LastHidden => match base.nodes()[last].inputs[0] {
                Source::Node(below) => Some(below),
                _ => None,
            },
            Reads::Layer(node) => Some(node).filter(|node| *node <= last),
            Reads::Op(op) => base.nodes().iter().rposition(|node| node.op == op),
        }
    }

    /// In messages and settings.
    pub fn describe(self) -> String {
        match self {
            Reads::Outputs => "outputs".into(),
            Reads::LastHidden => "last-hidden".into(),
            Reads::Layer(node) => node.to_string(),
            Reads::Op(op) => op.name.into(),
        }
    }
}

/// Factors of the learning rate and the weight decay of the two parts of a pre-trained network.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Parts {
    /// Every layer but the last.
    pub body: UpdateScale,
    /// The last layer, the outputs.
    pub head: UpdateScale,
}

/// What each matrix of parameters of a run trains with: the parts of a strategy that trains the
/// pre-trained network, and of `bias-only` nothing but biases and norms, and the last layer if
/// `has_new` targets.
pub(crate) fn updates(
    strategy: Strategy,
    network: &Graph,
    parts: Parts,
    has_new: bool,
) -> Vec<UpdateScale> {
    if !strategy.trains_body() {
        return UpdateScale::all(network);
    }
    let last = network.output_node();
    let of_node = |node: NodeId| {
        let is_last = node == last;
        let part = if is_last { parts.head } else { parts.body };
        let trains = move |matrix: &Parameters| {
            strategy != Strategy::BiasOnly || matrix.is_vector || (is_last && has_new)
        };
        let scale = move |matrix| if trains(matrix) { part } else { UpdateScale::UNTRAINED };
        network.parameters(node).iter().map(scale)
    };
    (0..network.nodes().len()).flat_map(of_node).collect()
}

/// A network and its initial parameters, in the layout of [`Graph::parameters`].
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// The network.
    pub network: Graph,
    /// Its parameters.
    pub parameters: Vec<f32>,
}

/// The pre-trained network with `targets` outputs: the shared ones, then the dummies as new
/// targets. New targets without a dummy get random weights; surplus dummies are dropped. Hidden
/// layers get the given `dropout`.
pub(crate) fn dummy_node(base: &Start, targets: usize, dropout: f32, seed: u32) -> Start {
    let kept = base.network.outputs().min(targets);
    with_outputs(base, kept, targets, dropout, seed)
}

/// The pre-trained network with `targets` outputs: the first `shared` are the pre-trained ones, the
/// others get random weights. Hidden layers get the given `dropout`.
pub(crate) fn warm_start(
    base: &Start,
    shared: usize,
    targets: usize,
    dropout: f32,
    seed: u32,
) -> Start {
    with_outputs(base, shared, targets, dropout, seed)
}

/// The pre-trained network as it is, without dropout and without its dummies.
pub(crate) fn applied(base: &Start, targets: usize) -> Start {
    with_outputs(base, targets, targets, 0.0, 0)
}

/// The pre-trained network, frozen and without dropout, with a fresh last layer.
pub(crate) fn frozen(base: &Start, targets: usize, seed: u32) -> Start {
    let fresh = with_outputs(base, 0, targets, 0.0, seed);
    let last = fresh.network.output_node();
    let network = fresh.network.edited(|nodes| freeze(&mut nodes[..last]));
    Start { network: network.expect("transfer: the same network, frozen"), ..fresh }
}

/// The pre-trained network up to what `reads` selects, frozen and without dropout, followed by
/// `head`. A head on items or edges reads their mean.
///
/// # Panics
/// If the number of inputs of `head` is not [`head_inputs`].
pub(crate) fn attach_head(base: &Start, reads: Reads, head: &Graph, seed: u32) -> Start {
    let below = up_to(base, read_node(&base.network, reads));
    let kept = below.network.nodes().len();
    let network = below.network.stacked(head).expect("transfer: a head that fits");
    let mut parameters = vec![0.0; network.parameter_len()];
    let length = network.frozen_len();
    parameters[..length].copy_from_slice(&below.parameters[..length]);
    for node in kept..network.nodes().len() {
        network.initialise(node, seed, &mut parameters);
    }
    Start { network, parameters }
}

/// Number of inputs of a head.
pub(crate) fn head_inputs(base: &Graph, reads: Reads) -> usize {
    base.shape(read_node(base, reads)).width
}

fn read_node(base: &Graph, reads: Reads) -> NodeId {
    reads.node(base).expect("transfer: a layer that was checked")
}

fn freeze(nodes: &mut [Node]) {
    for node in nodes {
        (node.frozen, node.attributes.dropout) = (true, 0.0);
    }
}

/// The nodes that the output of a node depends on, frozen, in their order. Of rows of items or
/// edges the mean is taken, so that there is one for each example.
fn up_to(base: &Start, node: NodeId) -> Start {
    let graph = &base.network;
    let mut needed = vec![false; node + 1];
    needed[node] = true;
    for id in (0..=node).rev() {
        if needed[id] {
            for source in &graph.nodes()[id].inputs {
                if let Source::Node(below) = source {
                    needed[*below] = true;
                }
            }
        }
    }
    let kept: Vec<NodeId> = (0..=node).filter(|id| needed[*id]).collect();
    let place = |id: NodeId| kept.iter().position(|other| *other == id).expect("a needed node");
    let moved = |source: &Source| match source {
        Source::Node(id) => Source::Node(place(*id)),
        other => *other,
    };
    let network = graph.edited(|nodes| {
        let old = std::mem::take(nodes);
        nodes.extend(kept.iter().map(|id| Node {
            inputs: old[*id].inputs.iter().map(moved).collect(),
            ..old[*id].clone()
        }));
        let means: &[&Op] = match graph.shape(node).rows {
            Rows::Examples => &[],
            Rows::Items => &[&pool::OP],
            Rows::Edges => &[&aggregate::OP, &pool::OP],
        };
        for op in means {
            let inputs = vec![Source::Node(nodes.len() - 1)];
            nodes.push(Node { op, attributes: Attributes::default(), inputs, frozen: true });
        }
        freeze(nodes);
    });
    let network = network.expect("transfer: a part of the pre-trained network");
    let mut parameters = vec![0.0; network.parameter_len()];
    for (to, from) in kept.iter().enumerate() {
        let to = network.parameter_range(to);
        parameters[to].copy_from_slice(&base.parameters[graph.parameter_range(*from)]);
    }
    Start { network, parameters }
}

/// The base with `targets` outputs: the first `kept` are its own, the others get random weights.
fn with_outputs(base: &Start, kept: usize, targets: usize, dropout: f32, seed: u32) -> Start {
    let last = base.network.output_node();
    let network = base.network.edited(|nodes| {
        nodes[last].attributes.width = targets;
        for node in &mut nodes[..last] {
            node.attributes.dropout = dropout;
        }
    });
    let network = network.expect("transfer: the same network with other outputs");
    let mut parameters = vec![0.0; network.parameter_len()];
    let start = network.parameter_range(last).start;
    parameters[..start].copy_from_slice(&base.parameters[..start]);
    network.initialise(last, seed, &mut parameters);
    for (from, to) in base.network.parameters(last).iter().zip(network.parameters(last)) {
        for row in 0..to.rows {
            let source = &base.parameters[from.at + row * from.stride..][..kept];
            parameters[to.at + row * to.stride..][..kept].copy_from_slice(source);
        }
    }
    Start { network, parameters }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::activation::Activation;
    use crate::engine::architectures::Hidden;
    use crate::engine::cpu::backend::Cpu;
    use crate::engine::device::Device;
    use crate::engine::graph::Reduction;
    use crate::engine::loss::LOSSES;
    use crate::engine::run::{Outcome, Run, Stopped, Training};
    use crate::engine::sets::Sets;
    use crate::engine::table::Table;
    use crate::engine::train::train_all;

    fn base(outputs: usize) -> Start {
        let hidden = Activation::LeakyRelu { slope: 0.2 };
        let mlp = Graph::mlp(&[4, 7, 5, outputs]).activation(hidden).dropout(0.3);
        let network = mlp.output_activation(Activation::Sigmoid).build().unwrap();
        let parameters = network.initial_parameters(1);
        Start { network, parameters }
    }

    /// Weight of (input, output) and bias of the last layer.
    fn column(start: &Start, output: usize) -> Vec<f32> {
        let matrices = start.network.parameters(start.network.output_node()).iter();
        let column = matrices.flat_map(|matrix| {
            (0..matrix.rows).map(|row| start.parameters[matrix.at + row * matrix.stride + output])
        });
        column.collect()
    }

    #[test]
    fn dummy_outputs_become_the_new_targets() {
        let base = base(4);
        let start = dummy_node(&base, 4, 0.1, 9);
        assert_eq!(start.parameters, base.parameters);
        assert_eq!(start.network.nodes()[0].attributes.dropout, 0.1);
    }

    #[test]
    fn missing_dummies_are_random_and_surplus_ones_are_dropped() {
        let base = base(4);
        let more = dummy_node(&base, 6, 0.3, 9);
        for output in 0..4 {
            assert_eq!(column(&more, output), column(&base, output));
        }
        assert!(column(&more, 5).iter().all(|weight| *weight != 0.0));
        let fewer = dummy_node(&base, 3, 0.3, 9);
        assert_eq!(fewer.network.outputs(), 3);
        assert_eq!(column(&fewer, 2), column(&base, 2));
    }

    #[test]
    fn a_warm_start_keeps_all_but_the_new_columns() {
        let base = base(4);
        let start = warm_start(&base, 3, 4, 0.3, 9);
        let hidden = ..base.network.parameter_range(2).start;
        assert_eq!(start.parameters[hidden], base.parameters[hidden]);
        for output in 0..3 {
            assert_eq!(column(&start, output), column(&base, output));
        }
        let fresh = column(&start, 3);
        assert!(fresh.iter().zip(column(&base, 3)).all(|(new, old)| *new != old));
        assert_ne!(fresh, column(&warm_start(&base, 3, 4, 0.3, 10), 3), "the seed must matter");
    }

    #[test]
    fn a_head_reads_the_outputs_or_the_last_hidden_layer_of_a_frozen_base() {
        let base = base(4);
        for (reads, inputs, kept) in [(Reads::Outputs, 4, 3), (Reads::LastHidden, 5, 2)] {
            assert_eq!(head_inputs(&base.network, reads), inputs);
            let head = Graph::mlp(&[inputs, 3, 6]).dropout(0.5).build().unwrap();
            let start = attach_head(&base, reads, &head, 3);
            assert_eq!(start.network.first_trained(), kept);
            let frozen = &start.network.nodes()[..kept];
            assert!(frozen.iter().all(|node| node.frozen && node.attributes.dropout == 0.0));
            let length = start.network.frozen_len();
            assert_eq!(start.parameters[..length], base.parameters[..length]);
            assert_eq!(start.network.outputs(), 6);
        }
    }

    /// A deep set, a graph network and a transformer.
    fn graphs() -> [Graph; 3] {
        let layers = Hidden { activation: Activation::Tanh, dropout: 0.0 };
        [
            Graph::deep_set(2, &[6, 5], Reduction::Mean, &[7], 3, layers).unwrap(),
            Graph::edge_graph(2, &[&[6, 5]], &[7], 3, layers).unwrap(),
            Graph::transformer(2, 8, 2, 1, 12, 3, layers).unwrap(),
        ]
    }

    /// Sets of points, with two targets.
    fn sets() -> Table {
        let wave = |place: usize| (place as f64 * 0.7).sin();
        let counts: Vec<usize> = (0..40).map(|set| 1 + set % 4).collect();
        let points: Vec<f64> = (0..2 * counts.iter().sum::<usize>()).map(wave).collect();
        let sets = Sets::new(points, 2, &counts).unwrap();
        let sets = sets.with_edges(2, &[(0, None), (1, None)]).unwrap();
        Table::of_sets(sets, (100..180).map(wave).collect(), 2).unwrap()
    }

    /// For each matrix of parameters, its node, whether it is a vector, and whether training
    /// changes it.
    fn trained(start: &Start, updates: Vec<UpdateScale>) -> Vec<(NodeId, bool, bool)> {
        let table = sets();
        let training = Training { max_epochs: 2, learning_rate: 1e-2, ..Training::default() };
        let run = Run::new(start.network.clone(), &table).training(training);
        let run = run.parameters(start.parameters.clone()).updates(updates);
        let device = Device::Cpu(Cpu { threads: 1 });
        let outcome = train_all(&device, &[table], [run]).unwrap().remove(0);
        let nodes = 0..start.network.nodes().len();
        let of_node = |node: NodeId| {
            let (before, after) = (&start.parameters, &outcome.parameters);
            let matrices = start.network.parameters(node).iter();
            matrices.map(move |matrix| {
                (node, matrix.is_vector, before[matrix.range()] != after[matrix.range()])
            })
        };
        nodes.flat_map(of_node).collect()
    }

    #[test]
    fn each_strategy_trains_its_part_of_any_graph() {
        let parts = Parts::default();
        for network in graphs() {
            let base = Start { parameters: network.initial_parameters(1), network };
            let last = base.network.output_node();
            let check = |strategy: Strategy,
                         start: &Start,
                         has_new: bool,
                         trains: &dyn Fn(NodeId, bool) -> bool| {
                let found = trained(start, updates(strategy, &start.network, parts, has_new));
                for (node, is_vector, changed) in found {
                    assert_eq!(changed, trains(node, is_vector), "{strategy:?}, node {node}");
                }
            };
            let warm = warm_start(&base, 2, 2, 0.0, 3);
            check(Strategy::WarmStart, &warm, false, &|_, _| true);
            check(Strategy::DummyNode, &dummy_node(&base, 2, 0.0, 3), false, &|_, _| true);
            check(Strategy::BiasOnly, &warm, false, &|_, is_vector| is_vector);
            check(Strategy::BiasOnly, &warm, true, &|node, vector| vector || node == last);
            check(Strategy::Frozen, &frozen(&base, 2, 3), false, &|node, _| node == last);
            let head = Graph::mlp(&[head_inputs(&base.network, Reads::LastHidden), 4, 2]);
            let head = attach_head(&base, Reads::LastHidden, &head.build().unwrap(), 3);
            check(Strategy::AttachHead, &head, false, &|node, _| node >= last);
        }
    }

    #[test]
    fn a_head_reads_any_layer_and_a_frozen_body_is_the_pretrained_one() {
        let table = sets();
        for network in graphs() {
            let base = Start { parameters: network.initial_parameters(1), network };
            let nodes = base.network.nodes().len();
            let all = (0..nodes).map(Reads::Layer).chain([Reads::Outputs, Reads::Op(&pool::OP)]);
            for reads in all {
                let width = head_inputs(&base.network, reads);
                let head = Graph::mlp(&[width, 2]).build().unwrap();
                let start = attach_head(&base, reads, &head, 3);
                let own = start.network.output_node();
                assert_eq!(start.network.first_trained(), own, "{reads:?}");
                // it trains, and what it reads does not change
                let found = trained(&start, UpdateScale::all(&start.network));
                assert!(found.iter().all(|(node, _, changed)| *changed == (*node == own)));
            }
            assert_eq!(Reads::Layer(nodes).node(&base.network), None);
            // a head on the outputs that does nothing predicts what the network predicts
            let identity = Graph::mlp(&[3, 3]).build().unwrap();
            let mut start = attach_head(&base, Reads::Outputs, &identity, 3);
            let at = start.network.parameter_range(start.network.output_node());
            start.parameters[at.clone()].fill(0.0);
            (0..3).for_each(|j| start.parameters[at.start + 4 * j + j] = 1.0);
            let predicted = |start: &Start| {
                let run = Run::new(start.network.clone(), &table);
                let outcome = Outcome {
                    id: 0,
                    stopped: Stopped::Epochs,
                    steps: 0,
                    epochs: 0,
                    best_epoch: 0,
                    validation_loss: None,
                    training_loss: None,
                    parameters: start.parameters.clone(),
                    test_errors: None,
                };
                run.predict_table(&outcome, &table).unwrap()
            };
            assert_eq!(predicted(&start), predicted(&base));
            let dropped = applied(&base, 2);
            let kept =
                predicted(&base).chunks(3).flat_map(|row| row[..2].to_vec()).collect::<Vec<_>>();
            assert_eq!(predicted(&dropped), kept);
        }
    }

    #[test]
    fn parts_have_rates_and_decays_of_their_own() {
        let network = base(4).network;
        let (body, head) =
            (UpdateScale { rate: 0.1, decay: 0.5 }, UpdateScale { rate: 2.0, decay: 0.0 });
        let found = updates(Strategy::WarmStart, &network, Parts { body, head }, true);
        assert_eq!(found, [body, body, body, body, head, head]);
        let none = UpdateScale::UNTRAINED;
        let found = updates(Strategy::BiasOnly, &network, Parts { body, head }, false);
        assert_eq!(found, [none, body, none, body, none, head]);
        let found = updates(Strategy::AttachHead, &network, Parts { body, head }, true);
        assert_eq!(found, UpdateScale::all(&network));
    }

    /// What a dummy output of any loss is: its own weights stay as they are, those of the others
    /// learn as without it. A dummy class is not in the softmax, so that a pre-training does not
    /// teach that the new class never occurs.
    #[test]
    fn a_dummy_output_of_any_loss_learns_nothing_and_changes_nothing() {
        let wave = |place: usize| (place as f64 * 0.7).sin();
        let x: Vec<f64> = (0..180).map(wave).collect();
        let class = |row: usize| f64::from(u8::from(wave(3 * row) > 0.2));
        let y: Vec<f64> = (0..60).flat_map(|row| [class(row), 1.0 - class(row)]).collect();
        let table = Table::new(x, 3, y, 2).unwrap();
        for loss in LOSSES {
            let outputs = 2 * loss.predicts.outputs_per_target();
            let training =
                Training { loss, weight_decay: 0.0, max_epochs: 4, ..Training::default() };
            let trained = |start: &Start| {
                let run = Run::new(start.network.clone(), &table).training(training);
                let run = run.parameters(start.parameters.clone());
                let device = Device::Cpu(Cpu { threads: 1 });
                let outcome = train_all(&device, std::slice::from_ref(&table), [run]).unwrap();
                Start { parameters: outcome[0].parameters.clone(), ..start.clone() }
            };
            let network = Graph::mlp(&[3, 8, outputs]).build().unwrap();
            let plain = Start { parameters: network.initial_parameters(1), network };
            // as a pre-training has it: two new targets wait
            let with_dummies = dummy_node(&plain, 2 * outputs, 0.0, 5);
            let (alone, beside) = (trained(&plain), trained(&with_dummies));
            for output in 0..2 * outputs {
                let found = column(&beside, output);
                match output < outputs {
                    true => {
                        let pairs = found.iter().zip(column(&alone, output));
                        let far = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                        assert!(far < 1e-5, "{}, output {output}: {far}", loss.name);
                        assert_ne!(found, column(&plain, output), "{}: it learns", loss.name);
                    }
                    false => assert_eq!(found, column(&with_dummies, output), "{}", loss.name),
                }
            }
        }
    }
}
