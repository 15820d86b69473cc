//! What backward kernels do with a gradient: give it to a node below, finish it with the derivative
//! and the dropout mask there, or round that of parameters.

use crate::engine::activation;
use crate::engine::cpu::vectors::widest;
use crate::engine::graph::{Contribution, NodeId};
use crate::engine::layout::State;
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
    let size = memory.rows(run, shape.rows) * padded(shape.width);
    let saved = memory.preactivation(run, below);
    let (before, delta) = memory.work.split_at_mut(at.delta);
    finish_rows(run, contribution, &memory.state, 0, &before[saved..], &mut delta[..size]);
}

/// The same for rows of delta from `first` on, a multiple of four; `saved` is the preactivation of
/// the node below from there on, or its output: [`Memory::preactivation`].
pub fn finish_rows<F: Real>(
    run: &PreparedRun,
    contribution: Contribution,
    state: &State<F>,
    first: usize,
    saved: &[F],
    delta: &mut [F],
) {
    let below = contribution.below;
    // the device stores the sums before it applies the derivative
    precision::round(run.precision(), delta);
    if !contribution.finishes {
        return;
    }
    let activation = run.graph.nodes()[below].attributes.activation;
    activation::times_derivative(activation, &saved[..delta.len()], delta);
    let (dropout, stride) = (run.dropout(below), padded(run.graph.shape(below).width));
    if dropout.threshold > 0 {
        dropout.apply(run.dropout_key(state.steps, below), stride, first, delta);
    }
    precision::round(run.precision(), delta);
}

widest! {
    /// Writes `factor` times the gradients to delta, or adds them.
    pub fn give_scaled<F: Real>(
        contribution: Contribution,
        factor: F,
        gradients: &[F],
        delta: &mut [F],
    ) {
        let pairs = delta.iter_mut().zip(gradients);
        match contribution.adds {
            false => pairs.for_each(|(delta, gradient)| *delta = factor * *gradient),
            true => pairs.for_each(|(delta, gradient)| *delta += factor * *gradient),
        }
    }
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
