//! A training step on the CPU allocates no memory. The allocator of this binary counts for each
//! thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use shoal::engine::graph::{Activation, Network};
use shoal::engine::layout::phase;
use shoal::engine::ops::{Memory, PreparedRun, Real, step};
use shoal::engine::optim::fused_update;
use shoal::engine::run::{InputScale, Precision, Run, Schedule, Table, Training};

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
    let network = Network::perceptron(INPUTS, widths, TARGETS, activation, output, 0.2);
    let table = Table {
        x: (0..ROWS * INPUTS).map(|place| (place as f32).sin()).collect(),
        y: vec![0.5; ROWS * TARGETS],
        rows: ROWS,
        inputs: INPUTS,
        targets: TARGETS,
    };
    let run = Run {
        id: 0,
        parameters: network.initial_parameters(1),
        training: Training {
            batch: 32,
            learning_rate: 1e-3,
            weight_decay: 1e-4,
            beta1: 0.5,
            beta2: 0.999,
            epsilon: 1e-8,
            max_epochs: 1000,
            patience: 1000,
            min_delta: 0.0,
            precision,
            clip_norm,
            schedule: Schedule::default(),
        },
        seed: 7,
        table: 0,
        training_rows: (0..80).collect(),
        validation_rows: (80..100).collect(),
        scale: InputScale { mean: vec![0.0; INPUTS], inverse_deviation: vec![1.0; INPUTS] },
        loss_weights: vec![1.0; TARGETS],
        network,
    };
    let run = PreparedRun::new(run, Arc::from([table]));
    for fuses_update in [fused_update::suits(&run.training), false] {
        let mut memory = Memory::<F>::new(&run);
        for _ in 0..68 {
            for call in step(widths.len() + 1, fuses_update) {
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
