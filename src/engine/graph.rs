//! A network as a graph of ops: its nodes, their shapes, and the layout and initial values of their
//! parameters.
//!
//! A [`Graph`] is a list of nodes in topological order. Each [`Node`] applies an [`Op`], with its
//! [`Attributes`], to the outputs of earlier nodes or to the input of the graph. Everything else
//! follows from the ops: shapes, parameters, memory, cost. [`crate::engine::ops::OPS`] lists them.

use crate::engine::activation::Activation;

/// The kind of the rows of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rows {
    /// An example of the batch.
    Examples,
}

/// The shape of a value: which rows it has, and how many numbers are in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// The kind of its rows.
    pub rows: Rows,
    /// Numbers in a row.
    pub width: usize,
}

impl Shape {
    /// One row of `width` numbers for each example.
    pub fn examples(width: usize) -> Self {
        Self { rows: Rows::Examples, width }
    }
}

/// Index of a node in [`Graph::nodes`].
pub type NodeId = usize;

/// The source of an input of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The input of the graph.
    Input,
    /// The output of an earlier node.
    Node(NodeId),
}

/// The settings of a node. Each op uses some of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attributes {
    /// Width of the output.
    pub width: usize,
    /// Applied to each number of the output.
    pub activation: Activation,
    /// The probability in [0, 1) with which a number of the output is dropped in training; the
    /// others are scaled by 1 / (1 - dropout).
    pub dropout: f32,
}

/// The name and shape of a matrix of parameters of an op.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterShape {
    /// Its name in model files, such as `weight`.
    pub name: &'static str,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
}

/// An op as the graph sees it: shapes, parameters and cost. The kernels that execute it are in
/// [`crate::engine::ops::OPS`].
#[derive(Debug)]
pub struct Op {
    /// Its name in study and model files.
    pub name: &'static str,
    /// Number of inputs.
    pub inputs: usize,
    /// The shape of its output for inputs of these shapes, or why they do not fit.
    pub shape: fn(&[Shape], &Attributes) -> Result<Shape, String>,
    /// Its matrices of parameters, in the order in which they are stored.
    pub parameters: fn(&[Shape], &Attributes) -> Vec<ParameterShape>,
    /// Widths of the matrices that its forward kernel saves for the backward kernels, besides the
    /// output.
    pub saved: fn(&[Shape], &Attributes) -> Vec<usize>,
    /// Scratch memory of the gradient at the inputs on the CPU, in numbers per row of a batch.
    pub scratch: fn(&[Shape], &Attributes) -> usize,
    /// Multiply-adds of the forward kernel for one row.
    pub multiply_adds: fn(&[Shape], &Attributes) -> usize,
    /// Fills the initial parameters of a node: a function of the seed, the node and the position.
    pub initialise: fn(&Graph, NodeId, seed: u32, parameters: &mut [f32]),
}

impl PartialEq for Op {
    /// Compares the names.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// One application of an op.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The op.
    pub op: &'static Op,
    /// Its settings.
    pub attributes: Attributes,
    /// Where its inputs come from.
    pub inputs: Vec<Source>,
    /// Whether its parameters are never updated. Frozen nodes come first and have no dropout.
    pub frozen: bool,
}

/// A matrix of parameters with its offset. Rows are padded with zeros to whole vec4s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Its name in model files.
    pub name: &'static str,
    /// Its first number, counted from the start of the graph's parameters.
    pub at: usize,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Distance between rows: `columns` rounded up to a multiple of four.
    pub stride: usize,
}

impl Parameters {
    /// One past its last number, padding included.
    pub fn end(&self) -> usize {
        self.at + self.rows * self.stride
    }

    /// Its numbers, padding included.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.at..self.end()
    }
}

/// A network: nodes in topological order; the output of the last one is the output of the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    input: Shape,
    nodes: Vec<Node>,
    shapes: Vec<Shape>,
    levels: Vec<usize>,
    parameters: Vec<Vec<Parameters>>,
}

/// Most parameters of a network, padding included, and widest value: kernels count in 32 bits, and
/// a batch of them must still be countable in 64.
pub const MAX_NUMBERS: usize = 1 << 31;

/// `count` rounded up to a multiple of four.
pub fn padded(count: usize) -> usize {
    count.next_multiple_of(4)
}

impl Graph {
    /// A graph of these nodes.
    ///
    /// # Errors
    /// A message: no nodes, a node that reads a later one, shapes that do not fit, a dropout
    /// outside [0, 1) or after the last node, a frozen node after a trained one or with dropout, a
    /// slope that is not finite, more than [`MAX_NUMBERS`] parameters.
    pub fn new(input: Shape, nodes: Vec<Node>) -> Result<Self, String> {
        if nodes.is_empty() {
            return Err("the network has no layers".into());
        }
        if !(1..=MAX_NUMBERS).contains(&input.width) {
            return Err(match input.width {
                0 => "the network has no inputs".into(),
                width => format!("the network has {width} inputs; at most {MAX_NUMBERS} can be"),
            });
        }
        let mut graph = Self {
            input,
            nodes: Vec::new(),
            shapes: Vec::new(),
            levels: Vec::new(),
            parameters: Vec::new(),
        };
        let mut next = 0;
        for (id, node) in nodes.into_iter().enumerate() {
            let place = |what: String| format!("layer {} ({}): {what}", id + 1, node.op.name);
            graph.check(id, &node).map_err(place)?;
            let inputs: Vec<Shape> = node.inputs.iter().map(|at| graph.shape_of(*at)).collect();
            let shape = (node.op.shape)(&inputs, &node.attributes).map_err(place)?;
            if shape.width > MAX_NUMBERS {
                return Err(place(format!("width {}, above {MAX_NUMBERS}", shape.width)));
            }
            let matrices = (node.op.parameters)(&inputs, &node.attributes);
            let placed = matrices.into_iter().map(|matrix| {
                let at = next;
                let stride = padded(matrix.columns);
                let end = (matrix.rows.checked_mul(stride)).and_then(|own| own.checked_add(at));
                next = end.filter(|end| *end <= MAX_NUMBERS).ok_or_else(|| {
                    let ParameterShape { name, rows, columns } = matrix;
                    format!(
                        "a {name} of {rows} x {columns} numbers; a network has at most {MAX_NUMBERS}"
                    )
                })?;
                let ParameterShape { name, rows, columns } = matrix;
                Ok(Parameters { name, at, rows, columns, stride })
            });
            let placed: Result<Vec<Parameters>, String> = placed.collect();
            graph.parameters.push(placed.map_err(place)?);
            graph.levels.push(graph.level_above(&node.inputs));
            graph.shapes.push(shape);
            graph.nodes.push(node);
        }
        // the loss would have to apply its mask
        match graph.nodes[graph.output_node()].attributes.dropout {
            0.0 => Ok(graph),
            dropout => {
                Err(format!("the last layer has dropout {dropout}; outputs cannot be dropped"))
            }
        }
    }

    fn check(&self, id: NodeId, node: &Node) -> Result<(), String> {
        if node.inputs.len() != node.op.inputs {
            return Err(format!("{} inputs instead of {}", node.inputs.len(), node.op.inputs));
        }
        if node.inputs.iter().any(|at| matches!(at, Source::Node(other) if *other >= id)) {
            return Err("reads a layer that comes later".into());
        }
        let dropout = node.attributes.dropout;
        if !(0.0..1.0).contains(&dropout) {
            return Err(format!("dropout is {dropout}; it must be at least 0 and below 1"));
        }
        let slope = node.attributes.activation.slope();
        if !slope.is_finite() {
            return Err(format!("the slope of its activation is {slope}; it must be finite"));
        }
        if node.frozen && dropout != 0.0 {
            return Err("a frozen layer cannot have dropout".into());
        }
        if node.frozen && self.nodes.last().is_some_and(|below| !below.frozen) {
            return Err("a frozen layer cannot follow a trained one".into());
        }
        Ok(())
    }

    /// The shape of the input.
    pub fn input(&self) -> Shape {
        self.input
    }

    /// The nodes, in topological order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node whose output is that of the graph.
    pub fn output_node(&self) -> NodeId {
        self.nodes.len() - 1
    }

    /// Width of the input.
    pub fn inputs(&self) -> usize {
        self.input.width
    }

    /// Width of the output.
    pub fn outputs(&self) -> usize {
        self.shape(self.output_node()).width
    }

    /// The shape of a node's output.
    pub fn shape(&self, node: NodeId) -> Shape {
        self.shapes[node]
    }

    /// The shape of the first input of a node.
    pub fn input_shape(&self, node: NodeId) -> Shape {
        self.shape_of(self.nodes[node].inputs[0])
    }

    /// The shapes of the inputs of a node.
    pub fn input_shapes(&self, node: NodeId) -> Vec<Shape> {
        self.nodes[node].inputs.iter().map(|at| self.shape_of(*at)).collect()
    }

    fn shape_of(&self, source: Source) -> Shape {
        match source {
            Source::Input => self.input,
            Source::Node(node) => self.shape(node),
        }
    }

    /// The number of nodes on the longest path from the input to a node, without the node itself.
    /// Nodes of one level do not read each other, so they execute together.
    pub fn level(&self, node: NodeId) -> usize {
        self.levels[node]
    }

    fn level_above(&self, inputs: &[Source]) -> usize {
        let below = |at: &Source| match at {
            Source::Input => 0,
            Source::Node(other) => self.levels[*other] + 1,
        };
        inputs.iter().map(below).max().unwrap_or(0)
    }

    /// Number of levels.
    pub fn depth(&self) -> usize {
        self.levels.iter().map(|level| level + 1).max().unwrap_or(0)
    }

    /// The first node that is trained; the number of nodes if none is.
    pub fn first_trained(&self) -> usize {
        self.nodes.iter().take_while(|node| node.frozen).count()
    }

    /// Whether the gradient of the loss at the output of a node is needed: it is trained, or
    /// one of its inputs is.
    pub fn needs_gradient(&self, node: NodeId) -> bool {
        let trains = |at: &Source| matches!(at, Source::Node(other) if self.needs_gradient(*other));
        let trained = !self.nodes[node].frozen && !self.parameters[node].is_empty();
        trained || self.nodes[node].inputs.iter().any(trains)
    }

    /// The matrices of parameters of a node.
    pub fn parameters(&self, node: NodeId) -> &[Parameters] {
        &self.parameters[node]
    }

    /// The parameters of a node, padding included.
    pub fn parameter_range(&self, node: NodeId) -> std::ops::Range<usize> {
        let matrices = &self.parameters[node];
        let at = || self.parameters[..node].iter().flatten().map(Parameters::end).max();
        match (matrices.first(), matrices.last()) {
            (Some(first), Some(last)) => first.at..last.end(),
            _ => at().unwrap_or(0)..at().unwrap_or(0),
        }
    }

    /// The frozen node whose output is the only one that trained nodes read from frozen nodes or
    /// the input, if there is one.
    pub fn frozen_output(&self) -> Option<NodeId> {
        let frozen = self.first_trained();
        let mut read = self.nodes[frozen..].iter().flat_map(|node| &node.inputs);
        let below = |at: &Source| !matches!(at, Source::Node(node) if *node >= frozen);
        let first = *read.clone().find(|at| below(at))?;
        let Source::Node(node) = first else { return None };
        read.all(|at| !below(at) || *at == first).then_some(node)
    }

    /// Length of all parameters, padding included; a multiple of four.
    pub fn parameter_len(&self) -> usize {
        self.parameters.iter().flatten().map(Parameters::end).max().unwrap_or(0)
    }

    /// Numbers at the start of the parameters that are never updated.
    pub fn frozen_len(&self) -> usize {
        match self.first_trained() {
            first if first < self.nodes.len() => self.parameter_range(first).start,
            _ => self.parameter_len(),
        }
    }

    /// Parameters, padding not counted.
    pub fn parameter_count(&self) -> usize {
        self.parameters.iter().flatten().map(|matrix| matrix.rows * matrix.columns).sum()
    }

    /// Floating-point operations of the products of a node for one example, forward.
    pub fn node_flops(&self, node: NodeId) -> usize {
        let Node { op, attributes, .. } = &self.nodes[node];
        2 * (op.multiply_adds)(&self.input_shapes(node), attributes)
    }

    /// Floating-point operations of the products of one example, forward.
    pub fn flops(&self) -> usize {
        (0..self.nodes.len()).map(|node| self.node_flops(node)).sum()
    }

    /// Floating-point operations of one example in a step of the optimiser: forward through every
    /// node, the gradients of the parameters of those that train, and those of their inputs.
    pub fn training_flops(&self) -> usize {
        let of_node = |node: NodeId| {
            let trained = usize::from(!self.nodes[node].frozen);
            let below = |at: &Source| matches!(at, Source::Node(n) if self.needs_gradient(*n));
            let input = usize::from(self.nodes[node].inputs.iter().any(below));
            (1 + trained + input) * self.node_flops(node)
        };
        (0..self.nodes.len()).map(of_node).sum()
    }

    /// The graph with edited nodes.
    ///
    /// # Errors
    /// As [`Graph::new`].
    pub fn edited(&self, edit: impl FnOnce(&mut Vec<Node>)) -> Result<Self, String> {
        let mut nodes = self.nodes.clone();
        edit(&mut nodes);
        Self::new(self.input, nodes)
    }

    /// Another graph on the output of this one.
    ///
    /// # Errors
    /// As [`Graph::new`], if the other one cannot read that output.
    pub fn stacked(&self, above: &Graph) -> Result<Self, String> {
        let count = self.nodes.len();
        let shifted = |source: &Source| match source {
            Source::Input => Source::Node(count - 1),
            Source::Node(node) => Source::Node(count + node),
        };
        self.edited(|nodes| {
            nodes.extend(above.nodes.iter().map(|node| {
                let inputs = node.inputs.iter().map(shifted).collect();
                Node { inputs, ..node.clone() }
            }));
        })
    }

    /// Initial parameters: a function of the seed, the node and the position.
    pub fn initial_parameters(&self, seed: u32) -> Vec<f32> {
        let mut parameters = vec![0.0; self.parameter_len()];
        for node in 0..self.nodes.len() {
            self.initialise(node, seed, &mut parameters);
        }
        parameters
    }

    /// Fills the parameters of one node as [`Graph::initial_parameters`] does.
    pub fn initialise(&self, node: NodeId, seed: u32, parameters: &mut [f32]) {
        (self.nodes[node].op.initialise)(self, node, seed, parameters);
    }
}
