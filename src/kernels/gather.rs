//! The batch of a step, shuffled and scaled. See `shaders/gather.wgsl`.

use super::layout::{LANES, phase};
use super::tile::Grid;
use super::{Access, Buffer, Kernel, Memory, Prepared, Real, page};
use crate::random::permute;

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
    for (example, (x, labels)) in (0..).zip(x.zip(labels)) {
        x.fill(F::zero());
        labels.fill(F::zero());
        if example >= state.batch_rows {
            continue;
        }
        let row = row(run, state.phase, state.epoch, state.cursor + example);
        let raw = &table.x[row * inputs..][..inputs];
        for (((x, raw), mean), scale) in x.iter_mut().zip(raw).zip(mean).zip(scale) {
            *x = (F::of(f64::from(*raw)) - *mean) * *scale;
        }
        let targets = &table.y[row * table.targets..][..table.targets];
        for (label, target) in labels.iter_mut().zip(targets) {
            *label = F::of(f64::from(*target));
        }
    }
}

/// The row of the table that stands at `position` of an epoch.
fn row(run: &Prepared, now: u32, epoch: u32, position: u32) -> usize {
    if now == phase::TRAIN {
        let count = run.training_rows.len() as u32;
        run.training_rows[permute(run.seed, epoch, count, position) as usize] as usize
    } else {
        run.validation_rows[position as usize] as usize
    }
}
