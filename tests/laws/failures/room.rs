//! Runs that do not fit on the device, alone or together.

use shoal::engine::activation::Activation;
use shoal::engine::device::Device;
use shoal::engine::gpu::Gpu;
use shoal::engine::gpu::Options;
use shoal::engine::gpu::packing::dry_run::DryRun;
use shoal::engine::gpu::packing::shoal::Limits;
use shoal::engine::precision::Precision;
use shoal::engine::queue::Progress;
use shoal::engine::queue::RunQueue;
use shoal::engine::run::Outcome;
use shoal::engine::run::Run;
use shoal::engine::run::Training;
use shoal::engine::table::Table;
use shoal::engine::tile::HARDWARE;
use shoal::engine::train::train_within;
use shoal::{Error, Result};

use crate::common::*;

fn small_gpu(binding_limit: u64) -> Gpu {
    let options =
        Options { binding_limit: Some(binding_limit), checks: true, ..Options::default() };
    Gpu::open(adapter(), options).expect("the adapter opens")
}

#[test]
fn a_run_that_can_never_fit_is_refused_with_both_numbers() {
    let _turn = turn();
    let table = table(60, 11, 3);
    let network = perceptron(11, &[512, 512], 3, Activation::Relu, Activation::Sigmoid, 0.0);
    // parameters, the best ones and two moments: the largest buffer
    let needed = 16.0 * network.parameter_len() as f64 / f64::from(1 << 20);
    let mut list = List::new(vec![run(0, network, &table, 60, training())]);
    let gpu = small_gpu(1 << 20);
    let ended = train_within(&gpu, tables(&table), &mut list, Limits::default());
    let Err(Error::Input(message)) = ended else { panic!("{ended:?}") };
    for part in [format!("{needed:.1} MiB"), "1.0 MiB".into(), gpu.adapter().name().into()] {
        assert!(message.contains(&part), "'{part}' is not in: {message}");
    }
}

#[test]
fn a_small_binding_limit_splits_the_shoal_and_changes_no_bit() {
    let _turn = turn();
    let table = table(60, 11, 3);
    let runs = different_runs(80, &table, 16);
    let whole = outcomes(&Device::Gpu(Box::new(gpu())), &table, &runs);
    let mut most = Most { list: List::new(runs.clone()), alive: 0 };
    train_within(&small_gpu(320 << 10), tables(&table), &mut most, Limits::default()).unwrap();
    assert!((1..runs.len()).contains(&most.alive), "{} runs at one time: not split", most.alive);
    for (one, other) in whole.iter().zip(&most.list.outcomes) {
        assert_same(one, other.as_ref().expect("finished"), "split");
    }
}

/// Remembers how many runs were in training at one time.
struct Most {
    list: List,
    alive: usize,
}

impl RunQueue for Most {
    fn next(&mut self) -> Option<Run> {
        self.list.next()
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        self.list.finished(outcome)
    }

    fn progress(&mut self, progress: &Progress) -> Result<()> {
        self.alive = self.alive.max(progress.alive);
        Ok(())
    }
}

/// Copies of a run with different ids.
fn alike(ids: std::ops::Range<usize>, table: &Table, clip_norm: Option<f64>) -> Vec<Run> {
    let training = Training { clip_norm, ..training() };
    let hidden = Activation::Tanh;
    let network = perceptron(5, &[7, 6, 5, 4], 2, hidden, Activation::Identity, 0.0);
    ids.map(|id| run(id, network.clone(), table, 40, training)).collect()
}

#[test]
fn the_bytes_of_a_shoal_grow_as_its_runs_do() {
    let table = table(40, 5, 2);
    for set in STEP_SETS {
        let gpu = gpu_with(Some(set));
        let bytes = |runs: usize| {
            let limits = Limits::default();
            let mut shoal = DryRun::new(&gpu, tables(&table), limits, Precision::F32).unwrap();
            let mut list = List::new(alike(0..runs, &table, None));
            shoal.admit(&mut list).unwrap();
            assert_eq!(shoal.packed().len(), runs);
            shoal.bytes() as f64 / runs as f64
        };
        let of_few = bytes(64);
        for runs in [256, 1024, 4096] {
            // buffers grow by half of what they hold
            let ratio = bytes(runs) / of_few;
            assert!((0.6..1.6).contains(&ratio), "{runs} runs, {}: {ratio}", set.name);
        }
    }
}

#[test]
fn runs_that_store_gradients_have_as_many_places_after_runs_that_do_not() {
    let table = table(40, 5, 2);
    let gpu = gpu_with(Some(HARDWARE));
    let limits = Limits { bytes: 4 << 20, ..Limits::default() };
    let mut shoal = DryRun::new(&gpu, tables(&table), limits, Precision::F32).unwrap();
    // these store no gradients
    let mut list = List::new(alike(0..1000, &table, None));
    shoal.admit(&mut list).unwrap();
    let first = shoal.packed();
    assert!((20..1000).contains(&first.len()), "{}", first.len());
    let full = shoal.bytes();
    shoal.leave(&first);
    let mut list = List::new(alike(1000..2000, &table, Some(1.0)));
    shoal.admit(&mut list).unwrap();
    assert!(shoal.packed().len() * 10 >= first.len() * 9, "{}", shoal.packed().len());
    let now = shoal.bytes();
    assert!(now > full && now <= full + full / 4, "{full}, then {now}");
}
