//! The end of a forward kernel with an activation: dropout.

use crate::engine::graph::NodeId;
use crate::engine::layout::{State, phase};
use crate::engine::precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;

/// Drops numbers of the output of rows of a node, and rounds it; `first` is the first of these
/// rows, a multiple of four.
pub fn end<F: Real>(
    run: &PreparedRun,
    node: NodeId,
    state: &State<F>,
    first: usize,
    output: &mut [F],
) {
    let (stride, dropout) = (padded(run.graph.shape(node).width), run.dropout(node));
    if state.phase == phase::TRAIN && dropout.threshold > 0 {
        dropout.apply(run.dropout_key(state.steps, node), stride, first, output);
    }
    precision::round(run.precision(), output);
}
