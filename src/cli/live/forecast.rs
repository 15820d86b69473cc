//! The remaining time of a study: the steps that are left, group by group, times the recent cost of
//! a step.
//!
//! The runs of a group are expected to take as many steps as its finished runs; where none is
//! finished, as those of the same strategy at the nearest size, in the same epochs. There is no
//! estimate before a run of the pre-training and of every strategy is finished: strategies differ
//! tenfold.

use std::time::Duration;

use shoal::study::PRETRAINING;

use super::board::Board;
use super::board::State;

/// The remaining time, if it can be estimated.
pub fn left(board: &Board) -> Option<Duration> {
    let (mut seconds, mut units) = (0.0, 0);
    // fine-tunings after the pre-training take at least as long as their longest run
    let (mut pretraining, mut others): (f64, f64) = (0.0, 0.0);
    for state in board.groups.iter().filter(|state| !state.is_finished()) {
        let known = known(board, state)?;
        let cost = cost(board, state)?;
        let open = state.open.values().map(|open| {
            let steps = open.steps();
            known.whole(steps) - steps
        });
        let left: Vec<f64> =
            open.chain(std::iter::repeat_n(known.mean(state), state.waiting())).collect();
        seconds += cost * left.iter().sum::<f64>();
        units += left.len();
        let longest = cost * left.iter().copied().fold(0.0, f64::max);
        let kind = match state.group.curve.strategy.as_str() {
            PRETRAINING => &mut pretraining,
            _ => &mut others,
        };
        *kind = kind.max(longest);
    }
    if units == 0 {
        return None;
    }
    let together = board.alive.rate()?.clamp(1.0, units as f64);
    let left = (seconds / together).max(pretraining + others);
    Duration::try_from_secs_f64(left).ok()
}

/// The time that the runs of a group may still take which train now.
pub fn most_left(board: &Board, state: &State) -> Option<Duration> {
    let together = (board.alive.rate()?).clamp(1.0, state.alive.max(1) as f64);
    Duration::try_from_secs_f64(cost(board, state)? * state.most_steps_left() / together).ok()
}

/// Steps of finished runs, of a group or of one like it.
struct Known(Vec<f64>);

impl Known {
    /// Steps at the end of a run that has taken so many: the mean of longer runs, else it is about
    /// to end.
    fn whole(&self, so_far: f64) -> f64 {
        let longer: Vec<f64> = self.0.iter().copied().filter(|s| *s > so_far).collect();
        match longer.len() {
            0 => 1.1 * so_far,
            count => longer.iter().sum::<f64>() / count as f64,
        }
    }

    /// Steps of a run that has not begun. Running ones count with their expected length: short runs
    /// finish first.
    fn mean(&self, state: &State) -> f64 {
        let open = state.open.values().map(|open| self.whole(open.steps()));
        let all: Vec<f64> = self.0.iter().copied().chain(open).collect();
        all.iter().sum::<f64>() / all.len() as f64
    }
}

/// The finished runs that a group is compared with.
fn known(board: &Board, state: &State) -> Option<Known> {
    let has_steps = |other: &State| other.finished.iter().any(|steps| *steps > 0.0);
    let from = nearest(board, state, has_steps)?;
    // in the same epochs, as many steps for each simulation
    let scale = state.group.simulations as f64 / from.group.simulations as f64;
    let steps = from.finished.iter().filter(|steps| **steps > 0.0);
    Some(Known(steps.map(|steps| steps * scale).collect()))
}

/// Seconds of a step of a run of a group, while others train too.
fn cost(board: &Board, state: &State) -> Option<f64> {
    let from = nearest(board, state, |other| other.steps.sum() > 0.0)?;
    Some(from.seconds.sum() / from.steps.sum())
}

/// The group itself if it meets a condition, else the one of its strategy that is nearest in size.
fn nearest<'a>(
    board: &'a Board,
    state: &'a State,
    has: impl Fn(&State) -> bool,
) -> Option<&'a State> {
    let size = |state: &State| (state.group.simulations as f64).ln();
    let alike =
        |other: &&State| other.group.curve.strategy == state.group.curve.strategy && has(other);
    let far = |other: &State| (size(other) - size(state)).abs();
    let others = board.groups.iter().filter(alike);
    others.min_by(|one, other| far(one).total_cmp(&far(other)))
}

/// A time in words: the longer, the rounder.
pub fn in_words(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let minutes = (seconds / 60.0).round() as u64;
    match seconds {
        s if s < 10.0 => format!("{} s", s.ceil() as u64),
        s if s < 90.0 => format!("{} s", 5 * (s / 5.0).round() as u64),
        s if s < 5400.0 => format!("{minutes} min"),
        _ => format!("{} h {:02} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use shoal::engine::queue::Progress;
    use shoal::study::Event;
    use shoal::study::store::run::{Curve, GroupName, RunKey, RunRecord, StopReason};

    use super::*;

    /// A run of a made-up study.
    #[derive(Clone)]
    struct Made {
        key: RunKey,
        steps: u32,
        /// Seconds a step.
        cost: f64,
    }

    fn row(made: &Made) -> RunRecord {
        RunRecord {
            validation_loss: Some(0.1),
            epochs: 1,
            steps: made.steps,
            stopped: StopReason::Patience,
            ..RunRecord::untrained(made.key.clone(), 0)
        }
    }

    /// Four pre-trainings of 100 s each, then fine-tunings of three sizes of 1 to 4 s, 20 % more or
    /// less.
    fn runs() -> VecDeque<Made> {
        let group = |strategy, simulations| RunKey {
            curve: Curve::of(strategy),
            simulations,
            ..RunKey::default()
        };
        let made = |group: RunKey, seed: u32, steps: f64, cost| Made {
            key: RunKey { seed, ..group },
            steps: (steps * (0.8 + 0.1 * f64::from(seed * 7 % 5))) as u32,
            cost,
        };
        let mut runs = VecDeque::new();
        runs.extend((1..=4).map(|seed| made(group(PRETRAINING, 8000), seed, 50_000.0, 2e-3)));
        for simulations in [100, 200, 400] {
            for (strategy, cost) in [("scratch", 1e-3), ("attach-head", 5e-4)] {
                let steps = 10.0 * simulations as f64;
                let group = group(strategy, simulations);
                runs.extend((1..=20).map(|seed| made(group.clone(), seed, steps, cost)));
            }
        }
        runs
    }

    /// Two threads that train made-up runs.
    struct WorkerPool {
        board: Board,
        waiting: VecDeque<Made>,
        threads: [Option<(Made, f64)>; 2],
        now: f64,
        steps: f64,
    }

    const TICK: f64 = 0.05;

    impl WorkerPool {
        fn new(waiting: VecDeque<Made>) -> Self {
            let mut planned: Vec<(GroupName, usize)> = Vec::new();
            for made in &waiting {
                match planned.iter_mut().find(|(group, _)| *group == made.key.group()) {
                    Some((_, count)) => *count += 1,
                    None => planned.push((made.key.group(), 1)),
                }
            }
            let mut pool = Self {
                board: Board::default(),
                waiting,
                threads: [None, None],
                now: 0.0,
                steps: 0.0,
            };
            for (group, planned) in planned {
                pool.observe(&Event::Group { group, planned, finished_steps: &[], best: None });
            }
            pool
        }

        fn observe(&mut self, event: &Event) {
            self.board.take(event, Duration::from_secs_f64(self.now));
        }

        fn train(&mut self, thread: usize) {
            let Some((made, before)) = self.threads[thread].take() else {
                return;
            };
            let after = (before + TICK / made.cost).min(made.steps.into());
            self.steps += after - before;
            let key = &made.key;
            self.observe(&Event::Trained { key, steps: after as u32, epochs: &[] });
            if after as u32 == made.steps {
                self.observe(&Event::Ended { key });
                self.observe(&Event::Finished(&row(&made)));
            } else {
                self.threads[thread] = Some((made, after));
            }
        }

        /// Runs all of it; returns the estimate at each time, and the whole time.
        fn run(mut self) -> (Vec<(f64, Option<f64>)>, f64) {
            let mut estimates = Vec::new();
            loop {
                for thread in 0..2 {
                    if self.threads[thread].is_none() {
                        self.threads[thread] = self.waiting.pop_front().map(|made| (made, 0.0));
                        if let Some((made, _)) = &self.threads[thread] {
                            let now = Duration::from_secs_f64(self.now);
                            self.board.begin(&made.key, now);
                        }
                    }
                }
                if self.threads.iter().all(Option::is_none) {
                    return (estimates, self.now);
                }
                self.now += TICK;
                (0..2).for_each(|thread| self.train(thread));
                let progress = Progress {
                    alive: 2,
                    run_steps: self.steps as u64,
                    elapsed: Duration::from_secs_f64(self.now),
                    bytes: 0,
                    host: Duration::ZERO,
                    device: Duration::ZERO,
                };
                self.observe(&Event::Progress { progress, done: 0, waiting: 0 });
                let left = left(&self.board).map(|left| left.as_secs_f64());
                estimates.push((self.now, left));
            }
        }
    }

    #[test]
    fn the_remaining_time_follows_from_the_first_finished_runs() {
        let (estimates, end) = WorkerPool::new(runs()).run();
        assert!((250.0..400.0).contains(&end), "{end}");
        // no estimate before one run of each strategy is finished: attach-head begins 20 s after a
        // thread is free of pre-trainings
        let first = estimates.iter().find(|(_, left)| left.is_some()).unwrap().0;
        assert!((205.0..230.0).contains(&first), "{first}");
        for (now, left) in estimates.iter().filter(|(now, _)| (first..end).contains(now)) {
            let (left, truth) = (left.expect("known by now"), end - now);
            let error = (left - truth).abs();
            assert!(error < 0.15 * truth + 2.0, "at {now}: {left}, truly {truth}");
        }
    }

    #[test]
    fn pre_trainings_that_still_run_are_counted_as_such() {
        // scratch runs first: short runs finish while long ones have just begun
        let mut runs = runs();
        runs.rotate_left(4);
        let (estimates, end) = WorkerPool::new(runs).run();
        let half = estimates.iter().find(|(now, left)| *now > 0.7 * end && left.is_some());
        let (now, left) = half.unwrap();
        let truth = end - now;
        assert!((left.unwrap() / truth - 1.0).abs() < 0.3, "{left:?}, truly {truth}");
    }

    #[test]
    fn long_times_are_rounded() {
        let words = |seconds| in_words(Duration::from_secs_f64(seconds));
        assert_eq!(words(3.2), "4 s");
        assert_eq!(words(61.0), "60 s");
        assert_eq!(words(1500.0), "25 min");
        assert_eq!(words(11_000.0), "3 h 03 min");
    }
}
