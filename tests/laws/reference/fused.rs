//! Kernels that do the work of several: what each of these would write is compared with its
//! reference, which reads what the fused kernel computed for it.

use shoal::engine::gpu::Gpu;
use shoal::engine::loss::{LOSSES, Loss, MSE};
use shoal::engine::memory::Memory;
use shoal::engine::ops::dense::{self, last};
use shoal::engine::precision::Precision;
use shoal::engine::step::Call;

use super::case::{Case, run_reference, widen};
use super::compare::{compare, compare_states};
use super::{blocks, shapes};
use crate::common::*;
use crate::one_call;

#[test]
fn the_last_layer_in_one_kernel_equals_its_reference_in_f64() {
    let _turn = turn();
    let gpu = gpu_with(Some(KERNEL_SETS[0]));
    for (precision, loss) in Precision::ALL.into_iter().flat_map(|p| LOSSES.map(|loss| (p, loss))) {
        let mut checked = 0;
        for (number, (widths, batch, present)) in shapes().into_iter().enumerate() {
            // every shape with the squared error, every other one with the other losses
            let is_turn = loss == &MSE || number % 2 == loss.code() as usize % 2;
            if *widths.last().unwrap() < loss.predicts.outputs_per_target() || !is_turn {
                continue;
            }
            let case = Case::new(&dense::OP, number, &widths, (batch, present), (precision, loss));
            checked += usize::from(check(&case, loss, &gpu));
        }
        assert!(checked >= 6, "{} in {}: {checked}", loss.name, precision.name());
    }
}

/// Checks the last layer of a case in every state, and with another loss in validation; returns
/// whether it has one that the kernel serves.
fn check(case: &Case, loss: &'static Loss, gpu: &Gpu) -> bool {
    let run = &case.prepared;
    if !last::fits(&run.graph, &run.training) {
        return false;
    }
    let mut stops = LOSSES.into_iter().filter(|stop| loss.predicts.gives(stop.predicts));
    check_states(case, gpu);
    check_states(&case.stopping_on(stops.next_back().unwrap_or(loss)), gpu);
    true
}

fn check_states(case: &Case, gpu: &Gpu) {
    let run = &case.prepared;
    let node = run.graph.output_node();
    let level = run.graph.level(node);
    let parts =
        [of_level("dense_forward", level), of_run("loss"), of_level("dense_backward_input", level)];
    let fused = of_run("dense_last");
    for (name, state) in case.states(fused) {
        let start = Memory { state, ..case.start.clone() };
        let mut poisoned = start.clone();
        let mut chain = widen(&start);
        for part in parts {
            let before = narrow(&start, &chain);
            run_reference(run, part, &mut chain);
            case.poison(part, &before, &chain, &mut poisoned);
        }
        let mut found = one_call::execute(gpu, run, &poisoned, fused);
        let mut now = start.clone();
        for part in parts {
            now = check_part(case, (part, name), &now, &found);
        }
        // nothing reads the outputs by unit, or numbers behind the examples that are there
        let by_unit = run.layout.nodes[node].output_by_unit;
        let count = run.graph.outputs().next_multiple_of(4) * run.layout.stride;
        let range = by_unit..by_unit + count;
        let free = case.absent(&state).into_iter().chain(range);
        free.for_each(|place| (now.work[place], found.work[place]) = (0.0, 0.0));
        let what = format!("{fused:?} ({name}) of {:?}: all else", case.widths());
        compare(&what, &found, &widen(&now), &zeros(&now));
    }
}

/// Compares what a part writes with its reference; returns the memory with it in place.
fn check_part(
    case: &Case,
    (part, name): (Call, &str),
    before: &Memory<f32>,
    found: &Memory<f32>,
) -> Memory<f32> {
    let run = &case.prepared;
    let mut reference = widen(before);
    run_reference(run, part, &mut reference);
    let bounds = case.bounds(part, before, &reference);
    let loss_bound = case.loss_bound(part, before, &reference);
    let mut after = before.clone();
    if part.kernel.name == "loss" {
        after.state = found.state;
    }
    let [.., written, _] = case.written(part, before);
    // the loss writes zeros behind the examples, the others anything
    let mut absent = case.absent(&before.state);
    absent.retain(|_| part.level.is_some());
    absent.sort_unstable();
    for place in written.into_iter().flatten() {
        after.work[place] = match absent.binary_search(&place).is_ok() {
            true => reference.work[place] as f32,
            false => found.work[place],
        };
    }
    // the kernel does not store its outputs by unit
    copy_by_unit(run, &mut after);
    let widths = case.widths();
    let what = format!("{part:?} ({name}) in the last layer of {widths:?}");
    compare(&what, &after, &reference, &bounds);
    compare_states(&what, &after.state, &reference.state, loss_bound, blocks(run));
    after
}

/// The numbers that a chain of references has computed, as the device stores them.
fn narrow(start: &Memory<f32>, chain: &Memory<f64>) -> Memory<f32> {
    let work = chain.work.iter().map(|number| *number as f32).collect();
    Memory { work, ..start.clone() }
}

/// Bounds of numbers that keep their bits.
fn zeros(of: &Memory<f32>) -> Memory<f64> {
    let mut zeros = widen(of);
    super::bounds::vectors(&mut zeros).into_iter().for_each(|vector| vector.fill(0.0));
    zeros
}
