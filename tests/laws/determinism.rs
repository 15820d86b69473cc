//! Determinism: the same seed gives the same bits on the same device, also when the training is
//! killed at any moment and resumed.
//!
//! The unit of resume is the run: a run that was not finished starts from its beginning, in another
//! shoal with other runs.

use shoal::engine::activation::Activation;
use shoal::engine::cpu::backend::Cpu;
use shoal::engine::cpu::backend::Executor;
use shoal::engine::device::Device;
use shoal::engine::gpu::packing::shoal::Limits;
use shoal::engine::memory::Memory;
use shoal::engine::prepared::PreparedRun;
use shoal::engine::queue::Progress;
use shoal::engine::queue::Reached;
use shoal::engine::queue::RunQueue;
use shoal::engine::run::Outcome;
use shoal::engine::run::Run;
use shoal::engine::run::Training;
use shoal::engine::table::Table;
use shoal::engine::tile::{HARDWARE, RESIDENT};
use shoal::engine::train::train;
use shoal::engine::train::train_within;
use shoal::{Error, Result};

use crate::common::*;

fn on_gpu() -> Device {
    Device::Gpu(Box::new(gpu()))
}

fn on_cpu(threads: usize) -> Device {
    Device::Cpu(Cpu { threads })
}

#[test]
fn the_gpu_gives_the_same_bits_twice() {
    let _turn = turn();
    let table = table(60, 11, 3);
    let runs = different_runs(60, &table, 40);
    let first = outcomes(&on_gpu(), &table, &runs);
    let second = outcomes(&on_gpu(), &table, &runs);
    assert_all_same(&first, &second, "gpu, again");
}

#[test]
fn f16_gives_the_same_bits_twice_on_either_backend_and_in_parts() {
    let _turn = turn();
    let table = table(60, 11, 3);
    let runs = in_f16(different_runs(24, &table, 40));
    for device in [on_gpu(), on_cpu(2)] {
        let first = outcomes(&device, &table, &runs);
        let second = outcomes(&device, &table, &runs);
        assert_all_same(&first, &second, &device.name());
        epochs_two_by_two(&device, &table, runs.clone());
    }
}

#[test]
fn the_cpu_gives_the_same_bits_on_one_thread_and_on_two() {
    let table = table(60, 11, 3);
    let runs = different_runs(60, &table, 40);
    let one = outcomes(&on_cpu(1), &table, &runs);
    for threads in [1, 2, 5] {
        let again = outcomes(&on_cpu(threads), &table, &runs);
        assert_all_same(&one, &again, &format!("cpu, {threads} threads"));
    }
}

/// The CPU backend fuses updates, executes frozen layers once and reuses the memory of the previous
/// run. None of that changes a bit.
#[test]
fn the_cpu_backend_gives_the_bits_of_all_calls_one_after_another() {
    let table = table(60, 11, 3);
    let runs = different_runs(60, &table, 40);
    let frozen = runs.iter().filter(|run| run.graph.first_trained() > 0);
    assert!(frozen.count() > 3);
    let mut earlier = None;
    for run in runs.iter().chain(&in_f16(runs[..12].to_vec())).chain(&runs[..12]) {
        let prepared = PreparedRun::new(run.clone(), tables(&table));
        let mut executor = Executor::<f32>::in_place_of(earlier, prepared);
        let mut memory = Memory::<f32>::new(&executor.run);
        let calls = step(&executor.run, false);
        while !executor.done() {
            executor.step();
            for call in &calls {
                call.reference(&executor.run, &mut memory);
            }
            let same = |one: &[f32], other: &[f32]| bits(one) == bits(other);
            assert!(same(&executor.memory.parameters, &memory.parameters), "run {}", run.id);
            assert!(same(&executor.memory.best, &memory.best), "run {}", run.id);
            assert_eq!(executor.memory.state.validation_loss, memory.state.validation_loss);
        }
        earlier = Some(executor.memory);
    }
}

#[test]
fn a_seed_determines_the_model_and_another_seed_gives_another() {
    let _turn = turn();
    let table = table(40, 5, 2);
    for device in [on_gpu(), on_cpu(2)] {
        // shuffles alone, dropout masks alone (one batch an epoch), both
        for (batch, dropout) in [(8, 0.0), (32, 0.4), (8, 0.4)] {
            let hidden = Activation::Tanh;
            let network = perceptron(5, &[16], 2, hidden, Activation::Identity, dropout);
            let training = Training { batch, ..training() };
            let parameters = network.initial_parameters(1);
            let seeded = |id: usize| Run {
                seed: [7, 8, 9, 10][id % 4],
                parameters: parameters.clone(),
                ..run(id, network.clone(), &table, 40, training)
            };
            // each seed twice
            let found = outcomes(&device, &table, &(0..8).map(seeded).collect::<Vec<_>>());
            for (one, other) in (0..8).flat_map(|one| (0..one).map(move |other| (one, other))) {
                let same = bits(&found[one].parameters) == bits(&found[other].parameters);
                assert_eq!(same, one % 4 == other % 4, "runs {one} and {other}, batch {batch}");
            }
        }
    }
    let network = perceptron(5, &[16], 2, Activation::Tanh, Activation::Identity, 0.0);
    assert_ne!(network.initial_parameters(1), network.initial_parameters(2));
}

/// Interrupts the training when a number of runs is finished.
struct Killed {
    list: List,
    after: usize,
}

impl RunQueue for Killed {
    fn next(&mut self) -> Option<Run> {
        self.list.next()
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        self.list.finished(outcome)
    }

    fn progress(&mut self, _progress: &Progress) -> Result<()> {
        match self.list.outcomes.iter().flatten().count() >= self.after {
            true => Err(Error::Interrupted("stopped by the test".into())),
            false => Ok(()),
        }
    }
}

/// Kills a training at several moments, trains what was not finished in another call, and compares
/// with `undisturbed`.
fn killed_and_resumed(
    what: &str,
    runs: &[Run],
    undisturbed: &[Outcome],
    train: impl Fn(&mut dyn RunQueue) -> Result<()>,
) {
    for after in [0, 1, runs.len() / 4, runs.len() / 2] {
        let mut killed = Killed { list: List::new(runs.to_vec()), after };
        let ended = train(&mut killed);
        assert!(matches!(ended, Err(Error::Interrupted(_))), "{what}: {ended:?}");
        let mut outcomes = killed.list.outcomes;
        let left: Vec<Run> =
            runs.iter().filter(|run| outcomes[run.id].is_none()).cloned().collect();
        assert!(
            !left.is_empty() && left.len() <= runs.len() - after,
            "{what}: {} left",
            left.len()
        );
        let mut resumed = List::new(left);
        train(&mut resumed).expect("the rest ends well");
        for (place, outcome) in resumed.outcomes.into_iter().enumerate() {
            outcomes[place] = outcomes[place].take().or(outcome);
        }
        let whole: Vec<Outcome> = outcomes.into_iter().map(|o| o.expect("finished")).collect();
        assert_all_same(undisturbed, &whole, &format!("{what}, killed after {after} runs"));
    }
}

#[test]
fn killed_on_the_gpu_and_resumed_gives_the_bits_of_never_killed() {
    let _turn = turn();
    let table = table(60, 11, 3);
    let runs = different_runs(48, &table, 40);
    let undisturbed = outcomes(&on_gpu(), &table, &runs);
    killed_and_resumed("gpu", &runs, &undisturbed, |work| {
        // few places: at any moment some runs wait, some train and some are done
        let limits = Limits { runs: 12, ..Limits::default() };
        train_within(&gpu(), tables(&table), work, limits)
    });
}

#[test]
fn killed_on_the_cpu_and_resumed_gives_the_bits_of_never_killed() {
    let (table, runs) = long_runs(40, 40);
    let undisturbed = outcomes(&on_cpu(2), &table, &runs);
    killed_and_resumed("cpu", &runs, &undisturbed, |work| train(&on_cpu(2), tables(&table), work));
}

/// Gives every run two epochs at a time, up to its own number.
struct Asked {
    list: List,
    epochs: Vec<u32>,
    asked: usize,
}

impl RunQueue for Asked {
    fn next(&mut self) -> Option<Run> {
        let mut run = self.list.next()?;
        run.training.max_epochs = run.training.max_epochs.min(2);
        Some(run)
    }

    fn reached(&mut self, at: &Reached) -> Option<u32> {
        self.asked += 1;
        let all = self.epochs[at.id];
        (at.epoch < all).then(|| all.min(at.epoch + 2))
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        self.list.finished(outcome)
    }

    fn progress(&mut self, progress: &Progress) -> Result<()> {
        self.list.progress(progress)
    }
}

/// Runs that get two epochs at a time are the same as runs that get all at once.
fn epochs_two_by_two(device: &Device, table: &Table, runs: Vec<Run>) {
    let at_once = outcomes(device, table, &runs);
    let mut asked = Asked {
        epochs: runs.iter().map(|run| run.training.max_epochs).collect(),
        list: List::new(runs),
        asked: 0,
    };
    train(device, tables(table), &mut asked).unwrap();
    assert!(asked.asked > 24, "asked {} times", asked.asked);
    let outcomes = asked.list.outcomes.into_iter();
    let outcomes: Vec<Outcome> = outcomes.map(|o| o.expect("finished")).collect();
    assert_all_same(&at_once, &outcomes, "epochs two by two");
}

#[test]
fn two_epochs_at_a_time_on_the_cpu_give_the_bits_of_all_at_once() {
    let table = table(60, 11, 3);
    epochs_two_by_two(&on_cpu(2), &table, different_runs(24, &table, 40));
}

#[test]
fn two_epochs_at_a_time_on_the_gpu_give_the_bits_of_all_at_once() {
    let _turn = turn();
    let table = table(60, 11, 3);
    let device = Device::Gpu(Box::new(gpu_with(Some(HARDWARE))));
    epochs_two_by_two(&device, &table, different_runs(24, &table, 40));
}

#[test]
fn runs_in_one_workgroup_give_the_same_bits_twice_and_two_epochs_at_a_time() {
    let _turn = turn();
    let table = table(60, 11, 3);
    let device = Device::Gpu(Box::new(gpu_with(Some(RESIDENT))));
    let runs = small_runs(12, &table);
    let [first, second] = [0, 1].map(|_| outcomes(&device, &table, &runs));
    assert_all_same(&first, &second, "in one workgroup, again");
    epochs_two_by_two(&device, &table, runs.clone());
    epochs_two_by_two(&device, &table, in_f16(runs));
}

#[test]
fn many_short_runs_on_the_cpu_can_be_interrupted() {
    // each takes far less than the time between two reports
    let (table, runs) = long_runs(400, 1);
    let mut killed = Killed { list: List::new(runs), after: 0 };
    let ended = train(&on_cpu(2), tables(&table), &mut killed);
    assert!(matches!(ended, Err(Error::Interrupted(_))), "{ended:?}");
    assert!(killed.list.outcomes.iter().any(Option::is_none), "it trained on to the end");
}

/// Runs of a few milliseconds for each epoch.
fn long_runs(count: usize, epochs: u32) -> (Table, Vec<Run>) {
    let table = table(400, 11, 3);
    let training = Training { max_epochs: epochs, patience: epochs, ..training() };
    let runs = (0..count).map(|id| {
        let hidden = [60 + id % 7, 64];
        let (inner, outer) = (Activation::Silu, Activation::Sigmoid);
        let network = perceptron(11, &hidden, 3, inner, outer, 0.1);
        run(id, network, &table, 400, training)
    });
    let runs = runs.collect();
    (table, runs)
}

fn assert_all_same(one: &[Outcome], other: &[Outcome], what: &str) {
    assert_eq!(one.len(), other.len(), "{what}");
    one.iter().zip(other).for_each(|(one, other)| assert_same(one, other, what));
}
