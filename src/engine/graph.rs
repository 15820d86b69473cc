//! The shape of a network, where its parameters lie, and how it starts.

use crate::engine::random::{normals, pcg4d, unit};

/// An activation function, applied to each unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// z
    Identity,
    /// max(z, 0)
    Relu,
    /// z where z > 0, else `slope` z
    LeakyRelu {
        /// The slope below zero.
        slope: f32,
    },
    /// tanh(z)
    Tanh,
    /// 1 / (1 + exp(-z))
    Sigmoid,
    /// z sigmoid(z)
    Silu,
    /// z Phi(z), with the normal distribution function Phi in its exact form (Hendrycks & Gimpel,
    /// arXiv 1606.08415)
    Gelu,
}

impl Activation {
    /// Every activation, with the usual slope of 0.01 for the leaky one.
    pub const ALL: [Activation; 7] = [
        Activation::Identity,
        Activation::Relu,
        Activation::LeakyRelu { slope: 0.01 },
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Silu,
        Activation::Gelu,
    ];

    /// The name, as PyTorch's `torch.nn.functional` spells it.
    pub fn name(self) -> &'static str {
        match self {
            Activation::Identity => "identity",
            Activation::Relu => "relu",
            Activation::LeakyRelu { .. } => "leaky_relu",
            Activation::Tanh => "tanh",
            Activation::Sigmoid => "sigmoid",
            Activation::Silu => "silu",
            Activation::Gelu => "gelu",
        }
    }

    /// The activation of that name; `slope` is used by `leaky_relu` alone.
    pub fn named(name: &str, slope: f32) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|activation| activation.name() == name)?;
        Some(match found {
            Activation::LeakyRelu { .. } => Activation::LeakyRelu { slope },
            other => other,
        })
    }

    /// The slope of a leaky ReLU, 0 for every other activation.
    pub fn slope(self) -> f32 {
        match self {
            Activation::LeakyRelu { slope } => slope,
            _ => 0.0,
        }
    }
}

/// One layer: `a = dropout(activation(W^T x + b))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// Width of what comes in.
    pub inputs: usize,
    /// Width of what goes out.
    pub outputs: usize,
    /// Applied to each unit.
    pub activation: Activation,
    /// The probability with which a unit is dropped in training, in [0, 1).
    pub dropout: f32,
    /// A frozen layer keeps its parameters. Frozen layers come first and drop nothing.
    pub frozen: bool,
}

/// A multilayer perceptron: a chain of layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    layers: Vec<Layer>,
}

/// Where one layer's parameters lie, in numbers from the start of the network's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerParameters {
    /// Weights, shape (inputs, outputs), each row padded with zeros to `stride`.
    pub weights: usize,
    /// Biases, shape (outputs), padded with zeros to `stride`.
    pub bias: usize,
    /// `outputs` rounded up to a multiple of four, so that a row is whole vec4s.
    pub stride: usize,
}

/// `count` rounded up to a multiple of four.
pub fn padded(count: usize) -> usize {
    count.next_multiple_of(4)
}

impl Network {
    /// A chain of layers.
    ///
    /// # Panics
    /// If it is empty, a width is 0, widths do not meet, a frozen layer follows a trained one or
    /// drops units; a plan makes sure of all this before.
    pub fn new(layers: Vec<Layer>) -> Self {
        assert!(!layers.is_empty(), "network: no layers");
        for layer in &layers {
            assert!(layer.inputs > 0 && layer.outputs > 0, "network: width 0");
            assert!((0.0..1.0).contains(&layer.dropout), "network: dropout {}", layer.dropout);
            assert!(!layer.frozen || layer.dropout == 0.0, "network: a frozen layer drops units");
        }
        for pair in layers.windows(2) {
            assert_eq!(pair[0].outputs, pair[1].inputs, "network: widths do not meet");
            assert!(pair[0].frozen || !pair[1].frozen, "network: frozen after trained");
        }
        Self { layers }
    }

    /// A perceptron with the given hidden widths; dropout after each hidden layer.
    pub fn perceptron(
        inputs: usize,
        hidden: &[usize],
        outputs: usize,
        activation: Activation,
        output_activation: Activation,
        dropout: f32,
    ) -> Self {
        let widths: Vec<usize> = [&[inputs], hidden, &[outputs]].concat();
        let last = widths.len() - 2;
        let layer = |i: usize| Layer {
            inputs: widths[i],
            outputs: widths[i + 1],
            activation: if i == last { output_activation } else { activation },
            dropout: if i == last { 0.0 } else { dropout },
            frozen: false,
        };
        Self::new((0..=last).map(layer).collect())
    }

    /// The layers, from the input up.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Width of the input.
    pub fn inputs(&self) -> usize {
        self.layers[0].inputs
    }

    /// Width of the output.
    pub fn outputs(&self) -> usize {
        self.layers[self.layers.len() - 1].outputs
    }

    /// The first layer that is trained; the number of layers if none is.
    pub fn first_trained(&self) -> usize {
        self.layers.iter().take_while(|layer| layer.frozen).count()
    }

    /// Where each layer's parameters lie.
    pub fn parameter_table(&self) -> Vec<LayerParameters> {
        let mut next = 0;
        let place = |layer: &Layer| {
            let stride = padded(layer.outputs);
            let weights = next;
            let bias = weights + layer.inputs * stride;
            next = bias + stride;
            LayerParameters { weights, bias, stride }
        };
        self.layers.iter().map(place).collect()
    }

    /// Numbers that all parameters take up, padding included; a multiple of four.
    pub fn parameter_len(&self) -> usize {
        self.layers.iter().map(|layer| (layer.inputs + 1) * padded(layer.outputs)).sum()
    }

    /// Parameters in the textbook's sense: weights and biases without padding.
    pub fn parameter_count(&self) -> usize {
        self.layers.iter().map(|layer| (layer.inputs + 1) * layer.outputs).sum()
    }

    /// Multiplications and additions of one example, forward.
    pub fn flops(&self) -> usize {
        self.layers.iter().map(|layer| 2 * layer.inputs * layer.outputs).sum()
    }

    /// Fresh parameters: weights normal with deviation gain / sqrt(inputs) (He et al., arXiv
    /// 1502.01852, eq. 15; gain^2 = 2 / (1 + slope^2) for the ReLU family, 1 for the others),
    /// biases uniform in +-1 / sqrt(inputs) as `torch.nn.Linear` does. The numbers are a function
    /// of `seed`, layer and position alone.
    pub fn initial_parameters(&self, seed: u32) -> Vec<f32> {
        let mut parameters = vec![0.0; self.parameter_len()];
        for number in 0..self.layers.len() {
            self.initialise_layer(number, seed, &mut parameters);
        }
        parameters
    }

    /// Fresh parameters for one layer, as [`Network::initial_parameters`] draws them.
    pub fn initialise_layer(&self, number: usize, seed: u32, parameters: &mut [f32]) {
        let (layer, place) = (&self.layers[number], self.parameter_table()[number]);
        let gain = match layer.activation {
            Activation::Relu | Activation::LeakyRelu { .. } => {
                (2.0 / (1.0 + f64::from(layer.activation.slope()).powi(2))).sqrt()
            }
            _ => 1.0,
        };
        let deviation = gain / (layer.inputs as f64).sqrt();
        let mut drawn = vec![0.0; layer.outputs];
        for input in 0..layer.inputs {
            normals([seed, number as u32, input as u32], &mut drawn);
            let row = &mut parameters[place.weights + input * place.stride..][..layer.outputs];
            for (parameter, normal) in row.iter_mut().zip(&drawn) {
                *parameter = (deviation * normal) as f32;
            }
        }
        let bound = 1.0 / (layer.inputs as f64).sqrt();
        for output in 0..layer.outputs {
            let word = pcg4d([seed, number as u32, u32::MAX, output as u32])[2];
            parameters[place.bias + output] = (bound * (2.0 * unit(word) - 1.0)) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_lie_one_after_another_in_whole_vec4s() {
        let network =
            Network::perceptron(3, &[5, 1], 6, Activation::Relu, Activation::Identity, 0.0);
        let table = network.parameter_table();
        assert_eq!(table[0], LayerParameters { weights: 0, bias: 24, stride: 8 });
        assert_eq!(table[1], LayerParameters { weights: 32, bias: 52, stride: 4 });
        assert_eq!(table[2], LayerParameters { weights: 56, bias: 64, stride: 8 });
        assert_eq!(network.parameter_len(), 72);
        assert_eq!(network.parameter_count(), 3 * 5 + 5 + 5 + 1 + 6 + 6);
    }

    #[test]
    fn fresh_weights_have_the_deviation_of_he_and_padding_stays_zero() {
        let slope = 0.2;
        let hidden = Activation::LeakyRelu { slope };
        let network = Network::perceptron(200, &[150], 3, hidden, Activation::Sigmoid, 0.0);
        let parameters = network.initial_parameters(11);
        let place = network.parameter_table()[0];
        let (mut sum, mut squares) = (0.0f64, 0.0f64);
        for input in 0..200 {
            let row = &parameters[place.weights + input * place.stride..][..place.stride];
            assert_eq!(&row[150..], [0.0, 0.0]);
            for weight in &row[..150] {
                sum += f64::from(*weight);
                squares += f64::from(*weight).powi(2);
            }
        }
        let count = 200.0 * 150.0;
        let variance = 2.0 / (1.0 + 0.04) / 200.0;
        assert!((sum / count).abs() < 5.0 * (variance / count).sqrt());
        assert!((squares / count / variance - 1.0).abs() < 5.0 * (2.0 / count).sqrt());
        assert_ne!(parameters, network.initial_parameters(12), "seeds must do something");
    }

    #[test]
    fn activations_are_found_by_their_names() {
        for activation in Activation::ALL {
            assert_eq!(Activation::named(activation.name(), activation.slope()), Some(activation));
        }
        assert_eq!(Activation::named("softmax", 0.0), None);
    }
}
