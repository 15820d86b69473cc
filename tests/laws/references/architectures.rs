//! Networks on sets train as in PyTorch: `tests/reference/architectures/make.py`.

use shoal::engine::architectures::Hidden;
use shoal::engine::cpu::backend::Cpu;
use shoal::engine::device::Device;
use shoal::engine::graph::Reduction;
use shoal::engine::sets::Sets;

use super::*;

/// The parameters `<name>_<node>_0`, `<name>_<node>_1` of a graph.
fn parameters(reference: &Reference, name: &str, graph: &Graph) -> Vec<f32> {
    let mut parameters = vec![0.0; graph.parameter_len()];
    for node in 0..graph.nodes().len() {
        for (place, matrix) in graph.parameters(node).iter().enumerate() {
            let numbers = reference.singles(&format!("{name}_{node}_{place}"));
            assert_eq!(numbers.len(), matrix.rows * matrix.columns, "{name}, layer {node}");
            for (row, numbers) in numbers.chunks(matrix.columns).enumerate() {
                let at = matrix.at + row * matrix.stride;
                parameters[at..at + matrix.columns].copy_from_slice(numbers);
            }
        }
    }
    parameters
}

#[test]
fn three_hundred_steps_of_every_architecture_are_those_of_pytorch() {
    let _turn = turn();
    let reference = Reference::open("architectures/architectures");
    let sets = Sets::new(reference.singles("items"), 3, &reference.widths("counts"));
    let angle = Some(std::f64::consts::TAU);
    let sets = sets.and_then(|sets| sets.with_edges(3, &[(0, None), (1, angle)])).unwrap();
    let table = Table::of_sets(sets, reference.singles("targets"), 2).unwrap();
    let layers = Hidden { activation: Activation::Tanh, dropout: 0.0 };
    let graphs = [
        ("deep_set", Graph::deep_set(3, &[12, 10], Reduction::Sum, &[8], 2, layers)),
        ("edge_graph", Graph::edge_graph(3, &[&[8, 8]], &[8], 2, layers)),
        ("transformer", Graph::transformer(3, 16, 2, 1, 24, 2, layers)),
    ];
    let training = Training {
        batch: table.rows,
        learning_rate: 2e-3,
        max_epochs: 300,
        patience: 300,
        ..Training::default()
    };
    let all: Vec<u32> = (0..table.rows as u32).collect();
    let runs: Vec<Run> = (0..)
        .zip(graphs)
        .map(|(id, (name, graph))| {
            let graph = graph.unwrap();
            let start = parameters(&reference, name, &graph);
            let run = Run::new(graph, &table).rows(&table, all.clone(), all.clone());
            let item_scale = InputScale::none(3);
            Run { id, item_scale, ..run.training(training).parameters(start) }
        })
        .collect();
    for device in [Device::Cpu(Cpu { threads: 1 }), Device::Gpu(Box::new(gpu()))] {
        let outcomes = outcomes(&device, &table, &runs);
        for (outcome, name) in outcomes.iter().zip(["deep_set", "edge_graph", "transformer"]) {
            let losses = reference.numbers(&format!("{name}_losses"));
            // the last step starts from the parameters after 299 steps
            let trained = outcome.training_loss.unwrap();
            assert!((trained / losses[299] - 1.0).abs() < 1e-4, "{name}: {trained}");
            let best = losses[outcome.best_epoch as usize];
            let validated = outcome.validation_loss.unwrap();
            assert!((validated / best - 1.0).abs() < 1e-4, "{name}: {validated}, not {best}");
            println!("{name}: {:.1e} {:.1e}", trained / losses[299] - 1.0, validated / best - 1.0);
        }
    }
}
