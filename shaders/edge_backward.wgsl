// Backward pass of edge, to the items at both ends:
//
//   gradient_u[i, n] = sum of delta[d, n] over the edges d that start from item i
//   gradient_v[j, n] = sum of delta[d, n] over the edges d that point to item j
//
// A tile is 8 lanes of four items, and four columns.

#import layout
#import lanes_main
#import packed_{packed}
#import index
#import present
#import contribute

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of items, columns
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
@group(0) @binding(4) var<storage, read> data: array<Datum>;          // all tables
// reads delta, shape (edges, columns); writes delta of the nodes below, shape (items, columns)
@group(0) @binding(5) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

fn serve(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let run = runs[tile.run];
    let items = tile.i * LANES + thread;
    let present = present_rows(tile, ITEMS);
    if states[tile.run].phase != PHASE_TRAIN || 4u * items >= present {
        return;
    }
    let examples = integers(run.examples, items);
    let at = node.delta + tile.j;
    var starting = mat4x4f();
    var pointing = mat4x4f();
    for (var i = 0u; i < 4u; i++) {
        let item = 4u * items + i;
        if item < present {
            let example = examples[i];
            let edges = edges_of(run, example, item);
            var sum = vec4f(0.0);
            for (var edge = edges.x; edge < edges.y; edge++) {
                sum += unpack(work[at + edge * node.output_vec4s]);
            }
            starting = with_column(starting, i, sum);
            let offset = data[run.table_offsets + integer(run.table_rows, example)];
            let in_table = offset + item - integer(run.first_items, example);
            let first = data[run.table_incoming_offsets + in_table];
            let end = data[run.table_incoming_offsets + in_table + 1u];
            let first_edge = integer(run.first_edges, example);
            sum = vec4f(0.0);
            for (var place = first; place < end; place++) {
                let edge = first_edge + data[run.table_incoming + place];
                sum += unpack(work[at + edge * node.output_vec4s]);
            }
            pointing = with_column(pointing, i, sum);
        }
    }
    if (node.gradients & 1u) != 0u {
        give_block(tile, node.gradients, node.below, tile.j, items, starting);
    }
    if (node.gradients & 8u) != 0u {
        give_block(tile, node.gradients >> 3u, node.second_below, tile.j, items, pointing);
    }
}
