//! Whole steps of a run by one workgroup: the same bits as by a kernel for each part of a step, for
//! chunks of any length.

use shoal::engine::activation::Activation;
use shoal::engine::device::Device;
use shoal::engine::gpu::Gpu;
use shoal::engine::gpu::packing::step::Step;
use shoal::engine::graph::Graph;
use shoal::engine::layout::State;
use shoal::engine::loss::{LOSSES, MOMENTS};
use shoal::engine::resident::fits;
use shoal::engine::run::{Run, Training};
use shoal::engine::table::Table;
use shoal::engine::tile::{RESIDENT, SMALL};

use crate::common::*;

#[test]
fn a_run_in_one_workgroup_has_the_bits_of_its_separate_kernels() {
    let _turn = turn();
    let table = weighted(table(60, 11, 3), &MOMENTS);
    let runs = small_runs(72, &table);
    let resident = |run: &&Run| fits(&run.graph, &run.training);
    let count = |kind: fn(&&Run) -> bool| runs.iter().filter(resident).filter(kind).count();
    assert!(count(|run| run.training.clip_norm.is_none()) > 13);
    assert!(count(|run| run.training.clip_norm.is_some()) > 26);
    assert!(count(|run| run.training.average.is_some()) > 13);
    assert!(count(|run| run.graph.first_trained() > 0) > 4);
    assert!(count(|run| run.training.batch > 32) > 3);
    for layers in 1..=4 {
        let of_depth = |run: &&Run| run.graph.nodes().len() == layers;
        assert!(runs.iter().filter(resident).filter(of_depth).count() > 4, "{layers}");
    }
    for loss in LOSSES {
        assert!(runs.iter().filter(resident).any(|run| run.training.loss == loss));
    }
    assert!(runs.iter().any(|run| !resident(&run)));
    let devices = [RESIDENT, SMALL].map(|set| Device::Gpu(Box::new(gpu_with(Some(set)))));
    for runs in [runs.clone(), in_f16(runs[..24].to_vec())] {
        let [whole, parts] = devices.each_ref().map(|device| outcomes(device, &table, &runs));
        for (one, other) in whole.iter().zip(&parts) {
            let precision = runs[one.id].training.precision.name();
            assert_same(one, other, &format!("in one workgroup and in parts, {precision}"));
        }
    }
}

/// Runs that fit and a run that does not, of one to three layers, with and without clipping.
fn some_runs(table: &Table) -> Vec<Run> {
    let widths = [&[][..], &[16], &[64, 40], &[65, 300]];
    let runs = widths.iter().enumerate().flat_map(|(number, hidden)| {
        [None, Some(0.05)].map(|clip_norm| {
            let dropout = if hidden.is_empty() { 0.0 } else { 0.2 };
            let graph = perceptron(11, hidden, 3, Activation::Silu, Activation::Identity, dropout);
            let training = Training { clip_norm, batch: 16, ..training() };
            let id = 2 * number + usize::from(clip_norm.is_some());
            run(id, graph, table, 60, training)
        })
    });
    runs.collect()
}

#[test]
fn chunks_of_any_length_give_the_same_bits() {
    let _turn = turn();
    let table = table(60, 11, 3);
    let gpu = gpu_with(Some(RESIDENT));
    for runs in [some_runs(&table), in_f16(some_runs(&table))] {
        same_bits_in_chunks(&gpu, &table, &runs);
    }
}

fn same_bits_in_chunks(gpu: &Gpu, table: &Table, runs: &[Run]) {
    let chunked = |chunks: &[u32]| -> (Vec<State<f32>>, Vec<Vec<u32>>) {
        let mut step = Step::pack(gpu, tables(table), runs.to_vec()).unwrap();
        let mut states = Vec::new();
        chunks.iter().for_each(|steps| states = step.execute(*steps).unwrap());
        // there may be room for more
        states.truncate(runs.len());
        let parameters = (0..runs.len()).map(|slot| bits(&step.parameters(slot).unwrap()));
        (states, parameters.collect())
    };
    let alone = chunked(&[1; 23]);
    // three training batches and a validation batch an epoch; it ends after twelve
    assert!(alone.0.iter().all(|state| state.epoch >= 5 && state.ticks == 23));
    for chunks in [&[23][..], &[2, 21], &[5, 5, 13]] {
        let found = chunked(chunks);
        for (slot, (one, other)) in alone.0.iter().zip(&found.0).enumerate() {
            assert_eq!(one, other, "run {slot} in chunks of {chunks:?}");
        }
        assert!(alone.1 == found.1, "parameters in chunks of {chunks:?}");
    }
}

/// The host compares ticks and completion markers.
#[test]
fn a_run_that_is_done_counts_the_steps_that_are_left() {
    let _turn = turn();
    let table = table(60, 11, 3);
    let gpu = gpu_with(Some(RESIDENT));
    let mut runs = some_runs(&table);
    runs.iter_mut().for_each(|run| run.training.max_epochs = 1);
    let count = runs.len();
    let mut step = Step::pack(&gpu, tables(&table), runs).unwrap();
    for (steps, all) in [(3, 3), (40, 43), (1, 44)] {
        for state in &step.execute(steps).unwrap()[..count] {
            assert_eq!((state.ticks, state.completed), (all, all));
        }
    }
    assert!(step.execute(1).unwrap()[..count].iter().all(|state| state.epoch == 1));
}

#[test]
fn perceptrons_fit_up_to_128_units_at_a_batch_of_32() {
    let training = |batch: usize| Training { batch, ..training() };
    let graph = |widths: &[usize]| Graph::mlp(widths).build().unwrap();
    let sizes: [(&[usize], usize); 6] = [
        (&[79, 128, 128, 6], 32),
        (&[79, 64, 6], 64),
        (&[79, 6], 32),
        (&[8, 32, 1], 128),
        (&[3, 4, 4, 4, 4, 4, 4, 4, 2], 5),
        (&[100, 128, 128, 16], 32),
    ];
    for (widths, batch) in sizes {
        assert!(fits(&graph(widths), &training(batch)), "{widths:?}, {batch}");
    }
    let sizes: [(&[usize], usize); 6] = [
        (&[79, 129, 6], 32),
        (&[79, 128, 6], 33),
        (&[8, 8, 1], 129),
        (&[79, 64, 17], 32),
        (&[400, 4, 1], 32),
        (&[128, 128, 128, 4], 32),
    ];
    for (widths, batch) in sizes {
        assert!(!fits(&graph(widths), &training(batch)), "{widths:?}, {batch}");
    }
    // a run that clips fits too
    let clipped = Training { clip_norm: Some(1.0), ..training(32) };
    assert!(fits(&graph(&[79, 128, 128, 6]), &clipped));
}
