//! Gathers the edges of a batch: the items at both ends. See `shaders/gather_edges.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::NodeId;
use crate::engine::kernel::{BARE, Kernel, reference};
use crate::engine::layout::{LANES, phase};
use crate::engine::memory::Memory;
use crate::engine::ops::sets::{integer, ranges, whole};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::Rows;
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "gather_edges",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::Read),
        (Buffer::Tiles, Access::Read),
        (Buffer::Data, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    serves: |graph, _, _| graph.has_edges(),
    // i: 32 edges each
    tiles: |run, _, _| Grid::new(run.layout.rows.edges.div_ceil(4 * LANES), 1),
    reference: reference!(compute),
    ..BARE
};

/// Fills the centre and the neighbour of each edge.
pub fn compute<F: Real>(run: &PreparedRun, _node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase == phase::DONE {
        return;
    }
    let sets = run.table().sets.as_ref().expect("gather_edges: a table with items");
    let edges = sets.edges.as_ref().expect("gather_edges: a table with edges");
    let (index, rows) = (run.layout.index, memory.rows(run, Rows::Edges));
    let examples = memory.present(Rows::Examples);
    let (firsts, ends) = memory.work.split_at_mut(index.centres);
    let (centres, neighbours) = ends.split_at_mut(index.neighbours - index.centres);
    centres[..rows].fill(F::zero());
    neighbours[..rows].fill(F::zero());
    let items = ranges(&firsts[index.first_items..], examples);
    let of_examples = items.zip(ranges(&firsts[index.first_edges..], examples)).enumerate();
    for (example, (items, range)) in of_examples {
        let row = integer(firsts[index.table_rows + example]);
        let degree = sets.degree(row);
        for (local, edge) in range.enumerate() {
            let (centre, place) = (local / degree, local % degree);
            let item = sets.offsets[row] as usize + centre;
            let neighbour = edges.lists[item * edges.neighbours + place] as usize;
            centres[edge] = whole(items.start + centre);
            neighbours[edge] = whole(items.start + neighbour);
        }
    }
}
