//! The batch of a step, shuffled and scaled. See `shaders/gather.wgsl`.

use super::layout::{LANES, phase};
use super::tile::Grid;
use super::{Access, Buffer, Kernel, Memory, Prepared, Real};
use crate::random::permute;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "gather",
    source: |_| {
        concat!(
            include_str!("../../shaders/layout.wgsl"),
            include_str!("../../shaders/random.wgsl"),
            include_str!("../../shaders/gather.wgsl")
        )
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
    let stride = layout.stride;
    let (inputs, outputs) = (run.network.inputs(), run.network.outputs());
    let (constants, batch) = memory.work.split_at_mut(layout.x);
    let (x, rest) = batch.split_at_mut(layout.labels - layout.x);
    let labels = &mut rest[..outputs * stride];
    for example in 0..stride {
        if example >= state.batch_rows as usize {
            (0..inputs).for_each(|k| x[k * stride + example] = F::zero());
            (0..outputs).for_each(|j| labels[j * stride + example] = F::zero());
            continue;
        }
        let row = row(run, state.phase, state.epoch, state.cursor + example as u32);
        for (k, raw) in table.x[row * inputs..][..inputs].iter().enumerate() {
            let mean = constants[layout.mean + k];
            let scale = constants[layout.inverse_deviation + k];
            x[k * stride + example] = (F::of(f64::from(*raw)) - mean) * scale;
        }
        let targets = &table.y[row * table.targets..][..table.targets];
        for j in 0..outputs {
            let label = targets.get(j).copied().unwrap_or(0.0);
            labels[j * stride + example] = F::of(f64::from(label));
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
