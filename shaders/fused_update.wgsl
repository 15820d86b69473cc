// Gradient of the weights and the bias of a dense node and its AdamW update, for all runs. See
// update_tile.wgsl. For the node of a run whose update is the last it copies the clock's ticks to
// `completed`.

#import layout
#import packed_{packed}
#import products_main
#import update_tile

@group(0) @binding(0) var<storage, read_write> states: array<State>;   // (runs); writes completed
@group(0) @binding(1) var<storage, read> tiles: array<Tile>;           // (tiles); i: threads
@group(0) @binding(2) var<storage, read> nodes: array<Node>;           // (nodes of all runs)
// x, shape (batch, inputs); delta, shape (batch, outputs)
@group(0) @binding(3) var<storage, read> work: array<Packed>;
// W, shape (inputs, outputs); b, shape (outputs); both at the best validation loss; m and v of
// each, alternating; the average of both
@group(0) @binding(4) var<storage, read_write> parameters: array<vec4f>;
@group(1) @binding(0) var<uniform> call: Call;

fn begins(tile: Tile, node: Node, first: vec2u) -> bool {
    if node.ends_step == 1u && first.x == 0u && first.y == 0u {
        states[tile.run].completed = states[tile.run].ticks;
    }
    return changes(tile);
}

fn put(tile: Tile, node: Node, unit: u32, inputs: u32, g: mat4x4f) {
    if node.weights_rate == 0.0 {
        return;
    }
    let update = update_of(tile, node, node.weights_rate, node.weights_decay);
    // all are loaded before the first is stored
#each i in 4
    let row{i} = load_row(node, unit, 4u * inputs + {i}u);
#end
#each i in 4
    store_row(node, update, row{i}, g[{i}]);
#end
}

fn put_bias(tile: Tile, node: Node, unit: u32, g: vec4f) {
    update_bias(tile, node, unit, g);
}

fn serve(tile: Tile, thread: u32) {
    serve_gradient(tile, thread);
}
