//! The batch of a step, shuffled and scaled. See `shaders/gather.wgsl`.

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::layout::{LANES, State, phase};
use super::tile::Grid;
use super::widest::widest;
use super::{Access, Buffer, Kernel, Memory, Prepared, Real, page, precision};
use crate::random::permute_all;
use crate::run::Precision;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "gather",
    pages: |set| {
        vec![
            page::LAYOUT,
            page::quads(set),
            page::packed(set),
            page::RANDOM,
            include_str!("../../shaders/gather.wgsl"),
        ]
    },
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::Read),
        (Buffer::Tiles, Access::Read),
        (Buffer::Rows, Access::Read),
        (Buffer::Data, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    constants: |set| vec![("GATHER_THREADS", f64::from(set.gather_threads))],
};

/// i: 32 examples each.
pub fn tiles(run: &Prepared) -> Grid {
    Grid::new(run.layout.stride.div_ceil(4 * LANES), 1)
}

/// Fills x and the labels of the run's batch.
pub fn twin<F: Real>(run: &Prepared, memory: &mut Memory<F>) {
    let (state, layout) = (memory.state, &run.layout);
    if state.phase == phase::DONE {
        return;
    }
    let (inputs, outputs) = (run.network.inputs(), run.network.outputs());
    let [x_stride, label_stride] = [inputs, outputs].map(|width| width.next_multiple_of(4));
    let (constants, batch) = memory.work.split_at_mut(layout.x);
    let mean = &constants[layout.mean..][..inputs];
    let scale = &constants[layout.inverse_deviation..][..inputs];
    let (x, rest) = batch.split_at_mut(layout.labels - layout.x);
    let x = x[..layout.stride * x_stride].chunks_exact_mut(x_stride);
    let labels = rest[..layout.stride * label_stride].chunks_exact_mut(label_stride);
    let mut rows = [0; BLOCK];
    for (example, (x, labels)) in x.zip(labels).enumerate() {
        if example >= state.batch_rows as usize {
            x.fill(F::zero());
            labels.fill(F::zero());
            continue;
        }
        if example % BLOCK == 0 {
            find_rows(run, &state, example as u32, &mut rows);
        }
        read(run, rows[example % BLOCK] as usize, x, labels);
        scale_row(mean, scale, x);
        precision::round(run.precision(), x);
    }
}

/// A row of the run's table as it is stored; zeros behind.
fn read<F: Real>(run: &Prepared, row: usize, x: &mut [F], labels: &mut [F]) {
    let table = run.table();
    let inputs = row * table.inputs..(row + 1) * table.inputs;
    let targets = row * table.targets..(row + 1) * table.targets;
    match run.precision() {
        Precision::F32 => {
            read_row(&table.x[inputs], x);
            read_row(&table.y[targets], labels);
        }
        Precision::F16 => {
            let half = run.tables.half(run.table);
            read_halves(&half.x[inputs], x);
            read_halves(&half.y[targets], labels);
        }
    }
}

/// Examples whose rows are found together.
const BLOCK: usize = 32;

widest! {
    /// The rows of the table that stand at the examples from `first` on; past the end of the epoch, some row.
    fn find_rows<F: Real>(run: &Prepared, state: &State<F>, first: u32, rows: &mut [u32; BLOCK]) {
        let of = match state.phase {
            phase::TRAIN => &run.training_rows,
            _ => &run.validation_rows,
        };
        let last = of.len() as u32 - 1;
        for (row, position) in rows.iter_mut().zip(state.cursor + first..) {
            *row = position.min(last);
        }
        if state.phase == phase::TRAIN {
            permute_all(run.seed, state.epoch, last + 1, rows);
        }
        for row in rows {
            *row = of[*row as usize];
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

/// Through slices, because those the processor converts eight at a time.
fn read_halves<F: Real>(from: &[f16], to: &mut [F]) {
    let mut numbers = [0.0; 128];
    to[from.len()..].fill(F::zero());
    for (from, to) in from.chunks(numbers.len()).zip(to.chunks_mut(numbers.len())) {
        let numbers = &mut numbers[..from.len()];
        from.convert_to_f32_slice(numbers);
        to.iter_mut()
            .zip(numbers)
            .for_each(|(to, from)| *to = F::of(f64::from(*from)));
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
