// A tick of the clock of a run, by one thread. It records the result of the last step, decides what
// this step is (a training batch, a validation batch, or nothing because the run is finished), and
// computes the optimiser's scalars.
//
//   epoch    = ceil(training rows / batch) training batches, then
//              ceil(validation rows / batch) validation batches
//   improved = validation loss < best loss - min_delta
//   done     = patience epochs without improvement, or max_epochs, or a loss that is not finite
//
// The factor of the learning rate in a step, counted from 0 (sources:
// src/engine/optim/schedule.rs):
//
//   (step + 1) / (warmup_steps + 1)              during warm-up
//   final + (1 - final) (1 + cos(pi x)) / 2      afterwards
//
// with x = min(1, (step - warmup_steps) / cosine_steps), the part of the cosine that is done.

#import layout
#import packed_{packed}

// In f16: steps without an overflow after which the loss scale doubles, and the bounds of the
// scale.
const GROWTH_STEPS: u32 = 2000u;
const LEAST_SCALE: f32 = 5.9604645e-8;
const MOST_SCALE: f32 = 16777216.0;

// 1 - exp(x) for x <= 0 without cancellation near 0.
fn one_minus_exp(x: f32) -> f32 {
    if x < -0.5 {
        return 1.0 - exp(x);
    }
    // x / 1 (1 + x / 2 (1 + x / 3 (...))): error after nine terms < 0.5^10 / 10! < 3e-10
    var sum = 1.0;
    for (var n = 9.0; n > 1.5; n -= 1.0) {
        sum = 1.0 + sum * x / n;
    }
    return -x * sum;
}

// Dynamic loss scaling, as in torch.amp.GradScaler: after an overflow nothing was updated, so the
// step does not count and the scale is divided by 2; after GROWTH_STEPS steps without one it
// doubles.
fn update_loss_scale(state: ptr<function, State>) {
    if (*state).overflow == 1u {
        (*state).loss_scale *= 0.5;
        (*state).good_steps = 0u;
    } else {
        (*state).steps += 1u;
        (*state).good_steps += 1u;
        if (*state).good_steps >= GROWTH_STEPS {
            (*state).loss_scale = min(2.0 * (*state).loss_scale, MOST_SCALE);
            (*state).good_steps = 0u;
        }
    }
    (*state).overflow = 0u;
}

// sin(pi x / 2) for x from 0 to 1. The built-in function may be wrong by 2^-11; the error of this
// series is below (pi / 2)^15 / 15! < 7e-10.
fn quarter_sine(x: f32) -> f32 {
    let z = 1.57079633 * x;
    // z (1 - z^2 / (2 3) (1 - z^2 / (4 5) (...)))
    var sum = 1.0;
    for (var n = 12.0; n > 1.5; n -= 2.0) {
        sum = 1.0 - sum * z * z / (n * (n + 1.0));
    }
    return z * sum;
}

// The factor of the learning rate in a step.
fn schedule(run: Run, step: u32) -> f32 {
    if step < run.warmup_steps {
        return f32(step + 1u) / f32(run.warmup_steps + 1u);
    }
    if run.cosine_steps == 0u {
        return 1.0;
    }
    // (1 + cos(pi x)) / 2 = sin^2(pi (1 - x) / 2), which has no cancellation near x = 1
    let left = run.cosine_steps - min(step - run.warmup_steps, run.cosine_steps);
    let sine = quarter_sine(f32(left) / f32(run.cosine_steps));
    return run.final_fraction + (1.0 - run.final_fraction) * sine * sine;
}

// The state after a tick.
fn tick(run: Run, before: State) -> State {
    var state = before;

    state.ticks += 1u;
    state.improved = 0u;
    state.swaps = 0u;
    if state.phase == PHASE_DONE {
        return state;
    }

    // record the last step
    if state.phase == PHASE_FRESH {
        state.phase = PHASE_TRAIN;
    } else if state.phase == PHASE_TRAIN {
        if HALF {
            update_loss_scale(&state);
        } else {
            state.steps += 1u;
        }
        state.epoch_sum += state.batch_sum;
        state.cursor += state.batch_rows;
        if state.cursor >= run.training_rows {
            state.training_loss = state.epoch_sum * run.inverse_weight_sum / f32(run.training_rows);
            state.phase = PHASE_VALIDATE;
            state.cursor = 0u;
            state.validation_sum = 0.0;
        }
    } else {
        state.validation_sum += state.batch_sum;
        state.cursor += state.batch_rows;
        if state.cursor >= run.validation_rows {
            state.validation_loss =
                state.validation_sum * run.inverse_weight_sum / f32(run.validation_rows);
            state.epoch += 1u;
            state.waited += 1u;
            let threshold = state.best_loss - run.min_delta;
            if finite(state.batch_sum) && state.validation_loss < threshold {
                state.best_loss = state.validation_loss;
                state.best_epoch = state.epoch;
                state.improved = 1u;
                state.waited = 0u;
            }
            state.phase = PHASE_TRAIN;
            state.cursor = 0u;
            state.epoch_sum = 0.0;
            if state.epoch >= run.max_epochs {
                state.phase = PHASE_DONE;
                state.stopped = STOPPED_EPOCHS;
            } else if state.waited >= run.patience {
                state.phase = PHASE_DONE;
                state.stopped = STOPPED_PATIENCE;
            }
        }
    }
    if !finite(state.batch_sum) || state.loss_scale < LEAST_SCALE {
        state.phase = PHASE_DONE;
        state.stopped = STOPPED_DIVERGED;
    }

    // decide this step
    let rows = select(run.training_rows, run.validation_rows, state.phase == PHASE_VALIDATE);
    state.batch_rows = min(run.batch, rows - min(state.cursor, rows));
    if state.phase == PHASE_TRAIN {
        let step = f32(state.steps + 1u);
        let rate = run.learning_rate * schedule(run, state.steps);
        state.step_size = rate / one_minus_exp(step * run.log_beta1);
        state.root_correction = sqrt(one_minus_exp(step * run.log_beta2));
        state.decay = rate * run.weight_decay;
        // the average begins with the parameters after the first step
        state.average_step = select(run.average_step, 1.0, state.steps == 0u);
    }
    // validation is of the average
    let is_last = state.cursor + state.batch_rows >= rows;
    if run.averages == 1u && is_last && state.phase != PHASE_DONE {
        state.swaps = 1u;
    }
    return state;
}
