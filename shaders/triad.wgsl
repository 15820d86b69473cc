// The triad of STREAM (McCalpin 1995), to measure the memory bandwidth of a kernel. Not part of a
// step.
//
//   work[i] <- parameters[i] + 3 gradients[i]: three numbers moved for each result
//
// With small buffers and one workgroup it is a dispatch that does almost nothing, to measure what a
// dispatch costs.

#import layout

@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;  // (vec4s)
@group(0) @binding(1) var<storage, read> gradients: array<vec4f>;   // (vec4s)
@group(0) @binding(2) var<storage, read_write> work: array<vec4f>;  // (vec4s)
@group(1) @binding(0) var<uniform> call: Call;

override TRIAD_THREADS: u32;
override TRIAD_REPEATS: u32;  // vec4s per thread

@compute @workgroup_size(TRIAD_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, grid);
    if index >= call.count {
        return;
    }
    let count = arrayLength(&work);
    var at = index * TRIAD_THREADS * TRIAD_REPEATS + thread;
    for (var repeat = 0u; repeat < TRIAD_REPEATS && at < count; repeat++) {
        work[at] = parameters[at] + 3.0 * gradients[at];
        at += TRIAD_THREADS;
    }
}
