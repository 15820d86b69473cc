// Gather: copies the examples of this step's batch from the tables. See gather_batch.wgsl.

#import layout
#import packed_{packed}
#import batch
#import gather_batch

@group(0) @binding(0) var<storage, read> runs: array<Run>;          // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;      // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); i: 8 lanes of examples
// (training and validation rows of all runs, each followed by their weights if there are any)
@group(0) @binding(3) var<storage, read> rows: array<u32>;
// all tables: x (rows, inputs), y (rows, targets)
@group(0) @binding(4) var<storage, read> data: array<Datum>;
// writes x, shapes (batch, inputs) and (inputs, batch), t, shape (batch, outputs), and v, shape
// (batch)
@group(0) @binding(5) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

fn place_of(tile: Tile, example: u32) -> u32 {
    return position(tile, example);
}

@compute @workgroup_size(LANES, GATHER_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_id) thread: vec3u,
) {
    let index = group_index(group, grid);
    let tile = tiles[call.first + min(index, call.count - 1u)];
    serve_gather(tile, index < call.count, thread.xy);
}
