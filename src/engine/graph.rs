//! A network as a graph of ops: its nodes, their shapes, and the layout and initial values of their
//! parameters.
//!
//! A [`Graph`] is a list of nodes in topological order. Each [`Node`] applies an [`Op`], with its
//! [`Attributes`], to the outputs of earlier nodes or to the input of the graph. Everything else
//! follows from the ops: shapes, parameters, memory, cost. [`crate::engine::ops::OPS`] lists them.

use crate::engine::activation::Activation;
use crate::engine::shape::{BatchRows, Rows, Shape, padded};

/// Index of a node in [`Graph::nodes`].
pub type NodeId = usize;

/// The source of an input of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The input of the graph.
    Input,
    /// The columns per example beside the items of a graph whose input are items.
    Columns,
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
    /// The probability in [0, 1) with which a number of the output, or of an attention a
    /// probability, is dropped in training; the others are scaled by 1 / (1 - dropout).
    pub dropout: f32,
    /// How rows are reduced to one.
    pub reduction: Reduction,
    /// Heads of an attention.
    pub heads: usize,
}

impl Default for Attributes {
    /// Width 1, no activation, no dropout, the mean, one head.
    fn default() -> Self {
        Self {
            width: 1,
            activation: Activation::Identity,
            dropout: 0.0,
            reduction: Reduction::Mean,
            heads: 1,
        }
    }
}

/// How `pool` and `aggregate` reduce rows to one. The reduction of no rows is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// The mean over the rows that exist.
    Mean,
    /// The sum.
    Sum,
    /// The largest number of each column. Its gradient goes to the first row that has it.
    Max,
}

impl Reduction {
    /// Every reduction.
    pub const ALL: [Reduction; 3] = [Reduction::Mean, Reduction::Sum, Reduction::Max];

    /// The name in study and model files.
    pub fn name(self) -> &'static str {
        match self {
            Reduction::Mean => "mean",
            Reduction::Sum => "sum",
            Reduction::Max => "max",
        }
    }

    /// The reduction of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reduction| reduction.name() == name)
    }

    /// Its number in WGSL: its index in [`Reduction::ALL`].
    pub fn code(self) -> u32 {
        Self::ALL.iter().position(|other| *other == self).map_or(0, |place| place as u32)
    }
}

/// How the backward kernel of a node treats the gradient of one of its inputs, which several nodes
/// may read: the first one in the order of a step writes it, the others add to it, and the last
/// one multiplies it by the derivative of the activation and by the dropout mask of the node that
/// computed the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// The node that computed the input.
    pub below: NodeId,
    /// Whether it adds to what another node has written.
    pub adds: bool,
    /// Whether it is the last one.
    pub finishes: bool,
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
    /// Whether it is a vector, such as a bias or a gain, whose weight decay is often left out.
    pub is_vector: bool,
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
    /// Scratch memory of the gradient at the inputs on the CPU, in numbers, for these many rows.
    pub scratch: fn(&[Shape], &Attributes, rows: usize) -> usize,
    /// Whether a kernel of the op computes the gradient of its parameters and updates them at once.
    pub fuses_update: bool,
    /// Whether its output is dropout(activation(z)), with z the first matrix that it saves. The
    /// other ops have neither activation nor dropout of their output.
    pub has_epilogue: bool,
    /// Whether it drops something inside, as the probabilities of an attention, with the
    /// probability of its attributes.
    pub drops_inside: bool,
    /// Multiply-adds of the forward kernel for one row of a batch with these rows.
    pub multiply_adds: fn(&[Shape], &Attributes, BatchRows) -> usize,
    /// Fills the initial parameters of a node: a function of the seed, the node and the position.
    pub initialise: fn(&Graph, NodeId, seed: u32, parameters: &mut [f32]),
}

impl Op {
    /// The defaults of an op: one input, no parameters, nothing saved, no epilogue.
    pub const PLAIN: Op = Op {
        name: "",
        inputs: 1,
        shape: |inputs, _| Ok(inputs[0]),
        parameters: |_, _| Vec::new(),
        saved: |_, _| Vec::new(),
        scratch: |_, _, _| 0,
        fuses_update: false,
        has_epilogue: false,
        drops_inside: false,
        multiply_adds: |_, _, _| 0,
        initialise: |_, _, _, _| {},
    };
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
    /// Its place among all matrices of the graph.
    pub index: usize,
    /// Whether it is a vector, such as a bias or a gain.
    pub is_vector: bool,
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
    columns: usize,
    nodes: Vec<Node>,
    shapes: Vec<Shape>,
    levels: Vec<usize>,
    parameters: Vec<Vec<Parameters>>,
    needs_gradient: Vec<bool>,
    contributions: Vec<Vec<Option<Contribution>>>,
}

/// Most parameters of a network, padding included, and widest value: kernels count in 32 bits, and
/// a batch of them must still be countable in 64.
pub const MAX_NUMBERS: usize = 1 << 31;

impl Graph {
    /// A graph of these nodes.
    ///
    /// # Errors
    /// A message: no nodes, a node that reads a later one, shapes that do not fit, a dropout
    /// outside [0, 1) or after the last node, a frozen node after a trained one or with dropout, a
    /// slope that is not finite, more than [`MAX_NUMBERS`] parameters.
    pub fn new(input: Shape, nodes: Vec<Node>) -> Result<Self, String> {
        Self::with_columns(input, 0, nodes)
    }

    /// A graph of these nodes on items with `columns` numbers per example beside them, which nodes
    /// read as [`Source::Columns`].
    ///
    /// # Errors
    /// As [`Graph::new`].
    pub fn with_columns(input: Shape, columns: usize, nodes: Vec<Node>) -> Result<Self, String> {
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
            columns,
            nodes: Vec::new(),
            shapes: Vec::new(),
            levels: Vec::new(),
            parameters: Vec::new(),
            needs_gradient: Vec::new(),
            contributions: Vec::new(),
        };
        let (mut next, mut index) = (0, 0);
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
                let ParameterShape { name, rows, columns, is_vector } = matrix;
                next = end.filter(|end| *end <= MAX_NUMBERS).ok_or_else(|| {
                    format!(
                        "a {name} of {rows} x {columns} numbers; a network has at most \
                         {MAX_NUMBERS}"
                    )
                })?;
                index += 1;
                Ok(Parameters { name, index: index - 1, is_vector, at, rows, columns, stride })
            });
            if shape.rows != Rows::Examples && !graph.has_items() {
                return Err(place(
                    "has rows for items, but the input of the network has none".into(),
                ));
            }
            let placed: Result<Vec<Parameters>, String> = placed.collect();
            graph.parameters.push(placed.map_err(place)?);
            graph.levels.push(graph.level_above(&node.inputs));
            graph.shapes.push(shape);
            graph.nodes.push(node);
        }
        graph.check_output()?;
        graph.trace_gradients();
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
        if (1..node.inputs.len()).any(|at| node.inputs[..at].contains(&node.inputs[at])) {
            return Err("reads the same value twice".into());
        }
        if node.inputs.contains(&Source::Columns) && self.columns == 0 {
            return Err("reads columns per example, but the network has none".into());
        }
        if !node.op.has_epilogue && node.attributes.activation != Activation::Identity {
            return Err(format!(
                "has no activation, but is given {}",
                node.attributes.activation.name()
            ));
        }
        let dropout = node.attributes.dropout;
        if !(0.0..1.0).contains(&dropout) {
            return Err(format!("dropout is {dropout}; it must be at least 0 and below 1"));
        }
        if dropout != 0.0 && !node.op.has_epilogue && !node.op.drops_inside {
            return Err(format!("has no dropout, but is given {dropout}"));
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

    /// Every node but the last is read by another one, and the last has a row for each example.
    fn check_output(&self) -> Result<(), String> {
        let last = self.output_node();
        if let Some(unread) = (0..last).find(|id| self.readers(*id).next().is_none()) {
            let name = self.nodes[unread].op.name;
            return Err(format!("layer {} ({name}): no layer reads it", unread + 1));
        }
        match self.shape(last).rows {
            Rows::Examples => Ok(()),
            rows => Err(format!(
                "the last layer has a row for each of the {rows:?}; pool them, so that an example \
                 has one"
            )),
        }
    }

    /// The nodes that read a node, each with the index among its inputs.
    fn readers(&self, node: NodeId) -> impl Iterator<Item = (NodeId, usize)> + '_ {
        let inputs = self.nodes.iter().enumerate();
        inputs.flat_map(move |(reader, other)| {
            let place = other.inputs.iter().position(|source| *source == Source::Node(node));
            place.map(|place| (reader, place))
        })
    }

    /// How the backward kernels of a node treat the gradient of an input; `None` if it needs none.
    pub fn contribution(&self, node: NodeId, input: usize) -> Option<Contribution> {
        self.contributions[node][input]
    }

    /// Fills `needs_gradient` and `contributions`.
    fn trace_gradients(&mut self) {
        for (id, node) in self.nodes.iter().enumerate() {
            let trains = |at: &Source| matches!(at, Source::Node(n) if self.needs_gradient[*n]);
            let trained = !node.frozen && !self.parameters[id].is_empty();
            let needs = trained || node.inputs.iter().any(trains);
            self.needs_gradient.push(needs);
        }
        let of_node = |id: NodeId| {
            let inputs = 0..self.nodes[id].inputs.len();
            inputs.map(|input| self.find_contribution(id, input)).collect()
        };
        self.contributions = (0..self.nodes.len()).map(of_node).collect();
    }

    fn find_contribution(&self, node: NodeId, input: usize) -> Option<Contribution> {
        let Source::Node(below) = self.nodes[node].inputs[input] else { return None };
        if !self.needs_gradient[below] {
            return None;
        }
        // no two readers have the same level, and a step goes from the highest level down
        let level = self.levels[node];
        let others = || self.readers(below).map(|(reader, _)| self.levels[reader]);
        Some(Contribution {
            below,
            adds: others().any(|other| other > level),
            finishes: !others().any(|other| other < level),
        })
    }

    /// Whether the update of every parameter can be fused with its gradient.
    pub fn fuses_update(&self) -> bool {
        let trained = self.nodes.iter().enumerate().filter(|(_, node)| !node.frozen);
        let mut with_parameters = trained.filter(|(id, _)| !self.parameters[*id].is_empty());
        with_parameters.all(|(_, node)| node.op.fuses_update)
    }

    /// Whether a value has a row for each item or edge.
    pub fn has_items(&self) -> bool {
        self.input.rows != Rows::Examples
    }

    /// Whether a node has a row for each edge.
    pub fn has_edges(&self) -> bool {
        self.shapes.iter().any(|shape| shape.rows == Rows::Edges)
    }

    /// Width of the columns per example: the input itself, or what is beside its items.
    pub fn columns(&self) -> usize {
        match self.input.rows {
            Rows::Examples => self.input.width,
            _ => self.columns,
        }
    }

    /// Width of the items; 0 without items.
    pub fn item_columns(&self) -> usize {
        if self.has_items() { self.input.width } else { 0 }
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
            Source::Columns => Shape::examples(self.columns),
            Source::Node(node) => self.shape(node),
        }
    }

    /// The level of a node: above that of every node that it reads. Nodes of one level execute
    /// together: they do not read each other, and no two of them read the same node, because both
    /// would add to its gradient. In a chain it is the number of nodes below.
    pub fn level(&self, node: NodeId) -> usize {
        self.levels[node]
    }

    fn level_above(&self, inputs: &[Source]) -> usize {
        let read = |at: &Source| match at {
            Source::Node(node) => Some(*node),
            _ => None,
        };
        let below = || inputs.iter().filter_map(read);
        let taken = |level: &usize| {
            let mut readers = below().flat_map(|node| self.readers(node));
            readers.any(|(reader, _)| self.levels[reader] == *level)
        };
        let first = below().map(|node| self.levels[node] + 1).max().unwrap_or(0);
        (first..).find(|level| !taken(level)).expect("a free level")
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
        self.needs_gradient[node]
    }

    /// The matrices of parameters of a node.
    pub fn parameters(&self, node: NodeId) -> &[Parameters] {
        &self.parameters[node]
    }

    /// The matrices of parameters of all nodes, in order.
    pub fn matrices(&self) -> impl Iterator<Item = &Parameters> {
        self.parameters.iter().flatten()
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
        self.matrices().map(Parameters::end).max().unwrap_or(0)
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
        self.matrices().map(|matrix| matrix.rows * matrix.columns).sum()
    }

    /// Floating-point operations of the products of a node for these rows, forward.
    pub fn node_flops(&self, node: NodeId, rows: BatchRows) -> usize {
        let Node { op, attributes, .. } = &self.nodes[node];
        let each = 2 * (op.multiply_adds)(&self.input_shapes(node), attributes, rows);
        each * rows.of(self.shape(node).rows)
    }

    /// Floating-point operations of the products of these rows, forward.
    pub fn flops(&self, rows: impl Into<BatchRows>) -> usize {
        let rows = rows.into();
        (0..self.nodes.len()).map(|node| self.node_flops(node, rows)).sum()
    }

    /// Floating-point operations of these rows in a step of the optimiser: forward through every
    /// node, the gradients of the parameters of those that train, and those of their inputs.
    pub fn training_flops(&self, rows: BatchRows) -> usize {
        let of_node = |node: NodeId| {
            let parameters = !self.nodes[node].frozen && !self.parameters[node].is_empty();
            let inputs = 0..self.nodes[node].inputs.len();
            let inputs = inputs.filter(|input| self.contribution(node, *input).is_some());
            (1 + usize::from(parameters) + inputs.count().min(1)) * self.node_flops(node, rows)
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
        Self::with_columns(self.input, self.columns, nodes)
    }

    /// Another graph on the output of this one.
    ///
    /// # Errors
    /// As [`Graph::new`], if the other one cannot read that output.
    pub fn stacked(&self, above: &Graph) -> Result<Self, String> {
        let count = self.nodes.len();
        let shifted = |source: &Source| match source {
            Source::Input => Source::Node(count - 1),
            Source::Columns => Source::Columns,
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
