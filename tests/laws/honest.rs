//! Honest: a NaN, a lost device, a run that does not fit, an error of the caller: a clear end, and nothing that was
//! finished is lost.

use std::sync::mpsc;
use std::time::Duration;

use shoal::device::Device;
use shoal::device::cpu::Cpu;
use shoal::device::gpu::{Gpu, Options};
use shoal::network::{Activation, Network};
use shoal::run::{Outcome, Run, Stopped, Table, Training};
use shoal::shoal::{Limits, Progress, Work, train, train_within};
use shoal::{Error, Result};

use crate::common::*;

fn devices() -> [(&'static str, Device); 2] {
    let cpu = Device::Cpu(Cpu { threads: 2 });
    [("gpu", Device::Gpu(Box::new(gpu()))), ("cpu", cpu)]
}

/// A table that is sick in its first row, inputs and targets, and in the inputs of its last; and runs that read neither.
/// Absent examples of a partial batch read the first row, to be masked.
fn sick_table() -> (Table, Vec<Run>) {
    let mut table = table(SICK + 1, 11, 3);
    let mut runs = different_runs(
        24,
        &Table {
            rows: SICK - 1,
            ..table.clone()
        },
        24,
    );
    for run in &mut runs {
        let rows = run.training_rows.iter_mut().chain(&mut run.validation_rows);
        rows.for_each(|row| *row += 1);
    }
    table.x[4] = f32::NAN;
    table.y[1] = f32::NAN;
    table.x[SICK * 11 + 4] = f32::NAN;
    (table, runs)
}

/// The last row of the sick table.
const SICK: usize = 61;

#[test]
fn a_nan_in_the_data_ends_that_run_and_leaves_its_neighbours_alone() {
    let _turn = turn();
    let (table, mut runs) = sick_table();
    let healthy = runs.len();
    // every activation must let a NaN through, below and at the end
    for (number, hidden) in Activation::ALL.into_iter().enumerate() {
        for output in Activation::ALL {
            let network = Network::perceptron(11, &[9, 8], 3, hidden, output, 0.0);
            let mut sick = run(runs.len(), network, &table, 50, training());
            sick.training_rows[0] = 1;
            match number % 2 {
                0 => sick.training_rows[17] = SICK as u32,
                _ => sick.validation_rows[3] = SICK as u32,
            }
            runs.push(sick);
        }
    }
    for (name, device) in devices() {
        let alone = outcomes(&device, &table, &runs[..healthy]);
        let found = outcomes(&device, &table, &runs);
        for (one, other) in alone.iter().zip(&found) {
            assert_ne!(
                one.stopped,
                Stopped::Diverged,
                "{name}: healthy run {}",
                one.id
            );
            assert_same(one, other, name);
        }
        for (run, outcome) in runs.iter().zip(&found).skip(healthy) {
            let layers = run.network.layers();
            let what = format!(
                "{name}: {:?}, {:?}",
                layers[0].activation, layers[2].activation
            );
            assert_eq!(outcome.stopped, Stopped::Diverged, "{what}");
            assert_eq!(
                (outcome.best_epoch, outcome.validation_loss),
                (0, None),
                "{what}"
            );
            assert_eq!(
                outcome.parameters, run.parameters,
                "{what}: not those it started with"
            );
        }
    }
}

#[test]
fn a_learning_rate_that_is_too_large_diverges_alone() {
    let _turn = turn();
    let table = table(60, 11, 3);
    let mut runs = different_runs(12, &table, 24);
    for id in 12..16 {
        let hidden = Activation::LeakyRelu { slope: 0.2 };
        let network = Network::perceptron(11, &[9, 8], 3, hidden, Activation::Identity, 0.0);
        runs.push(run(
            id,
            network,
            &table,
            60,
            Training {
                learning_rate: 1e30,
                ..training()
            },
        ));
    }
    for (name, device) in devices() {
        let alone = outcomes(&device, &table, &runs[..12]);
        let found = outcomes(&device, &table, &runs);
        alone
            .iter()
            .zip(&found)
            .for_each(|(one, other)| assert_same(one, other, name));
        for outcome in &found[12..] {
            assert_eq!(
                (outcome.stopped, outcome.epochs),
                (Stopped::Diverged, 0),
                "{name}"
            );
            assert_eq!(outcome.parameters, runs[outcome.id].parameters, "{name}");
        }
    }
}

#[test]
fn a_run_that_diverges_after_a_good_epoch_keeps_the_best_parameters() {
    let _turn = turn();
    let table = table(60, 11, 3);
    let network = Network::perceptron(11, &[9], 3, Activation::Tanh, Activation::Identity, 0.0);
    // decay of 2.5 for each step: the parameters grow by -1.5 a step until their square overflows
    let wild = Training {
        weight_decay: 2500.0,
        max_epochs: 500,
        patience: 500,
        ..training()
    };
    let sick = run(0, network, &table, 60, wild);
    for (name, device) in devices() {
        let found = outcomes(&device, &table, std::slice::from_ref(&sick)).remove(0);
        assert_eq!(found.stopped, Stopped::Diverged, "{name}");
        assert!(
            found.epochs > found.best_epoch && found.best_epoch > 0,
            "{name}: {found:?}"
        );
        let training = Training {
            max_epochs: found.best_epoch,
            ..wild
        };
        let short = Run {
            training,
            ..sick.clone()
        };
        let best = outcomes(&device, &table, &[short]).remove(0);
        assert_eq!(best.stopped, Stopped::Epochs, "{name}");
        assert_eq!(bits(&best.parameters), bits(&found.parameters), "{name}");
        assert_eq!(best.validation_loss, found.validation_loss, "{name}");
    }
}

/// Loses the device once some runs are finished.
struct Loser<'a> {
    gpu: &'a Gpu,
    list: List,
    after: usize,
}

impl Work for Loser<'_> {
    fn next(&mut self) -> Option<Run> {
        self.list.next()
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        self.list.finished(outcome)
    }

    fn progress(&mut self, _progress: &Progress) -> Result<()> {
        if self.list.outcomes.iter().flatten().count() >= self.after {
            self.gpu.lose();
        }
        Ok(())
    }
}

#[test]
fn a_lost_device_is_an_error_with_its_name_and_what_was_finished_is_kept() {
    let _turn = turn();
    let table = table(60, 11, 3);
    let runs = different_runs(48, &table, 24);
    let undisturbed = outcomes(&Device::Gpu(Box::new(gpu())), &table, &runs);
    for after in [0, 5, 30] {
        let (table, runs) = (table.clone(), runs.clone());
        let (kept, error, name) = in_time(move || {
            let gpu = gpu();
            let mut loser = Loser {
                gpu: &gpu,
                list: List::new(runs),
                after,
            };
            let limits = Limits {
                runs: 12,
                ..Limits::default()
            };
            let error = train_within(&gpu, tables(&table), &mut loser, limits);
            (
                loser.list.outcomes,
                error.expect_err("lost"),
                gpu.adapter().name().to_owned(),
            )
        });
        assert_is_lost(&error, &name);
        let kept: Vec<Outcome> = kept.into_iter().flatten().collect();
        assert!(
            (after..48).contains(&kept.len()),
            "{} kept after {after}",
            kept.len()
        );
        kept.iter()
            .for_each(|outcome| assert_same(&undisturbed[outcome.id], outcome, "kept"));
    }
}

#[test]
fn a_device_that_was_lost_before_is_an_error_too() {
    let _turn = turn();
    let (error, name) = in_time(|| {
        let gpu = gpu();
        gpu.lose();
        let table = table(60, 11, 3);
        let mut list = List::new(different_runs(4, &table, 24));
        let error = train_within(&gpu, tables(&table), &mut list, Limits::default());
        (error.expect_err("lost"), gpu.adapter().name().to_owned())
    });
    assert_is_lost(&error, &name);
}

fn assert_is_lost(error: &Error, name: &str) {
    let Error::Device(message) = error else {
        panic!("{error:?}")
    };
    assert!(
        message.contains(name) && message.contains("--device cpu"),
        "{message}"
    );
}

/// What `work` returns; a hang is a failure, not a hang.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || send.send(work()));
    receive
        .recv_timeout(Duration::from_secs(60))
        .expect("it panicked, or gave no answer in a minute")
}

fn small_gpu(binding_limit: u64) -> Gpu {
    let options = Options {
        binding_limit: Some(binding_limit),
        checks: true,
        ..Options::default()
    };
    Gpu::open(adapter(), options).expect("the adapter opens")
}

#[test]
fn a_run_that_can_never_fit_is_refused_with_both_numbers() {
    let _turn = turn();
    let table = table(60, 11, 3);
    let network = Network::perceptron(
        11,
        &[512, 512],
        3,
        Activation::Relu,
        Activation::Sigmoid,
        0.0,
    );
    // two moments for each parameter: the largest buffer
    let needed = 8.0 * network.parameter_len() as f64 / f64::from(1 << 20);
    let mut list = List::new(vec![run(0, network, &table, 60, training())]);
    let gpu = small_gpu(1 << 20);
    let ended = train_within(&gpu, tables(&table), &mut list, Limits::default());
    let Err(Error::Input(message)) = ended else {
        panic!("{ended:?}")
    };
    for part in [
        format!("{needed:.1} MiB"),
        "1.0 MiB".into(),
        gpu.adapter().name().into(),
    ] {
        assert!(message.contains(&part), "'{part}' is not in: {message}");
    }
}

#[test]
fn a_small_binding_limit_splits_the_shoal_and_changes_no_bit() {
    let _turn = turn();
    let table = table(60, 11, 3);
    let runs = different_runs(80, &table, 16);
    let whole = outcomes(&Device::Gpu(Box::new(gpu())), &table, &runs);
    let mut most = Most {
        list: List::new(runs.clone()),
        alive: 0,
    };
    train_within(
        &small_gpu(64 << 10),
        tables(&table),
        &mut most,
        Limits::default(),
    )
    .unwrap();
    assert!(
        (1..runs.len()).contains(&most.alive),
        "{} runs at one time: not split",
        most.alive
    );
    for (one, other) in whole.iter().zip(&most.list.outcomes) {
        assert_same(one, other.as_ref().expect("finished"), "split");
    }
}

/// Remembers how many runs were in training at one time.
struct Most {
    list: List,
    alive: usize,
}

impl Work for Most {
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

/// Cannot write its third outcome.
struct Full {
    list: List,
    taken: usize,
}

impl Work for Full {
    fn next(&mut self) -> Option<Run> {
        self.list.next()
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        self.taken += 1;
        match self.taken {
            ..3 => self.list.finished(outcome),
            _ => Err(Error::Output("runs.csv: no space left on device".into())),
        }
    }

    fn progress(&mut self, _progress: &Progress) -> Result<()> {
        Ok(())
    }
}

#[test]
fn an_outcome_that_cannot_be_written_ends_the_training_with_that_error() {
    let _turn = turn();
    let table = table(60, 11, 3);
    for (name, device) in devices() {
        let mut full = Full {
            list: List::new(different_runs(30, &table, 24)),
            taken: 0,
        };
        let ended = train(&device, tables(&table), &mut full);
        let expected = Error::Output("runs.csv: no space left on device".into());
        assert_eq!(ended, Err(expected), "{name}");
        assert_eq!(full.list.outcomes.iter().flatten().count(), 2, "{name}");
        assert_eq!(full.taken, 3, "{name}: asked again after the error");
    }
}

#[test]
fn a_panic_of_one_thread_does_not_leave_the_others_waiting() {
    let panicked = in_time(|| {
        let table = table(60, 11, 3);
        let mut runs = different_runs(1, &table, 8);
        runs[0].parameters.pop();
        let work = || {
            let device = Device::Cpu(Cpu { threads: 3 });
            train(&device, tables(&table), &mut List::new(runs.clone()))
        };
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err()
    });
    assert!(panicked, "parameters of the wrong length went through");
}
