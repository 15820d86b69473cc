//! What is known of a study while it runs, part by part: what trains, what is over, the best so
//! far, the last losses.

use std::collections::BTreeMap;
use std::time::Duration;

use shoal::engine::queue::Epoch;
use shoal::engine::queue::Progress;
use shoal::study::store::run::RunRecord;
use shoal::study::{Event, Name, Part};

/// In which time what was seen counts half: rates follow a machine that becomes slower, but do not
/// jump.
const HALF_LIFE: f64 = 30.0;

/// A study.
#[derive(Default)]
pub struct Board {
    /// Its parts, in its order.
    pub parts: Vec<State>,
    /// Runs in training, a mean over the last seconds.
    pub alive: Recent,
    /// Optimiser steps over all runs, a sum over the last seconds.
    pub steps: Recent,
    /// Since the training began.
    pub elapsed: Duration,
    /// Steps over all runs when this was told last.
    told: u64,
    /// When that was.
    ticked: Duration,
}

/// A part of a study. What it counts are trials where it is a search, else runs.
pub struct State {
    /// Which.
    pub part: Part,
    /// How many there are.
    pub planned: usize,
    /// Optimiser steps of each that is over.
    pub over: Vec<f64>,
    /// The best validation loss of a run.
    pub best: Option<f64>,
    /// The losses that were told last.
    pub last: Option<Epoch>,
    /// Those that have begun and are not over, by trial or seed.
    pub open: BTreeMap<u32, Open>,
    /// Its runs that train now.
    pub alive: usize,
    /// Since when they are so many.
    since: Duration,
    /// Seconds that its runs trained lately, added up over runs.
    pub seconds: Recent,
    /// Steps that its runs took lately.
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

/// A sum in which what is long ago counts little.
#[derive(Clone, Copy, Default)]
pub struct Recent {
    sum: f64,
    time: f64,
}

impl Recent {
    /// Adds what came in so many seconds.
    fn add(&mut self, value: f64, seconds: f64) {
        let kept = (-seconds / HALF_LIFE).exp2();
        self.sum = self.sum * kept + value;
        self.time = self.time * kept + seconds;
    }

    /// The sum.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// The sum over the time, a second.
    pub fn rate(&self) -> Option<f64> {
        (self.time > 0.0).then(|| self.sum / self.time)
    }
}

impl State {
    fn new(part: Part) -> Self {
        Self {
            part,
            planned: 0,
            over: vec![],
            best: None,
            last: None,
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
        self.planned.saturating_sub(self.over.len() + self.open.len())
    }

    /// Whether all of it is over.
    pub fn is_over(&self) -> bool {
        self.over.len() >= self.planned
    }

    /// From now on so many of its runs train.
    fn train(&mut self, alive: usize, now: Duration) {
        let seconds = now.saturating_sub(self.since).as_secs_f64();
        self.new.0 += self.alive as f64 * seconds;
        (self.alive, self.since) = (alive, now);
    }

    /// Takes up what is new, since so many seconds; the time that runs trained in them.
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
    /// Takes up what happened, at a time since the beginning.
    pub fn take(&mut self, event: &Event, now: Duration) {
        match event {
            Event::Part { part, planned, over, best } => {
                let state = self.part(*part);
                state.planned = *planned;
                state.over = over.iter().map(|steps| *steps as f64).collect();
                state.best = *best;
            }
            Event::Begun { name, .. } => self.begin(name, now),
            Event::Trained { name, steps, epochs } => {
                let before = self.open(name).steps.insert(name.seed, *steps);
                let state = self.part(name.part);
                state.new.1 += f64::from(steps.saturating_sub(before.unwrap_or(0)));
                state.last = epochs.last().copied().or(state.last);
            }
            Event::Ended { name } => {
                let state = self.part(name.part);
                state.train(state.alive.saturating_sub(1), now);
            }
            Event::Trial { trial, row, .. } => {
                self.over(row, (row.key.seed == 1).then_some(*trial))
            }
            Event::Pretrained(row) | Event::Finished(row) => self.over(row, Some(row.key.seed)),
            Event::Progress { progress, .. } => self.tick(progress, now),
            Event::Started { .. } | Event::Searching { .. } | Event::Continued { .. } => {}
        }
    }

    fn part(&mut self, part: Part) -> &mut State {
        let found = self.parts.iter().position(|state| state.part == part);
        let place = found.unwrap_or_else(|| {
            self.parts.push(State::new(part));
            self.parts.len() - 1
        });
        &mut self.parts[place]
    }

    /// A run begins.
    pub fn begin(&mut self, name: &Name, now: Duration) {
        self.open(name).steps.insert(name.seed, 0);
        let state = self.part(name.part);
        state.train(state.alive + 1, now);
    }

    fn open(&mut self, name: &Name) -> &mut Open {
        let unit = name.trial.unwrap_or(name.seed);
        self.part(name.part).open.entry(unit).or_default()
    }

    /// Books a row; what it ends, if it does.
    fn over(&mut self, row: &RunRecord, ends: Option<u32>) {
        let Some(state) = self.parts.iter_mut().find(|state| state.part.has(row)) else {
            return;
        };
        let losses = [state.best, row.validation_loss];
        state.best = losses.into_iter().flatten().min_by(f64::total_cmp);
        if let Some(unit) = ends {
            let steps = state.open.remove(&unit).map_or(0.0, |open| open.steps());
            state.over.push(steps.max(f64::from(row.steps)));
        }
    }

    fn tick(&mut self, progress: &Progress, now: Duration) {
        let seconds = now.saturating_sub(self.ticked).as_secs_f64();
        self.ticked = now;
        self.elapsed = progress.elapsed;
        let steps = progress.run_steps.saturating_sub(self.told);
        self.told = progress.run_steps;
        let trained = self.parts.iter_mut().map(|state| state.tick(seconds, now));
        self.alive.add(trained.sum(), seconds);
        self.steps.add(steps as f64, seconds);
    }
}
