//! AdamW for runs that store their gradients; also the copy of the best parameters and the
//! completion marker. See `shaders/adamw.wgsl`.

use std::ops::Range;

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::vectors::widest;
use crate::engine::graph::NodeId;
use crate::engine::kernel::{BARE, Kernel, Update, always, reference};
use crate::engine::layout::{State, phase};
use crate::engine::memory::Memory;
use crate::engine::optim::update_scale::UpdateScale;
use crate::engine::precision;
use crate::engine::precision::Precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::tile::{Grid, TileSet};

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "adamw",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::ReadWrite),
        (Buffer::Tiles, Access::Read),
        (Buffer::Parameters, Access::ReadWrite),
        (Buffer::Gradients, Access::ReadWrite),
        (Buffer::Nodes, Access::Read),
    ],
    constants: |set| {
        vec![
            ("ADAMW_THREADS", f64::from(set.adamw_threads)),
            ("ADAMW_REPEATS", f64::from(set.adamw_repeats)),
        ]
    },
    update: Update::Stored,
    serves: always,
    tiles,
    reference: reference!(compute),
    ..BARE
};

/// i: the trained parameters, eight per repeat of each thread.
fn tiles(run: &PreparedRun, _node: NodeId, set: &TileSet) -> Grid {
    let pairs = run.parameters.len().div_ceil(8) - run.graph.frozen_len() / 8;
    Grid::new(pairs.div_ceil((set.adamw_threads * set.adamw_repeats) as usize), 1)
}

/// Copies the trained parameters, or their average, to `best` if the clock found an improvement,
/// and then updates them and their average. Sets the completion marker.
pub fn compute<F: Real>(run: &PreparedRun, _node: NodeId, memory: &mut Memory<F>) {
    let trained = run.graph.frozen_len()..run.parameters.len();
    memory.state.completed = memory.state.ticks;
    keep(memory, trained.clone());
    if memory.state.phase == phase::TRAIN && memory.state.overflow == 0 {
        update_all(run, memory);
    }
    average(run, memory, trained);
}

/// Updates every trained matrix.
fn update_all<F: Real>(run: &PreparedRun, memory: &mut Memory<F>) {
    let rates = Rates::new(run, &memory.state);
    for matrix in run.trained_matrices() {
        let numbers = matrix.range();
        update(
            &rates.scaled(run.updates[matrix.index]),
            &memory.gradients[numbers.clone()],
            &mut memory.parameters[numbers.clone()],
            &mut memory.first_moment[numbers.clone()],
            &mut memory.second_moment[numbers.clone()],
        );
        if run.precision() == Precision::F16 {
            let weights = &mut memory.weights[numbers.clone()];
            weights.copy_from_slice(&memory.parameters[numbers]);
            precision::round(Precision::F16, weights);
        }
    }
}

/// Copies these parameters, or their average, to `best` if the clock found an improvement.
pub(crate) fn keep<F: Real>(memory: &mut Memory<F>, numbers: Range<usize>) {
    if memory.state.improved == 1 {
        let from = match memory.average.is_empty() {
            true => &memory.parameters,
            false => &memory.average,
        };
        memory.best[numbers.clone()].copy_from_slice(&from[numbers]);
    }
}

/// Moves the average of these parameters, if there is one, and exchanges both where the clock says
/// so.
pub(crate) fn average<F: Real>(run: &PreparedRun, memory: &mut Memory<F>, numbers: Range<usize>) {
    if memory.average.is_empty() {
        return;
    }
    let state = &memory.state;
    let parameters = &mut memory.parameters[numbers.clone()];
    let averages = &mut memory.average[numbers.clone()];
    if state.phase == phase::TRAIN && state.overflow == 0 {
        move_average(state.average_step, parameters, averages);
    }
    if state.swaps == 1 {
        parameters.swap_with_slice(averages);
        if run.precision() == Precision::F16 {
            let weights = &mut memory.weights[numbers];
            weights.copy_from_slice(parameters);
            precision::round(Precision::F16, weights);
        }
    }
}

/// a + step (p - a); with a step of 1 exactly p.
fn move_average<F: Real>(step: F, parameters: &[F], averages: &mut [F]) {
    if step == F::one() {
        return averages.copy_from_slice(parameters);
    }
    for (average, parameter) in averages.iter_mut().zip(parameters) {
        *average += step * (*parameter - *average);
    }
}

/// Coefficients that all parameters of a run, or of one matrix, share in one step.
#[derive(Clone, Copy)]
pub(crate) struct Rates<F> {
    scale: F,
    decay: F,
    lerp1: F,
    beta2: F,
    lerp2: F,
    step_size: F,
    epsilon: F,
    root_correction: F,
}

impl<F: Real> Rates<F> {
    pub(crate) fn new(run: &PreparedRun, state: &State<F>) -> Self {
        let training = &run.training;
        Self {
            // loss_scale is 1 in f32
            scale: state.gradient_scale / state.loss_scale,
            decay: state.decay,
            lerp1: F::of(1.0 - training.beta1),
            beta2: F::of(training.beta2),
            lerp2: F::of(1.0 - training.beta2),
            step_size: state.step_size,
            epsilon: F::of(training.epsilon),
            root_correction: F::one() / state.root_correction,
        }
    }

    /// The coefficients of a matrix with these factors.
    pub(crate) fn scaled(self, by: UpdateScale) -> Self {
        let rate = F::of(f64::from(by.rate));
        let decay = rate * F::of(f64::from(by.decay));
        Self { step_size: rate * self.step_size, decay: decay * self.decay, ..self }
    }
}

widest! {
    /// Updates contiguous parameters with their gradients and moments.
    pub(crate) fn update<F: Real>(
        rates: &Rates<F>,
        gradients: &[F],
        parameters: &mut [F],
        first: &mut [F],
        second: &mut [F],
    ) {
        let moments = first.iter_mut().zip(second);
        for ((p, g), (m, v)) in parameters.iter_mut().zip(gradients).zip(moments) {
            let g = rates.scale * *g;
            *m += rates.lerp1 * (g - *m);
            *v = rates.beta2 * *v + rates.lerp2 * g * g;
            *p -= rates.decay * *p + rates.step_size * *m / (v.sqrt() * rates.root_correction + rates.epsilon);
        }
    }
}
