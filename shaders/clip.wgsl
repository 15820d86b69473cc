// Clipping: the norm of all gradients of a run, and the factor that brings it down to clip_norm;
// one thread per run. See clip_scale.wgsl.

#import layout
#import packed_{packed}
#import clip_scale

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
    let clip = clip_of(run, blocks);
    states[slot].gradient_norm = clip.norm;
    states[slot].gradient_scale = clip.scale;
}
