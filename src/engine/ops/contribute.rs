//! What backward kernels do with a gradient: give it to a node below, finish it with the derivative
//! and the dropout mask there, or round that of parameters.

use crate::engine::activation;
use crate::engine::graph::{Contribution, NodeId};
use crate::engine::memory::Memory;
use crate::engine::precision;
use crate::engine::precision::Precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;

/// Rounds the gradient that a kernel has written to delta of the node below and, for the last
/// contribution, multiplies it by the derivative of the activation and by the dropout mask.
pub fn finish<F: Real>(run: &PreparedRun, contribution: Contribution, memory: &mut Memory<F>) {
    let below = contribution.below;
    let (at, shape) = (run.layout.nodes[below], run.graph.shape(below));
    let (rows, stride) = (memory.rows(run, shape.rows), padded(shape.width));
    let (before, delta) = memory.work.split_at_mut(at.delta);
    let delta = &mut delta[..rows * stride];
    // the device stores the sums before it applies the derivative
    precision::round(run.precision(), delta);
    if !contribution.finishes {
        return;
    }
    let activation = run.graph.nodes()[below].attributes.activation;
    activation::times_derivative(activation, &before[at.saved..][..delta.len()], delta);
    let dropout = run.dropout(below);
    if dropout.threshold > 0 {
        dropout.apply(run.dropout_key(memory.state.steps, below), stride, delta);
    }
    precision::round(run.precision(), delta);
}

/// Writes gradients to a row of delta, or adds them.
pub fn give<F: Real>(
    contribution: Contribution,
    gradients: impl Iterator<Item = F>,
    delta: &mut [F],
) {
    let pairs = delta.iter_mut().zip(gradients);
    match contribution.adds {
        false => pairs.for_each(|(delta, gradient)| *delta = gradient),
        true => pairs.for_each(|(delta, gradient)| *delta += gradient),
    }
}

/// Rounds the gradients of the trained parameters of a node and, in f16, records an overflow.
pub fn round_gradients<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if run.precision() == Precision::F32 {
        return;
    }
    for matrix in run.graph.parameters(node) {
        if run.updates[matrix.index].trains() {
            let gradients = &mut memory.gradients[matrix.range()];
            precision::round(Precision::F16, gradients);
            if gradients.iter().any(|gradient| !gradient.is_finite()) {
                memory.state.overflow = 1;
            }
        }
    }
}
