//! The four transfer strategies: the initial network and parameters of a run, from a pre-trained
//! network. The functions are pure; seeds are arguments.
//!
//! The targets of the new network are those of the pre-training (`shared`), in their order, then
//! the new ones.

use crate::engine::graph::Graph;

/// The name of the strategy that others are compared with: training from scratch.
pub(crate) const BASELINE: &str = "scratch";

/// The name of the pre-training where a strategy is expected.
pub const PRETRAINING: &str = "pretraining";

/// How a run starts.
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
}

impl Strategy {
    /// Every strategy, in the order of reports.
    pub const ALL: [Strategy; 4] =
        [Strategy::Scratch, Strategy::DummyNode, Strategy::WarmStart, Strategy::AttachHead];

    /// The name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::Scratch => "scratch",
            Strategy::DummyNode => "dummy-node",
            Strategy::WarmStart => "warm-start",
            Strategy::AttachHead => "attach-head",
        }
    }

    /// Whether the strategy uses a pre-trained network.
    pub fn transfers(self) -> bool {
        self != Strategy::Scratch
    }

    /// Whether the hidden layers are those of the pre-trained network.
    pub(crate) fn gives_layers(self) -> bool {
        matches!(self, Strategy::DummyNode | Strategy::WarmStart)
    }
}

/// The inputs of an attached head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// The outputs of the frozen network, dummies included.
    Outputs,
    /// The last hidden layer of the frozen network.
    LastHidden,
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

/// The pre-trained network, frozen and without dropout, followed by `head`, whose inputs are what
/// `reads` selects.
///
/// # Panics
/// If the number of inputs of `head` is not [`head_inputs`].
pub(crate) fn attach_head(base: &Start, reads: Reads, head: &Graph, seed: u32) -> Start {
    let kept = kept_nodes(&base.network, reads);
    let frozen = base.network.edited(|nodes| {
        nodes.truncate(kept);
        for node in nodes {
            (node.frozen, node.attributes.dropout) = (true, 0.0);
        }
    });
    let network =
        frozen.and_then(|frozen| frozen.stacked(head)).expect("transfer: a head that fits");
    let mut parameters = vec![0.0; network.parameter_len()];
    let length = network.frozen_len();
    parameters[..length].copy_from_slice(&base.parameters[..length]);
    for node in kept..network.nodes().len() {
        network.initialise(node, seed, &mut parameters);
    }
    Start { network, parameters }
}

/// Number of inputs of a head.
pub(crate) fn head_inputs(base: &Graph, reads: Reads) -> usize {
    base.shape(kept_nodes(base, reads) - 1).width
}

fn kept_nodes(base: &Graph, reads: Reads) -> usize {
    match reads {
        Reads::Outputs => base.nodes().len(),
        Reads::LastHidden => base.nodes().len() - 1,
    }
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
}
