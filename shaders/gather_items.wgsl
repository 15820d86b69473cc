// Gathers the items of this step's batch, one example after another, and scales them.
//
//   x[i, k] = (table_items[first(row) + i - first_items[e], k] - mean[k]) inverse_deviation[k]
//
// with e = examples[i] and row = table_rows[e]. Rows beyond the last item are 0. A tile is 8 lanes
// of four items and all columns; the threads of a lane share the columns.

#import layout
#import packed_{packed}
#import index
#import table

@group(0) @binding(0) var<storage, read> runs: array<Run>;          // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;      // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); i: 8 lanes of items
@group(0) @binding(3) var<storage, read> data: array<Datum>;        // all tables
// writes the items, shapes (items, columns) and (columns, items), and `examples`
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

override GATHER_THREADS: u32;

@compute @workgroup_size(LANES, GATHER_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_id) thread: vec3u,
) {
    let index = group_index(group, grid);
    if index >= call.count {
        return;
    }
    let tile = tiles[call.first + index];
    let run = runs[tile.run];
    let items = tile.i * LANES + thread.x;
    let present = states[tile.run].batch_items;
    if states[tile.run].phase == PHASE_DONE || 4u * items >= present {
        return;
    }
    let batch = states[tile.run].batch_rows;

    // the items in the table; absent ones read item 0 and are masked
    var source = vec4u(0u);
    var examples = vec4u(0u);
    for (var i = 0u; i < 4u; i++) {
        let item = 4u * items + i;
        if item < present {
            let example = example_of(run.first_items, batch, item);
            let first = data[run.table_offsets + integer(run.table_rows, example)];
            let at = first + item - integer(run.first_items, example);
            let here = vec4u(0u, 1u, 2u, 3u) == vec4u(i);
            source = select(source, vec4u(at), here);
            examples = select(examples, vec4u(example), here);
        }
    }
    if thread.y == 0u {
        put_integers(run.examples, items, examples);
    }
    let here = vec4u(0u, 1u, 2u, 3u) + vec4u(items * 4u) < vec4u(present);
    let vec4s = (run.item_columns + 3u) / 4u;
    let row = source * run.item_columns + vec4u(run.table_items);
    for (var k = thread.y; k < vec4s; k += GATHER_THREADS) {
        let x = scaled(row, k, run.item_columns, run.item_mean, run.item_inverse_deviation, here);
        store_block(run.items, run.items_by_unit, vec4s, run.item_vec4s, k, items, x);
    }
}
