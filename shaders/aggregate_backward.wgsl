// Backward pass of aggregate, to its edges; formula in reduce.wgsl. A group is the edges that start
// from an item. A tile is 8 lanes of four edges, and four columns.

#import layout
#import lanes_main
#import packed_{packed}
#import index
#import reduce_gradient

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of edges, columns
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads delta, shape (groups, columns); writes delta of the node below, shape (edges, columns)
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

fn rows_of(tile: Tile, item: u32) -> vec2u {
    let run = runs[tile.run];
    return edges_of(run, integer(run.examples, item), item);
}

fn serve(tile: Tile, thread: u32) {
    give_rows(tile, thread, EDGES, runs[tile.run].centres);
}
