// Forward pass of pool; formula in reduce.wgsl. A group is the items of an example.
// A tile is four groups and 8 lanes of four columns.

#import layout
#import packed_{packed}
#import index
#import present
#import reduce

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); groups, lanes of columns
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads x, shape (items, columns); writes a, shapes (groups, columns) and (columns, groups)
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

fn rows_of(tile: Tile, example: u32) -> vec2u {
    let firsts = runs[tile.run].first_items;
    return vec2u(integer(firsts, example), integer(firsts, example + 1u));
}

fn serve(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let unit = tile.j * LANES + thread;
    let present = present_rows(tile, EXAMPLES);
    let outside = unit >= node.output_vec4s || 4u * tile.i >= present;
    if states[tile.run].phase != PHASE_DONE && !outside {
        reduce(node, tile.i, unit, tile, present);
    }
}
