// Backward pass of aggregate, to its edges; formula in reduce.wgsl. A group is the edges that start from an item.
// A tile is 8 lanes of four edges, and four columns.

#import layout
#import packed_{packed}
#import index
#import present
#import contribute
#import reduce

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of edges, columns
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads delta, shape (groups, columns); writes delta of the node below, shape (edges, columns)
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, grid);
    if index < call.count {
        serve(tiles[call.first + index], thread);
    }
}

fn rows_of(tile: Tile, item: u32) -> vec2u {
    let run = runs[tile.run];
    return edges_of(run, integer(run.examples, item), item);
}

fn serve(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let first = tile.i * LANES + thread;
    let present = present_rows(tile, EDGES);
    if states[tile.run].phase != PHASE_TRAIN || 4u * first >= present {
        return;
    }
    let groups = integers(runs[tile.run].centres, first);
    var gradient = mat4x4f();
    for (var i = 0u; i < 4u; i++) {
        let row = 4u * first + i;
        if row < present {
            let range = rows_of(tile, groups[i]);
            gradient = with_column(gradient, i, at_row(node, groups[i], range, row, tile.j));
        }
    }
    give_block(tile, node.gradients, node.below, tile.j, first, gradient);
}
