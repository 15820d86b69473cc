//! Clipping: the norm of a run's gradients, and the factor that limits it. See `shaders/clip.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::NodeId;
use crate::engine::kernel::{BARE, Kernel, Update, reference};
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::optim::gradient_norm;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::tile::Grid;
use crate::engine::work::NORM_BLOCK;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "clip",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::ReadWrite),
        (Buffer::Tiles, Access::Read),
        (Buffer::Work, Access::Read),
    ],
    constants: |set| {
        vec![
            ("CLIP_THREADS", f64::from(set.clock_threads)),
            ("NORM_BLOCK", (NORM_BLOCK / 4) as f64),
        ]
    },
    update: Update::Stored,
    serves: |_, training, _| training.clip_norm.is_some(),
    // one tile, served by one thread
    tiles: |_, _, _| Grid::new(1, 1),
    tiles_per_group: |set| set.clock_threads,
    reference: reference!(compute),
    ..BARE
};

/// Fills `gradient_norm` and `gradient_scale`.
pub fn compute<F: Real>(run: &PreparedRun, _node: NodeId, memory: &mut Memory<F>) {
    let state = &mut memory.state;
    if !run.clips() || state.phase != phase::TRAIN {
        return;
    }
    let squares = &memory.work[run.layout.squares..][..4 * gradient_norm::blocks(run)];
    let norm = squares.iter().fold(F::zero(), |sum, square| sum + *square);
    let (norm, most) = (norm.sqrt(), F::of(run.clip_norm()));
    let raised = norm + F::of(1e-6);
    state.gradient_norm = norm;
    state.gradient_scale = match norm.is_finite() {
        false => F::zero(),
        true if raised > most => most / raised,
        true => F::one(),
    };
}
