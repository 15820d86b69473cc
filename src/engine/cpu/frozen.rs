//! What the frozen layers of a run make of its rows. It is the same in every epoch, so the CPU
//! finds it once, before the first step, with the kernels that would find it in every step; a GPU,
//! where rows of all widths would have to lie beside each other, does not.

use crate::engine::gather;
use crate::engine::graph::Network;
use crate::engine::memory::{Memory, PreparedRun, Real};
use crate::engine::ops::dense::forward;

/// Numbers that are kept of a run at most: 64 MiB of f32. What would be more is found in each step.
const MOST: usize = 16 << 20;

/// Numbers that are kept of a network's rows: outputs of its last frozen layer, rows padded to a
/// multiple of four.
pub fn feature_numbers(network: &Network, rows: usize) -> usize {
    match network.first_trained().checked_sub(1) {
        Some(last) => {
            Some(rows * network.parameter_table()[last].stride).filter(|count| *count <= MOST)
        }
        None => None,
    }
    .unwrap_or(0)
}

/// Fills [`Memory::features`] of a run that has not begun.
pub fn fill<F: Real>(run: &PreparedRun, memory: &mut Memory<F>) {
    let rows = [&run.training_rows[..], &run.validation_rows].concat();
    let count = feature_numbers(&run.network, rows.len());
    if count == 0 {
        return;
    }
    let trained = run.network.first_trained();
    let (at, stride) = (run.layout.layers[trained].input, run.places[trained - 1].stride);
    let mut features = std::mem::take(&mut memory.features);
    features.renew(&[], count);
    let some = run.layout.stride;
    for (rows, features) in rows.chunks(some).zip(features.chunks_mut(some * stride)) {
        memory.state.batch_rows = rows.len() as u32;
        gather::bring(run, rows, memory);
        for layer in 0..trained {
            forward::reference(run, layer, memory);
        }
        features.copy_from_slice(&memory.work[at..][..rows.len() * stride]);
    }
    memory.state.batch_rows = 0;
    memory.features = features;
}
