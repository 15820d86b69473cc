// Sums of the squares of a run's gradients, one block of vec4s at a time; clip_scale.wgsl adds the
// blocks. A kernel that imports this page binds `runs`, `nodes` and `work`, and defines
// `gradient_at`.
//
//   squares[b][c] = sum_q (g[q][c] / loss_scale)^2
//
// over the vec4s q of block b, for each component c of a vec4. Frozen nodes come first in memory
// and are skipped, as are matrices that are not trained; padding has gradient 0. The order of the
// additions is fixed: each thread adds its own vec4s, then thread 0 adds the threads. A gradient
// that is not finite makes the sum of its block not finite.

#import layout
#import packed_{packed}
#import matrices
#import state_{kept}

override NORM_THREADS: u32;
override NORM_BLOCK: u32;  // in vec4s

var<workgroup> squared: array<vec4f, NORM_THREADS>;

// Serves a block by all threads of a workgroup together, of which the first NORM_THREADS work.
fn serve_norm(slot: u32, block: u32, is_block: bool, thread: u32) {
    let run = runs[slot];
    let serves = is_block && state_of(slot).phase == PHASE_TRAIN;
    var sum = vec4f(0.0);
    if serves && thread < NORM_THREADS {
        // loss_scale is 1 in f32
        let unscale = 1.0 / state_of(slot).loss_scale;
        let first = run.frozen_vec4s + block * NORM_BLOCK;
        let end = min(first + NORM_BLOCK, run.parameter_vec4s);
        for (var index = 0u; index < run.matrices; index++) {
            let matrix = matrix_of(slot, index);
            let matrix_end = select(min(end, matrix.end), 0u, matrix.rate == 0.0);
            var at = first_from(first + thread, NORM_THREADS, matrix.first);
            for (; at < matrix_end; at += NORM_THREADS) {
                let g = unscale * gradient_at(run.gradients + at);
                sum += g * g;
            }
        }
    }
    if thread < NORM_THREADS {
        squared[thread] = sum;
    }
    workgroupBarrier();
    if thread == 0u && serves {
        var total = vec4f(0.0);
        for (var t = 0u; t < NORM_THREADS; t++) {
            total += squared[t];
        }
        let at = run.squares + block * EXACT;
        work[at] = first_of(total);
        if HALF {
            work[at + 1u] = last_of(total);
        }
    }
}

// Blocks of the parameters of a run that are not frozen.
fn norm_blocks(slot: u32) -> u32 {
    let vec4s = runs[slot].parameter_vec4s - runs[slot].frozen_vec4s;
    return (vec4s + NORM_BLOCK - 1u) / NORM_BLOCK;
}
