// Backward pass of spread: gradient[e, n] = sum of delta[i, n] over the items i of example e. A
// tile is 8 lanes of four examples, and four columns.

#import layout
#import lanes_main
#import packed_{packed}
#import index
#import contribute
#import present

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of examples, columns
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads delta, shape (items, columns); writes delta of the node below, shape (batch, columns)
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

fn serve(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let run = runs[tile.run];
    let examples = tile.i * LANES + thread;
    let present = present_rows(tile, EXAMPLES);
    if states[tile.run].phase != PHASE_TRAIN || 4u * examples >= present {
        return;
    }
    var gradient = mat4x4f();
    for (var i = 0u; i < 4u; i++) {
        let example = 4u * examples + i;
        if example < present {
            let end = integer(run.first_items, example + 1u);
            var sum = vec4f(0.0);
            for (var item = integer(run.first_items, example); item < end; item++) {
                sum += unpack(work[node.delta + item * node.output_vec4s + tile.j]);
            }
            gradient = with_column(gradient, i, sum);
        }
    }
    give_block(tile, node.gradients, node.below, tile.j, examples, gradient);
}
