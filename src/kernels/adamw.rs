//! AdamW, keeping the best parameters, and the canary. See `shaders/adamw.wgsl`.

use super::layout::phase;
use super::tile::{Grid, TileSet};
use super::{Access, Buffer, Kernel, Memory, Prepared, Real, page, precision};
use crate::run::Precision;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "adamw",
    pages: |set| {
        vec![
            page::LAYOUT,
            page::quads(set),
            page::packed(set),
            include_str!("../../shaders/adamw.wgsl"),
        ]
    },
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::ReadWrite),
        (Buffer::Tiles, Access::Read),
        (Buffer::Parameters, Access::ReadWrite),
        (Buffer::Gradients, Access::ReadWrite),
        (Buffer::Moments, Access::ReadWrite),
        (Buffer::Best, Access::ReadWrite),
    ],
    constants: |set| {
        vec![
            ("ADAMW_THREADS", f64::from(set.adamw_threads)),
            ("ADAMW_REPEATS", f64::from(set.adamw_repeats)),
        ]
    },
};

/// i: the trained parameters, four for each repeat of each thread.
pub fn tiles(run: &Prepared, set: &TileSet) -> Grid {
    let numbers = run.parameters.len() - run.frozen_len();
    Grid::new(
        numbers.div_ceil(4 * (set.adamw_threads * set.adamw_repeats) as usize),
        1,
    )
}

/// Updates the trained parameters; keeps the best before.
pub fn twin<F: Real>(run: &Prepared, memory: &mut Memory<F>) {
    let state = &mut memory.state;
    state.echo = state.ticks;
    let trained = run.frozen_len()..;
    if state.improved == 1 {
        memory.best[trained.clone()].copy_from_slice(&memory.parameters[trained.clone()]);
    }
    if state.phase != phase::TRAIN || state.overflow == 1 {
        return;
    }
    let training = &run.training;
    let lerp1 = F::of(1.0 - training.beta1);
    let (beta2, lerp2) = (F::of(training.beta2), F::of(1.0 - training.beta2));
    let decay = state.decay;
    let (step_size, epsilon) = (state.step_size, F::of(training.epsilon));
    let root_correction = F::one() / state.root_correction;
    // loss_scale is 1 in f32
    let scale = state.gradient_scale / state.loss_scale;
    let gradients = memory.gradients[trained.clone()].iter();
    let moments = memory.first_moment[trained.clone()]
        .iter_mut()
        .zip(&mut memory.second_moment[trained.clone()]);
    for ((p, g), (m, v)) in memory.parameters[trained.clone()]
        .iter_mut()
        .zip(gradients)
        .zip(moments)
    {
        let g = scale * *g;
        *m += lerp1 * (g - *m);
        *v = beta2 * *v + lerp2 * g * g;
        *p -= decay * *p + step_size * *m / (v.sqrt() * root_correction + epsilon);
    }
    if run.precision() == Precision::F16 {
        let weights = &mut memory.weights[trained.clone()];
        weights.copy_from_slice(&memory.parameters[trained]);
        precision::round(Precision::F16, weights);
    }
}
