//! What one step of a run computes and moves.

use std::ops::{Add, Mul};

use crate::engine::gpu::footprint::Footprint;
use crate::engine::graph::{Layer, Network};
use crate::engine::ops::Call;
use crate::engine::run::Precision;

/// Arithmetic and memory traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Floating-point operations of the matrix products, a multiplication and an addition counted
    /// as two.
    pub flops: f64,
    /// Bytes moved, if every kernel reads and writes each of its numbers once.
    pub bytes: f64,
}

impl Cost {
    /// Of a training step on one batch: forward through all layers, the gradients of the weights of
    /// those that train and of what comes into them but for the first, and AdamW, for which
    /// gradients are stored unless it `fuses_update` layer by layer.
    pub fn training(
        network: &Network,
        batch: usize,
        precision: Precision,
        fuses_update: bool,
    ) -> Self {
        let trained = network.first_trained();
        let layers = network.layers();
        let forward: usize = layers.iter().map(products).sum();
        let weights: usize = layers[trained..].iter().map(products).sum();
        let inputs: usize = layers[trained + 1..].iter().map(products).sum();
        let learnt: usize = layers[trained..].iter().map(parameters).sum();
        let footprint = Footprint::new(network, batch, precision);
        let width = precision.bytes();
        let copies = match precision {
            Precision::F32 if fuses_update => 0,
            Precision::F32 => 2,
            Precision::F16 => 3,
        };
        Self {
            flops: ((forward + weights + inputs) * batch) as f64,
            // parameters are read by forward and backward; AdamW reads parameter and two moments
            // and writes them; a gradient, if it is stored, is written and read once; matrices of a
            // batch are written by one kernel and read by one (of halves: a copy of the parameters,
            // too)
            bytes: (2 * width * footprint.parameters
                + (6 * 4 + copies * width) * learnt.min(footprint.parameters)
                + 2 * width * footprint.work) as f64,
        }
    }

    /// Of a validation step on one batch: forward.
    pub fn validation(network: &Network, batch: usize, precision: Precision) -> Self {
        let footprint = Footprint::new(network, batch, precision);
        Self {
            flops: (network.flops() * batch) as f64,
            bytes: (precision.bytes() * (footprint.parameters + footprint.work)) as f64,
        }
    }
}

/// Floating-point operations of one call on a batch: those of its matrix product, if it is one.
pub fn call_flops(call: Call, network: &Network, batch: usize) -> usize {
    match call {
        Call::Forward(l)
        | Call::BackwardInput(l)
        | Call::BackwardWeights(l)
        | Call::FusedUpdate(l) => products(&network.layers()[l]) * batch,
        _ => 0,
    }
}

fn products(layer: &Layer) -> usize {
    2 * layer.inputs * layer.outputs
}

fn parameters(layer: &Layer) -> usize {
    (layer.inputs + 1) * layer.outputs
}

impl Add for Cost {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { flops: self.flops + other.flops, bytes: self.bytes + other.bytes }
    }
}

impl Mul<f64> for Cost {
    type Output = Self;
    fn mul(self, times: f64) -> Self {
        Self { flops: self.flops * times, bytes: self.bytes * times }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::Activation;

    #[test]
    fn a_step_is_three_products_a_layer_less_the_first_input_and_what_is_frozen() {
        let relu = Activation::Relu;
        let network = Network::perceptron(79, &[256, 128], 6, relu, Activation::Identity, 0.0);
        let (one, two, three) = (2 * 79 * 256, 2 * 256 * 128, 2 * 128 * 6);
        let cost = |network: &Network| Cost::training(network, 32, Precision::F32, false);
        let flops = |network: &Network| cost(network).flops;
        assert_eq!(flops(&network), (32 * (2 * one + 3 * two + 3 * three)) as f64);
        assert_eq!(
            Cost::validation(&network, 32, Precision::F32).flops,
            (32 * (one + two + three)) as f64
        );
        let mut layers = network.layers().to_vec();
        layers[0].frozen = true;
        let frozen = Network::new(layers);
        assert_eq!(flops(&frozen), (32 * (one + 2 * two + 3 * three)) as f64);
        assert!(cost(&frozen).bytes < cost(&network).bytes);
        // a gradient for each parameter, written and read
        let fuses_update = Cost::training(&network, 32, Precision::F32, true);
        let spared = 8 * (80 * 256 + 257 * 128 + 129 * 6);
        assert_eq!(fuses_update.bytes + spared as f64, cost(&network).bytes);
        assert_eq!(fuses_update.flops, flops(&network));
    }
}
