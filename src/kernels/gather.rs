//! The batch of a step, shuffled and scaled. See `shaders/gather.wgsl`.

use super::layout::{LANES, State, phase};
use super::tile::Grid;
use super::widest::widest;
use super::{Access, Buffer, Kernel, Memory, Prepared, Real, page};
use crate::random::permute_all;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "gather",
    pages: |set| {
        vec![
            page::LAYOUT,
            page::quads(set),
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
    let (state, table, layout) = (memory.state, run.table(), &run.layout);
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
        let row = rows[example % BLOCK] as usize;
        scale_row(&table.x[row * inputs..][..inputs], mean, scale, x);
        let targets = &table.y[row * table.targets..][..table.targets];
        labels[table.targets..].fill(F::zero());
        for (label, target) in labels.iter_mut().zip(targets) {
            *label = F::of(f64::from(*target));
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
    /// `(raw - mean) * scale`, and zeros behind.
    fn scale_row<F: Real>(raw: &[f32], mean: &[F], scale: &[F], x: &mut [F]) {
        x[raw.len()..].fill(F::zero());
        for (((x, raw), mean), scale) in x.iter_mut().zip(raw).zip(mean).zip(scale) {
            *x = (F::of(f64::from(*raw)) - *mean) * *scale;
        }
    }
}
