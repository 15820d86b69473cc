// Gather: the batch of this step, shuffled by a counter-based permutation and scaled.
//
//   row(e)   = training: rows[permute(seed, epoch, training rows, cursor + e)];  validation: in order
//   x[k, e]  = (table_x[row(e), k] - mean[k]) inverse_deviation[k]
//   t[j, e]  = table_y[row(e), j], 0 for a dummy output
//
// Examples beyond the rows present are 0. A tile is 8 lanes of four examples, every unit; the threads of a lane share
// the units.

@group(0) @binding(0) var<storage, read> runs: array<Run>;          // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;      // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;        // i: which 8 lanes of the batch
@group(0) @binding(3) var<storage, read> rows: array<u32>;          // each run: training rows, validation rows
@group(0) @binding(4) var<storage, read> data: array<f32>;          // tables, x then y
@group(0) @binding(5) var<storage, read_write> work: array<vec4f>;  // writes x and target
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
    if phase == PHASE_DONE || examples >= run.batch_groups {
        return;
    }
    let cursor = states[tile.run].cursor;
    let epoch = states[tile.run].epoch;
    let present = states[tile.run].batch_rows;

    // where the four examples lie in the tables; absent ones read row 0 and are masked
    var source = vec4u(0u);
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
        }
    }
    let mask = select(vec4f(0.0), vec4f(1.0), vec4u(0u, 1u, 2u, 3u) + vec4u(examples * 4u) < vec4u(present));

    for (var k = thread.y; k < run.inputs; k += GATHER_THREADS) {
        let at = source * run.inputs + vec4u(run.table_x + k);
        let raw = vec4f(data[at.x], data[at.y], data[at.z], data[at.w]);
        let mean = work[run.mean + k / 4u][k % 4u];
        let scale = work[run.inverse_deviation + k / 4u][k % 4u];
        work[run.x + k * run.batch_groups + examples] = select(vec4f(0.0), (raw - mean) * scale, mask > vec4f(0.0));
    }
    for (var j = thread.y; j < run.outputs; j += GATHER_THREADS) {
        var target_value = vec4f(0.0);
        if j < run.targets {
            let at = source * run.targets + vec4u(run.table_y + j);
            target_value = mask * vec4f(data[at.x], data[at.y], data[at.z], data[at.w]);
        }
        work[run.labels + j * run.batch_groups + examples] = target_value;
    }
}
