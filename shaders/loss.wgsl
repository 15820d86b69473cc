// Loss: the loss of the batch and its gradient at the output node, one workgroup per run. See
// loss_batch.wgsl.

#import layout
#import packed_{packed}
#import loss_batch

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read_write> states: array<State>;  // (runs); writes batch_sum
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); node: the output node
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads z, a and t, writes delta, all of shape (batch, outputs); reads w, shape (outputs), and v,
// shape (batch); moments keeps M and its sums over a validation, shape (2, outputs)
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

@compute @workgroup_size(LOSS_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, grid);
    let tile = tiles[call.first + min(index, call.count - 1u)];
    let sum = serve_loss(tile, index < call.count, thread);
    if thread == 0u && index < call.count && states[tile.run].phase != PHASE_DONE {
        states[tile.run].batch_sum = sum;
    }
}
