// Forward pass of spread: a[i, n] = x[e, n], with e the example of item i. A tile is 8 lanes of
// four items, and four columns.

#import layout
#import lanes_main
#import packed_{packed}
#import activation
#import block
#import index
#import present

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of items, columns
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads x, shape (batch, columns); writes a, shape (items, columns), and a by unit
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

fn serve(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let items = tile.i * LANES + thread;
    let present = present_rows(tile, ITEMS);
    if states[tile.run].phase == PHASE_DONE || 4u * items >= present {
        return;
    }
    let vec4s = node.output_vec4s;
    let examples = integers(runs[tile.run].examples, items);
    var values = mat4x4f();
    for (var i = 0u; i < 4u; i++) {
        if 4u * items + i < present {
            let x = unpack(work[node.input + examples[i] * vec4s + tile.j]);
            values = with_column(values, i, x);
        }
    }
    store_block(node.output, node.output_by_unit, vec4s, node.row_vec4s, tile.j, items, values);
}
