//! Trains sixty different networks at once: widths, depths, activations and learning rates.
//!
//! `cargo run --release --example train_many`

use shoal::{Activation, Device, Graph, Result, Run, Table, Training, train_all};

fn main() -> Result<()> {
    // y = sin(3 a) b on a grid of 40 x 40 points
    let grid = |i: usize| (i % 40) as f32 / 20.0 - 1.0;
    let points: Vec<[f32; 2]> = (0..1600).map(|i| [grid(i), grid(i / 40)]).collect();
    let y = points.iter().map(|[a, b]| (3.0 * a).sin() * b).collect();
    let table = Table::new(points.concat(), 2, y, 1)?;

    let mut names = Vec::new();
    let mut runs = Vec::new();
    for width in [8, 16, 32, 64, 128] {
        for depth in 1..=3 {
            for activation in [Activation::Relu, Activation::Silu] {
                for learning_rate in [1e-3, 1e-2] {
                    let widths = [vec![2], vec![width; depth], vec![1]].concat();
                    let graph = Graph::mlp(&widths).activation(activation).build()?;
                    let training =
                        Training { learning_rate, max_epochs: 40, ..Training::default() };
                    let name = activation.name();
                    names.push(format!("{depth} x {width}, {name}, rate {learning_rate}"));
                    runs.push(Run::new(graph, &table).seed(1).training(training));
                }
            }
        }
    }

    let device = Device::auto()?;
    println!("{} networks on {}", runs.len(), device.name());
    let outcomes = train_all(&device, &[table], runs)?;
    let mut ranked: Vec<_> = names.iter().zip(&outcomes).collect();
    ranked.sort_by(|(_, a), (_, b)| a.validation_loss.partial_cmp(&b.validation_loss).unwrap());
    println!("the five best:");
    for (name, outcome) in &ranked[..5] {
        let loss = outcome.validation_loss.unwrap_or(f64::NAN);
        println!("  {name}: validation loss {loss:.2e} after {} epochs", outcome.best_epoch);
    }
    Ok(())
}
