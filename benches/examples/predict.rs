//! Trains an ensemble, predicts with it, and gives the spread of its members as an error bar.
//!
//! `cargo run --release --example predict`

use shoal::{Activation, Device, Graph, Result, Run, Table, Training, train_all};

fn main() -> Result<()> {
    let x: Vec<f32> = (0..300).map(|i| i as f32 / 150.0 - 1.0).collect();
    let y = x.iter().map(|x| x * x + 0.3 * (5.0 * x).cos()).collect();
    let table = Table::new(x, 1, y, 1)?;

    let graph = Graph::mlp(&[1, 32, 32, 1]).activation(Activation::Silu).build()?;
    let training = Training { learning_rate: 5e-3, max_epochs: 100, ..Training::default() };
    let run = |seed| Run::new(graph.clone(), &table).seed(seed).training(training);
    let runs: Vec<Run> = (1..=10).map(run).collect();
    let outcomes = train_all(&Device::auto()?, std::slice::from_ref(&table), runs.clone())?;

    let new = [-0.8f32, -0.25, 0.1, 0.7];
    let all: Vec<Vec<f32>> =
        runs.iter().zip(&outcomes).map(|(run, outcome)| run.predict(outcome, &new)).collect();
    println!("    x     truth   mean of 10   spread");
    for (place, x) in new.iter().enumerate() {
        let truth = x * x + 0.3 * (5.0 * x).cos();
        let mean = all.iter().map(|one| one[place]).sum::<f32>() / all.len() as f32;
        let squares = all.iter().map(|one| (one[place] - mean).powi(2)).sum::<f32>();
        let spread = (squares / (all.len() - 1) as f32).sqrt();
        println!("{x:6.2} {truth:9.4} {mean:12.4} {spread:8.4}");
    }
    Ok(())
}
