// Backward pass of a pool, to its items:
//
//   gradient[i, n] = delta[e, n] / items of e         mean, with e the example of item i
//                    delta[e, n]                      sum; for the largest number, if item i has it
//
// A tile is 8 lanes of four items, and four columns.

#import layout
#import packed_{packed}
#import index
#import contribute

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of items, columns
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads delta, shape (batch, columns); writes delta of the node below, shape (items, columns)
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, grid);
    if index >= call.count {
        return;
    }
    let tile = tiles[call.first + index];
    let run = runs[tile.run];
    let node = nodes[tile.node];
    let items = tile.i * LANES + thread;
    let present = states[tile.run].batch_items;
    if states[tile.run].phase != PHASE_TRAIN || 4u * items >= present {
        return;
    }
    let of_items = integers(run.examples, items);
    var gradient = mat4x4f();
    for (var i = 0u; i < 4u; i++) {
        let item = 4u * items + i;
        if item < present {
            let at = of_items[i] * node.output_vec4s + tile.j;
            let first = integer(run.first_items, of_items[i]);
            var delta = unpack(work[node.delta + at]);
            if node.reduction == MEAN {
                delta *= 1.0 / f32(integer(run.first_items, of_items[i] + 1u) - first);
            }
            if node.reduction == MAX {
                let place = unpack(work[node.saved + at]);
                delta = select(vec4f(0.0), delta, place == vec4f(f32(item - first)));
            }
            gradient = with_column(gradient, i, delta);
        }
    }
    give_block(tile, node.gradients, node.below, tile.j, items, gradient);
}
