//! The four strategies: from a pre-trained network to the start of a fresh one. Pure functions;
//! seeds are given.
//!
//! The targets of the fresh network are the pre-trained ones (`shared`), in their order, and then
//! the new ones.

use crate::engine::graph::{Layer, Network};

/// The name of the strategy that the others are measured against: training without a pre-trained
/// network.
pub const BASELINE: &str = "scratch";

/// The name of pre-trainings in the place of a strategy.
pub const PRETRAINING: &str = "pretraining";

/// How a run starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Strategy {
    /// No transfer: fresh parameters.
    Scratch,
    /// Every parameter starts from the pre-trained one; dummy outputs, which the loss of the
    /// pre-training ignored, become the new targets.
    DummyNode,
    /// The pre-trained parameters, but fresh outputs for the new targets.
    WarmStart,
    /// The pre-trained network is frozen; a fresh network reads what it knows.
    AttachHead,
}

impl Strategy {
    /// Every strategy, in the order of reports.
    pub const ALL: [Strategy; 4] =
        [Strategy::Scratch, Strategy::DummyNode, Strategy::WarmStart, Strategy::AttachHead];

    /// Its name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::Scratch => "scratch",
            Strategy::DummyNode => "dummy-node",
            Strategy::WarmStart => "warm-start",
            Strategy::AttachHead => "attach-head",
        }
    }

    /// Whether it starts from a pre-trained network.
    pub fn transfers(self) -> bool {
        self != Strategy::Scratch
    }

    /// Whether its hidden layers are those of the pre-trained network.
    pub fn gives_layers(self) -> bool {
        matches!(self, Strategy::DummyNode | Strategy::WarmStart)
    }
}

/// What an attached head reads of the frozen network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Its outputs, dummies included.
    Outputs,
    /// Its last hidden layer.
    LastHidden,
}

/// A network and its parameters, laid out as [`Network::parameter_table`] says.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// The network.
    pub network: Network,
    /// Its parameters.
    pub parameters: Vec<f32>,
}

/// The pre-trained network with `targets` outputs: the `shared` first, then the dummies as new
/// targets. Where there are fewer dummies than new targets, the rest is fresh; dummies left over
/// are dropped. Dropout becomes `dropout`.
pub fn dummy_node(base: &Start, targets: usize, dropout: f32, seed: u32) -> Start {
    let kept = base.network.outputs().min(targets);
    with_outputs(base, kept, targets, dropout, seed)
}

/// The pre-trained network with `targets` outputs: the first `shared` are the pre-trained ones, the
/// others are fresh. Dropout becomes `dropout`.
pub fn warm_start(base: &Start, shared: usize, targets: usize, dropout: f32, seed: u32) -> Start {
    with_outputs(base, shared, targets, dropout, seed)
}

/// The pre-trained network, frozen and without dropout, with a fresh network on top of what it
/// `reads`.
///
/// # Panics
/// If the inputs of `head` are not as many as what is read; [`head_inputs`] says how many that is.
pub fn attach_head(base: &Start, reads: Reads, head: &Network, seed: u32) -> Start {
    let kept = kept_layers(&base.network, reads);
    let freeze = |layer: &Layer| Layer { frozen: true, dropout: 0.0, ..*layer };
    let frozen = base.network.layers()[..kept].iter().map(freeze);
    let network = Network::new(frozen.chain(head.layers().iter().copied()).collect());
    let mut parameters = vec![0.0; network.parameter_len()];
    let length = network.parameter_table()[kept].weights;
    parameters[..length].copy_from_slice(&base.parameters[..length]);
    for layer in kept..network.layers().len() {
        network.initialise_layer(layer, seed, &mut parameters);
    }
    Start { network, parameters }
}

/// How many numbers a head reads.
pub fn head_inputs(base: &Network, reads: Reads) -> usize {
    base.layers()[kept_layers(base, reads) - 1].outputs
}

fn kept_layers(base: &Network, reads: Reads) -> usize {
    match reads {
        Reads::Outputs => base.layers().len(),
        Reads::LastHidden => base.layers().len() - 1,
    }
}

/// The same hidden layers; `kept` outputs of the base, fresh ones up to `targets`.
fn with_outputs(base: &Start, kept: usize, targets: usize, dropout: f32, seed: u32) -> Start {
    let last = base.network.layers().len() - 1;
    let mut layers = base.network.layers().to_vec();
    layers[last].outputs = targets;
    for layer in &mut layers[..last] {
        layer.dropout = dropout;
    }
    let network = Network::new(layers);
    let mut parameters = vec![0.0; network.parameter_len()];
    let (from, to) = (base.network.parameter_table()[last], network.parameter_table()[last]);
    parameters[..to.weights].copy_from_slice(&base.parameters[..from.weights]);
    network.initialise_layer(last, seed, &mut parameters);
    // the rows of the weights, and the bias after them as one row more
    for row in 0..=network.layers()[last].inputs {
        let source = &base.parameters[from.weights + row * from.stride..][..kept];
        parameters[to.weights + row * to.stride..][..kept].copy_from_slice(source);
    }
    Start { network, parameters }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::Activation;

    fn base(outputs: usize) -> Start {
        let hidden = Activation::LeakyRelu { slope: 0.2 };
        let network = Network::perceptron(4, &[7, 5], outputs, hidden, Activation::Sigmoid, 0.3);
        let parameters = network.initial_parameters(1);
        Start { network, parameters }
    }

    /// Weight of (input, output) and bias of the last layer.
    fn column(start: &Start, output: usize) -> Vec<f32> {
        let last = start.network.layers().len() - 1;
        let place = start.network.parameter_table()[last];
        let rows = start.network.layers()[last].inputs;
        (0..=rows)
            .map(|row| start.parameters[place.weights + row * place.stride + output])
            .collect()
    }

    #[test]
    fn dummy_outputs_become_the_new_targets() {
        let base = base(4);
        let start = dummy_node(&base, 4, 0.1, 9);
        assert_eq!(start.parameters, base.parameters);
        assert_eq!(start.network.layers()[0].dropout, 0.1);
    }

    #[test]
    fn missing_dummies_are_fresh_and_surplus_ones_are_dropped() {
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
        let place = base.network.parameter_table()[2];
        assert_eq!(start.parameters[..place.weights], base.parameters[..place.weights]);
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
            let head =
                Network::perceptron(inputs, &[3], 6, Activation::Tanh, Activation::Identity, 0.5);
            let start = attach_head(&base, reads, &head, 3);
            assert_eq!(start.network.first_trained(), kept);
            assert!(start.network.layers()[..kept].iter().all(|layer| layer.dropout == 0.0));
            let length = start.network.parameter_table()[kept].weights;
            assert_eq!(start.parameters[..length], base.parameters[..length]);
            assert_eq!(start.network.outputs(), 6);
        }
    }
}
