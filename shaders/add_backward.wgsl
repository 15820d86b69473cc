// Backward pass of add, to both inputs: gradient[r, n] = delta[r, n]. A tile is 8 lanes of four
// rows, and four columns.

#import layout
#import lanes_main
#import packed_{packed}
#import contribute
#import present

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of rows, columns
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads delta, writes delta of the nodes below, all of shape (rows, columns)
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

fn serve(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let row = tile.i * LANES + thread;
    if states[tile.run].phase != PHASE_TRAIN || row >= present_vec4s(tile, node.rows) {
        return;
    }
    let delta = load_block(node.delta, node.output_vec4s, tile.j, row);
    if (node.gradients & 1u) != 0u {
        give_block(tile, node.gradients, node.below, tile.j, row, delta);
    }
    if (node.gradients & 8u) != 0u {
        give_block(tile, node.gradients >> 3u, node.second_below, tile.j, row, delta);
    }
}
