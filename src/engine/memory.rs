//! The memory of a run on the CPU, in f32 or f64, with the layout of the device.

use crate::engine::activation::Activation;
use crate::engine::cpu::aligned::Aligned;
use crate::engine::cpu::product;
use crate::engine::graph::{Attributes, Graph, NodeId};
use crate::engine::layout::State;
use crate::engine::precision::{self, Precision};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::run::Training;
use crate::engine::shape::BatchRows;
use crate::engine::shape::Rows;
use crate::engine::work::WorkLayout;

/// Rows of a batch that the CPU computes: those present, rounded up to the eight rows of a product
/// tile.
pub fn computed_rows(present: usize, batch: usize) -> usize {
    present.next_multiple_of(product::TILE_ROWS).min(batch)
}

/// Lengths of the vectors of a run's [`Memory`]: seven with the length of its parameters, of which
/// the weights are empty in f32 and the average is without one, then `work` and `scratch`.
pub fn numbers(graph: &Graph, rows: BatchRows, training: &Training) -> [usize; 9] {
    let precision = training.precision;
    let parameters = graph.parameter_len();
    let weights = match precision {
        Precision::F32 => 0,
        Precision::F16 => parameters,
    };
    let work = WorkLayout::new(graph, rows, precision).len;
    let scratch = scratch_numbers(graph, rows);
    let average = training.average.map_or(0, |_| parameters);
    let [gradients, first, second, best] = [parameters; 4];
    [parameters, weights, gradients, first, second, best, average, work, scratch]
}

/// Length of [`Memory::scratch`].
fn scratch_numbers(graph: &Graph, rows: BatchRows) -> usize {
    let rows = rows.padded();
    let of_node = |id: NodeId| {
        let node = &graph.nodes()[id];
        let needed = (0..node.inputs.len()).any(|input| graph.contribution(id, input).is_some());
        let rows = rows.of(graph.shape(id).rows);
        let scratch = || (node.op.scratch)(&graph.input_shapes(id), &node.attributes, rows);
        if needed { scratch() } else { 0 }
    };
    (0..graph.nodes().len()).map(of_node).max().unwrap_or(0)
}

/// The memory of a run on the CPU, with the layout of the device. In f16 numbers are rounded to
/// f16 but still stored as `F`: the values are the same as on the device, the bytes are not.
#[derive(Clone)]
pub struct Memory<F> {
    /// The state, which the clock updates.
    pub state: State<F>,
    /// Parameters, stored as in [`Graph::parameters`], as are the next six vectors.
    pub parameters: Aligned<F>,
    /// Parameters rounded to f16, read by products; empty in f32, where products read the
    /// parameters.
    pub weights: Aligned<F>,
    /// d loss / d parameter; with the fused update the start holds the gradients of a few
    /// parameters at a time.
    pub gradients: Aligned<F>,
    /// First moment of AdamW: the moving average of the gradient.
    pub first_moment: Aligned<F>,
    /// Second moment of AdamW: the moving average of the squared gradient.
    pub second_moment: Aligned<F>,
    /// Parameters, or their average, at the best validation loss.
    pub best: Aligned<F>,
    /// The average of the parameters; while validating, the parameters. Empty without an average.
    pub average: Aligned<F>,
    /// Batch, activations and deltas, in the layout of [`WorkLayout`].
    pub work: Aligned<F>,
    /// Delta of a node and of the node below, both by unit, while the latter is computed; only on
    /// the CPU.
    pub scratch: Aligned<F>,
    /// Whether preactivations are stored where nothing but the derivative of a piecewise linear
    /// activation needs them: that has the sign of the output too. Only the CPU can do without.
    pub keeps_preactivations: bool,
    /// The output of the frozen nodes for the training rows and then the validation rows, shape
    /// (rows, units of the last frozen node, padded to a multiple of four); empty where it is not
    /// precomputed. Only on the CPU, see [`crate::engine::cpu::frozen`].
    pub features: Aligned<F>,
}

/// The weights that products read: the parameters or, in f16, the rounded ones.
pub(crate) fn product_weights<'a, F>(
    run: &PreparedRun,
    parameters: &'a [F],
    rounded: &'a [F],
) -> &'a [F] {
    match run.precision() {
        Precision::F32 => parameters,
        Precision::F16 => rounded,
    }
}

impl<F: Real> Default for Memory<F> {
    /// No memory.
    fn default() -> Self {
        Self {
            state: State::fresh(),
            parameters: Aligned::default(),
            weights: Aligned::default(),
            gradients: Aligned::default(),
            first_moment: Aligned::default(),
            second_moment: Aligned::default(),
            best: Aligned::default(),
            average: Aligned::default(),
            work: Aligned::default(),
            scratch: Aligned::default(),
            keeps_preactivations: true,
            features: Aligned::default(),
        }
    }
}

impl<F: Real> Memory<F> {
    /// The memory of a run in f32 whose forward kernels alone are executed, with these parameters.
    pub(crate) fn for_evaluation(run: &PreparedRun, parameters: &[F]) -> Self {
        let mut memory =
            Self { parameters: parameters.iter().copied().collect(), ..Self::default() };
        memory.work.renew(&run.constants(), run.layout.len);
        memory
    }

    /// The memory of a run before its first step.
    pub fn new(run: &PreparedRun) -> Self {
        Self::in_place_of(None, run)
    }

    /// The same in the allocations of an earlier run: the operating system maps and clears new
    /// ones, which takes time.
    pub fn in_place_of(earlier: Option<Self>, run: &PreparedRun) -> Self {
        let mut memory = earlier.unwrap_or_default();
        let [parameters, weights, gradients, first, second, best, average, work, scratch] =
            numbers(&run.graph, run.most, &run.training);
        memory.state = run.fresh_state();
        memory.keeps_preactivations = true;
        memory.parameters.renew(&run.parameters, parameters);
        memory.weights.renew(&run.parameters, weights);
        precision::round(run.precision(), &mut memory.weights);
        memory.gradients.renew(&[], gradients);
        memory.first_moment.renew(&[], first);
        memory.second_moment.renew(&[], second);
        memory.best.renew(&run.parameters, best);
        memory.average.renew(&run.parameters, average);
        memory.work.renew(&run.constants(), work);
        memory.scratch.renew(&[], scratch);
        memory.features.renew(&[], 0);
        memory
    }

    /// Whether the preactivation of a node is stored; if not, its output has the same sign.
    pub(crate) fn keeps_preactivation(&self, run: &PreparedRun, node: NodeId) -> bool {
        let Attributes { activation, .. } = run.graph.nodes()[node].attributes;
        let linear = match activation {
            Activation::Identity | Activation::Relu => true,
            Activation::LeakyRelu { slope } => slope > 0.0,
            _ => false,
        };
        self.keeps_preactivations || !linear || run.precision() != Precision::F32
    }

    /// Where the derivative of the activation of a node reads its preactivation.
    pub(crate) fn preactivation(&self, run: &PreparedRun, node: NodeId) -> usize {
        let at = &run.layout.nodes[node];
        if self.keeps_preactivation(run, node) { at.saved } else { at.output }
    }

    /// Rows of a kind that the CPU computes in this batch; the rows after them are undefined.
    pub fn rows(&self, run: &PreparedRun, kind: Rows) -> usize {
        computed_rows(self.present(kind), run.layout.rows.of(kind))
    }

    /// Rows of a kind in this batch.
    pub fn present(&self, kind: Rows) -> usize {
        let rows = match kind {
            Rows::Examples => self.state.batch_rows,
            Rows::Items => self.state.batch_items,
            Rows::Edges => self.state.batch_edges,
        };
        rows as usize
    }

    /// Allocated bytes, including those that only an earlier run needed.
    pub fn bytes(&self) -> u64 {
        let vectors = [
            &self.parameters,
            &self.weights,
            &self.gradients,
            &self.first_moment,
            &self.second_moment,
            &self.best,
            &self.average,
            &self.work,
            &self.scratch,
            &self.features,
        ];
        vectors.map(|vector| vector.bytes() as u64).iter().sum()
    }
}
