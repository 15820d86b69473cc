// Gradient of the weights and the bias of a dense node, for all runs; formula in weights_tile.wgsl.
// The gradient is stored.
//
// In f16 the deltas, and with them the gradient, are multiplied by loss_scale. A gradient that is
// not finite in f16 sets `overflow` of the run, and AdamW skips the step.

#import layout
#import packed_{packed}
#import weights_tile

@group(0) @binding(0) var<storage, read_write> states: array<State>;  // (runs); writes overflow
@group(0) @binding(1) var<storage, read> tiles: array<Tile>;  // (tiles); i: inputs, j: units
@group(0) @binding(2) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// x, shape (batch, inputs); delta, shape (batch, outputs)
@group(0) @binding(3) var<storage, read> work: array<Packed>;
// writes dW, shape (inputs, outputs), and db, shape (outputs)
@group(0) @binding(4) var<storage, read_write> gradients: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

// Whether a gradient of this thread is not finite in f16.
var<private> overflowed: bool = false;

fn put(at: u32, g: vec4f) {
    gradients[at] = pack(g);
    if overflows(g) {
        overflowed = true;
    }
}

fn put_bias(at: u32, g: vec4f) {
    put(at, g);
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
        // every thread that reaches this line writes the same value
        if HALF && overflowed {
            states[tile.run].overflow = 1u;
        }
    }
}
