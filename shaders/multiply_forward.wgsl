// Forward pass of multiply: a[r, n] = x[r, n] y[r, n], or x[r, n] y[r] if y has one column. A tile
// is 8 lanes of four rows, and four columns.

#import layout
#import lanes_main
#import packed_{packed}
#import activation
#import block
#import factors
#import present

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of rows, columns
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads x and y, shapes (rows, columns) and (rows, columns or 1); writes a, shape (rows, columns),
// and a by unit
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

fn serve(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let row = tile.i * LANES + thread;
    if states[tile.run].phase == PHASE_DONE || row >= present_vec4s(tile, node.rows) {
        return;
    }
    let vec4s = node.output_vec4s;
    let x = load_block(node.input, vec4s, tile.j, row);
    let values = products(x, factors(node, tile.j, row));
    store_block(node.output, node.output_by_unit, vec4s, node.row_vec4s, tile.j, row, values);
}
