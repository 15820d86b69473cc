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
#import random

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

// Number `at` of the tables.
fn number(at: u32) -> f32 {
    return datum(data[at / IN_DATUM], at);
}

// Four constants of the run, stored as f32 at vec4 `k` of an array that starts at `first`.
fn constants(first: u32, k: u32) -> vec4f {
    let at = first + k * EXACT;
    return exact(work[at], work[at + EXACT - 1u]);
}

// Four numbers of a table from column `first` of a row onwards; 0 beyond the last of its `columns`.
fn fetch(row: u32, first: u32, columns: u32) -> vec4f {
    let column = vec4u(first) + vec4u(0u, 1u, 2u, 3u);
    let at = vec4u(row) + min(column, vec4u(columns - 1u));
    let here = vec4f(number(at.x), number(at.y), number(at.z), number(at.w));
    return select(vec4f(0.0), here, column < vec4u(columns));
}

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
    let cursor = states[tile.run].cursor;
    let epoch = states[tile.run].epoch;
    let present = states[tile.run].batch_rows;

    // the rows of the four examples in the tables; absent examples read row 0 and are masked
    var source = vec4u(0u);
    var weights = vec4f(0.0);
    for (var e = 0u; e < 4u; e++) {
        let example = examples * 4u + e;
        if example < present {
            var position = cursor + example;
            if phase == PHASE_TRAIN {
                position = permute(run.seed, epoch, run.training_rows, position);
            } else {
                position += run.training_rows;
            }
            let row = rows[run.rows + position];
            source = select(source, vec4u(row), vec4u(0u, 1u, 2u, 3u) == vec4u(e));
            var weight = 1.0;
            if run.row_weights != NO_WEIGHTS {
                weight = bitcast<f32>(rows[run.row_weights + position]);
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
        let mean = constants(run.mean, k);
        let scale = constants(run.inverse_deviation, k);
        // one example per column
        let x = mat4x4f(
            select(vec4f(0.0), (fetch(row_x.x, 4u * k, run.inputs) - mean) * scale, here.x),
            select(vec4f(0.0), (fetch(row_x.y, 4u * k, run.inputs) - mean) * scale, here.y),
            select(vec4f(0.0), (fetch(row_x.z, 4u * k, run.inputs) - mean) * scale, here.z),
            select(vec4f(0.0), (fetch(row_x.w, 4u * k, run.inputs) - mean) * scale, here.w),
        );
        let at = run.x + 4u * examples * input_vec4s + k;
        work[at] = pack(x[0]);
        work[at + input_vec4s] = pack(x[1]);
        work[at + 2u * input_vec4s] = pack(x[2]);
        work[at + 3u * input_vec4s] = pack(x[3]);
        let by_unit = transpose(x);
        let unit = run.x_by_unit + 4u * k * run.batch_vec4s + examples;
        work[unit] = pack(by_unit[0]);
        work[unit + run.batch_vec4s] = pack(by_unit[1]);
        work[unit + 2u * run.batch_vec4s] = pack(by_unit[2]);
        work[unit + 3u * run.batch_vec4s] = pack(by_unit[3]);
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
