// Forward pass of concat: the columns of x, then those of y. A tile is 8 lanes of four rows, and
// four columns.

#import layout
#import lanes_main
#import packed_{packed}
#import activation
#import block
#import present

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of rows, columns
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads x and y, shapes (rows, their columns); writes a, shape (rows, columns), and a by unit
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

fn serve(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let row = tile.i * LANES + thread;
    if states[tile.run].phase == PHASE_DONE || row >= present_vec4s(tile, node.rows) {
        return;
    }
    let first = i32(4u * tile.j);
    let inputs = i32(node.inputs);
    let second_vec4s = (node.second_inputs + 3u) / 4u;
    var values = mat4x4f();
    for (var i = 0u; i < 4u; i++) {
        let x = node.input + (4u * row + i) * node.input_vec4s;
        let y = node.second + (4u * row + i) * second_vec4s;
        let of_x = columns_from(x, first, node.inputs);
        let of_row = of_x + columns_from(y, first - inputs, node.second_inputs);
        values = with_column(values, i, of_row);
    }
    let vec4s = node.output_vec4s;
    store_block(node.output, node.output_by_unit, vec4s, node.row_vec4s, tile.j, row, values);
}
