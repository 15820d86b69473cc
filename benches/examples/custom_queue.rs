//! A queue of one's own: runs are made when a device has room for them, and each outcome decides
//! what comes next. This one doubles the width until the validation loss no longer falls by a
//! tenth.
//!
//! `cargo run --release --example custom_queue`

use std::sync::Arc;

use shoal::{Activation, Device, Graph, Outcome, Result, Run, RunQueue, Table, Training, train};

struct Doubling {
    table: Table,
    next: Option<usize>,
    best: f64,
}

impl RunQueue for Doubling {
    fn next(&mut self) -> Option<Run> {
        let width = self.next.take()?;
        let graph = Graph::mlp(&[1, width, 1]).activation(Activation::Tanh).build().ok()?;
        let training = Training { learning_rate: 1e-2, max_epochs: 60, ..Training::default() };
        // the id comes back with the outcome
        Some(Run { id: width, ..Run::new(graph, &self.table).training(training) })
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        let loss = outcome.validation_loss.unwrap_or(f64::INFINITY);
        println!("width {:4}: validation loss {loss:.3e}", outcome.id);
        if loss < 0.9 * self.best && outcome.id < 256 {
            (self.best, self.next) = (loss, Some(2 * outcome.id));
        }
        Ok(())
    }
}

fn main() -> Result<()> {
    let x: Vec<f32> = (0..500).map(|i| i as f32 / 250.0 - 1.0).collect();
    let y = x.iter().map(|x| (8.0 * x).sin()).collect();
    let table = Table::new(x, 1, y, 1)?;
    let mut queue = Doubling { table: table.clone(), next: Some(2), best: f64::INFINITY };
    train(&Device::auto()?, Arc::from([table]), &mut queue)
}
