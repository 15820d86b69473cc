//! Sums of the squares of a run's gradients, for each block. See `shaders/gradient_norm.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::vectors::widest;
use crate::engine::graph::NodeId;
use crate::engine::kernel::{Kernel, Update, no_terms, one_tile, reference};
use crate::engine::layout::phase;
use crate::engine::memory::Memory;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::tile::Grid;
use crate::engine::work::NORM_BLOCK;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "gradient_norm",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::Read),
        (Buffer::Tiles, Access::Read),
        (Buffer::Gradients, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    constants: |set| {
        vec![("NORM_THREADS", f64::from(set.norm_threads)), ("NORM_BLOCK", (NORM_BLOCK / 4) as f64)]
    },
    update: Update::Stored,
    serves: |_, training, _| training.clip_norm.is_some(),
    // i: blocks of the trained parameters
    tiles: |run, _, _| Grid::new(blocks(run), 1),
    terms: no_terms,
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// Blocks of the trained parameters.
pub fn blocks(run: &PreparedRun) -> usize {
    (run.parameters.len() - run.graph.frozen_len()).div_ceil(NORM_BLOCK)
}

/// Fills `squares`: a vec4 per block.
pub fn compute<F: Real>(run: &PreparedRun, _node: NodeId, memory: &mut Memory<F>) {
    if !run.clips() || memory.state.phase != phase::TRAIN {
        return;
    }
    // loss_scale is 1 in f32
    let unscale = F::one() / memory.state.loss_scale;
    let squares = &mut memory.work[run.layout.squares..][..4 * blocks(run)];
    fill_squares(&memory.gradients[run.graph.frozen_len()..], unscale, squares);
}

widest! {
    fn fill_squares<F: Real>(gradients: &[F], unscale: F, squares: &mut [F]) {
        for (square, block) in squares.chunks_exact_mut(4).zip(gradients.chunks(NORM_BLOCK)) {
            square.copy_from_slice(&sums(block, unscale));
        }
    }
}

/// Sums of squares for each component of a vec4. Four vec4s at a time: a single chain of additions
/// would be bound by its latency.
#[inline(always)]
fn sums<F: Real>(block: &[F], unscale: F) -> [F; 4] {
    let mut lanes = [F::zero(); 16];
    for numbers in block.chunks(16) {
        for (lane, number) in lanes.iter_mut().zip(numbers) {
            let number = unscale * *number;
            *lane += number * number;
        }
    }
    std::array::from_fn(|place| {
        lanes[place] + lanes[4 + place] + (lanes[8 + place] + lanes[12 + place])
    })
}
