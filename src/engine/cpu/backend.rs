//! Plays one run across all its steps; each core has a run of its own, whose memory stays in that
//! core's cache.

use crate::engine::cpu::frozen;
use crate::engine::cpu::product::{Shape, product};
use crate::engine::graph::{Layer, LayerParameters, Network};
use crate::engine::layout::phase;
use crate::engine::memory::{Memory, PreparedRun, Real};
use crate::engine::ops::{Call, activation, step};
use crate::engine::optim::fused_update;
use crate::engine::run::Outcome;

/// The cores of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cpu {
    /// Threads that train, one run each.
    pub threads: usize,
}

impl Default for Cpu {
    /// As many threads as the machine runs at once.
    fn default() -> Self {
        Self { threads: std::thread::available_parallelism().map_or(1, usize::from) }
    }
}

/// One run on this thread, step by step.
pub struct Executor<F> {
    /// The run.
    pub run: PreparedRun,
    /// Its memory.
    pub memory: Memory<F>,
    calls: Vec<Call>,
}

impl<F: Real> Executor<F> {
    /// A run before its first step.
    pub fn new(run: PreparedRun) -> Self {
        Self::in_place_of(None, run)
    }

    /// The same in the memory of an earlier run.
    pub fn in_place_of(earlier: Option<Memory<F>>, run: PreparedRun) -> Self {
        // layer by layer or all at the end makes no difference to the parameters
        let calls = step(run.network.layers().len(), fused_update::suits(&run.training));
        let mut memory = Memory::in_place_of(earlier, &run);
        frozen::fill(&run, &mut memory);
        Self { run, memory, calls }
    }

    /// Whether the run is over.
    pub fn done(&self) -> bool {
        self.memory.state.phase == phase::DONE
    }

    /// What became of the run.
    ///
    /// # Panics
    /// If it is not done.
    pub fn outcome(&self) -> Outcome {
        let narrow = |value: &F| value.wide() as f32;
        self.run.outcome(&self.memory.state, self.memory.best.iter().map(narrow).collect())
    }

    /// One step.
    pub fn step(&mut self) {
        for call in &self.calls {
            call.reference(&self.run, &mut self.memory);
        }
    }
}

/// Rows that are predicted at one time.
const BLOCK: usize = 256;

/// Outputs of a network, shape (rows, outputs), from scaled inputs, shape (rows, inputs); no
/// dropout.
///
/// # Panics
/// If `inputs` is not whole rows.
pub fn predict<F: Real>(network: &Network, parameters: &[F], inputs: &[F]) -> Vec<F> {
    let width = network.inputs();
    assert_eq!(inputs.len() % width, 0, "predict: not whole rows");
    let mut outputs = Vec::with_capacity(inputs.len() / width * network.outputs());
    for block in inputs.chunks(BLOCK * width) {
        outputs.extend(predict_block(network, parameters, block));
    }
    outputs
}

fn predict_block<F: Real>(network: &Network, parameters: &[F], inputs: &[F]) -> Vec<F> {
    let mut below = inputs.to_vec();
    for (layer, place) in network.layers().iter().zip(network.parameter_table()) {
        let sums = layer_sums(layer, place, parameters, &below);
        below = vec![F::zero(); sums.len()];
        activation::activate(layer.activation, &sums, &mut below);
    }
    below
}

/// The sums z of a layer before its activation, shape (rows, outputs), from inputs of shape (rows,
/// inputs).
pub(crate) fn layer_sums<F: Real>(
    layer: &Layer,
    place: LayerParameters,
    parameters: &[F],
    inputs: &[F],
) -> Vec<F> {
    let rows = inputs.len() / layer.inputs;
    let mut sums = vec![F::zero(); rows * layer.outputs];
    product(
        (&mut sums, Shape::by_rows(rows, layer.outputs, layer.outputs)),
        (inputs, Shape::by_rows(rows, layer.inputs, layer.inputs)),
        (
            &parameters[place.weights..place.bias],
            Shape::by_rows(layer.inputs, layer.outputs, place.stride),
        ),
    );
    let bias = &parameters[place.bias..][..layer.outputs];
    for row in sums.chunks_exact_mut(layer.outputs) {
        row.iter_mut().zip(bias).for_each(|(sum, bias)| *sum += *bias);
    }
    sums
}
