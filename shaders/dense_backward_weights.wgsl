// Backward to the weights and the bias of one layer for all runs: the sums of weights_tile.wgsl,
// stored.
//
// Of halves the deltas, and with them the sums, are loss_scale times too large; a sum that is too
// large for a half, or no number, is noted for the run, and AdamW passes this step over.

#import layout
#import packed_{packed}
#import weights_tile

@group(0) @binding(0) var<storage, read_write> states: array<State>;  // (runs); writes overflow
@group(0) @binding(1) var<storage, read> tiles: array<Tile>;          // which inputs (i) and units (j)
@group(0) @binding(2) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
@group(0) @binding(3) var<storage, read> work: array<Packed>;           // x, shape (batch, inputs); delta, shape (batch, outputs)
@group(0) @binding(4) var<storage, read_write> gradients: array<Packed>; // dW, shape (inputs, outputs); db, shape (outputs)
@group(1) @binding(0) var<uniform> call: Call;

// Whether this thread met a sum that is too large for a half.
var<private> lost: bool = false;

fn put(at: u32, g: vec4f) {
    gradients[at] = pack(g);
    if overflows(g) {
        lost = true;
    }
}

@compute @workgroup_size(LANES, PRODUCT_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_id) thread: vec3u,
) {
    let index = group_index(group, grid);
    if index < call.count {
        let tile = tiles[call.first + index];
        serve(tile, thread);
        // every thread that comes here writes the same
        if HALF && lost {
            states[tile.run].overflow = 1u;
        }
    }
}
