//! The sets of a batch: the row of each example, where its items and edges start, and their
//! numbers. See `shaders/sets.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::NodeId;
use crate::engine::kernel::{BARE, Kernel, reference};
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::ops::rows::batch_rows;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::{Rows, padded};
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "sets",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::ReadWrite),
        (Buffer::Tiles, Access::Read),
        (Buffer::Rows, Access::Read),
        (Buffer::Data, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    constants: |set| vec![("SETS_THREADS", f64::from(set.sets_threads))],
    serves: |graph, _, _| graph.has_items(),
    // one tile: the run's batch
    tiles: |_, _, _| Grid::new(1, 1),
    reference: reference!(compute),
    ..BARE
};

/// Fills the index of the examples and the numbers of items and edges in the state.
pub fn compute<F: Real>(run: &PreparedRun, _node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase != phase::DONE {
        let rows = batch_rows(run, &memory.state);
        fill(run, &rows, memory);
    }
}

/// The same for these rows of the table.
///
/// # Panics
/// If the table has no sets.
pub fn fill<F: Real>(run: &PreparedRun, rows: &[u32], memory: &mut Memory<F>) {
    let sets = run.table().sets.as_ref().expect("sets: a table with items");
    let (index, edges) = (&run.layout.index, run.graph.has_edges());
    let count = padded(run.training.batch + 1);
    let (mut items, mut all_edges) = (0, 0);
    for example in 0..count {
        let row = rows.get(example).copied();
        memory.work[index.table_rows + example] = whole(row.unwrap_or(0) as usize);
        memory.work[index.first_items + example] = whole(items);
        memory.work[index.first_edges + example] = whole(all_edges);
        let Some(row) = row else { continue };
        items += sets.count(row as usize);
        if edges {
            all_edges += sets.rows_of(row as usize, Rows::Edges);
        }
    }
    memory.state.batch_items = items as u32;
    memory.state.batch_edges = all_edges as u32;
}

/// An integer below 2^24 as it is stored in the index.
pub(crate) fn whole<F: Real>(number: usize) -> F {
    F::of(number as f64)
}

/// The integer.
pub(crate) fn integer<F: Real>(number: F) -> usize {
    number.wide() as usize
}

/// The items, or edges, of each example of a batch, from their first ones.
pub(crate) fn ranges<F: Real>(
    firsts: &[F],
    examples: usize,
) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    firsts[..examples + 1].windows(2).map(|pair| integer(pair[0])..integer(pair[1]))
}
