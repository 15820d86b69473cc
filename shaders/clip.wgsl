// Clipping: the norm of all gradients of a run, and the factor that brings it down to clip_norm;
// one thread per run. As torch.nn.utils.clip_grad_norm_ (Pascanu, Mikolov & Bengio, arXiv
// 1211.5063, algorithm 1):
//
//   norm  = sqrt(sum_b sum_c squares[b][c])
//   scale = min(1, clip_norm / (norm + 1e-6))
//
// The gradients are not changed: AdamW multiplies them by the scale. Where the norm is not finite
// the scale is 0: finite gradients become 0 and the others NaN, which ends the run.

#import layout
#import packed_{packed}

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
// (runs); writes gradient_norm and gradient_scale
@group(0) @binding(1) var<storage, read_write> states: array<State>;
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;          // (tiles); one per run
@group(0) @binding(3) var<storage, read> work: array<Packed>;         // squares, shape (blocks)
@group(1) @binding(0) var<uniform> call: Call;

override CLIP_THREADS: u32;
override NORM_BLOCK: u32;  // in vec4s

@compute @workgroup_size(CLIP_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, grid) * CLIP_THREADS + thread;
    if index >= call.count {
        return;
    }
    let slot = tiles[call.first + index].run;
    let run = runs[slot];
    if states[slot].phase != PHASE_TRAIN {
        return;
    }
    let blocks = (run.parameter_vec4s - run.frozen_vec4s + NORM_BLOCK - 1u) / NORM_BLOCK;
    var sum = vec4f(0.0);
    for (var block = 0u; block < blocks; block++) {
        let at = run.squares + block * EXACT;
        sum += exact(work[at], work[at + EXACT - 1u]);
    }
    let norm = sqrt(sum.x + sum.y + (sum.z + sum.w));
    var scale = 1.0;
    if !finite(norm) {
        scale = 0.0;
    } else if norm + 1e-6 > run.clip_norm {
        scale = run.clip_norm / (norm + 1e-6);
    }
    states[slot].gradient_norm = norm;
    states[slot].gradient_scale = scale;
}
