// The last dense node of a run in one kernel, one workgroup per run. See last_batch.wgsl.

#import layout
#import packed_{packed}
#import last_batch
#import weight

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read_write> states: array<State>;  // (runs); writes batch_sum
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); node: the output node
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// W, shape (inputs, outputs); b, shape (outputs)
@group(0) @binding(4) var<storage, read> weights: array<Packed>;
// reads x, shape (inputs, batch), z_below and what the loss reads; writes z, a, delta, shape
// (batch, outputs), and delta_below, shape (batch, inputs)
@group(0) @binding(5) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

@compute @workgroup_size(LOSS_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, grid);
    let tile = tiles[call.first + min(index, call.count - 1u)];
    let sum = serve_last(tile, index < call.count, thread, LOSS_THREADS);
    if thread == 0u && index < call.count && states[tile.run].phase != PHASE_DONE {
        states[tile.run].batch_sum = sum;
    }
}
