//! Named architectures on sets of items: deep sets, graph networks and transformers.

use crate::engine::activation::Activation;
use crate::engine::graph::{Attributes, Graph, Node, Op, Reduction, Source};
use crate::engine::ops::{
    add, aggregate, attention, concat, dense, edge, multiply, norm, pool, spread,
};
use crate::engine::shape::Shape;
use crate::error::Result;
use crate::input_error;

/// Adds nodes one by one; each returns the source that others read.
struct Nodes {
    nodes: Vec<Node>,
    activation: Activation,
    dropout: f32,
}

impl Nodes {
    fn add(&mut self, op: &'static Op, inputs: &[Source], attributes: Attributes) -> Source {
        self.nodes.push(Node { op, attributes, inputs: inputs.to_vec(), frozen: false });
        Source::Node(self.nodes.len() - 1)
    }

    /// A dense layer without activation.
    fn linear(&mut self, input: Source, width: usize) -> Source {
        self.add(&dense::OP, &[input], Attributes { width, ..Attributes::default() })
    }

    /// A hidden layer, with activation and dropout.
    fn hidden(&mut self, input: Source, width: usize) -> Source {
        let (activation, dropout) = (self.activation, self.dropout);
        let attributes = Attributes { width, activation, dropout, ..Attributes::default() };
        self.add(&dense::OP, &[input], attributes)
    }

    fn pool(&mut self, input: Source, reduction: Reduction) -> Source {
        self.add(&pool::OP, &[input], Attributes { reduction, ..Attributes::default() })
    }

    /// The graph with the columns per example beside the reduced items, hidden layers, and the
    /// outputs.
    fn head(mut self, reduced: Source, hidden: &[usize], ends: Ends) -> Result<Graph> {
        let input = match ends.columns {
            0 => reduced,
            _ => self.add(&concat::OP, &[reduced, Source::Columns], Attributes::default()),
        };
        let last = hidden.iter().fold(input, |below, width| self.hidden(below, *width));
        self.linear(last, ends.outputs);
        Graph::with_columns(Shape::items(ends.items), ends.columns, self.nodes)
            .map_err(|what| input_error!("{what}"))
    }
}

/// What an architecture on items reads and how many outputs it has. The columns per example join
/// the items after these are reduced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// Columns of the items.
    pub items: usize,
    /// Columns per example beside the items; there may be none.
    pub columns: usize,
    /// Outputs.
    pub outputs: usize,
}

impl Ends {
    fn of_items(items: usize, outputs: usize) -> Self {
        Self { items, columns: 0, outputs }
    }
}

/// The activation and the dropout of the hidden layers of an architecture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hidden {
    /// Applied after each hidden layer.
    pub activation: Activation,
    /// Dropout after each hidden layer.
    pub dropout: f32,
}

impl Default for Hidden {
    /// ReLU, no dropout.
    fn default() -> Self {
        Self { activation: Activation::Relu, dropout: 0.0 }
    }
}

impl Hidden {
    fn nodes(self) -> Nodes {
        Nodes { nodes: Vec::new(), activation: self.activation, dropout: self.dropout }
    }
}

impl Graph {
    /// A deep set (Zaheer et al., arXiv 1703.06114; for particles Komiske et al., arXiv
    /// 1810.05165): hidden layers of these widths on each item of `columns` numbers, a reduction
    /// over the items, hidden layers on the result, and the outputs.
    ///
    /// ```
    /// use shoal::{Graph, Hidden, Reduction};
    /// let layers = Hidden::default();
    /// let graph = Graph::deep_set(7, &[100, 100, 128], Reduction::Sum, &[100], 2, layers)?;
    /// assert_eq!((graph.item_columns(), graph.outputs()), (7, 2));
    /// # Ok::<(), shoal::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::Error::Input`] for a width of 0 or a dropout outside [0, 1).
    pub fn deep_set(
        columns: usize,
        items: &[usize],
        reduction: Reduction,
        hidden: &[usize],
        outputs: usize,
        layers: Hidden,
    ) -> Result<Self> {
        let ends = Ends::of_items(columns, outputs);
        Self::deep_set_between(ends, items, reduction, hidden, layers)
    }

    /// The same between these ends.
    ///
    /// # Errors
    /// As [`Graph::deep_set`].
    pub fn deep_set_between(
        ends: Ends,
        items: &[usize],
        reduction: Reduction,
        hidden: &[usize],
        layers: Hidden,
    ) -> Result<Self> {
        let mut nodes = layers.nodes();
        let last = items.iter().fold(Source::Input, |below, width| nodes.hidden(below, *width));
        let pooled = nodes.pool(last, reduction);
        nodes.head(pooled, hidden, ends)
    }

    /// The sum over the items of all their columns times a weight, and the outputs from it, as for
    /// the missing momentum of an event (DeepMET, arXiv 2509.12012). The weight of an item comes
    /// from hidden layers of widths `items` on the item, and of widths `weights` on these beside
    /// their mean over the items.
    ///
    /// # Errors
    /// As [`Graph::deep_set`].
    pub fn weighted_sum_between(
        ends: Ends,
        items: &[usize],
        weights: &[usize],
        layers: Hidden,
    ) -> Result<Self> {
        let (mut nodes, plain) = (layers.nodes(), Attributes::default());
        let own = items.iter().fold(Source::Input, |below, width| nodes.hidden(below, *width));
        let mean = nodes.pool(own, Reduction::Mean);
        let mean = nodes.add(&spread::OP, &[mean], plain);
        let both = nodes.add(&concat::OP, &[own, mean], plain);
        let last = weights.iter().fold(both, |below, width| nodes.hidden(below, *width));
        let weight = nodes.linear(last, 1);
        let weighted = nodes.add(&multiply::OP, &[Source::Input, weight], plain);
        let sum = nodes.pool(weighted, Reduction::Sum);
        nodes.head(sum, &[], ends)
    }

    /// A graph network on the nearest neighbours of each item (Wang et al., arXiv 1801.07829; for
    /// particles Qu & Gouskos, arXiv 1902.08570, with neighbours found once and no batch norm).
    /// Each block has hidden layers of these widths on the edges, and the mean over the edges of an
    /// item. The mean over the items, hidden layers and the outputs follow. The table needs
    /// [`crate::Sets::with_edges`].
    ///
    /// # Errors
    /// As [`Graph::deep_set`]; also for a block without layers.
    pub fn edge_graph(
        columns: usize,
        blocks: &[&[usize]],
        hidden: &[usize],
        outputs: usize,
        layers: Hidden,
    ) -> Result<Self> {
        Self::edge_graph_between(Ends::of_items(columns, outputs), blocks, hidden, layers)
    }

    /// The same between these ends.
    ///
    /// # Errors
    /// As [`Graph::edge_graph`].
    pub fn edge_graph_between(
        ends: Ends,
        blocks: &[impl AsRef<[usize]>],
        hidden: &[usize],
        layers: Hidden,
    ) -> Result<Self> {
        let mut nodes = layers.nodes();
        let mut last = Source::Input;
        for block in blocks {
            let [first, more @ ..] = block.as_ref() else {
                return Err(input_error!("a block of a graph network has no layers"));
            };
            // the first layer of the edges, computed on items: see the op edge
            let ends = [nodes.linear(last, *first), nodes.linear(last, *first)];
            let Hidden { activation, dropout } = layers;
            let attributes = Attributes { activation, dropout, ..Attributes::default() };
            let edges = nodes.add(&edge::OP, &ends, attributes);
            let edges = more.iter().fold(edges, |below, width| nodes.hidden(below, *width));
            last = nodes.add(&aggregate::OP, &[edges], Attributes::default());
        }
        let pooled = nodes.pool(last, Reduction::Mean);
        nodes.head(pooled, hidden, ends)
    }

    /// A transformer on items, without positions (Vaswani et al., arXiv 1706.03762; pre-norm as in
    /// Xiong et al., arXiv 2002.04745): a dense layer to `width`, blocks of attention and two dense
    /// layers, the first of width `feed_forward`, a norm, the mean over the items, and the outputs.
    /// Dropout is that of the probabilities of the attention and of the layer of width
    /// `feed_forward`.
    ///
    /// # Errors
    /// As [`Graph::deep_set`]; also unless each head has at most 64 columns and a multiple of four.
    pub fn transformer(
        columns: usize,
        width: usize,
        heads: usize,
        blocks: usize,
        feed_forward: usize,
        outputs: usize,
        layers: Hidden,
    ) -> Result<Self> {
        let ends = Ends::of_items(columns, outputs);
        Self::transformer_between(ends, [width, heads, blocks, feed_forward], &[], layers)
    }

    /// The same between these ends, with hidden layers before the outputs; the sizes are the width,
    /// the heads, the blocks and the width of the feed-forward layers.
    ///
    /// # Errors
    /// As [`Graph::transformer`].
    pub fn transformer_between(
        ends: Ends,
        [width, heads, blocks, feed_forward]: [usize; 4],
        hidden: &[usize],
        layers: Hidden,
    ) -> Result<Self> {
        let mut nodes = layers.nodes();
        let plain = Attributes::default();
        let mut last = nodes.linear(Source::Input, width);
        for _ in 0..blocks {
            let normed = nodes.add(&norm::OP, &[last], plain);
            let projected = nodes.linear(normed, 3 * width);
            let attributes = Attributes { heads, dropout: layers.dropout, ..plain };
            let attended = nodes.add(&attention::OP, &[projected], attributes);
            let attended = nodes.linear(attended, width);
            let middle = nodes.add(&add::OP, &[last, attended], plain);
            let normed = nodes.add(&norm::OP, &[middle], plain);
            let wide = nodes.hidden(normed, feed_forward);
            let narrow = nodes.linear(wide, width);
            last = nodes.add(&add::OP, &[middle, narrow], plain);
        }
        let normed = nodes.add(&norm::OP, &[last], plain);
        let pooled = nodes.pool(normed, Reduction::Mean);
        nodes.head(pooled, hidden, ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::device::Device;
    use crate::engine::run::{Run, Training};
    use crate::engine::sets::Sets;
    use crate::engine::table::Table;
    use crate::engine::train::train_all;

    #[test]
    fn parameters_are_as_many_as_counted_by_hand() {
        let layers = Hidden::default();
        let set = Graph::deep_set(7, &[100, 100, 128], Reduction::Sum, &[100, 100, 100], 2, layers);
        let items = 8 * 100 + 101 * 100 + 101 * 128;
        assert_eq!(set.unwrap().parameter_count(), items + 129 * 100 + 2 * 101 * 100 + 101 * 2);
        let graph = Graph::edge_graph(5, &[&[32, 32, 32], &[64, 64, 64]], &[128], 2, layers);
        let first = 2 * 6 * 32 + 2 * 33 * 32;
        let second = 2 * 33 * 64 + 2 * 65 * 64;
        assert_eq!(graph.unwrap().parameter_count(), first + second + 65 * 128 + 129 * 2);
        let transformer = Graph::transformer(7, 64, 4, 2, 128, 2, layers).unwrap();
        let block = 4 * 64 + 65 * 192 + 65 * 64 + 65 * 128 + 129 * 64;
        assert_eq!(transformer.parameter_count(), 8 * 64 + 2 * block + 128 + 65 * 2);
        let error = Graph::transformer(7, 60, 4, 1, 64, 1, layers).unwrap_err().to_string();
        assert!(error.contains("4 heads on an input of width 180"), "{error}");
    }

    /// Sets whose target is the sum of a column over the items that are above zero.
    fn table() -> Table {
        let counts: Vec<usize> = (0..120).map(|row| row * 7 % 6).collect();
        let items: usize = counts.iter().sum();
        let x: Vec<f32> = (0..3 * items).map(|at| (at as f32 * 0.7).sin()).collect();
        let mut first = 0;
        let sums = counts.iter().map(|count| {
            let numbers = x[3 * first..3 * (first + count)].iter().step_by(3);
            first += count;
            0.1 * numbers.filter(|x| **x > 0.0).sum::<f32>()
        });
        let y: Vec<f32> = sums.collect();
        let sets = Sets::new(x, 3, &counts).unwrap().with_edges(2, &[(1, None)]).unwrap();
        Table::of_sets(sets, y, 1).unwrap()
    }

    #[test]
    fn different_architectures_train_together_and_predict() {
        let (table, layers) = (table(), Hidden::default());
        let graphs = [
            Graph::deep_set(3, &[16, 16], Reduction::Sum, &[16], 1, layers),
            Graph::edge_graph(3, &[&[16, 16]], &[16], 1, layers),
            Graph::transformer(3, 16, 2, 1, 32, 1, layers),
        ];
        let training =
            Training { max_epochs: 300, batch: 16, learning_rate: 5e-3, ..Training::default() };
        let runs = graphs.map(|graph| Run::new(graph.unwrap(), &table).training(training));
        let outcomes = train_all(&Device::cpu(), std::slice::from_ref(&table), runs.clone());
        for (run, outcome) in runs.iter().zip(outcomes.unwrap()) {
            let predicted = run.predict_table(&outcome, &table).unwrap();
            let rows = || run.validation_rows.iter().map(|row| *row as usize);
            let squares = rows().map(|row| f64::from(predicted[row] - table.y[row]).powi(2));
            let loss = squares.sum::<f64>() / run.validation_rows.len() as f64;
            let expected = outcome.validation_loss.unwrap();
            assert!((loss - expected).abs() <= 1e-5 * expected, "{loss} is not {expected}");
            let mean =
                rows().map(|row| f64::from(table.y[row])).sum::<f64>() / rows().count() as f64;
            let scatter = rows().map(|row| (f64::from(table.y[row]) - mean).powi(2)).sum::<f64>()
                / rows().count() as f64;
            assert!(loss < 0.5 * scatter, "{loss} with a variance of {scatter}");
        }
    }
}
