//! Isolation: a run that trains among hundreds of different runs gives the same bits as alone.

use shoal::engine::device::Device;
use shoal::engine::gpu::Gpu;
use shoal::engine::gpu::packing::shoal::Limits;
use shoal::engine::gpu::packing::step::Step;
use shoal::engine::loss::{MOMENTS, MSE};
use shoal::engine::ops::dense;
use shoal::engine::precision::Precision;
use shoal::engine::run::Run;
use shoal::engine::step::dispatches;
use shoal::engine::table::Table;
use shoal::engine::tile::{HARDWARE, RESIDENT};
use shoal::engine::train::train_within;

use crate::common::*;

#[test]
fn two_hundred_different_runs_have_the_bits_that_each_has_alone() {
    let table = weighted(table(60, 11, 3), &MOMENTS);
    as_alone(gpu_with(Some(HARDWARE)), &table, different_runs(220, &table, 40), 90);
}

#[test]
fn runs_in_one_workgroup_have_the_bits_that_each_has_alone() {
    let table = weighted(table(60, 11, 3), &MOMENTS);
    let others = different_runs(60, &table, 40).into_iter();
    let runs = small_runs(60, &table).into_iter().zip(others);
    let mixed = runs.map(|(small, other)| if small.id % 3 < 2 { small } else { other });
    let mixed: Vec<Run> = mixed.collect();
    as_alone(gpu_with(Some(RESIDENT)), &table, mixed.clone(), 20);
    as_alone(gpu_with(Some(RESIDENT)), &table, in_f16(mixed), 20);
}

/// Runs that clip update their parameters in other kernels.
#[test]
fn a_third_of_the_runs_use_the_fused_update() {
    let table = weighted(table(60, 11, 3), &MOMENTS);
    let runs = different_runs(220, &table, 40);
    let fuses = |run: &&Run| HARDWARE.fuses_update(&run.graph, &run.training);
    let fused = runs.iter().filter(fuses).count();
    assert!((55..=165).contains(&fused), "{fused}");
}

/// Which tiles a dispatch has depends on the runs that train together.
#[test]
fn tiles_of_every_size_give_the_same_bits() {
    let _turn = turn();
    let table = weighted(table(60, 11, 3), &MOMENTS);
    let mut runs = different_runs(40, &table, 40);
    runs.extend(in_f16(different_runs(20, &table, 40)));
    for precision in Precision::ALL {
        let some = runs.iter().filter(|run| run.training.precision == precision).cloned();
        let some: Vec<Run> = (0..).zip(some).map(|(id, run)| Run { id, ..run }).collect();
        let [small, large] = KERNEL_SETS.map(|set| {
            let device = Device::Gpu(Box::new(gpu_with(Some(set))));
            outcomes(&device, &table, &some)
        });
        for (small, large) in small.iter().zip(&large) {
            let bits = |of: &[f32]| of.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&small.parameters), bits(&large.parameters), "run {}", small.id);
        }
    }
}

#[test]
fn runs_in_f16_have_the_bits_that_each_has_alone() {
    let table = weighted(table(60, 11, 3), &MOMENTS);
    as_alone(gpu(), &table, in_f16(different_runs(80, &table, 40)), 30);
}

/// Asserts that runs that train together, `at_a_time` at a time, have the bits that each has alone.
fn as_alone(gpu: Gpu, table: &Table, runs: Vec<Run>, at_a_time: usize) {
    let _turn = turn();
    let mut together = List::new(runs.clone());
    // fewer places than runs: finished runs are replaced and the shoal is repacked many times
    let limits = Limits { runs: at_a_time, ..Limits::default() };
    train_within(&gpu, tables(table), &mut together, limits).unwrap();

    let device = Device::Gpu(Box::new(gpu));
    let mut alone = [0, 0];
    // every third run does not clip; five and three have no common factor
    for run in runs.iter().step_by(5) {
        let outcome = &outcomes(&device, table, std::slice::from_ref(run))[0];
        let among = together.outcomes[run.id].as_ref().expect("finished");
        // compared as bits: a NaN equals itself
        let bits = |parameters: &[f32]| parameters.iter().map(|p| p.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&outcome.parameters), bits(&among.parameters), "run {}", run.id);
        assert_eq!(outcome.validation_loss, among.validation_loss, "run {}", run.id);
        assert_eq!((outcome.steps, outcome.epochs), (among.steps, among.epochs), "run {}", run.id);
        alone[usize::from(run.training.clip_norm.is_some())] += 1;
    }
    assert!(alone.iter().sum::<usize>() * 5 >= runs.len() && alone.iter().all(|count| *count > 3));
}

#[test]
fn the_dispatches_of_a_step_do_not_depend_on_the_number_of_runs() {
    let _turn = turn();
    let table = table(40, 5, 2);
    for set in STEP_SETS {
        let gpu = gpu_with(Some(set));
        let fused_update = usize::from(set.fused_update);
        // output, loss and gradient of the last layer
        let last = 2 * usize::from(set.fused_last);
        // nobody clips; all do, two calls more; those after the first, so that both ways to learn
        // are executed
        let kinds = [
            ([None, None], 2 * 5 + 4 - fused_update - last),
            ([Some(0.1), Some(0.1)], 2 * 5 + 6 - last),
            ([None, Some(0.1)], 2 * 5 + 6 + fused_update - last),
        ];
        for ([first, others], expected) in kinds {
            let count = |runs: usize| {
                let mut runs = different_runs(runs, &table, 20);
                // the deepest network is in each of them, twice
                runs[0] = run(0, deep(5, 2), &table, 40, training());
                runs[1] = run(1, deep(5, 2), &table, 40, training());
                for run in &mut runs {
                    // other ops have kernels of their own
                    if run.graph.nodes().iter().any(|node| node.op != &dense::OP) {
                        run.graph = runs_of_dense(run.id);
                        run.parameters = run.graph.initial_parameters(1);
                        run.updates = update_scales(&run.graph, 0);
                        run.loss_weights = vec![1.0; 2];
                        run.training.loss = &MSE;
                        run.training.loss_parameter = None;
                        run.training.balance_classes = false;
                        run.training.stop_on = None;
                    }
                    run.training.clip_norm = if run.id == 0 { first } else { others };
                }
                let graphs = runs.iter().map(|run| (&run.graph, &run.training));
                assert_eq!(dispatches(graphs, &set), expected);
                Step::new(&gpu, tables(&table), runs).unwrap().dispatches()
            };
            for runs in [2, 3, 300] {
                assert_eq!(count(runs), expected, "{runs} runs, {} tiles", set.name);
            }
        }
        let runs = in_f16(vec![run(0, deep(5, 2), &table, 40, training())]);
        let step = Step::new(&gpu, tables(&table), runs).unwrap();
        assert_eq!(step.dispatches(), 2 * 5 + 4 - last, "{} tiles", set.name);
    }
}

/// A perceptron for the table of [`the_dispatches_of_a_step_do_not_depend_on_the_number_of_runs`].
fn runs_of_dense(id: usize) -> shoal::engine::graph::Graph {
    use shoal::engine::activation::Activation;
    perceptron(5, &[1 + id % 7], 2, Activation::Tanh, Activation::Identity, 0.0)
}

fn deep(inputs: usize, outputs: usize) -> shoal::engine::graph::Graph {
    use shoal::engine::activation::Activation;
    perceptron(inputs, &[7, 6, 5, 4], outputs, Activation::Tanh, Activation::Identity, 0.0)
}
