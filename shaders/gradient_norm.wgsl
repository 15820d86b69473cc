// Gradient norm: sums of the squares of a run's gradients, one block of vec4s per workgroup;
// clip.wgsl adds the blocks.
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

@group(0) @binding(0) var<storage, read> runs: array<Run>;        // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;    // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;      // (tiles); i: block
@group(0) @binding(3) var<storage, read> gradients: array<Packed>;  // g, shape (vec4s)
// writes squares, shape (blocks)
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(0) @binding(5) var<storage, read> nodes: array<Node>;      // (nodes of all runs)
@group(1) @binding(0) var<uniform> call: Call;

override NORM_THREADS: u32;
override NORM_BLOCK: u32;  // in vec4s

var<workgroup> partial: array<vec4f, NORM_THREADS>;

@compute @workgroup_size(NORM_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, grid);
    let tile = tiles[call.first + min(index, call.count - 1u)];
    let run = runs[tile.run];
    let serves = index < call.count && states[tile.run].phase == PHASE_TRAIN;

    var sum = vec4f(0.0);
    if serves {
        // loss_scale is 1 in f32
        let unscale = 1.0 / states[tile.run].loss_scale;
        let first = run.frozen_vec4s + tile.i * NORM_BLOCK;
        let end = min(first + NORM_BLOCK, run.parameter_vec4s);
        for (var index = 0u; index < run.matrices; index++) {
            let matrix = matrix_of(tile.run, index);
            let matrix_end = select(min(end, matrix.end), 0u, matrix.rate == 0.0);
            var at = first_from(first + thread, NORM_THREADS, matrix.first);
            for (; at < matrix_end; at += NORM_THREADS) {
                let g = unscale * unpack(gradients[run.gradients + at]);
                sum += g * g;
            }
        }
    }
    partial[thread] = sum;
    workgroupBarrier();
    if thread == 0u && serves {
        var total = vec4f(0.0);
        for (var t = 0u; t < NORM_THREADS; t++) {
            total += partial[t];
        }
        let at = run.squares + tile.i * EXACT;
        work[at] = first_of(total);
        if HALF {
            work[at + 1u] = last_of(total);
        }
    }
}
