// Backward pass of concat: each input gets the gradient of its columns. A tile is 8 lanes of four
// rows, and four columns of either input.

#import layout
#import lanes_main
#import packed_{packed}
#import contribute
#import present

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of rows, columns
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads delta, shape (rows, columns); writes delta of the nodes below, shapes (rows, their columns)
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

// Four columns of delta from column `first` on, of which those below `end` count.
fn of_delta(node: Node, row: u32, first: u32, end: u32) -> mat4x4f {
    var values = mat4x4f();
    for (var i = 0u; i < 4u; i++) {
        let at = node.delta + (4u * row + i) * node.output_vec4s;
        values = with_column(values, i, columns_from(at, i32(first), end));
    }
    return values;
}

fn serve(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let row = tile.i * LANES + thread;
    if states[tile.run].phase != PHASE_TRAIN || row >= present_vec4s(tile, node.rows) {
        return;
    }
    let first = 4u * tile.j;
    if (node.gradients & 1u) != 0u && tile.j < node.input_vec4s {
        let values = of_delta(node, row, first, node.inputs);
        give_block(tile, node.gradients, node.below, tile.j, row, values);
    }
    if (node.gradients & 8u) != 0u && first < node.second_inputs {
        let values = of_delta(node, row, node.inputs + first, node.outputs);
        give_block(tile, node.gradients >> 3u, node.second_below, tile.j, row, values);
    }
}
