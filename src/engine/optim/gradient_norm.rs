//! Sums of the squares of the gradients of a run's trained matrices, for each block. See
//! `shaders/gradient_norm.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::vectors::widest;
use crate::engine::graph::NodeId;
use crate::engine::kernel::{BARE, Kernel, Update, reference};
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
        (Buffer::Nodes, Access::Read),
    ],
    constants: |set| {
        vec![("NORM_THREADS", f64::from(set.norm_threads)), ("NORM_BLOCK", (NORM_BLOCK / 4) as f64)]
    },
    update: Update::Stored,
    serves: |_, training, _| training.clip_norm.is_some(),
    // i: blocks of the trained parameters
    tiles: |run, _, _| Grid::new(blocks(run), 1),
    reference: reference!(compute),
    ..BARE
};

/// Blocks of the parameters of nodes that are not frozen.
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
    let frozen = run.graph.frozen_len();
    let squares = &mut memory.work[run.layout.squares..][..4 * blocks(run)];
    for (block, squares) in squares.chunks_exact_mut(4).enumerate() {
        let first = frozen + block * NORM_BLOCK;
        let mut lanes = [F::zero(); LANES];
        for matrix in run.trained_matrices() {
            let start = matrix.at.max(first);
            let end = matrix.end().min(first + NORM_BLOCK);
            if start < end {
                add_squares(&memory.gradients[start..end], unscale, start - first, &mut lanes);
            }
        }
        squares.copy_from_slice(&std::array::from_fn::<F, 4, _>(|place| {
            lanes[place] + lanes[4 + place] + (lanes[8 + place] + lanes[12 + place])
        }));
    }
}

/// Numbers that are added side by side, four for each component of a vec4: a single chain of
/// additions would be bound by its latency.
const LANES: usize = 16;

widest! {
    /// Adds the squares of gradients, the first of which is number `place` of its block: each to
    /// the lane of its place, whatever the matrices of the block.
    fn add_squares<F: Real>(gradients: &[F], unscale: F, place: usize, lanes: &mut [F; LANES]) {
        let head = (place.next_multiple_of(LANES) - place).min(gradients.len());
        let (head, whole) = gradients.split_at(head);
        let mut add = |first: usize, numbers: &[F]| {
            for (lane, number) in lanes[first..].iter_mut().zip(numbers) {
                let number = unscale * *number;
                *lane += number * number;
            }
        };
        add(place % LANES, head);
        whole.chunks(LANES).for_each(|numbers| add(0, numbers));
    }
}
