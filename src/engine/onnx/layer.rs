//! A node of a network as its op translates it into other formats.

use crate::engine::graph::{Attributes, Graph, NodeId};
use crate::engine::onnx::nodes::Nodes;

/// A node and the names of what it reads.
///
/// In ONNX and PyTorch, items are padded: values have the shape (examples, width), (examples,
/// items, width) or (examples, items, neighbours, width). Absent rows hold numbers without meaning.
pub struct Layer<'a> {
    /// The network.
    pub graph: &'a Graph,
    /// The node.
    pub id: NodeId,
    /// The parameters of the network.
    pub parameters: &'a [f32],
    /// The names of its inputs.
    pub inputs: Vec<String>,
    /// The names of what networks on items have.
    pub sets: &'a SetNames,
}

/// Names of tensors of networks on items.
#[derive(Clone, Debug, Default)]
pub struct SetNames {
    /// Whether an item is there, shape (examples, items, 1).
    pub mask: String,
    /// The places of the neighbours of each item, shape (examples, items, neighbours, 1).
    pub neighbours: String,
    /// Whether an edge is there, of the same shape.
    pub edge_mask: String,
}

/// A node in PyTorch.
#[derive(Clone, Debug, Default)]
pub struct Torch {
    /// The module that has its parameters.
    pub module: Option<String>,
    /// Python that the expression needs, once in the file.
    pub helper: &'static str,
    /// Its output.
    pub expression: String,
}

impl Layer<'_> {
    /// Its settings.
    pub fn attributes(&self) -> &Attributes {
        &self.graph.nodes()[self.id].attributes
    }

    /// The width of its first input.
    pub fn width(&self) -> usize {
        self.graph.input_shape(self.id).width
    }

    /// The name of its module in PyTorch.
    pub fn module(&self) -> String {
        format!("self.layers[\"{}\"]", self.id)
    }

    /// Adds a matrix of its parameters, shape (rows, columns), or (columns) if it is a vector.
    pub fn parameter(&self, nodes: &mut Nodes, place: usize) -> String {
        let matrix = self.graph.parameters(self.id)[place];
        let rows = self.parameters[matrix.range()].chunks_exact(matrix.stride);
        let numbers: Vec<f32> = rows.flat_map(|row| &row[..matrix.columns]).copied().collect();
        let shape = [matrix.rows, matrix.columns];
        let shape = if matrix.is_vector { &shape[1..] } else { &shape[..] };
        nodes.named(&format!("{}layers.{}.{}", nodes.prefix, self.id, matrix.name), shape, &numbers)
    }

    /// Adds its activation.
    pub fn activated(&self, nodes: &mut Nodes, value: &str) -> String {
        self.attributes().activation.onnx(nodes, value)
    }
}
