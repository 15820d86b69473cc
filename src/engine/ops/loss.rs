//! The loss of a batch and its gradient at the output node: [`crate::engine::loss`]. See
//! `shaders/loss_batch.wgsl`.

use crate::engine::activation;
use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::NodeId;
use crate::engine::kernel::{BARE, Kernel, always, reference};
use crate::engine::layout::phase;
use crate::engine::loss::Batch;
use crate::engine::memory::Memory;
use crate::engine::precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::{Rows, padded};
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "loss",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::ReadWrite),
        (Buffer::Tiles, Access::Read),
        (Buffer::Nodes, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    constants: |set| vec![("LOSS_THREADS", f64::from(set.loss_threads))],
    serves: always,
    // one tile: the run's batch
    tiles: |_, _, _| Grid::new(1, 1),
    reference: reference!(compute),
    ..BARE
};

/// Fills `batch_sum` with the loss of the phase, delta of the output node and what the loss keeps.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    let rows = memory.rows(run, Rows::Examples);
    let preactivation = memory.preactivation(run, node);
    let state = &mut memory.state;
    if state.phase == phase::DONE {
        return;
    }
    let (layout, at) = (&run.layout, run.layout.nodes[node]);
    let activation = run.graph.nodes()[node].attributes.activation;
    let (outputs, stride) = (run.graph.outputs(), padded(run.graph.outputs()));
    let present = state.batch_rows as usize;
    let scale = state.loss_scale * F::of(1.0 / (run.weight_sum() * present as f64));
    let (before, delta) = memory.work.split_at_mut(at.delta);
    let (delta, after) = delta.split_at_mut(rows * stride);
    let (after, statistics) = after.split_at_mut(layout.statistics - at.delta - rows * stride);
    let examples = layout.statistics - layout.example_weights;

    delta.fill(F::zero());
    let validates = state.phase == phase::VALIDATE;
    let training = &run.training;
    let (loss, parameter) =
        if validates { training.validation_loss() } else { training.training_loss() };
    let mut batch = Batch {
        outputs: &before[at.output..][..present * stride],
        targets: &before[layout.labels..][..present * stride],
        stride,
        per_target: training.loss.predicts.outputs_per_target(),
        weights: &before[layout.loss_weights..][..outputs],
        examples: &after[after.len() - examples..][..present],
        parameter: F::of(parameter),
        before: validates.then_some(state.cursor as usize),
        statistics: &mut statistics[..2 * stride],
    };
    let slopes = &mut delta[..present * stride];
    state.batch_sum = loss.compute(&mut batch, slopes);
    slopes.iter_mut().for_each(|slope| *slope *= scale);
    let z = &before[preactivation..][..delta.len()];
    activation::times_derivative(activation, z, delta);
    precision::round(run.precision(), delta);
}
