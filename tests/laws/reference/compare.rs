//! Comparison of what a device computed with the reference.

use shoal::engine::layout::State;
use shoal::engine::memory::Memory;

use super::bounds::EPSILON;

/// Asserts that all numbers are within their bounds.
pub fn compare(what: &str, found: &Memory<f32>, reference: &Memory<f64>, bounds: &Memory<f64>) {
    let check = |name: &str, vector: fn(&Memory<f64>) -> &[f64], found: &[f32]| {
        compare_numbers(what, name, found, vector(reference), vector(bounds));
    };
    check("parameters", |memory| &memory.parameters, &found.parameters);
    check("weights", |memory| &memory.weights, &found.weights);
    check("gradients", |memory| &memory.gradients, &found.gradients);
    check("m", |memory| &memory.first_moment, &found.first_moment);
    check("v", |memory| &memory.second_moment, &found.second_moment);
    check("average", |memory| &memory.average, &found.average);
    check("best", |memory| &memory.best, &found.best);
    check("work", |memory| &memory.work, &found.work);
}

fn compare_numbers(what: &str, name: &str, found: &[f32], reference: &[f64], bounds: &[f64]) {
    assert_eq!(found.len(), reference.len(), "{what}: {name}");
    for (place, ((found, reference), bound)) in found.iter().zip(reference).zip(bounds).enumerate()
    {
        let off = (f64::from(*found) - reference).abs();
        // written so that NaN fails
        let within = off <= *bound;
        assert!(
            within,
            "{what}: {name}[{place}] is {found}, its reference {reference}: \
             off {off:e} > {bound:e}"
        );
    }
}

/// Asserts that states agree: counters exactly, the others within roundings of their sums.
pub fn compare_states(
    what: &str,
    found: &State<f32>,
    reference: &State<f64>,
    loss_bound: f64,
    blocks: usize,
) {
    let words = |s: &State<f32>| {
        [
            s.phase,
            s.ticks,
            s.completed,
            s.steps,
            s.epoch,
            s.best_epoch,
            s.cursor,
            s.batch_rows,
            s.batch_items,
            s.batch_edges,
            s.improved,
            s.waited,
            s.stopped,
            s.good_steps,
            s.overflow,
            s.swaps,
        ]
    };
    let narrow = State::<f32> {
        phase: reference.phase,
        ticks: reference.ticks,
        completed: reference.completed,
        steps: reference.steps,
        epoch: reference.epoch,
        best_epoch: reference.best_epoch,
        cursor: reference.cursor,
        batch_rows: reference.batch_rows,
        batch_items: reference.batch_items,
        batch_edges: reference.batch_edges,
        improved: reference.improved,
        waited: reference.waited,
        stopped: reference.stopped,
        good_steps: reference.good_steps,
        overflow: reference.overflow,
        swaps: reference.swaps,
        ..*found
    };
    assert_eq!(words(found), words(&narrow), "{what}: state");
    let close = |name: &str, found: f32, reference: f64, terms: f64| {
        let same = f64::from(found) == reference || (found.is_nan() && reference.is_nan());
        let off = (f64::from(found) - reference).abs();
        assert!(
            same || off <= terms * EPSILON * reference.abs(),
            "{what}: {name} is {found}, its reference {reference}"
        );
    };
    let (sum, expected) = (f64::from(found.batch_sum), reference.batch_sum);
    let same = sum == expected || (sum.is_nan() && expected.is_nan());
    assert!(
        same || (sum - expected).abs() <= loss_bound,
        "{what}: batch_sum is {sum}, its reference {expected}: more than {loss_bound:e} off"
    );
    close("epoch_sum", found.epoch_sum, reference.epoch_sum, 4.0);
    close("validation_sum", found.validation_sum, reference.validation_sum, 4.0);
    close("training_loss", found.training_loss, reference.training_loss, 8.0);
    close("validation_loss", found.validation_loss, reference.validation_loss, 8.0);
    close("best_loss", found.best_loss, reference.best_loss, 8.0);
    close("loss_scale", found.loss_scale, reference.loss_scale, 0.0);
    // 1 - exp(step ln beta): a few roundings of the exponent, at most 0.5 where exp is near 1
    // and as many of the schedule: a quotient, seven terms of a sine, its square
    close("step_size", found.step_size, reference.step_size, 64.0);
    close("decay", found.decay, reference.decay, 32.0);
    close("average_step", found.average_step, reference.average_step, 1.0);
    close("root_correction", found.root_correction, reference.root_correction, 32.0);
    // a root halves the relative error of its sum; the root itself and the division are a few
    // roundings
    let terms = blocks as f64 + 16.0;
    let (norm, scale) = (reference.gradient_norm, reference.gradient_scale);
    close("gradient_norm", found.gradient_norm, norm, terms);
    close("gradient_scale", found.gradient_scale, scale, terms);
}
