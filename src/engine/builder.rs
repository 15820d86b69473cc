//! Builders of graphs: perceptrons from their widths, other chains op by op.

use crate::engine::activation::Activation;
use crate::engine::graph::{Attributes, Graph, Node, Shape, Source};
use crate::engine::ops::dense;
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
                "a perceptron has at least two widths, of its input and of its output; there are {}",
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
    let attributes = Attributes { width, activation, dropout };
    Node { op: &dense::OP, attributes, inputs: Vec::new(), frozen: false }
}
