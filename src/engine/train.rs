//! Training many runs on a device.

use std::sync::Arc;

use crate::engine::cpu::worker_pool;
use crate::engine::device::Device;
use crate::engine::gpu::Gpu;
use crate::engine::gpu::packing;
use crate::engine::gpu::packing::shoal::Limits;
use crate::engine::host;
use crate::engine::queue::RunQueue;
use crate::engine::run::{Outcome, Run};
use crate::engine::table::Table;
use crate::error::Result;
use crate::input_error;

/// Trains every run of a queue.
///
/// # Errors
/// What the queue returns; [`crate::Error::Device`] if the device fails; [`crate::Error::Input`] if
/// a run is larger than the device can hold.
pub fn train(device: &Device, tables: Arc<[Table]>, queue: &mut dyn RunQueue) -> Result<()> {
    let mut queue = host::Timed::new(queue);
    match device {
        Device::Gpu(gpu) => packing::train(gpu, tables, &mut queue, Limits::default()),
        Device::Cpu(cpu) => worker_pool::train(cpu.threads, tables, &mut queue),
    }
}

/// Trains on a GPU with other limits than the default ones.
///
/// # Errors
/// As [`train`].
pub fn train_within(
    gpu: &Gpu,
    tables: Arc<[Table]>,
    queue: &mut dyn RunQueue,
    limits: Limits,
) -> Result<()> {
    packing::train(gpu, tables, &mut host::Timed::new(queue), limits)
}

/// Trains all of these runs and returns their outcomes in the same order. The runs may differ in
/// everything but their precision; [`Run::id`] is set to the place of the run.
///
/// ```
/// use shoal::{Activation, Device, Graph, Run, Table, Training, train_all};
///
/// let x: Vec<f32> = (0..200).map(|i| i as f32 / 100.0).collect();
/// let y = x.iter().map(|x| (3.0 * x).sin()).collect();
/// let table = Table::new(x, 1, y, 1)?;
/// let runs = [4, 16, 64].map(|width| {
///     let graph = Graph::mlp(&[1, width, 1]).activation(Activation::Tanh).build().unwrap();
///     Run::new(graph, &table).seed(1).training(Training { max_epochs: 30, ..Training::default() })
/// });
/// let outcomes = train_all(&Device::cpu(), &[table], runs)?;
/// assert!(outcomes.iter().all(|outcome| outcome.validation_loss.unwrap() < 0.5));
/// # Ok::<(), shoal::Error>(())
/// ```
///
/// # Errors
/// [`crate::Error::Input`] for a run that does not fit its table or has settings that make no
/// sense, before anything is trained ([`Run::check`]), and otherwise as [`train`].
pub fn train_all(
    device: &Device,
    tables: &[Table],
    runs: impl IntoIterator<Item = Run>,
) -> Result<Vec<Outcome>> {
    let runs: Vec<Run> = runs.into_iter().enumerate().map(|(id, run)| Run { id, ..run }).collect();
    for run in &runs {
        run.check(tables)?;
        let (first, own) = (runs[0].training.precision, run.training.precision);
        if own != first {
            return Err(input_error!(
                "run {} trains in {} but run 0 in {}; train them in two calls",
                run.id,
                own.name(),
                first.name()
            ));
        }
    }
    let mut list = List { outcomes: vec![None; runs.len()], waiting: runs.into_iter() };
    train(device, Arc::from(tables), &mut list)?;
    Ok(list.outcomes.into_iter().map(|one| one.expect("train: a run without outcome")).collect())
}

/// A queue of given runs.
struct List {
    waiting: std::vec::IntoIter<Run>,
    outcomes: Vec<Option<Outcome>>,
}

impl RunQueue for List {
    fn next(&mut self) -> Option<Run> {
        self.waiting.next()
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        let id = outcome.id;
        self.outcomes[id] = Some(outcome);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::Graph;
    use crate::engine::precision::Precision;
    use crate::engine::run::Training;

    fn table() -> Table {
        let x: Vec<f32> = (0..40).map(|i| i as f32 / 20.0).collect();
        Table::new(x.clone(), 1, x.iter().map(|x| x * x).collect(), 1).unwrap()
    }

    fn run(table: &Table) -> Run {
        let graph = Graph::mlp(&[1, 5, 1]).build().unwrap();
        Run::new(graph, table).training(Training { max_epochs: 3, ..Training::default() })
    }

    #[test]
    fn outcomes_come_in_the_order_of_the_runs() {
        let table = table();
        let runs: Vec<Run> = (0..5).map(|seed| run(&table).seed(seed)).collect();
        let outcomes = train_all(&Device::cpu(), &[table], runs.clone()).unwrap();
        for (id, (run, outcome)) in runs.iter().zip(&outcomes).enumerate() {
            assert_eq!((outcome.id, outcome.epochs), (id, 3));
            assert_eq!(run.predict(outcome, &[0.3, 0.6]).len(), 2);
        }
        assert_ne!(outcomes[0].parameters, outcomes[1].parameters);
    }

    #[test]
    fn mistakes_are_errors_before_anything_is_trained() {
        let (table, device) = (table(), Device::cpu());
        let wide = Run::new(Graph::mlp(&[2, 1]).build().unwrap(), &table);
        let beyond = run(&table).rows(&table, vec![0, 1], vec![39]);
        let wrong = [
            (wide, "1 inputs of the table, but 2 inputs of the network"),
            (run(&table).table(3), "there is no table 3, only 1"),
            (Run { training_rows: vec![], ..run(&table) }, "no training rows"),
            (
                Run { validation_rows: vec![40], ..beyond },
                "validation row 40 of a table of 40 rows",
            ),
        ];
        for (run, message) in wrong {
            let error = train_all(&device, std::slice::from_ref(&table), [run]).unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
        let f16 = Training { precision: Precision::F16, ..Training::default() };
        let mixed = [run(&table), run(&table).training(f16)];
        let error = train_all(&device, &[table], mixed).unwrap_err().to_string();
        assert!(error.contains("run 1 trains in f16 but run 0 in f32"), "{error}");
    }
}
