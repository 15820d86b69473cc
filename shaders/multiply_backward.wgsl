// Backward pass of multiply: gradient_x[r, n] = delta[r, n] y[r, n] and gradient_y[r, n] =
// delta[r, n] x[r, n], whose sum over n is the gradient of a y with one column. A tile is 8 lanes
// of four rows, and four columns.

#import layout
#import lanes_main
#import packed_{packed}
#import contribute
#import factors
#import present

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of rows, columns
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads delta, x and y, writes delta of the nodes below: shapes (rows, columns), of y perhaps
// (rows, 1)
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

// delta x of four columns of four rows.
fn of_second(node: Node, unit: u32, row: u32) -> mat4x4f {
    let delta = load_block(node.delta, node.output_vec4s, unit, row);
    return products(delta, load_block(node.input, node.input_vec4s, unit, row));
}

// The sums over all columns of four rows.
fn sums(node: Node, row: u32) -> mat4x4f {
    var all = vec4f(0.0);
    for (var unit = 0u; unit < node.output_vec4s; unit++) {
        all += vec4f(1.0) * of_second(node, unit, row);
    }
    return transpose(mat4x4f(all, vec4f(0.0), vec4f(0.0), vec4f(0.0)));
}

fn serve(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let row = tile.i * LANES + thread;
    if states[tile.run].phase != PHASE_TRAIN || row >= present_vec4s(tile, node.rows) {
        return;
    }
    if (node.gradients & 1u) != 0u {
        let delta = load_block(node.delta, node.output_vec4s, tile.j, row);
        let values = products(delta, factors(node, tile.j, row));
        give_block(tile, node.gradients, node.below, tile.j, row, values);
    }
    if (node.gradients & 8u) == 0u {
        return;
    }
    if !has_one_factor(node) {
        let values = of_second(node, tile.j, row);
        give_block(tile, node.gradients >> 3u, node.second_below, tile.j, row, values);
    } else if tile.j == 0u {
        give_block(tile, node.gradients >> 3u, node.second_below, 0u, row, sums(node, row));
    }
}
