// Backward pass of pool, to its items; formula in reduce.wgsl. A group is the items of an example.
// A tile is 8 lanes of four items, and four columns.

#import layout
#import lanes_main
#import packed_{packed}
#import index
#import reduce_gradient

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of items, columns
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads delta, shape (groups, columns); writes delta of the node below, shape (items, columns)
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

fn rows_of(tile: Tile, example: u32) -> vec2u {
    let firsts = runs[tile.run].first_items;
    return vec2u(integer(firsts, example), integer(firsts, example + 1u));
}

fn serve(tile: Tile, thread: u32) {
    give_rows(tile, thread, ITEMS, runs[tile.run].examples);
}
