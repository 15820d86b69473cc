//! Gathers the batch of a step: shuffled rows with scaled inputs. See `shaders/gather.wgsl`.

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::vectors::widest;
use crate::engine::graph::{NodeId, padded};
use crate::engine::kernel::{Kernel, Update, always, no_terms, one_tile, reference};
use crate::engine::layout::{LANES, State, phase};
use crate::engine::memory::Memory;
use crate::engine::precision;
use crate::engine::precision::Precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::random::permute_all;
use crate::engine::real::Real;
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
    update: Update::Any,
    serves: always,
    // i: 32 examples each
    tiles: |run, _, _| Grid::new(run.layout.stride.div_ceil(4 * LANES), 1),
    terms: no_terms,
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// Fills x, the labels and the example weights of the batch. Where the memory has the outputs of the frozen nodes, it
/// copies those instead of filling x.
pub fn compute<F: Real>(run: &PreparedRun, _node: NodeId, memory: &mut Memory<F>) {
    let (state, layout) = (memory.state, &run.layout);
    let rows = memory.rows(run);
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
        _ => (x, padded(run.graph.inputs())),
    };
    let input = input[..rows * stride].chunks_exact_mut(stride);
    let label_stride = padded(run.graph.outputs());
    let labels = labels[..rows * label_stride].chunks_exact_mut(label_stride);
    let mut positions = [0; BLOCK];
    let batch = input.zip(labels).zip(weights).enumerate();
    for (example, ((input, labels), weight)) in batch {
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
            0 => read_inputs(run, row, constants, input),
            _ => input.copy_from_slice(&memory.features[(earlier + position) * stride..][..stride]),
        }
        read_labels(run, row, labels);
        let of_row = run.row_weights().map_or(1.0, |weights| weights[earlier + position]);
        *weight = F::of(f64::from(of_row));
    }
}

/// Fills x with these rows of the table.
pub fn bring<F: Real>(run: &PreparedRun, rows: &[u32], memory: &mut Memory<F>) {
    let (constants, x) = memory.work.split_at_mut(run.layout.x);
    let stride = padded(run.graph.inputs());
    for (row, x) in rows.iter().zip(x.chunks_exact_mut(stride)) {
        read_inputs(run, *row as usize, constants, x);
    }
}

/// Reads the inputs of a row of the run's table, scales them and pads them with zeros.
fn read_inputs<F: Real>(run: &PreparedRun, row: usize, constants: &[F], x: &mut [F]) {
    let table = run.table();
    let inputs = row * table.inputs..(row + 1) * table.inputs;
    match run.precision() {
        Precision::F32 => read_row(&table.x[inputs], x),
        Precision::F16 => read_f16(&run.tables.in_f16(run.table).x[inputs], x),
    }
    let mean = &constants[run.layout.mean..][..table.inputs];
    let scale = &constants[run.layout.inverse_deviation..][..table.inputs];
    scale_row(mean, scale, x);
    precision::round(run.precision(), x);
}

/// Reads the targets of a row of the run's table and pads them with zeros.
fn read_labels<F: Real>(run: &PreparedRun, row: usize, labels: &mut [F]) {
    let table = run.table();
    let targets = row * table.targets..(row + 1) * table.targets;
    match run.precision() {
        Precision::F32 => read_row(&table.y[targets], labels),
        Precision::F16 => read_f16(&run.tables.in_f16(run.table).y[targets], labels),
    }
}

/// Examples whose positions are computed together.
const BLOCK: usize = 32;

widest! {
    /// Fills `positions` with the positions, among `count` rows, of the examples from `first` on.
    /// Beyond the end of the epoch they are valid but arbitrary.
    fn find_positions<F: Real>(run: &PreparedRun, state: &State<F>, count: u32, first: u32, positions: &mut [u32; BLOCK]) {
        for (position, place) in positions.iter_mut().zip(state.cursor + first..) {
            *position = place.min(count - 1);
        }
        if state.phase == phase::TRAIN {
            permute_all(run.seed, state.epoch, count, positions);
        }
    }
}

widest! {
    fn read_row<F: Real>(from: &[f32], to: &mut [F]) {
        to[from.len()..].fill(F::zero());
        for (to, from) in to.iter_mut().zip(from) {
            *to = F::of(f64::from(*from));
        }
    }
}

/// Converts through slices, which the processor converts eight numbers at a time.
fn read_f16<F: Real>(from: &[f16], to: &mut [F]) {
    let mut numbers = [0.0; 128];
    to[from.len()..].fill(F::zero());
    for (from, to) in from.chunks(numbers.len()).zip(to.chunks_mut(numbers.len())) {
        let numbers = &mut numbers[..from.len()];
        from.convert_to_f32_slice(numbers);
        to.iter_mut().zip(numbers).for_each(|(to, from)| *to = F::of(f64::from(*from)));
    }
}

widest! {
    /// `(x - mean) * scale`.
    fn scale_row<F: Real>(mean: &[F], scale: &[F], x: &mut [F]) {
        for ((x, mean), scale) in x.iter_mut().zip(mean).zip(scale) {
            *x = (*x - *mean) * *scale;
        }
    }
}
