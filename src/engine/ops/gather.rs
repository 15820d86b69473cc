//! Gathers the batch of a step: shuffled rows with scaled inputs. See `shaders/gather.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::NodeId;
use crate::engine::kernel::{BARE, Kernel, always, reference};
use crate::engine::layout::{LANES, phase};
use crate::engine::memory::Memory;
use crate::engine::ops::rows::{BLOCK, Place, find_positions, read_inputs, read_labels};
use crate::engine::ops::{gather_edges, gather_items, sets};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::{Rows, padded};
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "gather",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::Read),
        (Buffer::Tiles, Access::Read),
        (Buffer::Rows, Access::Read),
        (Buffer::Data, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    constants: |set| vec![("GATHER_THREADS", f64::from(set.gather_threads))],
    serves: always,
    // i: 32 examples each
    tiles: |run, _, _| Grid::new(run.layout.stride.div_ceil(4 * LANES), 1),
    reference: reference!(compute),
    ..BARE
};

/// Fills x, the labels and the example weights of the batch. Where the memory has the outputs of
/// the frozen nodes, it copies those instead of filling x.
pub fn compute<F: Real>(run: &PreparedRun, _node: NodeId, memory: &mut Memory<F>) {
    let (state, layout) = (memory.state, &run.layout);
    let rows = memory.rows(run, Rows::Examples);
    if state.phase == phase::DONE {
        return;
    }
    let (rows_of_phase, earlier) = match state.phase {
        phase::TRAIN => (&run.training_rows, 0),
        _ => (&run.validation_rows, run.training_rows.len()),
    };
    let (constants, batch) = memory.work.split_at_mut(layout.x);
    let (x, rest) = batch.split_at_mut(layout.labels - layout.x);
    let first = layout.nodes[0].saved;
    let (labels, above) = rest.split_at_mut(first - layout.labels);
    let (above, weights) = above.split_at_mut(layout.example_weights - first);
    let frozen = memory.features.len() / (run.training_rows.len() + run.validation_rows.len());
    let (input, stride) = match (frozen, run.graph.frozen_output()) {
        (1.., Some(node)) => (&mut above[layout.nodes[node].output - first..], frozen),
        _ => (x, padded(run.graph.columns())),
    };
    let mut input = input[..rows * stride].chunks_exact_mut(stride.max(1));
    let label_stride = padded(run.graph.outputs());
    let labels = labels[..rows * label_stride].chunks_exact_mut(label_stride);
    let mut positions = [0; BLOCK];
    for (example, (labels, weight)) in labels.zip(weights).enumerate() {
        // a table of sets may have no columns per example
        let input = input.next().unwrap_or_default();
        if example >= state.batch_rows as usize {
            input.fill(F::zero());
            labels.fill(F::zero());
            *weight = F::zero();
            continue;
        }
        if example % BLOCK == 0 {
            find_positions(run, &state, rows_of_phase.len() as u32, example as u32, &mut positions);
        }
        let position = positions[example % BLOCK] as usize;
        let row = rows_of_phase[position] as usize;
        match frozen {
            0 if stride == 0 => {}
            0 => read_inputs(run, Place::Columns, row, constants, input),
            _ => input.copy_from_slice(&memory.features[(earlier + position) * stride..][..stride]),
        }
        read_labels(run, row, labels);
        let of_row = run.row_weights().map_or(1.0, |weights| weights[earlier + position]);
        *weight = F::of(f64::from(of_row));
    }
}

/// Fills x, and the items and edges, with these rows of the table.
pub fn bring<F: Real>(run: &PreparedRun, rows: &[u32], memory: &mut Memory<F>) {
    memory.state.batch_rows = rows.len() as u32;
    let (constants, x) = memory.work.split_at_mut(run.layout.x);
    let stride = padded(run.graph.columns());
    for (row, x) in rows.iter().zip(x.chunks_exact_mut(stride.max(1))) {
        if stride > 0 {
            read_inputs(run, Place::Columns, *row as usize, constants, x);
        }
    }
    let node = run.graph.output_node();
    if run.graph.has_items() {
        sets::fill(run, rows, memory);
        gather_items::compute(run, node, memory);
    }
    if run.graph.has_edges() {
        gather_edges::compute(run, node, memory);
    }
}
