//! A device or a caller that fails during the training.

use shoal::engine::cpu::backend::Cpu;
use shoal::engine::device::Device;
use shoal::engine::gpu::Gpu;
use shoal::engine::gpu::packing::shoal::Limits;
use shoal::engine::queue::Progress;
use shoal::engine::queue::RunQueue;
use shoal::engine::run::Outcome;
use shoal::engine::run::Run;
use shoal::engine::train::train;
use shoal::engine::train::train_within;
use shoal::{Error, Result};

use super::devices;
use super::in_time;
use crate::common::*;

/// Loses the device once some runs are finished.
struct Loser<'a> {
    gpu: &'a Gpu,
    list: List,
    after: usize,
}

impl RunQueue for Loser<'_> {
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
            let mut loser = Loser { gpu: &gpu, list: List::new(runs), after };
            let limits = Limits { runs: 12, ..Limits::default() };
            let error = train_within(&gpu, tables(&table), &mut loser, limits);
            (loser.list.outcomes, error.expect_err("lost"), gpu.adapter().name().to_owned())
        });
        assert_is_lost(&error, &name);
        let kept: Vec<Outcome> = kept.into_iter().flatten().collect();
        assert!((after..48).contains(&kept.len()), "{} kept after {after}", kept.len());
        kept.iter().for_each(|outcome| assert_same(&undisturbed[outcome.id], outcome, "kept"));
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
    let Error::Device(message) = error else { panic!("{error:?}") };
    assert!(message.contains(name) && message.contains("--device cpu"), "{message}");
}

/// Cannot write its third outcome.
struct Full {
    list: List,
    taken: usize,
}

impl RunQueue for Full {
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
        let mut full = Full { list: List::new(different_runs(30, &table, 24)), taken: 0 };
        let ended = train(&device, tables(&table), &mut full);
        let expected = Error::Output("runs.csv: no space left on device".into());
        assert_eq!(ended, Err(expected), "{name}");
        assert_eq!(full.list.outcomes.iter().flatten().count(), 2, "{name}");
        assert_eq!(full.taken, 3, "{name}: asked again after the error");
    }
}

#[test]
fn a_panic_of_one_thread_ends_the_others() {
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
