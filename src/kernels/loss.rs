//! Weighted squared error and its gradient. See `shaders/loss.wgsl`.

use super::layout::phase;
use super::tile::Grid;
use super::{Access, Buffer, Kernel, Memory, Prepared, Real, activation};

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "loss",
    source: |_| {
        concat!(
            include_str!("../../shaders/layout.wgsl"),
            include_str!("../../shaders/random.wgsl"),
            include_str!("../../shaders/activation.wgsl"),
            include_str!("../../shaders/loss.wgsl")
        )
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
pub fn tiles(_run: &Prepared) -> Grid {
    Grid::new(1, 1)
}

/// Fills `batch_sum` and delta of the last layer.
pub fn twin<F: Real>(run: &Prepared, memory: &mut Memory<F>) {
    let state = &mut memory.state;
    if state.phase == phase::DONE {
        return;
    }
    let (layout, stride) = (&run.layout, run.layout.stride);
    let last = run.network.layers().len() - 1;
    let (shape, at) = (run.network.layers()[last], layout.layers[last]);
    let present = state.batch_rows as usize;
    let scale = F::of(2.0 / (run.weight_sum() * present as f64));
    let (before, delta) = memory.work.split_at_mut(at.delta);
    let size = run.places[last].stride * stride;

    delta[..size].fill(F::zero());
    let mut sum = F::zero();
    for unit in 0..shape.outputs {
        let weight = before[layout.loss_weights + unit];
        for example in unit * stride..unit * stride + present {
            let miss = before[at.output + example] - before[layout.labels + example];
            delta[example] = scale * weight * miss;
            sum += weight * miss * miss;
        }
    }
    activation::times_derivative(
        shape.activation,
        &before[at.sum..][..size],
        &mut delta[..size],
    );
    state.batch_sum = sum;
}
