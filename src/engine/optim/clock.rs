//! The clock: records the result of the last step and decides what this step is. See
//! `shaders/clock.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::NodeId;
use crate::engine::kernel::{BARE, Kernel, always, reference};
use crate::engine::layout::{State, phase, stopped};
use crate::engine::memory::Memory;
use crate::engine::precision::Precision;
use crate::engine::precision::{GROWTH_STEPS, LEAST_SCALE, MOST_SCALE};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "clock",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::ReadWrite),
        (Buffer::Tiles, Access::Read),
    ],
    constants: |set| vec![("CLOCK_THREADS", f64::from(set.clock_threads))],
    serves: always,
    // one tile, served by one thread
    tiles: |_, _, _| Grid::new(1, 1),
    tiles_per_group: |set| set.clock_threads,
    reference: reference!(compute),
    ..BARE
};

/// One tick of one run.
pub fn compute<F: Real>(run: &PreparedRun, _node: NodeId, memory: &mut Memory<F>) {
    let state = &mut memory.state;
    state.ticks += 1;
    state.improved = 0;
    state.swaps = 0;
    match state.phase {
        phase::DONE => return,
        phase::FRESH => state.phase = phase::TRAIN,
        phase::TRAIN => trained(run, state),
        _ => validated(run, state),
    }
    let scaled = state.loss_scale >= F::of(f64::from(LEAST_SCALE));
    if !state.batch_sum.is_finite() || !scaled {
        state.phase = phase::DONE;
        state.stopped = stopped::DIVERGED;
    }
    let rows = match state.phase {
        phase::VALIDATE => run.validation_rows.len(),
        _ => run.training_rows.len(),
    };
    state.batch_rows = (rows as u32).saturating_sub(state.cursor).min(run.training.batch as u32);
    if state.phase == phase::TRAIN {
        let step = f64::from(state.steps + 1);
        // 1 - beta^step without cancellation
        let [correction1, correction2] = run.log_betas().map(|log| -(step * log).exp_m1());
        let rate = run.training.learning_rate * run.schedule().fraction(state.steps);
        state.step_size = F::of(rate / correction1);
        state.decay = F::of(rate * run.training.weight_decay);
        state.root_correction = F::of(correction2.sqrt());
        // the average begins with the parameters after the first step
        let first = state.steps == 0;
        state.average_step = if first { F::one() } else { F::of(run.average_step()) };
    }
    // validation is of the average
    let is_last = state.cursor + state.batch_rows >= rows as u32;
    if run.training.average.is_some() && is_last && state.phase != phase::DONE {
        state.swaps = 1;
    }
}

fn trained<F: Real>(run: &PreparedRun, state: &mut State<F>) {
    let rows = run.training_rows.len();
    match run.precision() {
        Precision::F32 => state.steps += 1,
        Precision::F16 => update_loss_scale(state),
    }
    state.epoch_sum += state.batch_sum;
    state.cursor += state.batch_rows;
    if state.cursor >= rows as u32 {
        state.training_loss = state.epoch_sum / F::of(run.weight_sum() * rows as f64);
        state.phase = phase::VALIDATE;
        state.cursor = 0;
        state.validation_sum = F::zero();
    }
}

/// Dynamic loss scaling: a step whose gradients overflowed does not count.
fn update_loss_scale<F: Real>(state: &mut State<F>) {
    if state.overflow == 1 {
        state.loss_scale *= F::of(0.5);
        state.good_steps = 0;
    } else {
        state.steps += 1;
        state.good_steps += 1;
        if state.good_steps >= GROWTH_STEPS {
            let most = F::of(f64::from(MOST_SCALE));
            state.loss_scale = (F::of(2.0) * state.loss_scale).min(most);
            state.good_steps = 0;
        }
    }
    state.overflow = 0;
}

fn validated<F: Real>(run: &PreparedRun, state: &mut State<F>) {
    let rows = run.validation_rows.len();
    state.validation_sum += state.batch_sum;
    state.cursor += state.batch_rows;
    if state.cursor < rows as u32 {
        return;
    }
    state.validation_loss = state.validation_sum / F::of(run.weight_sum() * rows as f64);
    state.epoch += 1;
    state.waited += 1;
    let threshold = state.best_loss - F::of(run.training.min_delta);
    if state.batch_sum.is_finite() && state.validation_loss < threshold {
        state.best_loss = state.validation_loss;
        state.best_epoch = state.epoch;
        state.improved = 1;
        state.waited = 0;
    }
    state.phase = phase::TRAIN;
    state.cursor = 0;
    state.epoch_sum = F::zero();
    if state.epoch >= run.training.max_epochs {
        state.phase = phase::DONE;
        state.stopped = stopped::EPOCHS;
    } else if state.waited >= run.training.patience {
        state.phase = phase::DONE;
        state.stopped = stopped::PATIENCE;
    }
}
