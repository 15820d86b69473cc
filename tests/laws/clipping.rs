//! The norm of the gradients of a run: it leaves out frozen layers and detects values that are not
//! finite, and gradients are clipped to it.

use shoal::engine::activation::Activation;
use shoal::engine::gpu::Gpu;
use shoal::engine::layout::State;
use shoal::engine::layout::phase;
use shoal::engine::memory::Memory;
use shoal::engine::prepared::PreparedRun;
use shoal::engine::run::Training;

use crate::common::*;
use crate::one_call;

const CLIP_NORM: f64 = 0.5;

/// A training run of three layers, the first of them frozen; one layer spans several blocks.
fn frozen() -> (PreparedRun, Memory<f32>) {
    let network = perceptron(9, &[150, 140], 3, Activation::Tanh, Activation::Identity, 0.0);
    let table = table(20, 9, 3);
    let training = Training { clip_norm: Some(CLIP_NORM), ..training() };
    let run = run(1, frozen_below(&network, 1), &table, 20, training);
    let prepared = PreparedRun::new(run, tables(&table));
    let mut memory = Memory::<f32>::new(&prepared);
    memory.gradients = Numbers::new(5).many(memory.gradients.len()).into();
    memory.gradients[..prepared.graph.frozen_len()].fill(f32::NAN);
    memory.state = State {
        phase: phase::TRAIN,
        gradient_norm: f32::NAN,
        gradient_scale: f32::NAN,
        ..memory.state
    };
    (prepared, memory)
}

/// The norm and the scale that a backend computes.
fn found(gpu: Option<&Gpu>, run: &PreparedRun, start: &Memory<f32>) -> [f32; 2] {
    let mut memory = start.clone();
    memory.work[run.layout.squares..].fill(f32::NAN);
    for call in [of_run("gradient_norm"), of_run("clip")] {
        match gpu {
            Some(gpu) => memory = one_call::execute(gpu, run, &memory, call),
            None => call.reference(run, &mut memory),
        }
    }
    [memory.state.gradient_norm, memory.state.gradient_scale]
}

/// Each backend.
fn backends() -> [(&'static str, Option<Gpu>); 2] {
    [("cpu", None), ("gpu", Some(gpu()))]
}

#[test]
fn the_norm_is_that_of_trained_layers() {
    let _turn = turn();
    let (run, start) = frozen();
    let trained = &start.gradients[run.graph.frozen_len()..];
    assert!(trained.len() > 2 * shoal::engine::work::NORM_BLOCK);
    let square = |g: &f32| f64::from(*g).powi(2);
    let norm = trained.iter().map(square).sum::<f64>().sqrt();
    for (backend, gpu) in backends() {
        let expected = [norm, CLIP_NORM / (norm + 1e-6)];
        for (found, expected) in found(gpu.as_ref(), &run, &start).into_iter().zip(expected) {
            // a thread adds at most 2048 squares, all above 0, and there are 64 threads and 3
            // blocks
            let off = (f64::from(found) / expected - 1.0).abs();
            assert!(off <= 2048.0 * 6e-8, "{backend}: {found}, not {expected}");
        }
    }
}

#[test]
fn a_norm_below_the_limit_changes_no_bit() {
    let _turn = turn();
    let (run, mut start) = frozen();
    start.gradients.iter_mut().for_each(|g| *g *= 1e-4);
    for (backend, gpu) in backends() {
        let [norm, scale] = found(gpu.as_ref(), &run, &start);
        assert!(norm > 0.0 && f64::from(norm) < CLIP_NORM, "{backend}: {norm}");
        assert_eq!(scale, 1.0, "{backend}");
    }
}

#[test]
fn a_gradient_that_is_not_finite_gives_a_norm_that_is_not() {
    let _turn = turn();
    let (run, start) = frozen();
    let (first, last) = (run.graph.frozen_len(), start.gradients.len() - 1);
    for (backend, gpu) in backends() {
        for sick in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30] {
            for place in [first, first + 5000, last] {
                let mut start = start.clone();
                start.gradients[place] = sick;
                let [norm, scale] = found(gpu.as_ref(), &run, &start);
                let what = format!("{backend}: {sick} at {place}: norm {norm}, scale {scale}");
                assert!(!norm.is_finite() && scale == 0.0, "{what}");
            }
        }
    }
}
