// Forward pass of aggregate; formula in reduce.wgsl. A group is the edges that start from an item.
// A tile is four groups and 8 lanes of four columns.

#import layout
#import lanes_main
#import packed_{packed}
#import index
#import reduce

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); groups, lanes of columns
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads x, shape (edges, columns); writes a, shapes (groups, columns) and (columns, groups)
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

fn rows_of(tile: Tile, item: u32) -> vec2u {
    let run = runs[tile.run];
    return edges_of(run, integer(run.examples, item), item);
}
