//! What the ops that normalise rows share. A row, `centred` or not, that is less its mean or as it
//! is, is divided by the root of its mean square, multiplied by a gain and, if the op has one, a
//! bias is added. See `shaders/norm_rows.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::sums::{LANES as LANES_OF_SUMS, sum, total};
use crate::engine::cpu::vectors::widest;
use crate::engine::graph::{Contribution, NodeId, Op};
use crate::engine::kernel::{BLOCKS, Kernel, Update, blocks, gives_gradients, reference};
use crate::engine::layout::{LANES, phase};
use crate::engine::memory::{Memory, product_weights};
use crate::engine::onnx::layer::{Layer, Torch};
use crate::engine::ops::contribute;
use crate::engine::ops::reduce::add_rows;
use crate::engine::precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;
use crate::engine::tile::Grid;

/// Added to the mean of the squares, as in `torch.nn.LayerNorm`.
pub(crate) const EPSILON: f64 = 1e-5;

/// Defaults of an op whose first parameter is a gain, which starts as 1.
pub(crate) const OP: Op = Op {
    // the normalised rows
    saved: |inputs, _| vec![inputs[0].width],
    initialise: |graph, node, _, parameters| {
        let gain = graph.parameters(node)[0];
        parameters[gain.at..][..gain.columns].fill(1.0);
    },
    ..Op::PLAIN
};

/// Defaults of the forward kernels.
pub(crate) const FORWARD: Kernel = Kernel {
    bindings: &bindings(Buffer::Weights, Access::Read),
    // i: 32 rows, each with all columns
    tiles: |run, node, _| Grid { j: 1, ..blocks(run, run.graph.shape(node)) },
    terms: |run, node| run.graph.shape(node).width,
    ..BLOCKS
};

/// Defaults of the kernels of the gradient at the input.
pub(crate) const BACKWARD_INPUT: Kernel = Kernel { serves: gives_gradients, ..FORWARD };

/// The kernel of the gradients of the gain and the bias, but for its name.
pub(crate) const BACKWARD_WEIGHTS: Kernel = Kernel {
    bindings: &bindings(Buffer::Gradients, Access::ReadWrite),
    update: Update::Stored,
    serves: |graph, _, node| !graph.nodes()[node].frozen,
    // i: eight vec4s of columns
    tiles: |run, node, _| match run.trains(node) {
        true => Grid::new(run.graph.shape(node).width.div_ceil(4 * LANES), 1),
        false => Grid::EMPTY,
    },
    terms: |run, node| run.most.of(run.graph.shape(node).rows),
    reference: reference!(backward_weights),
    ..BLOCKS
};

/// The last buffer differs: in f16 weights and gradients are one buffer.
const fn bindings(last: Buffer, access: Access) -> [(Buffer, Access); 6] {
    [
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::ReadWrite),
        (Buffer::Tiles, Access::Read),
        (Buffer::Nodes, Access::Read),
        (Buffer::Work, Access::ReadWrite),
        (last, access),
    ]
}

/// Fills the normalised rows and the output.
pub(crate) fn forward<F: Real>(
    run: &PreparedRun,
    node: NodeId,
    centred: bool,
    memory: &mut Memory<F>,
) {
    if memory.state.phase == phase::DONE {
        return;
    }
    let (at, shape) = (run.layout.nodes[node], run.graph.shape(node));
    let (rows, stride) = (memory.rows(run, shape.rows), padded(shape.width));
    let weights = product_weights(run, &memory.parameters, &memory.weights);
    let of = |matrix: usize| run.graph.parameters(node).get(matrix).map(|one| one.range());
    let [gain, bias] = [of(0), of(1)].map(|range| &weights[range.unwrap_or_default()]);
    let (before, own) = memory.work.split_at_mut(at.saved);
    let (normal, output) = own.split_at_mut(at.output - at.saved);
    let (normal, output) = (&mut normal[..rows * stride], &mut output[..rows * stride]);
    normalise(shape.width, stride, centred, &before[at.input..][..rows * stride], normal);
    precision::round(run.precision(), normal);
    scale(gain, bias, normal, output);
    precision::round(run.precision(), output);
}

widest! {
    /// Normalises each row; its padding is 0.
    fn normalise<F: Real>(
        width: usize,
        stride: usize,
        centred: bool,
        input: &[F],
        normal: &mut [F],
    ) {
        for (x, normal) in input.chunks_exact(stride).zip(normal.chunks_exact_mut(stride)) {
            let [centre, inverse] = moments(&x[..width], centred);
            let (real, padding) = normal.split_at_mut(width);
            real.iter_mut().zip(x).for_each(|(normal, x)| *normal = (*x - centre) * inverse);
            padding.fill(F::zero());
        }
    }
}

/// What is subtracted from a row, its mean or 0, and the factor that follows.
#[inline(always)]
fn moments<F: Real>(row: &[F], centred: bool) -> [F; 2] {
    let inverse = F::of(1.0 / row.len() as f64);
    let centre = if centred { sum(row, |x| x) * inverse } else { F::zero() };
    let mean_square = sum(row, |x| (x - centre) * (x - centre)) * inverse;
    [centre, F::one() / (mean_square + F::of(EPSILON)).sqrt()]
}

widest! {
    /// Each row times the gain, plus the bias if there is one.
    fn scale<F: Real>(gain: &[F], bias: &[F], normal: &[F], output: &mut [F]) {
        let rows = normal.chunks_exact(gain.len()).zip(output.chunks_exact_mut(gain.len()));
        for (normal, output) in rows {
            for ((output, x), gain) in output.iter_mut().zip(normal).zip(gain) {
                *output = *x * *gain;
            }
            output.iter_mut().zip(bias).for_each(|(output, bias)| *output += *bias);
        }
    }
}

/// Fills, or adds to, delta of the node below.
pub(crate) fn backward_input<F: Real>(
    run: &PreparedRun,
    node: NodeId,
    centred: bool,
    memory: &mut Memory<F>,
) {
    let Some(contribution) = run.graph.contribution(node, 0) else { return };
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let (at, shape) = (run.layout.nodes[node], run.graph.shape(node));
    let size = memory.rows(run, shape.rows) * padded(shape.width);
    let gain = run.graph.parameters(node)[0].range();
    let weights = product_weights(run, &memory.parameters, &memory.weights);
    let below = run.layout.nodes[contribution.below];
    let (before, own) = memory.work.split_at_mut(at.saved);
    // the input is the output of the node below, which is stored before its delta
    let (before, below_delta) = before.split_at_mut(below.delta);
    let row = (&before[at.input..][..size], &own[..size], &own[at.delta - at.saved..][..size]);
    let below_delta = &mut below_delta[..size];
    gradient(shape.width, centred, &weights[gain], contribution, row, below_delta);
    contribute::finish(run, contribution, memory);
}

/// The sums of d and of d normal, with d = gain delta.
#[inline(always)]
fn sums<F: Real>(gain: &[F], normal: &[F], delta: &[F]) -> [F; 2] {
    let mut lanes = [[F::zero(); LANES_OF_SUMS]; 2];
    let chunks = [gain, normal, delta].map(|row| row.chunks(LANES_OF_SUMS));
    let [gain, normal, delta] = chunks;
    for ((gain, normal), delta) in gain.zip(normal).zip(delta) {
        for (lane, ((gain, normal), delta)) in gain.iter().zip(normal).zip(delta).enumerate() {
            lanes[0][lane] += *gain * *delta;
            lanes[1][lane] += *gain * *delta * *normal;
        }
    }
    lanes.map(total)
}

widest! {
    /// inverse (d - mean(d) - normal mean(d normal)) with d = gain delta, for each row; without
    /// mean(d) where the row is not centred.
    fn gradient<F: Real>(
        width: usize,
        centred: bool,
        gain: &[F],
        contribution: Contribution,
        rows: (&[F], &[F], &[F]),
        below: &mut [F],
    ) {
        let (input, normal, delta) = rows;
        let stride = gain.len();
        let rows = normal.chunks_exact(stride).zip(delta.chunks_exact(stride));
        let rows = input.chunks_exact(stride).zip(rows).zip(below.chunks_exact_mut(stride));
        let share = F::of(1.0 / width as f64);
        for ((input, (normal, delta)), below) in rows {
            let [_, inverse] = moments(&input[..width], centred);
            let [mut mean, mut along] = sums(gain, normal, delta);
            mean = if centred { mean * share } else { F::zero() };
            along *= share;
            let (real, padding) = below.split_at_mut(width);
            let factors = gain.iter().zip(normal).zip(delta);
            for (below, ((gain, normal), delta)) in real.iter_mut().zip(factors) {
                let gradient = inverse * (*gain * *delta - mean - *normal * along);
                *below = if contribution.adds { *below + gradient } else { gradient };
            }
            padding.fill(F::zero());
        }
    }
}

/// Fills the gradients of the gain and of the bias, if there is one, where they are trained.
fn backward_weights<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase != phase::TRAIN || !run.trains(node) {
        return;
    }
    let (at, shape) = (run.layout.nodes[node], run.graph.shape(node));
    let (present, stride) = (memory.present(shape.rows), padded(shape.width));
    let trains = |matrix: usize| run.updates_of(node).get(matrix).is_some_and(|one| one.trains());
    let (gain, bias) = memory.gradients[run.graph.parameter_range(node)].split_at_mut(stride);
    let delta = &memory.work[at.delta..][..present * stride];
    if trains(0) {
        sum_products(&memory.work[at.saved..][..present * stride], delta, gain);
    }
    if trains(1) {
        add_rows(delta, bias);
    }
    contribute::round_gradients(run, node, memory);
}

widest! {
    /// The sums over rows of the products of both matrices.
    fn sum_products<F: Real>(normal: &[F], delta: &[F], sums: &mut [F]) {
        let width = sums.len();
        sums.fill(F::zero());
        for (normal, delta) in normal.chunks_exact(width).zip(delta.chunks_exact(width)) {
            for (sum, (normal, delta)) in sums.iter_mut().zip(normal.iter().zip(delta)) {
                *sum += *normal * *delta;
            }
        }
    }
}

/// The op as a module of PyTorch of this class.
pub fn torch(layer: &Layer, class: &str) -> Torch {
    Torch {
        module: Some(format!("nn.{class}({}, eps={EPSILON:e})", layer.width())),
        expression: format!("{}({})", layer.module(), layer.inputs[0]),
        ..Torch::default()
    }
}
