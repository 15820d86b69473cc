//! Training in f16: rounding follows IEEE 754 on every driver, a loss scale that is too large only
//! costs steps, results agree with f32 within the scatter of the seeds, and it takes less memory.

use half::f16;
use shoal::engine::activation::Activation;
use shoal::engine::cpu::backend::Cpu;
use shoal::engine::cpu::backend::Executor;
use shoal::engine::device::Device;
use shoal::engine::gpu::Footprint;
use shoal::engine::gpu::packing::step::Step;
use shoal::engine::layout::State;
use shoal::engine::layout::phase;
use shoal::engine::memory::Memory;
use shoal::engine::precision::FIRST_SCALE;
use shoal::engine::precision::Precision;
use shoal::engine::prepared::PreparedRun;
use shoal::engine::run::Outcome;
use shoal::engine::run::Run;
use shoal::engine::run::Stopped;
use shoal::engine::run::Training;
use shoal::engine::table::Table;
use shoal::engine::table::Tables;

use crate::common::*;
use crate::one_call;

fn to_f16() -> Training {
    Training { precision: Precision::F16, ..training() }
}

/// Any finite f16.
fn any_half(numbers: &mut Numbers) -> f32 {
    let half = f16::from_bits(numbers.word() as u16);
    match half.is_finite() {
        true => half.to_f32(),
        false => any_half(numbers),
    }
}

/// A product of two f16 numbers is an f32 with up to 22 bits of mantissa, so a layer of one input
/// shows how sums are rounded: ties, numbers below the smallest normal f16, and above the largest.
#[test]
fn shaders_round_to_f16_bit_for_bit_as_the_half_crate() {
    let _turn = turn();
    let (inner, outer) = (Activation::Identity, Activation::Identity);
    let network = perceptron(1, &[256], 1, inner, outer, 0.0);
    let table = table(300, 1, 1);
    let batch = Training { batch: 256, ..to_f16() };
    let prepared = PreparedRun::new(run(0, network, &table, 300, batch), tables(&table));
    let (at, layout) = (prepared.layout.nodes[0], &prepared.layout);
    let mut numbers = Numbers::new(16);
    let mut memory = Memory::<f32>::new(&prepared);
    memory.state = State { phase: phase::TRAIN, batch_rows: 256, ..memory.state };
    let weights: Vec<f32> = (0..256).map(|_| any_half(&mut numbers)).collect();
    memory.weights.fill(0.0);
    memory.weights[..256].copy_from_slice(&weights);
    for example in 0..256 {
        memory.work[layout.x + 4 * example] = any_half(&mut numbers);
    }
    copy_by_unit(&prepared, &mut memory);
    for set in KERNEL_SETS {
        let executed = one_call::execute(
            &gpu_with(Some(set)),
            &prepared,
            &memory,
            of_level("dense_forward", 0),
        );
        let mut kinds = [0; 4];
        for place in 0..256 * 256 {
            let product = memory.work[layout.x + 4 * (place / 256)] * weights[place % 256];
            let expected = f16::from_f32(product);
            for found in [at.saved, at.output].map(|start| executed.work[start + place]) {
                assert_eq!(found, expected.to_f32(), "{product:e}, {} tiles", set.name);
            }
            let exact = expected.to_f32() == product;
            let small = expected.to_f32().abs() < f16::MIN_POSITIVE.to_f32();
            kinds[match () {
                () if expected.is_infinite() => 0,
                () if small => 1,
                () if exact => 2,
                () => 3,
            }] += 1;
        }
        println!("infinite, small, exact, rounded: {kinds:?}");
        assert!(kinds.iter().all(|count| *count > 20), "{kinds:?}");
    }
}

/// A run whose first gradients are far too large for f16 at the first loss scale.
fn loud(table: &Table) -> Run {
    let network = perceptron(5, &[9], 2, Activation::Tanh, Activation::Identity, 0.2);
    let patient = Training { max_epochs: 24, patience: 24, ..to_f16() };
    run(0, network, table, 40, patient)
}

#[test]
fn a_loss_scale_that_is_too_large_only_costs_steps() {
    let _turn = turn();
    let mut table = table(40, 5, 2);
    table.y.iter_mut().for_each(|y| *y *= 1e3);
    let run = loud(&table);
    let start = run.parameters.clone();
    let gpu = gpu();
    let mut step = Step::pack(&gpu, tables(&table), vec![run.clone()]).unwrap();
    let mut executor = Executor::<f32>::new(PreparedRun::new(run, tables(&table)));
    let (mut passed_over, mut taken) = (0, 0);
    // an epoch is one batch of 32 and one of 8
    for _ in 0..40 {
        let state = step.execute(1).unwrap()[0];
        executor.step();
        let reference = executor.memory.state;
        let counts = |s: &State<f32>| (s.phase, s.steps, s.overflow, s.loss_scale.to_bits());
        assert_eq!(counts(&state), counts(&reference));
        if state.phase == phase::TRAIN && state.overflow == 1 {
            passed_over += 1;
            assert_eq!(state.steps, taken, "a step that was passed over counts");
            if taken == 0 {
                assert_eq!(bits(&step.parameters(0).unwrap()), bits(&start));
            }
        } else if state.phase == phase::TRAIN {
            taken += 1;
            assert_ne!(bits(&step.parameters(0).unwrap()), bits(&start));
        }
    }
    let state = executor.memory.state;
    println!("{passed_over} passed over, {taken} taken, scale {}", state.loss_scale);
    assert!((3..12).contains(&passed_over) && taken > 3);
    assert_eq!(state.loss_scale, FIRST_SCALE * 0.5f32.powi(passed_over));
}

#[test]
fn a_run_beyond_the_range_of_f16_diverges() {
    let _turn = turn();
    let mut table = table(40, 5, 2);
    // the squares of these are infinite in f32, and these are infinite in f16
    table.y.iter_mut().for_each(|y| *y *= 1e6);
    for device in [Device::Gpu(Box::new(gpu())), Device::Cpu(Cpu { threads: 1 })] {
        let found = outcomes(&device, &table, &[loud(&table)]);
        assert_eq!(found[0].stopped, Stopped::Diverged, "{}", device.name());
        assert_eq!(bits(&found[0].parameters), bits(&loud(&table).parameters));
    }
}

fn mean_and_deviation(numbers: &[f64]) -> (f64, f64) {
    let count = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    let squares: f64 = numbers.iter().map(|x| (x - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0)).sqrt())
}

#[test]
fn training_in_f16_agrees_with_f32_within_the_scatter_of_seeds() {
    let _turn = turn();
    let table = table(240, 11, 3);
    let longer = Training { max_epochs: 40, patience: 40, ..training() };
    let seeds: Vec<Run> = (0..12)
        .map(|seed| {
            let inner = Activation::LeakyRelu { slope: 0.2 };
            let network = perceptron(11, &[48, 48], 3, inner, Activation::Sigmoid, 0.1);
            run(seed, network, &table, 240, longer)
        })
        .collect();
    for device in [Device::Gpu(Box::new(gpu())), Device::Cpu(Cpu { threads: 2 })] {
        let losses = |runs: &[Run]| -> Vec<f64> {
            let found: Vec<Outcome> = outcomes(&device, &table, runs);
            found.iter().map(|o| o.validation_loss.unwrap()).collect()
        };
        let (single, half) = (losses(&seeds), losses(&in_f16(seeds.clone())));
        let ((mean, scatter), (in_f16, _)) =
            (mean_and_deviation(&single), mean_and_deviation(&half));
        let off = single.iter().zip(&half).map(|(a, b)| a - b).collect::<Vec<_>>();
        let (_, apart) = mean_and_deviation(&off);
        println!(
            "{}: f32 {mean:.6} +- {scatter:.6}, f16 {in_f16:.6}, each apart by {apart:.6}",
            device.name()
        );
        // the means of twelve seeds each, and each seed within the scatter of the seeds
        assert!((mean - in_f16).abs() <= 2.0 * scatter / 12f64.sqrt());
        assert!(apart <= scatter);
    }
}

#[test]
fn halves_take_half_the_memory_of_activations_and_tables() {
    let network = perceptron(79, &[256, 256], 6, Activation::Tanh, Activation::Tanh, 0.0);
    let [single, half] = Precision::ALL.map(|p| Footprint::new(&network, 32, p));
    let work = |footprint: Footprint| footprint.work * footprint.precision.bytes();
    assert!(work(half) as f64 <= 0.505 * work(single) as f64);
    // a gradient and a copy of the weight take the place of an f32 gradient
    assert_eq!(single.bytes(false) - half.bytes(false), (work(single) - work(half)) as u64);
    // where f32 stores no gradients, the gradients of f16 take more than its activations save in a
    // network of this width, depending on the batch
    assert_eq!(half.bytes(false), half.bytes(true) + 4 * half.parameters as u64);
    assert!(half.bytes(false) > single.bytes(true));
    let tables = Tables::from(tables(&table(50, 12, 4)));
    let bytes = Precision::ALL.map(|p| tables.bytes(0, p)[..2].concat().len());
    assert_eq!(bytes, [4 * 50 * 16, 2 * 50 * 16]);
}
