//! Several devices: each run has the bits of the device that trains it, and a device that fails
//! gives its runs to the others.

use shoal::engine::cpu::backend::Cpu;
use shoal::engine::device::Device;
use shoal::engine::queue::{Progress, RunQueue};
use shoal::engine::run::{Outcome, Run};
use shoal::engine::several::train;
use shoal::{Error, Result};

use super::in_time;
use crate::common::*;

/// Notes which device trains what, and loses GPUs once some runs are finished.
struct Shared<'a> {
    devices: &'a [Device],
    list: List,
    /// The device of each finished run.
    by: Vec<Option<usize>>,
    /// Finished runs after which each GPU is lost.
    lost_after: Vec<(usize, usize)>,
    returned: Vec<usize>,
    /// Runs that begin only after as many are finished.
    waiting: Vec<(usize, Run)>,
}

impl<'a> Shared<'a> {
    fn new(devices: &'a [Device], runs: Vec<Run>) -> Self {
        let by = vec![None; runs.len()];
        let (list, lost_after) = (List::new(runs), vec![]);
        Self { devices, list, by, lost_after, returned: vec![], waiting: vec![] }
    }

    fn finished_runs(&self) -> usize {
        self.list.outcomes.iter().flatten().count()
    }
}

impl RunQueue for Shared<'_> {
    fn next(&mut self) -> Option<Run> {
        let finished = self.finished_runs();
        let ready = self.waiting.iter().position(|(after, _)| *after <= finished);
        self.list.next().or_else(|| Some(self.waiting.remove(ready?).1))
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        self.list.finished(outcome)
    }

    fn finished_on(&mut self, device: usize, outcome: Outcome) -> Result<()> {
        self.by[outcome.id] = Some(device);
        self.finished(outcome)
    }

    fn returned(&mut self, ids: &[usize], error: &Error) {
        assert!(matches!(error, Error::Device(_)), "{error:?}");
        assert!(ids.iter().all(|id| self.list.outcomes[*id].is_none()), "{ids:?}");
        self.returned.extend(ids);
    }

    fn progress(&mut self, progress: &Progress) -> Result<()> {
        assert!(progress.alive <= self.by.len());
        for (device, after) in &self.lost_after {
            if self.finished_runs() >= *after
                && let Device::Gpu(gpu) = &self.devices[*device]
            {
                gpu.lose();
            }
        }
        Ok(())
    }
}

/// The CPU, and one adapter opened twice.
fn three() -> Vec<Device> {
    let gpu = || Device::Gpu(Box::new(gpu()));
    vec![Device::Cpu(Cpu { threads: 1 }), gpu(), gpu()]
}

#[test]
fn every_run_has_the_bits_of_the_device_that_trained_it_and_all_train() {
    let _turn = turn();
    let table = table(60, 11, 3);
    let runs = different_runs(60, &table, 24);
    let devices = three();
    let alone: Vec<Vec<Outcome>> =
        devices.iter().map(|device| outcomes(device, &table, &runs)).collect();
    // the last ones can start only when others have finished
    let first = runs[..40].to_vec();
    let mut shared = Shared::new(&devices, first);
    shared.list.outcomes.resize(60, None);
    shared.by.resize(60, None);
    shared.waiting = runs[40..].iter().map(|run| (30, run.clone())).collect();
    train(&devices, tables(&table), &mut shared).unwrap();
    for (id, outcome) in shared.list.outcomes.iter().enumerate() {
        let device = shared.by[id].expect("a device");
        assert_same(&alone[device][id], outcome.as_ref().unwrap(), "several devices");
    }
    for device in 0..3 {
        assert!(shared.by.contains(&Some(device)), "{device} trained nothing: {:?}", shared.by);
    }
    assert!(shared.returned.is_empty());
}

#[test]
fn runs_of_a_device_that_fails_are_trained_by_the_others() {
    let _turn = turn();
    let table = table(60, 11, 3);
    let runs = different_runs(48, &table, 24);
    // one GPU after another, both at once, and one
    for lost_after in [vec![(1, 6), (2, 20)], vec![(1, 0), (2, 0)], vec![(2, 12)]] {
        let (table, runs) = (table.clone(), runs.clone());
        in_time(move || {
            let devices = three();
            let cpu = outcomes(&devices[0], &table, &runs);
            let mut shared =
                Shared { lost_after: lost_after.clone(), ..Shared::new(&devices, runs) };
            train(&devices, tables(&table), &mut shared).unwrap();
            assert!(!shared.returned.is_empty(), "{lost_after:?}: nothing was running");
            assert_eq!(shared.finished_runs(), 48);
            let on_cpu = shared.by.iter().filter(|by| **by == Some(0)).count();
            assert!(on_cpu > 0, "{:?}", shared.by);
            for (id, _) in shared.by.iter().enumerate().filter(|(_, by)| **by == Some(0)) {
                assert_same(&cpu[id], shared.list.outcomes[id].as_ref().unwrap(), "on the CPU");
            }
        });
    }
    let error = in_time(move || {
        let devices = three().split_off(1);
        let mut shared = Shared { lost_after: vec![(0, 3), (1, 9)], ..Shared::new(&devices, runs) };
        train(&devices, tables(&table), &mut shared).unwrap_err()
    });
    assert!(matches!(&error, Error::Device(text) if text.contains("the device failed")), "{error}");
}
