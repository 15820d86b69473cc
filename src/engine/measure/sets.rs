//! The workloads on sets: 24 networks of one kind, or 24 of each kind together, on 2,000 sets of
//! random items. `benches/peers/workloads.py` has the same lists for other programs.

use crate::engine::architectures::Hidden;
use crate::engine::graph::{Graph, Reduction};
use crate::engine::random::{pcg4d, unit};
use crate::engine::sets::Sets;
use crate::engine::shape::BatchRows;
use crate::engine::table::Table;

/// Examples in a minibatch.
pub(crate) const BATCH: usize = 64;
/// Networks of each kind.
const NETWORKS: usize = 24;
/// Columns of the items, and columns per example beside them, which the perceptrons read.
const COLUMNS: [usize; 2] = [7, 16];
/// Neighbours of each item.
const NEIGHBOURS: usize = 7;
/// Targets of each example.
const TARGETS: usize = 2;

/// A kind of network.
type Kind = (&'static str, fn(Hidden) -> crate::Result<Graph>);

/// The kinds, each with the name of its workload.
pub(crate) const KINDS: [Kind; 3] = [
    ("deep-sets", |layers| {
        let ([items, _], hidden) = (COLUMNS, [100, 100, 100]);
        Graph::deep_set(items, &[100, 100, 128], Reduction::Mean, &hidden, TARGETS, layers)
    }),
    ("edge-graphs", |layers| {
        let blocks: [&[usize]; 2] = [&[32, 32, 32], &[64, 64, 64]];
        Graph::edge_graph(COLUMNS[0], &blocks, &[128], TARGETS, layers)
    }),
    ("transformers", |layers| Graph::transformer(COLUMNS[0], 64, 4, 2, 128, TARGETS, layers)),
];

/// The name of the workload with all kinds and perceptrons.
pub(crate) const MIXED: &str = "mixed-sets";

/// The networks of the workload of this name.
pub(crate) fn networks(name: &str) -> Option<Vec<Graph>> {
    let of_kind = |(_, graph): &Kind| graph(Hidden::default()).expect("workload: a network");
    if name == MIXED {
        let perceptron = Graph::mlp(&[COLUMNS[1], 128, 128, TARGETS]).build();
        let perceptron = perceptron.expect("workload: a perceptron");
        let each: Vec<Graph> = KINDS.iter().map(of_kind).chain([perceptron]).collect();
        return Some((0..NETWORKS).flat_map(|_| each.clone()).collect());
    }
    let kind = KINDS.iter().find(|(kind, _)| *kind == name)?;
    Some(vec![of_kind(kind); NETWORKS])
}

/// The number of items of an example, uniform between both numbers.
fn count(row: usize, [least, most]: [usize; 2]) -> usize {
    least + (unit(pcg4d([row as u32, 0, 1, 7])[0]) * (most - least + 1) as f64) as usize
}

/// The mean number of rows of a batch of these examples.
pub(crate) fn mean_rows(graph: &Graph, rows: usize, counts: [usize; 2]) -> BatchRows {
    if !graph.has_items() {
        return BATCH.into();
    }
    let counts = (0..rows).map(|row| count(row, counts));
    let edges = counts.clone().map(|count| count * NEIGHBOURS.min(count - 1)).sum::<usize>();
    let of_batch = |sum: usize| (sum * BATCH).div_ceil(rows);
    let edges = if graph.has_edges() { of_batch(edges) } else { 0 };
    BatchRows { examples: BATCH, items: of_batch(counts.sum()), edges }
}

/// A table of so many sets.
pub(crate) fn table(rows: usize, counts: [usize; 2]) -> Table {
    let number = |place: usize, salt: u32| unit(pcg4d([place as u32, salt, 1, 8])[0]) as f32 - 0.5;
    let numbers = |count: usize, salt: u32| (0..count).map(|place| number(place, salt)).collect();
    let counts: Vec<usize> = (0..rows).map(|row| count(row, counts)).collect();
    let [items, columns] = COLUMNS;
    let x: Vec<f32> = numbers(counts.iter().sum::<usize>() * items, 3);
    let sets = Sets::new(x, items, &counts).expect("workload: sets");
    let sets = sets.with_edges(NEIGHBOURS, &[(0, None), (1, None)]).expect("workload: edges");
    let table =
        Table::unscaled(numbers(rows * columns, 4), columns, numbers(rows * TARGETS, 5), TARGETS);
    table.and_then(|table| table.with_sets(sets)).expect("workload: a table")
}
