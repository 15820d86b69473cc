// Gather: copies the examples of this step's batch from the tables, shuffled by a counter-based
// permutation, and scales the inputs.
//
//   row(e)   = rows[permute(seed, epoch, training rows, cursor + e)]     in training
//   row(e)   = rows[training rows + cursor + e]                          in validation
//   x[e, k]  = (table_x[row(e), k] - mean[k]) inverse_deviation[k]
//   t[e, j]  = table_y[row(e), j], 0 for a dummy output
//   v[e]     = row_weights[row(e)], 1 without weights
//
// Each column of table_x is stored around its median, centred and scaled in f64; the mean and the
// deviation of a run take that into account.
//
// Examples beyond the present ones are 0, as is padding. A tile is 8 lanes of four examples and all
// units; the threads of a lane share the units.

#import layout
#import packed_{packed}
#import batch
#import table

@group(0) @binding(0) var<storage, read> runs: array<Run>;          // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;      // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); i: 8 lanes of examples
// (training and validation rows of all runs, each followed by their weights if there are any)
@group(0) @binding(3) var<storage, read> rows: array<u32>;
// all tables: x (rows, inputs), y (rows, targets)
@group(0) @binding(4) var<storage, read> data: array<Datum>;
// writes x, shapes (batch, inputs) and (inputs, batch), t, shape (batch, outputs), and v, shape
// (batch)
@group(0) @binding(5) var<storage, read_write> work: array<Packed>;
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
    let phase = states[tile.run].phase;
    let examples = tile.i * LANES + thread.x;
    if phase == PHASE_DONE || examples >= run.batch_vec4s {
        return;
    }
    let present = states[tile.run].batch_rows;

    // the rows of the four examples in the tables; absent examples read row 0 and are masked
    var source = vec4u(0u);
    var weights = vec4f(0.0);
    for (var e = 0u; e < 4u; e++) {
        let example = examples * 4u + e;
        if example < present {
            let place = position(tile, example);
            let row = rows[run.rows + place];
            source = select(source, vec4u(row), vec4u(0u, 1u, 2u, 3u) == vec4u(e));
            var weight = 1.0;
            if run.row_weights != NO_WEIGHTS {
                weight = bitcast<f32>(rows[run.row_weights + place]);
            }
            weights = select(weights, vec4f(weight), vec4u(0u, 1u, 2u, 3u) == vec4u(e));
        }
    }
    let here = vec4u(0u, 1u, 2u, 3u) + vec4u(examples * 4u) < vec4u(present);

    if thread.y == 0u {
        let at = run.example_weights + examples * EXACT;
        work[at] = first_of(weights);
        work[at + EXACT - 1u] = last_of(weights);
    }
    let input_vec4s = (run.inputs + 3u) / 4u;
    let row_x = source * run.inputs + vec4u(run.table_x);
    for (var k = thread.y; k < input_vec4s; k += GATHER_THREADS) {
        let x = scaled(row_x, k, run.inputs, run.mean, run.inverse_deviation, here);
        store_block(run.x, run.x_by_unit, input_vec4s, run.batch_vec4s, k, examples, x);
    }
    let output_vec4s = (run.outputs + 3u) / 4u;
    let row_y = source * run.targets + vec4u(run.table_y);
    for (var j = thread.y; j < output_vec4s; j += GATHER_THREADS) {
        let at = run.labels + 4u * examples * output_vec4s + j;
        let t0 = select(vec4f(0.0), fetch(row_y.x, 4u * j, run.targets), here.x);
        let t1 = select(vec4f(0.0), fetch(row_y.y, 4u * j, run.targets), here.y);
        let t2 = select(vec4f(0.0), fetch(row_y.z, 4u * j, run.targets), here.z);
        let t3 = select(vec4f(0.0), fetch(row_y.w, 4u * j, run.targets), here.w);
        work[at] = pack(t0);
        work[at + output_vec4s] = pack(t1);
        work[at + 2u * output_vec4s] = pack(t2);
        work[at + 3u * output_vec4s] = pack(t3);
    }
}
