//! The norm of a run's gradients, and the scale that clips it. See `shaders/clip.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::layout::phase;
use crate::engine::memory::{Memory, PreparedRun, Real};
use crate::engine::ops::Kernel;
use crate::engine::optim::gradient_norm;
use crate::engine::page;
use crate::engine::run::NORM_BLOCK;
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "clip",
    pages: |set| {
        vec![
            page::LAYOUT,
            page::vec4_page(set),
            page::packed(set),
            include_str!("../../../shaders/clip.wgsl"),
        ]
    },
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
};

/// One tile, which one thread serves; none where nobody asks for the norm.
pub fn tiles(run: &PreparedRun) -> Grid {
    match run.asks_norm() {
        true => Grid::new(1, 1),
        false => Grid::EMPTY,
    }
}

/// Fills `gradient_norm` and `gradient_scale`.
pub fn reference<F: Real>(run: &PreparedRun, memory: &mut Memory<F>) {
    let state = &mut memory.state;
    if !run.asks_norm() || state.phase != phase::TRAIN {
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
