//! Weighted squared error and its gradient. See `shaders/loss.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::layout::phase;
use crate::engine::memory::{Memory, PreparedRun, Real};
use crate::engine::ops::{Kernel, activation};
use crate::engine::tile::Grid;
use crate::engine::{page, precision};

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "loss",
    pages: |set| {
        vec![
            page::LAYOUT,
            page::vec4_page(set),
            page::packed(set),
            page::RANDOM,
            page::ACTIVATION,
            include_str!("../../shaders/loss.wgsl"),
        ]
    },
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::ReadWrite),
        (Buffer::Tiles, Access::Read),
        (Buffer::Layers, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    constants: |set| vec![("LOSS_THREADS", f64::from(set.loss_threads))],
};

/// One tile: the run's batch.
pub fn tiles(_run: &PreparedRun) -> Grid {
    Grid::new(1, 1)
}

/// Fills `batch_sum` and delta of the last layer.
pub fn reference<F: Real>(run: &PreparedRun, memory: &mut Memory<F>) {
    let state = &mut memory.state;
    if state.phase == phase::DONE {
        return;
    }
    let layout = &run.layout;
    let last = run.network.layers().len() - 1;
    let (shape, at) = (run.network.layers()[last], layout.layers[last]);
    let stride = run.places[last].stride;
    let present = state.batch_rows as usize;
    let scale = state.loss_scale * F::of(2.0 / (run.weight_sum() * present as f64));
    let (before, delta) = memory.work.split_at_mut(at.delta);
    let delta = &mut delta[..run.rows(state) * stride];

    delta.fill(F::zero());
    let mut sum = F::zero();
    for example in 0..present {
        for unit in 0..shape.outputs {
            let place = example * stride + unit;
            let weight = before[layout.loss_weights + unit];
            let miss = before[at.output + place] - before[layout.labels + place];
            delta[place] = scale * weight * miss;
            sum += weight * miss * miss;
        }
    }
    let z = &before[at.sum..][..delta.len()];
    activation::times_derivative(shape.activation, z, delta);
    precision::round(run.precision(), delta);
    state.batch_sum = sum;
}
