//! The reduction over the items of each example. See `shaders/pool_forward.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::{NodeId, Reduction};
use crate::engine::kernel::{Kernel, Update, always, one_tile, reference};
use crate::engine::layout::{LANES, phase};
use crate::engine::memory::Memory;
use crate::engine::ops::sets::{ranges, whole};
use crate::engine::precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::{Rows, padded};
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "pool_forward",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::Read),
        (Buffer::Tiles, Access::Read),
        (Buffer::Nodes, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    constants: |_| Vec::new(),
    update: Update::Any,
    serves: always,
    // i: four examples; j: eight vec4s of columns
    tiles: |run, node, _| {
        let width = run.graph.shape(node).width;
        Grid::new(run.layout.stride / 4, width.div_ceil(4 * LANES))
    },
    terms: |run, _| run.most.items.div_ceil(run.most.examples),
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// Fills the output and, for the largest number, the places of the items that have it.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase == phase::DONE {
        return;
    }
    let (at, index) = (run.layout.nodes[node], run.layout.index);
    let reduction = run.graph.nodes()[node].attributes.reduction;
    let stride = padded(run.graph.shape(node).width);
    let (rows, examples) = (memory.rows(run, Rows::Examples), memory.present(Rows::Examples));
    let (before, firsts) = memory.work.split_at_mut(index.first_items);
    let (before, own) = before.split_at_mut(at.saved);
    let items = &before[at.input..];
    let (saved, output) = own.split_at_mut(at.output - at.saved);
    let output = &mut output[..rows * stride];
    output.fill(F::zero());
    for (example, range) in ranges(firsts, examples).enumerate() {
        let sums = &mut output[example * stride..][..stride];
        let count = range.len();
        let of_items = items[range.start * stride..range.end * stride].chunks_exact(stride);
        match reduction {
            Reduction::Max => {
                let places = &mut saved[example * stride..][..stride];
                largest(of_items, sums, places);
            }
            Reduction::Sum | Reduction::Mean => {
                for item in of_items {
                    sums.iter_mut().zip(item).for_each(|(sum, x)| *sum += *x);
                }
                if reduction == Reduction::Mean && count > 0 {
                    let inverse = F::of(1.0 / count as f64);
                    sums.iter_mut().for_each(|sum| *sum *= inverse);
                }
            }
        }
    }
    precision::round(run.precision(), output);
}

/// The largest number of each column, and the first of the rows that has it.
fn largest<'a, F: Real>(
    rows: impl Iterator<Item = &'a [F]>,
    largest: &mut [F],
    places: &mut [F],
) {
    places.fill(F::zero());
    for (row, numbers) in rows.enumerate() {
        for ((most, place), number) in largest.iter_mut().zip(&mut *places).zip(numbers) {
            // NaN propagates
            if row == 0 || !(*number <= *most) {
                (*most, *place) = (*number, whole(row));
            }
        }
    }
}
