//! The rows of a batch, and the numbers of a row of a table.

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::engine::cpu::vectors::widest;
use crate::engine::layout::{State, phase};
use crate::engine::precision;
use crate::engine::precision::Precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::random::permute_all;
use crate::engine::real::Real;

/// The rows of the table in a batch, in order.
pub(crate) fn batch_rows<F: Real>(run: &PreparedRun, state: &State<F>) -> Vec<u32> {
    let rows_of_phase = match state.phase {
        phase::TRAIN => &run.training_rows,
        _ => &run.validation_rows,
    };
    let (count, present) = (rows_of_phase.len() as u32, state.batch_rows);
    let mut rows = Vec::with_capacity(present as usize);
    let mut positions = [0; BLOCK];
    for first in (0..present).step_by(BLOCK) {
        find_positions(run, state, count, first, &mut positions);
        let block = positions.iter().take((present - first) as usize);
        rows.extend(block.map(|position| rows_of_phase[*position as usize]));
    }
    rows
}

/// What is read from a table: the columns of an example, or an item.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Columns,
    Items,
}

/// Reads a row of the columns, or of the items, of the run's table, scales it and pads it with
/// zeros.
pub(crate) fn read_inputs<F: Real>(
    run: &PreparedRun,
    place: Place,
    row: usize,
    constants: &[F],
    x: &mut [F],
) {
    let (table, layout) = (run.table(), &run.layout);
    let (stored, columns, mean, scale) = match (place, &table.sets) {
        (Place::Items, Some(sets)) => {
            (&sets.x, sets.columns, layout.item_mean, layout.item_inverse_deviation)
        }
        _ => (&table.x, table.inputs, layout.mean, layout.inverse_deviation),
    };
    let numbers = row * columns..(row + 1) * columns;
    match run.precision() {
        Precision::F32 => read_row(&stored[numbers], x),
        Precision::F16 => {
            let table = run.tables.in_f16(run.table);
            let stored = if place == Place::Items { &table.items } else { &table.x };
            read_f16(&stored[numbers], x);
        }
    }
    scale_row(&constants[mean..][..columns], &constants[scale..][..columns], x);
    precision::round(run.precision(), x);
}

/// Reads the targets of a row of the run's table and pads them with zeros.
pub(crate) fn read_labels<F: Real>(run: &PreparedRun, row: usize, labels: &mut [F]) {
    let table = run.table();
    let targets = row * table.targets..(row + 1) * table.targets;
    match run.precision() {
        Precision::F32 => read_row(&table.y[targets], labels),
        Precision::F16 => read_f16(&run.tables.in_f16(run.table).y[targets], labels),
    }
}

/// Examples whose positions are computed together.
pub(crate) const BLOCK: usize = 32;

widest! {
    /// Fills `positions` with the positions, among `count` rows, of the examples from `first` on.
    /// Beyond the end of the epoch they are valid but arbitrary.
    pub(crate) fn find_positions<F: Real>(
        run: &PreparedRun,
        state: &State<F>,
        count: u32,
        first: u32,
        positions: &mut [u32; BLOCK],
    ) {
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
