//! AdamW, keeping the best parameters, and the canary. See `shaders/adamw.wgsl`.

use super::layout::phase;
use super::tile::{Grid, TileSet};
use super::widest::widest;
use super::{Access, Buffer, Kernel, Memory, Prepared, Real, page};

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "adamw",
    pages: |set| {
        vec![
            page::LAYOUT,
            page::quads(set),
            include_str!("../../shaders/adamw.wgsl"),
        ]
    },
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::ReadWrite),
        (Buffer::Tiles, Access::Read),
        (Buffer::Parameters, Access::ReadWrite),
        (Buffer::Gradients, Access::Read),
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
    if state.phase != phase::TRAIN {
        return;
    }
    let training = &run.training;
    let rates = Rates {
        decay: F::of(training.learning_rate * training.weight_decay),
        lerp1: F::of(1.0 - training.beta1),
        beta2: F::of(training.beta2),
        lerp2: F::of(1.0 - training.beta2),
        step_size: state.step_size,
        epsilon: F::of(training.epsilon),
        root_correction: F::one() / state.root_correction,
    };
    update(
        &rates,
        &memory.gradients[trained.clone()],
        &mut memory.parameters[trained.clone()],
        &mut memory.first_moment[trained.clone()],
        &mut memory.second_moment[trained],
    );
}

/// What is the same for all parameters in one step.
struct Rates<F> {
    decay: F,
    lerp1: F,
    beta2: F,
    lerp2: F,
    step_size: F,
    epsilon: F,
    root_correction: F,
}

widest! {
    fn update<F: Real>(rates: &Rates<F>, gradients: &[F], parameters: &mut [F], first: &mut [F], second: &mut [F]) {
        let moments = first.iter_mut().zip(second);
        for ((p, g), (m, v)) in parameters.iter_mut().zip(gradients).zip(moments) {
            *m += rates.lerp1 * (*g - *m);
            *v = rates.beta2 * *v + rates.lerp2 * *g * *g;
            *p -= rates.decay * *p + rates.step_size * *m / (v.sqrt() * rates.root_correction + rates.epsilon);
        }
    }
}
