//! The progress of a study, group by group: running and finished runs, the best loss, the last
//! losses.

use std::collections::BTreeMap;
use std::time::Duration;

use shoal::engine::queue::Epoch;
use shoal::engine::queue::Progress;
use shoal::study::Event;
use shoal::study::store::run::RunRecord;
use shoal::study::store::run::{GroupName, RunKey};

/// Half-life of recent rates in seconds: they follow a machine that becomes slower, but do not
/// jump.
const HALF_LIFE: f64 = 30.0;

/// A study.
#[derive(Default)]
pub struct Board {
    /// Its groups, in its order.
    pub groups: Vec<State>,
    /// Running runs, a mean of the last seconds.
    pub alive: Recent,
    /// Optimiser steps of all runs, a sum of the last seconds.
    pub steps: Recent,
    /// Since the training began.
    pub elapsed: Duration,
    /// Steps of all runs at the last tick.
    steps_before: u64,
    /// When that was.
    ticked: Duration,
}

/// A group of a study. It counts trials in a search, else runs.
pub struct State {
    /// Which.
    pub group: GroupName,
    /// How many there are.
    pub planned: usize,
    /// Optimiser steps of each finished one.
    pub finished: Vec<f64>,
    /// The best validation loss of a run.
    pub best: Option<f64>,
    /// The last losses.
    pub last: Option<Epoch>,
    /// Epochs of the run that trained last, and the most that it may take.
    pub epochs: (f64, u32),
    /// Steps of an epoch, and most epochs, of the runs that begin.
    length: (f64, u32),
    /// Those that run, by trial or seed.
    pub open: BTreeMap<u32, Open>,
    /// Its runs that train now.
    pub alive: usize,
    /// Since when.
    since: Duration,
    /// Recent seconds of training, the sum of its runs.
    pub seconds: Recent,
    /// Recent steps of its runs.
    pub steps: Recent,
    /// Seconds and steps since the last tick.
    new: (f64, f64),
}

/// A trial, or a run that scores none, that has begun.
#[derive(Default)]
pub struct Open {
    /// Steps of each of its runs, by seed.
    steps: BTreeMap<u32, u32>,
}

impl Open {
    /// Steps so far.
    pub fn steps(&self) -> f64 {
        self.steps.values().map(|steps| f64::from(*steps)).sum()
    }
}

/// A sum that decays with time.
#[derive(Clone, Copy, Default)]
pub struct Recent {
    sum: f64,
    time: f64,
}

impl Recent {
    /// Adds a value of the last seconds.
    fn add(&mut self, value: f64, seconds: f64) {
        let kept = (-seconds / HALF_LIFE).exp2();
        self.sum = self.sum * kept + value;
        self.time = self.time * kept + seconds;
    }

    /// The sum.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// The sum per second.
    pub fn rate(&self) -> Option<f64> {
        (self.time > 0.0).then(|| self.sum / self.time)
    }
}

impl State {
    fn new(group: GroupName) -> Self {
        Self {
            group,
            planned: 0,
            finished: vec![],
            best: None,
            last: None,
            epochs: (0.0, 0),
            length: (1.0, 0),
            open: BTreeMap::new(),
            alive: 0,
            since: Duration::ZERO,
            seconds: Recent::default(),
            steps: Recent::default(),
            new: (0.0, 0.0),
        }
    }

    /// How many have not begun.
    pub fn waiting(&self) -> usize {
        self.planned.saturating_sub(self.finished.len() + self.open.len())
    }

    /// Steps that its running runs may still take.
    pub fn most_steps_left(&self) -> f64 {
        let most = self.length.0 * f64::from(self.length.1);
        let runs = self.open.values().flat_map(|open| open.steps.values());
        runs.map(|steps| (most - f64::from(*steps)).max(0.0)).sum()
    }

    /// Whether all of it is finished.
    pub fn is_finished(&self) -> bool {
        self.finished.len() >= self.planned
    }

    /// Sets how many of its runs train from now on.
    fn train(&mut self, alive: usize, now: Duration) {
        let seconds = now.saturating_sub(self.since).as_secs_f64();
        self.new.0 += self.alive as f64 * seconds;
        (self.alive, self.since) = (alive, now);
    }

    /// Adds what is new since so many seconds, and returns the time that runs trained in them.
    fn tick(&mut self, seconds: f64, now: Duration) -> f64 {
        self.train(self.alive, now);
        let (trained, steps) = std::mem::take(&mut self.new);
        if trained > 0.0 {
            self.seconds.add(trained, seconds);
            self.steps.add(steps, seconds);
        }
        trained
    }
}

impl Board {
    /// Takes an event, at a time since the beginning.
    pub fn take(&mut self, event: &Event, now: Duration) {
        match event {
            Event::Group { group, planned, finished_steps, best } => {
                let state = self.group(group.clone());
                state.planned = *planned;
                state.finished = finished_steps.iter().map(|steps| *steps as f64).collect();
                state.best = *best;
            }
            Event::Begun { key, run, max_epochs } => {
                self.begin(key, now);
                let steps = run.training_rows.len().div_ceil(run.training.batch).max(1);
                self.group(key.group()).length = (steps as f64, *max_epochs);
            }
            Event::Trained { key, steps, epochs } => {
                let before = self.open(key).steps.insert(key.seed, *steps);
                let state = self.group(key.group());
                state.new.1 += f64::from(steps.saturating_sub(before.unwrap_or(0)));
                state.last = epochs.last().copied().or(state.last);
                let (steps_per_epoch, most) = state.length;
                state.epochs = (f64::from(*steps) / steps_per_epoch, most);
            }
            Event::Ended { key } => {
                let state = self.group(key.group());
                state.train(state.alive.saturating_sub(1), now);
            }
            Event::Trial { trial, row, .. } => {
                self.record(row, (row.key.seed == 1).then_some(*trial))
            }
            Event::Pretrained(row) | Event::Finished(row) => self.record(row, Some(row.key.seed)),
            Event::Progress { progress, .. } => self.tick(progress, now),
            Event::Started { .. }
            | Event::Noticed { .. }
            | Event::Resumed { .. }
            | Event::DeviceFailed { .. } => {}
        }
    }

    fn group(&mut self, group: GroupName) -> &mut State {
        let found = self.groups.iter().position(|state| state.group == group);
        let place = found.unwrap_or_else(|| {
            self.groups.push(State::new(group));
            self.groups.len() - 1
        });
        &mut self.groups[place]
    }

    /// A run begins.
    pub fn begin(&mut self, key: &RunKey, now: Duration) {
        self.open(key).steps.insert(key.seed, 0);
        let state = self.group(key.group());
        state.train(state.alive + 1, now);
    }

    fn open(&mut self, key: &RunKey) -> &mut Open {
        let unit = key.trial.unwrap_or(key.seed);
        self.group(key.group()).open.entry(unit).or_default()
    }

    /// Adds a finished run; `ends` is the trial or run that it finishes, if it does.
    fn record(&mut self, row: &RunRecord, ends: Option<u32>) {
        let Some(state) = self.groups.iter_mut().find(|state| state.group == row.key.group())
        else {
            return;
        };
        let losses = [state.best, row.validation_loss];
        state.best = losses.into_iter().flatten().min_by(f64::total_cmp);
        if let Some(unit) = ends {
            let steps = state.open.remove(&unit).map_or(0.0, |open| open.steps());
            state.finished.push(steps.max(f64::from(row.steps)));
        }
    }

    fn tick(&mut self, progress: &Progress, now: Duration) {
        let seconds = now.saturating_sub(self.ticked).as_secs_f64();
        self.ticked = now;
        self.elapsed = progress.elapsed;
        let steps = progress.run_steps.saturating_sub(self.steps_before);
        self.steps_before = progress.run_steps;
        let trained = self.groups.iter_mut().map(|state| state.tick(seconds, now));
        self.alive.add(trained.sum(), seconds);
        self.steps.add(steps as f64, seconds);
    }
}
