//! When a study will be over: the steps that are still to be taken, part by part, and what a step has cost lately.
//!
//! A part takes its runs from those of it that are over; a part of which none is over borrows from the nearest size, first of
//! its own strategy, then of the others, as if epochs were the same. Nothing is said before a pre-training and a fine-tuning
//! are over: nobody knows then.

use std::time::Duration;

use shoal::study::PRETRAINING;

use super::board::{Board, State};

/// The time that is left, if anything is known of it.
pub fn left(board: &Board) -> Option<Duration> {
    let (mut seconds, mut units) = (0.0, 0);
    // what begins after the pre-training is over takes at least as long as its longest run
    let (mut pretraining, mut others): (f64, f64) = (0.0, 0.0);
    for state in board.parts.iter().filter(|state| !state.is_over()) {
        let known = known(board, state)?;
        let cost = cost(board, state)?;
        let open = state.open.values().map(|open| {
            let steps = open.steps();
            known.whole(steps) - steps
        });
        let left: Vec<f64> = open
            .chain(std::iter::repeat_n(known.mean(state), state.waiting()))
            .collect();
        seconds += cost * left.iter().sum::<f64>();
        units += left.len();
        let longest = cost * left.iter().copied().fold(0.0, f64::max);
        let kind = match state.part.strategy {
            PRETRAINING => &mut pretraining,
            _ => &mut others,
        };
        *kind = kind.max(longest);
    }
    let together = board.alive.rate()?.clamp(1.0, units.max(1) as f64);
    let left = (seconds / together).max(pretraining + others);
    Duration::try_from_secs_f64(left).ok()
}

/// Steps of runs that are over, of a part or of one like it.
struct Known(Vec<f64>);

impl Known {
    /// Steps at the end of a run that has taken so many: as those that were longer, else it is about to end.
    fn whole(&self, so_far: f64) -> f64 {
        let longer: Vec<f64> = self.0.iter().copied().filter(|s| *s > so_far).collect();
        match longer.len() {
            0 => 1.1 * so_far,
            count => longer.iter().sum::<f64>() / count as f64,
        }
    }

    /// Steps of a run that has not begun. Runs that still train count as long as they will be: short ones are over first.
    fn mean(&self, state: &State) -> f64 {
        let open = state.open.values().map(|open| self.whole(open.steps()));
        let all: Vec<f64> = self.0.iter().copied().chain(open).collect();
        all.iter().sum::<f64>() / all.len() as f64
    }
}

/// What is known of a part's runs.
fn known(board: &Board, state: &State) -> Option<Known> {
    let told = |other: &State| other.over.iter().any(|steps| *steps > 0.0);
    let from = nearest(board, state, told)?;
    // in the same epochs, as many steps for each simulation
    let scale = state.part.simulations as f64 / from.part.simulations as f64;
    let steps = from.over.iter().filter(|steps| **steps > 0.0);
    Some(Known(steps.map(|steps| steps * scale).collect()))
}

/// Seconds that a run of a part takes for a step, beside the others.
fn cost(board: &Board, state: &State) -> Option<f64> {
    let from = nearest(board, state, |other| other.steps.sum() > 0.0)?;
    Some(from.seconds.sum() / from.steps.sum())
}

/// The part itself if it has what is asked for, else the nearest in size, of its own strategy if there is one.
fn nearest<'a>(
    board: &'a Board,
    state: &'a State,
    has: impl Fn(&State) -> bool,
) -> Option<&'a State> {
    if has(state) {
        return Some(state);
    }
    let pretrains = |state: &State| state.part.strategy == PRETRAINING;
    let alike = |other: &&State| pretrains(other) == pretrains(state) && has(other);
    let size = |state: &State| (state.part.simulations as f64).ln();
    board.parts.iter().filter(alike).min_by(|one, other| {
        let rank = |other: &State| {
            (
                other.part.strategy != state.part.strategy,
                (size(other) - size(state)).abs(),
            )
        };
        let (one, other) = (rank(one), rank(other));
        one.0.cmp(&other.0).then(one.1.total_cmp(&other.1))
    })
}

/// A time as it is told: the longer, the rounder.
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
