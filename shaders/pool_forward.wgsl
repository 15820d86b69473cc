// Forward pass of a pool: the mean, the sum or the largest number over the items of each example.
//
//   a[e, n] = reduction over the items i of example e of x[i, n]; 0 if it has none
//
// For the largest number, `saved` gets the first item that has it, counted from the first item of
// the example. A tile is four examples and 8 lanes of four columns.

#import layout
#import packed_{packed}
#import block
#import index

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); examples, lanes of columns
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads x, shape (items, columns); writes a, shapes (batch, columns) and (columns, batch)
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
    let unit = tile.j * LANES + thread;
    let present = states[tile.run].batch_rows;
    let outside = unit >= node.output_vec4s || 4u * tile.i >= present;
    if states[tile.run].phase == PHASE_DONE || outside {
        return;
    }
    var values = mat4x4f();
    var places = mat4x4f();
    for (var i = 0u; i < 4u; i++) {
        let example = 4u * tile.i + i;
        if example < present {
            let first = integer(run.first_items, example);
            let end = integer(run.first_items, example + 1u);
            var sum = vec4f(0.0);
            var place = vec4f(0.0);
            for (var item = first; item < end; item++) {
                let x = unpack(work[node.input + item * node.input_vec4s + unit]);
                if node.reduction == MAX {
                    // NaN propagates
                    let larger = vec4<bool>(item == first) | !(x <= sum);
                    sum = select(sum, x, larger);
                    place = select(place, vec4f(f32(item - first)), larger);
                } else {
                    sum += x;
                }
            }
            if node.reduction == MEAN && end > first {
                sum *= 1.0 / f32(end - first);
            }
            values = with_column(values, i, sum);
            places = with_column(places, i, place);
        }
    }
    store_block(node.output, node.output_by_unit, node.output_vec4s, node.row_vec4s, unit, tile.i, values);
    if node.reduction == MAX {
        let at = node.saved + 4u * tile.i * node.output_vec4s + unit;
        for (var i = 0u; i < 4u; i++) {
            work[at + i * node.output_vec4s] = pack(places[i]);
        }
    }
}
