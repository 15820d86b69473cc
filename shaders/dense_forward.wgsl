// Forward pass of a dense node, for all runs. See output_tile.wgsl.

#import layout
#import packed_{packed}
#import output_tile
#import products_main
#import weight

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;          // (tiles); i: threads
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// W, shape (inputs, outputs); b, shape (outputs)
@group(0) @binding(4) var<storage, read> weights: array<Packed>;
// reads x, shape (inputs, batch); writes z and a, shape (batch, outputs), and a, shape (outputs,
// batch)
@group(0) @binding(5) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

fn serve(tile: Tile, thread: u32) {
    serve_output_tile(tile, thread);
}
