//! Reference: every kernel on the GPU equals its CPU reference in f64, for awkward sizes and every
//! tile set, within a tolerance that follows from the number of terms. What a kernel writes is
//! poisoned with NaN first, so that a missing write fails; everything else must keep its bits.
//!
//! The cases walk the lists of ops and losses: a new op is tested in graphs between dense layers,
//! with all shapes, precisions and tile sets.

mod bounds;
mod case;
mod compare;
mod fused;
mod poison;

use shoal::engine::gpu::Gpu;
use shoal::engine::graph::Op;
use shoal::engine::kernel::Update;
use shoal::engine::loss::{LOSSES, MSE};
use shoal::engine::memory::Memory;
use shoal::engine::ops::dense::backward_input;
use shoal::engine::ops::{OPS, dense, kernels_of, pool};
use shoal::engine::precision::Precision;
use shoal::engine::prepared::PreparedRun;
use shoal::engine::step::Call;

use crate::common::*;
use crate::one_call;
use case::{Case, fills_index, run_reference, widen};
use compare::{compare, compare_states};

#[test]
fn every_kernel_equals_its_reference_in_f64() {
    every_kernel_in(Precision::F32);
}

#[test]
fn every_kernel_in_f16_equals_its_reference_in_f64() {
    every_kernel_in(Precision::F16);
}

#[test]
fn every_loss_equals_its_reference_in_f64() {
    let _turn = turn();
    let gpus: Vec<Gpu> = KERNEL_SETS.map(|set| gpu_with(Some(set))).into();
    let mut checked = [0; LOSSES.len()];
    for (precision, loss) in Precision::ALL.into_iter().flat_map(|p| LOSSES.map(|loss| (p, loss))) {
        let fits = |(_, (widths, ..)): &(usize, (Vec<usize>, usize, usize))| {
            *widths.last().unwrap() >= loss.predicts.outputs_per_target()
        };
        for (number, (widths, batch, present)) in shapes().into_iter().enumerate().filter(fits) {
            let sizes = (batch, present);
            let case = Case::new(&dense::OP, number, &widths, sizes, (precision, loss));
            case.check(of_run("gather"), gpus.iter());
            case.check(of_run("loss"), gpus.iter());
            checked[loss.code() as usize] += 1;
        }
    }
    assert!(checked.iter().all(|count| *count > 20), "{checked:?}");
}

/// What validates may be another loss than what trains.
#[test]
fn every_loss_to_stop_on_equals_its_reference_in_f64() {
    let _turn = turn();
    let gpus: Vec<Gpu> = KERNEL_SETS.map(|set| gpu_with(Some(set))).into();
    let mut checked = 0;
    for (loss, stop) in LOSSES.iter().flat_map(|loss| LOSSES.map(|stop| (*loss, stop))) {
        if loss == stop || !loss.predicts.gives(stop.predicts) {
            continue;
        }
        let wide =
            |(_, (widths, ..)): &(usize, (Vec<usize>, usize, usize))| widths.last() > Some(&1);
        let shapes = shapes().into_iter().enumerate().filter(wide);
        for (number, (widths, batch, present)) in shapes.take(4) {
            let loss = (Precision::ALL[number % 2], loss);
            let case = Case::new(&dense::OP, number, &widths, (batch, present), loss);
            case.stopping_on(stop).check(of_run("loss"), gpus.iter());
            checked += 1;
        }
    }
    // value losses, value losses of predicted deviations, and losses of probabilities
    assert!(checked >= 8 * 4, "{checked}");
}

fn every_kernel_in(precision: Precision) {
    let _turn = turn();
    let gpus: Vec<Gpu> = KERNEL_SETS.map(|set| gpu_with(Some(set))).into();
    for kernels in OPS {
        for (number, shape) in shapes().into_iter().enumerate() {
            // beside dense layers the other ops take rows and columns one by one: small shapes do
            let widest = shape.0.iter().max().is_some_and(|width| *width > 130);
            // in f16, where numbers are packed alike for all of them, every other one
            let is_odd = precision == Precision::F16 && number % 2 == 1;
            if kernels.op != &dense::OP && (widest || is_odd || shape.1 > 40) {
                continue;
            }
            every_kernel_of(kernels.op, number, shape, precision, &gpus);
        }
    }
}

/// The calls of a run that stores its gradients, and those of the fused updates, with no frozen
/// node and with all but the last frozen.
fn every_kernel_of(
    op: &'static Op,
    number: usize,
    (widths, batch, present): (Vec<usize>, usize, usize),
    precision: Precision,
    gpus: &[Gpu],
) {
    let case = Case::new(op, number, &widths, (batch, present), (precision, &MSE));
    for call in step(&case.prepared, false).into_iter().filter(|call| belongs(*call, op)) {
        case.check(call, gpus.iter());
    }
    let fusing = || gpus.iter().filter(|gpu| gpu.tiles().fused_update);
    if precision == Precision::F32 && fusing().next().is_some() {
        for frozen in [0, widths.len() - 2] {
            let case = case.unclipped(frozen);
            let calls = step(&case.prepared, true).into_iter();
            for call in calls.filter(|call| call.kernel.update == Update::Fused) {
                case.check(call, fusing());
            }
        }
    }
}

/// Whether a call is checked in the graph of an op: every call in those of dense layers and, on
/// items, of pools; in the others the kernels of the op, and the gradient at an input that it may
/// share.
fn belongs(call: Call, op: &'static Op) -> bool {
    let kernels = kernels_of(op);
    let own = kernels.forward.iter().chain(kernels.backward);
    [&dense::OP, &pool::OP].contains(&op)
        || own.chain([&&backward_input::KERNEL]).any(|kernel| *kernel == call.kernel)
        || fills_index(call)
}

/// Widths from the input up, batch, examples present: 1, tile - 1, tile, tile + 1, primes.
fn shapes() -> Vec<(Vec<usize>, usize, usize)> {
    let mut shapes = vec![
        (vec![1, 1, 1], 1, 1),
        (vec![4, 4, 4], 4, 4),
        (vec![3, 15, 16, 17, 2], 5, 3),
        (vec![79, 31, 32, 33, 6], 32, 32),
        (vec![17, 127, 5], 33, 33),
        (vec![128, 129, 1], 31, 30),
        (vec![13, 65, 64, 63, 9], 37, 5),
        (vec![79, 256, 256, 6], 32, 27),
        (vec![2, 600, 7], 130, 129),
        // a block of the norm, and a vec4 more
        (vec![2047, 4], 2, 2),
        (vec![2048, 3], 3, 1),
    ];
    for width in [1, 2, 3, 7, 8, 9, 11, 16, 23] {
        shapes.push((vec![width, width + 1, width, 3], 1 + 3 * width, 1 + 2 * width));
    }
    shapes
}

impl Case {
    /// Compares a call on these GPUs with its reference, in every state in which it may be called.
    fn check<'a>(&self, call: Call, gpus: impl Iterator<Item = &'a Gpu> + Clone) {
        for (name, state) in self.states(call) {
            let start = Memory { state, ..self.start.clone() };
            let mut reference = widen(&start);
            run_reference(&self.prepared, call, &mut reference);
            self.check_present(call, &state, &reference);
            let bounds = self.bounds(call, &start, &reference);
            let loss_bound = self.loss_bound(call, &start, &reference);
            let mut poisoned = start.clone();
            self.poison(call, &start, &reference, &mut poisoned);
            let mut tiles = Vec::new();
            for gpu in gpus.clone() {
                // most kernels are the same for every tile set
                let tile = call.kernel.product_tile(gpu.tiles());
                if tiles.contains(&tile) {
                    continue;
                }
                tiles.push(tile);
                let mut found = one_call::execute(gpu, &self.prepared, &poisoned, call);
                if call.level.is_some() || fills_index(call) {
                    for place in self.absent(&found.state) {
                        found.work[place] = reference.work[place] as f32;
                    }
                }
                let widths = self.widths();
                let what = format!(
                    "{call:?} ({name}) of {widths:?}, batch {}, {} tiles",
                    self.prepared.layout.stride,
                    gpu.tiles().name
                );
                compare(&what, &found, &reference, &bounds);
                let blocks = blocks(&self.prepared);
                compare_states(&what, &found.state, &reference.state, loss_bound, blocks);
            }
        }
    }
}

/// Blocks of the norm of the gradients of a run.
fn blocks(run: &PreparedRun) -> usize {
    run.parameters.len().div_ceil(shoal::engine::work::NORM_BLOCK)
}
