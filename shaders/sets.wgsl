// Sets: the index of the examples of a batch (see index.wgsl), one workgroup per run.
//
//   first_items[e + 1] = first_items[e] + n[e]                 n[e] items in row table_rows[e]
//   first_edges[e + 1] = first_edges[e] + n[e] min(neighbours, n[e] - 1)
//
// Absent examples have no items. Each thread counts a range of examples, then adds what the threads
// before it have counted.

#import layout
#import packed_{packed}
#import batch
#import index

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
// (runs); writes batch_items and batch_edges
@group(0) @binding(1) var<storage, read_write> states: array<State>;
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;          // (tiles)
@group(0) @binding(3) var<storage, read> rows: array<u32>;  // (rows of all runs)
@group(0) @binding(4) var<storage, read> data: array<Datum>;          // all tables
@group(0) @binding(5) var<storage, read_write> work: array<Packed>;   // writes the index
@group(1) @binding(0) var<uniform> call: Call;

override SETS_THREADS: u32;

var<workgroup> counted: array<vec2u, SETS_THREADS>;

// Items and edges of a row of the table.
fn counts(run: Run, row: u32) -> vec2u {
    let items = data[run.table_offsets + row + 1u] - data[run.table_offsets + row];
    let degree = min(run.neighbours, max(items, 1u) - 1u);
    return vec2u(items, select(0u, items * degree, run.edge_vec4s > 0u));
}

@compute @workgroup_size(SETS_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, grid);
    let tile = tiles[call.first + min(index, call.count - 1u)];
    let run = runs[tile.run];
    let phase = states[tile.run].phase;
    let present = states[tile.run].batch_rows;
    let serves = index < call.count && phase != PHASE_DONE;

    // vec4s of examples, of which there is one more than in the batch
    let vec4s = (run.batch + 4u) / 4u;
    let each = (vec4s + SETS_THREADS - 1u) / SETS_THREADS;
    let first = min(thread * each, vec4s);
    let end = min(first + each, vec4s);
    var sum = vec2u(0u);
    if serves {
        for (var vec4 = first; vec4 < end; vec4++) {
            var of_vec4 = vec4u(0u);
            for (var i = 0u; i < 4u; i++) {
                let example = 4u * vec4 + i;
                if example < present {
                    let row = rows[run.rows + position(tile, example)];
                    of_vec4 = select(of_vec4, vec4u(row), vec4u(0u, 1u, 2u, 3u) == vec4u(i));
                    sum += counts(run, row);
                }
            }
            put_integers(run.table_rows, vec4, of_vec4);
        }
    }
    counted[thread] = sum;
    workgroupBarrier();
    if !serves {
        return;
    }
    var before = vec2u(0u);
    for (var other = 0u; other < thread; other++) {
        before += counted[other];
    }
    for (var vec4 = first; vec4 < end; vec4++) {
        let of_vec4 = integers(run.table_rows, vec4);
        var items = vec4u(0u);
        var edges = vec4u(0u);
        for (var i = 0u; i < 4u; i++) {
            let here = vec4u(0u, 1u, 2u, 3u) == vec4u(i);
            items = select(items, vec4u(before.x), here);
            edges = select(edges, vec4u(before.y), here);
            if 4u * vec4 + i < present {
                before += counts(run, of_vec4[i]);
            }
        }
        put_integers(run.first_items, vec4, items);
        put_integers(run.first_edges, vec4, edges);
    }
    if thread == SETS_THREADS - 1u {
        states[tile.run].batch_items = before.x;
        states[tile.run].batch_edges = before.y;
    }
}
