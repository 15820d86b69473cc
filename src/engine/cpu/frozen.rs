//! Precomputes the outputs of the frozen nodes of a run for all of its rows, because they are the
//! same in every epoch. Only the CPU stores them: on a GPU the rows of many runs would not fit.

use crate::engine::graph::Graph;
use crate::engine::memory::Memory;
use crate::engine::ops::{gather, kernels_of};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::{Rows, padded};

/// Largest size of the precomputed outputs of a run, in numbers: 64 MiB of f32. Beyond that every
/// step computes them.
const MOST: usize = 16 << 20;

/// Size, in numbers, of the precomputed outputs of a graph for `rows` rows, each padded to a
/// multiple of four; 0 if they are not precomputed.
pub fn feature_numbers(graph: &Graph, rows: usize) -> usize {
    let output = graph.frozen_output().map(|node| graph.shape(node));
    let numbers =
        output.filter(|shape| shape.rows == Rows::Examples).map(|shape| rows * padded(shape.width));
    numbers.filter(|count| *count <= MOST).unwrap_or(0)
}

/// Fills [`Memory::features`] of a run before its first step.
pub fn fill<F: Real>(run: &PreparedRun, memory: &mut Memory<F>) {
    let lists = [&run.training_rows[..], &run.validation_rows];
    let count = feature_numbers(&run.graph, lists.map(<[u32]>::len).iter().sum());
    let Some(last) = run.graph.frozen_output().filter(|_| count > 0) else { return };
    let (at, stride) = (run.layout.nodes[last].output, padded(run.graph.shape(last).width));
    let mut features = std::mem::take(&mut memory.features);
    features.renew(&[], count);
    // the memory holds the items of a batch of each list, not of rows of both
    let batches = lists.into_iter().flat_map(|list| list.chunks(run.training.batch));
    let mut next = 0;
    for rows in batches {
        let features = &mut features[next..][..rows.len() * stride];
        next += features.len();
        gather::bring(run, rows, memory);
        for (id, node) in run.graph.nodes()[..run.graph.first_trained()].iter().enumerate() {
            for kernel in kernels_of(node.op).forward {
                (kernel.reference.of())(run, id, memory);
            }
        }
        features.copy_from_slice(&memory.work[at..][..rows.len() * stride]);
    }
    memory.state.batch_rows = 0;
    memory.features = features;
}
