//! Builders of graphs: perceptrons from their widths, other chains op by op.

use crate::engine::activation::Activation;
use crate::engine::graph::{Attributes, Graph, Node, Source};
use crate::engine::ops::dense;
use crate::engine::shape::Shape;
use crate::error::Result;
use crate::input_error;

impl Graph {
    /// A multilayer perceptron with these widths, the input first and the output last: ReLU after
    /// hidden layers, none after the last, no dropout.
    ///
    /// ```
    /// use shoal::{Activation, Graph};
    /// let graph = Graph::mlp(&[4, 32, 32, 2]).activation(Activation::Silu).dropout(0.1).build()?;
    /// assert_eq!((graph.inputs(), graph.outputs(), graph.nodes().len()), (4, 2, 3));
    /// # Ok::<(), shoal::Error>(())
    /// ```
    pub fn mlp(widths: &[usize]) -> MlpBuilder {
        MlpBuilder {
            widths: widths.to_vec(),
            activation: Activation::Relu,
            output_activation: Activation::Identity,
            dropout: 0.0,
        }
    }

    /// A builder of a chain of ops on an input of this shape.
    ///
    /// ```
    /// use shoal::{Activation, Graph, Shape};
    /// let graph = Graph::builder(Shape::examples(7))
    ///     .dense(64, Activation::Gelu, 0.2)
    ///     .dense(1, Activation::Identity, 0.0)
    ///     .build()?;
    /// assert_eq!(graph.parameter_count(), (7 + 1) * 64 + (64 + 1));
    /// # Ok::<(), shoal::Error>(())
    /// ```
    pub fn builder(input: Shape) -> Builder {
        Builder { input, nodes: Vec::new() }
    }
}

/// Builds a perceptron: see [`Graph::mlp`].
#[derive(Clone, Debug)]
pub struct MlpBuilder {
    widths: Vec<usize>,
    activation: Activation,
    output_activation: Activation,
    dropout: f32,
}

impl MlpBuilder {
    /// The activation after each hidden layer.
    pub fn activation(self, activation: Activation) -> Self {
        Self { activation, ..self }
    }

    /// The activation of the outputs.
    pub fn output_activation(self, output_activation: Activation) -> Self {
        Self { output_activation, ..self }
    }

    /// The dropout after each hidden layer.
    pub fn dropout(self, dropout: f32) -> Self {
        Self { dropout, ..self }
    }

    /// The graph.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if there are fewer than two widths, one is 0, or the dropout is not
    /// in [0, 1).
    pub fn build(self) -> Result<Graph> {
        let [input, hidden @ .., output] = &self.widths[..] else {
            return Err(input_error!(
                "a perceptron has at least two widths, of its input and of its output; there are \
                 {}",
                self.widths.len()
            ));
        };
        let mut builder = Graph::builder(Shape::examples(*input));
        for width in hidden {
            builder = builder.dense(*width, self.activation, self.dropout);
        }
        builder.dense(*output, self.output_activation, 0.0).build()
    }
}

/// Builds a chain of ops: see [`Graph::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    input: Shape,
    nodes: Vec<Node>,
}

impl Builder {
    /// A dense layer: `dropout(activation(x W + b))`.
    pub fn dense(self, width: usize, activation: Activation, dropout: f32) -> Self {
        self.node(dense_node(width, activation, dropout))
    }

    /// Adds a node on the output of the last one; its own inputs are ignored.
    pub fn node(mut self, node: Node) -> Self {
        let below = match self.nodes.len() {
            0 => Source::Input,
            count => Source::Node(count - 1),
        };
        self.nodes.push(Node { inputs: vec![below], ..node });
        self
    }

    /// The graph.
    ///
    /// # Errors
    /// [`crate::Error::Input`] with the message of [`Graph::new`].
    pub fn build(self) -> Result<Graph> {
        Graph::new(self.input, self.nodes).map_err(|what| input_error!("{what}"))
    }
}

/// A dense node without inputs.
fn dense_node(width: usize, activation: Activation, dropout: f32) -> Node {
    let attributes = Attributes { width, activation, dropout, ..Attributes::default() };
    Node { op: &dense::OP, attributes, inputs: Vec::new(), frozen: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::Parameters;
    use crate::engine::ops::norm;

    #[test]
    fn parameters_are_stored_one_after_another_in_whole_vec4s() {
        let graph = Graph::mlp(&[3, 5, 1, 6]).build().unwrap();
        let all: Vec<&Parameters> = (0..3).flat_map(|node| graph.parameters(node)).collect();
        let places: Vec<_> = all.iter().map(|matrix| (matrix.at, matrix.stride)).collect();
        assert_eq!(places, [(0, 8), (24, 8), (32, 4), (52, 4), (56, 8), (64, 8)]);
        assert_eq!(graph.parameter_len(), 72);
        assert_eq!(graph.parameter_count(), 3 * 5 + 5 + 5 + 1 + 6 + 6);
    }

    #[test]
    fn initial_weights_have_the_deviation_of_he_and_padding_stays_zero() {
        let hidden = Activation::LeakyRelu { slope: 0.2 };
        let graph = Graph::mlp(&[200, 150, 3]).activation(hidden).build().unwrap();
        let parameters = graph.initial_parameters(11);
        let weights = graph.parameters(0)[0];
        let (mut sum, mut squares) = (0.0f64, 0.0f64);
        for row in parameters[weights.range()].chunks(weights.stride) {
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
        assert_ne!(parameters, graph.initial_parameters(12), "seeds must do something");
    }

    #[test]
    fn invalid_graphs_are_errors_that_name_the_reason() {
        let dense = |width, dropout| dense_node(width, Activation::Tanh, dropout);
        let chain = |nodes: Vec<Node>| {
            let builder = Graph::builder(Shape::examples(4));
            nodes.into_iter().fold(builder, Builder::node).build()
        };
        let frozen = Node { frozen: true, ..dense(3, 0.0) };
        let attributes = Attributes { dropout: 0.2, ..Attributes::default() };
        let norm = Node { op: &norm::OP, attributes, ..dense(3, 0.2) };
        let wrong = [
            (chain(vec![]), "no layers"),
            (chain(vec![dense(0, 0.0)]), "layer 1 (dense): width 0"),
            (chain(vec![dense(3, 1.0), dense(2, 0.0)]), "dropout is 1"),
            (chain(vec![dense(3, 0.2)]), "outputs cannot be dropped"),
            (chain(vec![norm, dense(2, 0.0)]), "(norm): has no dropout, but is given 0.2"),
            (chain(vec![dense(3, 0.0), frozen]), "cannot follow a trained one"),
            (Graph::mlp(&[4]).build(), "at least two widths"),
            (Graph::mlp(&[0, 3]).build(), "no inputs"),
        ];
        for (graph, message) in wrong {
            let error = graph.unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn a_graph_on_a_frozen_one_reads_its_output() {
        let base = Graph::mlp(&[4, 7, 5]).build().unwrap();
        let freeze = |nodes: &mut Vec<Node>| nodes.iter_mut().for_each(|node| node.frozen = true);
        let head = Graph::mlp(&[5, 3, 2]).build().unwrap();
        let both = base.edited(freeze).and_then(|base| base.stacked(&head)).unwrap();
        assert_eq!((both.inputs(), both.outputs(), both.depth()), (4, 2, 4));
        assert_eq!((both.first_trained(), both.frozen_output()), (2, Some(1)));
        assert_eq!(both.frozen_len(), both.parameter_range(2).start);
        assert!(!both.needs_gradient(1) && both.needs_gradient(2));
    }
}
