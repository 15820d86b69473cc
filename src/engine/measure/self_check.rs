//! The self-check of a device: compares a small training with the CPU before the device is used. A
//! shader that is correct on one driver may be wrong on another.

use std::sync::Arc;

use crate::engine::activation::Activation;
use crate::engine::cpu::backend::Executor;
use crate::engine::device::Device;
use crate::engine::graph::Graph;
use crate::engine::optim::schedule::{Cosine, Schedule};
use crate::engine::optim::update_scale::UpdateScale;
use crate::engine::precision::Precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::queue::{Progress, RunQueue};
use crate::engine::random::{pcg4d, unit};
use crate::engine::run::{Outcome, Run, Training};
use crate::engine::scale::InputScale;
use crate::engine::table::Table;
use crate::engine::train::train;
use crate::error::{Error, Result};

/// Trains three small, different networks for a few epochs in a precision and compares their
/// parameters with those of the CPU references in f64.
///
/// # Errors
/// [`Error::Device`] with the device's name if they differ, or if the device fails.
pub fn self_check(device: &Device, precision: Precision) -> Result<()> {
    if let Device::Cpu(_) = device {
        return Ok(());
    }
    let tables: Arc<[Table]> = Arc::from([table()]);
    let mut work = Check { waiting: runs(precision), outcomes: Vec::new() };
    train(device, tables.clone(), &mut work)?;
    let runs = runs(precision);
    if work.outcomes.len() != runs.len() {
        return Err(refused(device, "it did not finish every run"));
    }
    for outcome in &work.outcomes {
        let run = runs[outcome.id].clone();
        let start = run.parameters.clone();
        let mut executor = Executor::<f64>::new(PreparedRun::new(run, tables.clone()));
        while !executor.done() {
            executor.step();
        }
        let tolerance = tolerance(precision);
        compare(device, outcome, &executor.outcome(), &start, tolerance)?;
    }
    Ok(())
}

/// Largest error relative to the change of the parameters. In a few dozen steps f32 and f64 differ
/// by some thousand roundings, far less than this. In f16 both round in the same way, but numbers
/// on different sides of a rounding boundary, a few in a thousand, differ by a whole unit, 2^-10.
fn tolerance(precision: Precision) -> f64 {
    match precision {
        Precision::F32 => 1e-2,
        Precision::F16 => 5e-2,
    }
}

fn compare(
    device: &Device,
    outcome: &Outcome,
    reference: &Outcome,
    start: &[f32],
    tolerance: f64,
) -> Result<()> {
    let squares = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
    };
    let change = squares(&reference.parameters, start).sqrt();
    let off = squares(&outcome.parameters, &reference.parameters).sqrt();
    // written so that NaN fails
    if off <= tolerance * change && outcome.epochs == reference.epochs {
        return Ok(());
    }
    Err(refused(
        device,
        &format!(
            "the parameters of network {} differ from those of the CPU by {off:.2e}, where \
             training changed them by {change:.2e}",
            outcome.id
        ),
    ))
}

fn refused(device: &Device, why: &str) -> Error {
    Error::Device(format!(
        "{} fails the self-check and is not used: {why}. Update its driver, choose another one \
         with --device, or use --device cpu",
        device.name()
    ))
}

fn number(place: usize, salt: u32) -> f32 {
    (2.0 * unit(pcg4d([place as u32, salt, 8, 9])[0]) - 1.0) as f32
}

fn table() -> Table {
    let (rows, inputs, targets) = (40, 11, 2);
    let x: Vec<f32> = (0..rows * inputs).map(|place| number(place, 1)).collect();
    let y = (0..rows * targets).map(|place| {
        let row = &x[place / targets * inputs..][..inputs];
        0.5 + 0.2 * (row[place % targets] + row[3] * row[4])
    });
    let y = y.collect();
    Table::unscaled(x, inputs, y, targets).expect("self-check: a table")
}

fn runs(precision: Precision) -> Vec<Run> {
    let leaky = Activation::LeakyRelu { slope: 0.2 };
    let shapes: [(&[usize], _, _); 3] = [
        (&[33, 17], leaky, 0.2),
        (&[70], Activation::Tanh, 0.0),
        (&[5, 9, 4], Activation::Gelu, 0.0),
    ];
    let run = |(id, (hidden, activation, dropout)): (usize, (&[usize], Activation, f32))| {
        let mlp = Graph::mlp(&[&[11], hidden, &[2]].concat()).activation(activation);
        let mlp = mlp.output_activation(Activation::Sigmoid).dropout(dropout);
        let graph = mlp.build().expect("self-check: a perceptron");
        Run {
            id,
            parameters: graph.initial_parameters(id as u32),
            training: Training {
                batch: 12,
                learning_rate: 3e-3,
                weight_decay: 1e-2,
                beta1: 0.5,
                max_epochs: 6,
                patience: 6,
                precision,
                clip_norm: (id > 0).then_some(0.1),
                schedule: Schedule {
                    warmup: [0.0, 0.0, 1.5][id],
                    cosine: (id > 0).then_some(Cosine { epochs: 6, final_fraction: 0.1 }),
                },
                ..Training::default()
            },
            seed: 17 + id as u32,
            table: 0,
            training_rows: (0..31).collect(),
            validation_rows: (31..40).collect(),
            scale: InputScale { centre: vec![0.1; 11], width: vec![1.0 / 1.7; 11] },
            item_scale: InputScale::default(),
            loss_weights: vec![1.0; 2],
            updates: UpdateScale::all(&graph),
            graph,
        }
    };
    shapes.into_iter().enumerate().map(run).collect()
}

struct Check {
    waiting: Vec<Run>,
    outcomes: Vec<Outcome>,
}

impl RunQueue for Check {
    fn next(&mut self) -> Option<Run> {
        self.waiting.pop()
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        self.outcomes.push(outcome);
        Ok(())
    }

    fn progress(&mut self, _progress: &Progress) -> Result<()> {
        Ok(())
    }
}
