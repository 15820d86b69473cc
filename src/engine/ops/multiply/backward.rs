//! The gradient at both inputs. See `shaders/multiply_backward.wgsl`.

use crate::engine::graph::NodeId;
use crate::engine::kernel::{BLOCKS, Kernel, gives_gradients, reference};
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::ops::contribute::{self, give};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "multiply_backward",
    serves: gives_gradients,
    terms: |run, node| run.graph.shape(node).width,
    reference: reference!(compute),
    ..BLOCKS
};

/// Fills, or adds to, delta of the nodes below.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let (at, shape) = (run.layout.nodes[node], run.graph.shape(node));
    let (rows, stride) = (memory.rows(run, shape.rows), padded(shape.width));
    let factors = run.graph.input_shapes(node)[1].width;
    let has_one = factors < shape.width;
    let strides = [stride, padded(factors)];
    for input in 0..2 {
        let Some(contribution) = run.graph.contribution(node, input) else { continue };
        let (before, delta) = memory.work.split_at_mut(at.delta);
        let first = run.layout.nodes[contribution.below].delta;
        let (values, below) = before.split_at_mut(first);
        let (below, after) = below.split_at_mut(rows * strides[input]);
        // the other input lies before or behind the gradient that is given
        let other = [at.second, at.input][input];
        let others = match other < first {
            true => &values[other..],
            false => &after[other - first - rows * strides[input]..],
        };
        let others = others.chunks_exact(strides[1 - input]);
        let rows = delta.chunks_exact(stride).take(rows).zip(others);
        for ((delta, other), below) in rows.zip(below.chunks_exact_mut(strides[input])) {
            let each = delta.iter().zip(other);
            match (input, has_one) {
                (0, true) => give(contribution, delta.iter().map(|d| *d * other[0]), below),
                (1, true) => {
                    let sum = each.fold(F::zero(), |sum, (d, x)| sum + *d * *x);
                    let padded = [sum, F::zero(), F::zero(), F::zero()];
                    give(contribution, padded.into_iter(), below);
                }
                _ => give(contribution, each.map(|(d, other)| *d * *other), below),
            }
        }
        contribute::finish(run, contribution, memory);
    }
}
