//! The gradient at both inputs. See `shaders/add_backward.wgsl`.

use crate::engine::graph::NodeId;
use crate::engine::kernel::{BLOCKS, Kernel, gives_gradients, reference};
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::ops::contribute::{self, give_scaled};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::padded;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "add_backward",
    serves: gives_gradients,
    reference: reference!(compute),
    ..BLOCKS
};

/// Fills, or adds to, delta of the nodes below.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let (at, shape) = (run.layout.nodes[node], run.graph.shape(node));
    let size = memory.rows(run, shape.rows) * padded(shape.width);
    for input in 0..2 {
        let Some(contribution) = run.graph.contribution(node, input) else { continue };
        let (before, delta) = memory.work.split_at_mut(at.delta);
        let below = &mut before[run.layout.nodes[contribution.below].delta..][..size];
        give_scaled(contribution, F::one(), delta, below);
        contribute::finish(run, contribution, memory);
    }
}
