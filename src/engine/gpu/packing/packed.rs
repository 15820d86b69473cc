//! A packed run: its offsets in the buffers and its last state.

use crate::engine::layout::State;
use crate::engine::prepared::{Bases, PreparedRun};
use crate::error::{Error, Result};

/// A packed run.
pub(crate) struct Packed {
    pub(crate) run: PreparedRun,
    pub(crate) bases: Bases,
    /// The first chunk that executes it.
    pub(crate) since: u64,
    /// The first chunk that executes it with its current number of epochs.
    pub(crate) goes_on: u64,
    /// Expected ticks of its clock after the last chunk that was read.
    pub(crate) ticks: u32,
    pub(crate) state: State<f32>,
}

impl Packed {
    pub(crate) fn new(run: PreparedRun, bases: Bases, chunk: u64, state: State<f32>) -> Self {
        Self { run, bases, since: chunk, goes_on: chunk, ticks: 0, state }
    }

    /// A lower bound of the steps until the run stops, unless it diverges.
    pub(crate) fn steps_ahead(&self) -> u32 {
        let training = &self.run.training;
        let waits = training.patience.saturating_sub(self.state.waited);
        let epochs = training.max_epochs.saturating_sub(self.state.epoch).min(waits);
        epochs.saturating_mul(self.run.steps_per_epoch() as u32)
    }

    /// Checks that the clock and the last kernel of the last step executed the expected number of
    /// steps: some drivers report a killed chunk as finished.
    pub(crate) fn check_completion(&self, device: &str, steps: u32) -> Result<()> {
        if self.state.ticks == self.ticks && self.state.completed == self.ticks {
            return Ok(());
        }
        Err(Error::Device(format!(
            "{device}: the driver reported a chunk of {steps} steps as finished, but run {} is at \
             step {} (its last kernel at {}) instead of {}; nothing of this chunk is used. Try \
             --device cpu, or update the driver",
            self.run.id, self.state.ticks, self.state.completed, self.ticks
        )))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::graph::Graph;
    use crate::engine::run::Run;
    use crate::engine::table::Table;

    /// A run with expected ticks, and the counts that the host reads back.
    fn packed(expected: u32, ticks: u32, completed: u32) -> Packed {
        let table = Table::new(vec![0.0; 2], 1, vec![0.0; 2], 1).unwrap();
        let graph = Graph::mlp(&[1, 1]).build().unwrap();
        let run = Run { id: 17, ..Run::new(graph, &table).rows(&table, vec![0], vec![1]) };
        let run = PreparedRun::new(run, Arc::from([table]));
        let state = State { ticks, completed, ..State::fresh() };
        Packed { run, bases: Bases::default(), since: 0, goes_on: 0, ticks: expected, state }
    }

    #[test]
    fn a_chunk_that_stopped_early_is_an_error_that_names_device_run_and_steps() {
        assert!(packed(40, 40, 40).check_completion("Apple M9", 8).is_ok());
        // nothing was executed; stopped between two steps; stopped in the last step; the buffer was
        // cleared; too many ticks
        for (ticks, completed) in [(32, 32), (37, 37), (40, 39), (0, 0), (41, 41), (39, 40)] {
            let checked = packed(40, ticks, completed).check_completion("Apple M9", 8);
            let Err(Error::Device(message)) = checked else {
                panic!("{ticks}, {completed}: {checked:?}")
            };
            let numbers =
                format!("run 17 is at step {ticks} (its last kernel at {completed}) instead of 40");
            for part in ["Apple M9", "8 steps", numbers.as_str()] {
                assert!(message.contains(part), "'{part}' is not in: {message}");
            }
        }
    }
}
