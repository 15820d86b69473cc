//! The gradient at both inputs. See `shaders/concat_backward.wgsl`.

use crate::engine::graph::NodeId;
use crate::engine::kernel::{BLOCKS, Kernel, gives_gradients, reference};
use crate::engine::layout::{LANES, phase};
use crate::engine::memory::Memory;
use crate::engine::ops::contribute::{self, give};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "concat_backward",
    serves: gives_gradients,
    // i: 32 rows; j: columns of the wider input, in vec4s
    tiles: |run, node, _| {
        let shapes = run.graph.input_shapes(node);
        let width = shapes[0].width.max(shapes[1].width);
        let rows = run.layout.rows.of(shapes[0].rows);
        Grid::new(rows.div_ceil(4 * LANES), width.div_ceil(4))
    },
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
    let widths = run.graph.input_shapes(node).iter().map(|shape| shape.width).collect::<Vec<_>>();
    for input in 0..2 {
        let Some(contribution) = run.graph.contribution(node, input) else { continue };
        let (first, width) = ([0, widths[0]][input], widths[input]);
        let (before, delta) = memory.work.split_at_mut(at.delta);
        let below = &mut before[run.layout.nodes[contribution.below].delta..];
        let below = below.chunks_exact_mut(padded(width));
        for (delta, below) in delta.chunks_exact(stride).take(rows).zip(below) {
            let (real, padding) = below.split_at_mut(width);
            give(contribution, delta[first..first + width].iter().copied(), real);
            padding.fill(F::zero());
        }
        contribute::finish(run, contribution, memory);
    }
}
