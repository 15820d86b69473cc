//! The end of a forward kernel with an activation: dropout(activation(z)).

use crate::engine::activation;
use crate::engine::graph::NodeId;
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::precision;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;

/// Fills the output of a node from its preactivation.
pub fn apply<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    let (at, shape) = (run.layout.nodes[node], run.graph.shape(node));
    let (rows, stride) = (memory.rows(run, shape.rows), padded(shape.width));
    let size = rows * stride;
    let (z, output) = memory.work[at.saved..].split_at_mut(at.output - at.saved);
    let output = &mut output[..size];
    activation::activate(run.graph.nodes()[node].attributes.activation, &z[..size], output);
    let dropout = run.dropout(node);
    if memory.state.phase == phase::TRAIN && dropout.threshold > 0 {
        dropout.apply(run.dropout_key(memory.state.steps, node), stride, output);
    }
    precision::round(run.precision(), output);
}
