//! The batch of a step, shuffled and scaled. See `shaders/gather.wgsl`.

use super::layout::{LANES, phase};
use super::tile::Grid;
use super::{Access, Buffer, Kernel, Memory, Prepared, Real, page, precision};
use crate::random::permute;
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
    for (example, (x, labels)) in (0..).zip(x.zip(labels)) {
        x.fill(F::zero());
        labels.fill(F::zero());
        if example >= state.batch_rows {
            continue;
        }
        let row = row(run, state.phase, state.epoch, state.cursor + example);
        read(run, row, x, labels);
        for ((x, mean), scale) in x.iter_mut().zip(mean).zip(scale) {
            *x = (*x - *mean) * *scale;
        }
        precision::round(run.precision(), x);
    }
}

/// A row of the run's table as it is stored.
fn read<F: Real>(run: &Prepared, row: usize, x: &mut [F], labels: &mut [F]) {
    let table = run.table();
    let (first_x, first_y) = (row * table.inputs, row * table.targets);
    let to = |to: &mut [F], from: &mut dyn Iterator<Item = f64>| {
        to.iter_mut()
            .zip(from)
            .for_each(|(to, from)| *to = F::of(from));
    };
    match run.precision() {
        Precision::F32 => {
            to(
                x,
                &mut table.x[first_x..][..table.inputs]
                    .iter()
                    .map(|x| f64::from(*x)),
            );
            to(
                labels,
                &mut table.y[first_y..][..table.targets]
                    .iter()
                    .map(|y| f64::from(*y)),
            );
        }
        Precision::F16 => {
            let half = run.tables.half(run.table);
            to(
                x,
                &mut half.x[first_x..][..table.inputs].iter().map(|x| x.to_f64()),
            );
            to(
                labels,
                &mut half.y[first_y..][..table.targets]
                    .iter()
                    .map(|y| y.to_f64()),
            );
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
