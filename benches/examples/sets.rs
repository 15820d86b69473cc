//! Four networks on sets of points, trained together: a perceptron that only sees how many points
//! there are, a deep set, a graph network and a transformer. The target is the mean distance of a
//! point from its nearest neighbour, which needs more than one point at a time.
//!
//! `cargo run --release --example sets`

use shoal::{Device, Graph, Hidden, Reduction, Run, Sets, Table, Training, train_all};

/// A number in [0, 1) for each place.
fn number(place: usize) -> f64 {
    (place as f64 * 0.618_033_988_749 + (place as f64 * 0.7).sin()).rem_euclid(1.0)
}

fn main() -> shoal::Result<()> {
    // 600 sets of 2 to 9 points (a, b) in the unit square
    let counts: Vec<usize> = (0..600).map(|set| 2 + set * 5 % 8).collect();
    let points: Vec<[f64; 2]> =
        (0..counts.iter().sum()).map(|i| [number(2 * i), number(2 * i + 1)]).collect();
    let mut targets = Vec::new();
    let mut first = 0;
    for count in &counts {
        let own = &points[first..first + count];
        first += count;
        let nearest = own.iter().map(|[a, b]| {
            let distances = own.iter().map(|[c, d]| (a - c).hypot(b - d)).filter(|d| *d > 0.0);
            distances.fold(f64::MAX, f64::min)
        });
        targets.push(nearest.sum::<f64>() / *count as f64);
    }
    let sets = Sets::new(points.concat(), 2, &counts)?.with_edges(3, &[(0, None), (1, None)])?;
    let sizes: Vec<f64> = counts.iter().map(|count| *count as f64).collect();
    let table = Table::new(sizes, 1, targets, 1)?.with_sets(sets)?;

    let layers = Hidden::default();
    let graphs = [
        ("perceptron", Graph::mlp(&[1, 16, 1]).build()?),
        ("deep set", Graph::deep_set(2, &[32, 32], Reduction::Mean, &[32], 1, layers)?),
        ("graph network", Graph::edge_graph(2, &[&[32, 32]], &[32], 1, layers)?),
        ("transformer", Graph::transformer(2, 32, 4, 1, 64, 1, layers)?),
    ];
    let training = Training { learning_rate: 3e-3, max_epochs: 60, ..Training::default() };
    let run = |graph: &Graph| Run::new(graph.clone(), &table).training(training);
    let runs: Vec<Run> = graphs.iter().map(|(_, graph)| run(graph)).collect();
    let outcomes = train_all(&Device::auto()?, std::slice::from_ref(&table), runs)?;
    for ((name, graph), outcome) in graphs.iter().zip(outcomes) {
        let loss = outcome.validation_loss.unwrap_or(f64::NAN);
        println!("{name:<14} {:>6} parameters, error {:.4}", graph.parameter_count(), loss.sqrt());
    }
    Ok(())
}
