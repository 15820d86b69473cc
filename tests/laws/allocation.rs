//! A training step on the CPU allocates no memory. The allocator of this binary counts for each
//! thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use crate::common::*;
use shoal::engine::activation::Activation;
use shoal::engine::layout::phase;
use shoal::engine::memory::Memory;
use shoal::engine::optim::update_scale::UpdateScale;
use shoal::engine::precision::Precision;
use shoal::engine::prepared::PreparedRun;
use shoal::engine::real::Real;
use shoal::engine::run::Run;
use shoal::engine::run::Training;
use shoal::engine::scale::InputScale;
use shoal::engine::table::Table;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: all calls go to the system allocator; the counter belongs to this thread alone.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // the counter is gone when the thread ends
        let _ = ALLOCATIONS.try_with(|allocated| allocated.set(allocated.get() + 1));
        // SAFETY: the caller keeps the contract of this method.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of this method.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ROWS: usize = 100;
const INPUTS: usize = 79;
const TARGETS: usize = 6;

/// Checks each call of 68 steps that hold whole epochs.
fn check<F: Real>(widths: &[usize], activation: Activation, precision: Precision) {
    // half of the cases clip the gradients
    let clip_norm = match precision {
        Precision::F32 => None,
        Precision::F16 => Some(1.0),
    };
    let output = Activation::Sigmoid;
    let network = perceptron(INPUTS, widths, TARGETS, activation, output, 0.2);
    let x = (0..ROWS * INPUTS).map(|place| (place as f32).sin()).collect();
    let table = Table::unscaled(x, INPUTS, vec![0.5; ROWS * TARGETS], TARGETS).unwrap();
    let run = Run {
        id: 0,
        parameters: network.initial_parameters(1),
        training: Training { max_epochs: 1000, patience: 1000, precision, clip_norm, ..training() },
        seed: 7,
        table: 0,
        training_rows: (0..80).collect(),
        validation_rows: (80..100).collect(),
        scale: InputScale::none(INPUTS),
        item_scale: InputScale::default(),
        loss_weights: vec![1.0; TARGETS],
        updates: UpdateScale::all(&network),
        graph: network,
    };
    let run = PreparedRun::new(run, Arc::from([table]));
    for fuses_update in [run.training.updates_are_independent(), false] {
        let mut memory = Memory::<F>::new(&run);
        for _ in 0..68 {
            for call in step(&run, fuses_update) {
                let before = ALLOCATIONS.get();
                call.reference(&run, &mut memory);
                let allocated = ALLOCATIONS.get() - before;
                assert_eq!(allocated, 0, "{call:?} of {widths:?}, {activation:?}, {precision:?}");
            }
        }
        assert_ne!(memory.state.phase, phase::DONE);
    }
}

#[test]
fn a_step_allocates_no_memory() {
    let counted = ALLOCATIONS.get();
    drop(std::hint::black_box(vec![0u8; 100]));
    assert!(ALLOCATIONS.get() > counted, "the allocator does not count");
    for activation in Activation::ALL {
        for widths in [&[17][..], &[64, 64], &[500, 4, 131]] {
            for precision in Precision::ALL {
                check::<f32>(widths, activation, precision);
                check::<f64>(widths, activation, precision);
            }
        }
    }
}
