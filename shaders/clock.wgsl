// The clock: first kernel of a step, one thread per run. See tick.wgsl.

#import layout
#import tick

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read_write> states: array<State>;  // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;          // (tiles); one per run
@group(1) @binding(0) var<uniform> call: Call;

override CLOCK_THREADS: u32;

@compute @workgroup_size(CLOCK_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, grid) * CLOCK_THREADS + thread;
    if index < call.count {
        let slot = tiles[call.first + index].run;
        states[slot] = tick(runs[slot], states[slot]);
    }
}
