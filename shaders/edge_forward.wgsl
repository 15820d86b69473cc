// Forward pass of edge:
//
//   z[d, n] = u[i, n] + v[j, n]              edge d starts from item i and points to item j
//   a[d, n] = mask[d, n] activation(z[d, n])
//
// A tile is 8 lanes of four edges, and four columns.

#import layout
#import lanes_main
#import packed_{packed}
#import activation
#import block
#import index
#import present

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of edges, columns
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads u and v, shape (items, columns); writes z and a, shape (edges, columns), and a by unit
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

fn serve(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let run = runs[tile.run];
    let edges = tile.i * LANES + thread;
    let unit = tile.j;
    let present = present_rows(tile, EDGES);
    if states[tile.run].phase == PHASE_DONE || 4u * edges >= present {
        return;
    }
    let centres = integers(run.centres, edges);
    let neighbours = integers(run.edge_neighbours, edges);
    let vec4s = node.output_vec4s;
    let at = node.saved + 4u * edges * vec4s + unit;
    var a = mat4x4f();
    for (var i = 0u; i < 4u; i++) {
        var z = vec4f(0.0);
        if 4u * edges + i < present {
            z = unpack(work[node.input + centres[i] * vec4s + unit])
                + unpack(work[node.second + neighbours[i] * vec4s + unit]);
        }
        let stored = pack(z);
        work[at + i * vec4s] = stored;
        a = with_column(a, i, activate(node.activation, node.slope, unpack(stored)));
    }
    if states[tile.run].phase == PHASE_TRAIN && node.drop_threshold > 0u {
        let mask = dropout_mask(run.seed, states[tile.run].steps, node, unit, edges);
        a = times(a, transpose(mask));
    }
    store_block(node.output, node.output_by_unit, vec4s, node.row_vec4s, unit, edges, a);
}
