//! Gathers the items of a batch, scaled, one example after another. See
//! `shaders/gather_items.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::NodeId;
use crate::engine::kernel::{BARE, Kernel, reference};
use crate::engine::layout::{LANES, phase};
use crate::engine::memory::Memory;
use crate::engine::ops::rows::{Place, read_inputs};
use crate::engine::ops::sets::{integer, ranges, whole};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::{Rows, padded};
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "gather_items",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::Read),
        (Buffer::Tiles, Access::Read),
        (Buffer::Data, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    constants: |set| vec![("GATHER_THREADS", f64::from(set.gather_threads))],
    serves: |graph, _, _| graph.has_items(),
    // i: 32 items each
    tiles: |run, _, _| Grid::new(run.layout.rows.items.div_ceil(4 * LANES), 1),
    reference: reference!(compute),
    ..BARE
};

/// Fills the items and the example of each.
pub fn compute<F: Real>(run: &PreparedRun, _node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase == phase::DONE {
        return;
    }
    let sets = run.table().sets.as_ref().expect("gather_items: a table with items");
    let (layout, rows) = (&run.layout, memory.rows(run, Rows::Items));
    let (present, examples) = (memory.present(Rows::Items), memory.present(Rows::Examples));
    let stride = padded(run.graph.item_columns());
    let (before, index) = memory.work.split_at_mut(layout.squares);
    let (constants, items) = before.split_at_mut(layout.items);
    let items = &mut items[..rows * stride];
    let at = |array: usize| array - layout.squares;
    let (firsts, of_items) = index.split_at_mut(at(layout.index.examples));
    of_items[..rows].fill(F::zero());
    let of_examples = ranges(&firsts[at(layout.index.first_items)..], examples);
    for (example, range) in of_examples.enumerate() {
        let row = integer(firsts[at(layout.index.table_rows) + example]);
        of_items[range.clone()].fill(whole(example));
        let first = sets.offsets[row] as usize;
        for (local, item) in range.enumerate() {
            let x = &mut items[item * stride..][..stride];
            read_inputs(run, Place::Items, first + local, constants, x);
        }
    }
    items[present * stride..].fill(F::zero());
}
