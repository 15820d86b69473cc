// Gradient of the weights and the bias of a dense node, for all runs; formula in weights_tile.wgsl.
// The gradient is stored.
//
// In f16 the deltas, and with them the gradient, are multiplied by loss_scale. A gradient that is
// not finite in f16 sets `overflow` of the run, and AdamW skips the step.

#import layout
#import packed_{packed}
#import products_main
#import weights_tile

@group(0) @binding(0) var<storage, read_write> states: array<State>;  // (runs); writes overflow
@group(0) @binding(1) var<storage, read> tiles: array<Tile>;          // (tiles); i: threads
@group(0) @binding(2) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// x, shape (batch, inputs); delta, shape (batch, outputs)
@group(0) @binding(3) var<storage, read> work: array<Packed>;
// writes dW, shape (inputs, outputs), and db, shape (outputs)
@group(0) @binding(4) var<storage, read_write> gradients: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

fn store(tile: Tile, at: u32, g: vec4f) {
    gradients[at] = pack(g);
    // every thread that reaches this line writes the same value
    if HALF && overflows(g) {
        states[tile.run].overflow = 1u;
    }
}

fn begins(tile: Tile, node: Node, first: vec2u) -> bool {
    return states[tile.run].phase == PHASE_TRAIN;
}

fn put(tile: Tile, node: Node, unit: u32, inputs: u32, g: mat4x4f) {
    if node.weights_rate == 0.0 {
        return;
    }
    let row = node.output_vec4s;
    let at = node.weights_gradient + 4u * inputs * row + unit;
#each i in 4
    if 4u * inputs + {i}u < node.inputs {
        store(tile, at + {i}u * row, g[{i}]);
    }
#end
}

fn put_bias(tile: Tile, node: Node, unit: u32, g: vec4f) {
    store(tile, node.bias_gradient + unit, g);
}

fn serve(tile: Tile, thread: u32) {
    serve_gradient(tile, thread);
}
