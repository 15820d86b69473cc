// Backward to the weights and the bias of one layer for all runs.
//
//   dW[k, n] = sum_e x[k, e] delta[n, e]
//   db[n]    = sum_e delta[n, e]
//
// Absent examples have delta 0. A thread computes 16 inputs of 8 units, in four groups 0 to 3 of four inputs and two vec4s p and q of units; its eight lanes take 64 units.
// The shape of the tile follows from the same count as in the forward kernel.

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;          // i: 16 PRODUCT_THREADS inputs, j: 64 units
@group(0) @binding(3) var<storage, read> layers: array<Layer>;        // (layers of all runs)
@group(0) @binding(4) var<storage, read> work: array<vec4f>;          // x, shape (inputs, batch); delta, shape (outputs, batch)
@group(0) @binding(5) var<storage, read_write> gradients: array<vec4f>; // dW, shape (inputs, outputs); db, shape (outputs)
@group(1) @binding(0) var<uniform> call: Call;

override PRODUCT_THREADS: u32;

// Four examples of four units, one example to a column.
fn delta(at: u32, groups: u32) -> mat4x4f {
    return transpose(mat4x4f(work[at], work[at + groups], work[at + 2u * groups], work[at + 3u * groups]));
}

// Stores four units of four inputs, those of them that are below `rows`.
fn store(at: u32, row: u32, rows: u32, input: u32, g: mat4x4f) {
    if input < rows {
        gradients[at] = g[0];
    }
    if input + 1u < rows {
        gradients[at + row] = g[1];
    }
    if input + 2u < rows {
        gradients[at + 2u * row] = g[2];
    }
    if input + 3u < rows {
        gradients[at + 3u * row] = g[3];
    }
}

@compute @workgroup_size(LANES, PRODUCT_THREADS)
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
    let layer = layers[tile.layer];
    let groups = runs[tile.run].batch_groups;
    let first = (tile.i * PRODUCT_THREADS + thread.y) * 16u;  // input
    let units = (tile.j * LANES + thread.x) * 2u;             // in vec4s of units
    if states[tile.run].phase != PHASE_TRAIN || first >= layer.inputs || units >= layer.output_groups {
        return;
    }

    // beyond the edges a thread repeats the last row and stores nothing
    let last = layer.inputs - 1u;
    let row0 = layer.input + min(first + 0u, last) * groups;
    let row1 = layer.input + min(first + 1u, last) * groups;
    let row2 = layer.input + min(first + 2u, last) * groups;
    let row3 = layer.input + min(first + 3u, last) * groups;
    let row4 = layer.input + min(first + 4u, last) * groups;
    let row5 = layer.input + min(first + 5u, last) * groups;
    let row6 = layer.input + min(first + 6u, last) * groups;
    let row7 = layer.input + min(first + 7u, last) * groups;
    let row8 = layer.input + min(first + 8u, last) * groups;
    let row9 = layer.input + min(first + 9u, last) * groups;
    let row10 = layer.input + min(first + 10u, last) * groups;
    let row11 = layer.input + min(first + 11u, last) * groups;
    let row12 = layer.input + min(first + 12u, last) * groups;
    let row13 = layer.input + min(first + 13u, last) * groups;
    let row14 = layer.input + min(first + 14u, last) * groups;
    let row15 = layer.input + min(first + 15u, last) * groups;
    let more = units + 1u < layer.output_groups;
    let delta_p = layer.delta + units * 4u * groups;
    let delta_q = select(delta_p, delta_p + 4u * groups, more);
    var bias_p = vec4f(0.0);
    var bias_q = vec4f(0.0);
    var g0p = mat4x4f();
    var g0q = mat4x4f();
    var g1p = mat4x4f();
    var g1q = mat4x4f();
    var g2p = mat4x4f();
    var g2q = mat4x4f();
    var g3p = mat4x4f();
    var g3q = mat4x4f();

    for (var e = 0u; e < groups; e++) {
        let dp = delta(delta_p + e, groups);
        let dq = delta(delta_q + e, groups);
        bias_p += (dp[0] + dp[1]) + (dp[2] + dp[3]);
        bias_q += (dq[0] + dq[1]) + (dq[2] + dq[3]);
        let x0 = mat4x4f(work[row0 + e], work[row1 + e], work[row2 + e], work[row3 + e]);
        g0p += dp * x0;
        g0q += dq * x0;
        let x1 = mat4x4f(work[row4 + e], work[row5 + e], work[row6 + e], work[row7 + e]);
        g1p += dp * x1;
        g1q += dq * x1;
        let x2 = mat4x4f(work[row8 + e], work[row9 + e], work[row10 + e], work[row11 + e]);
        g2p += dp * x2;
        g2q += dq * x2;
        let x3 = mat4x4f(work[row12 + e], work[row13 + e], work[row14 + e], work[row15 + e]);
        g3p += dp * x3;
        g3q += dq * x3;
    }

    let rows = layer.inputs - first;
    let row = layer.output_groups;
    let at = layer.weights + first * row + units;
    let bias = layer.bias + units;
    if first == 0u {
        gradients[bias] = bias_p;
    }
    store(at, row, rows, 0u, g0p);
    store(at + 4u * row, row, rows, 4u, g1p);
    store(at + 8u * row, row, rows, 8u, g2p);
    store(at + 12u * row, row, rows, 12u, g3p);
    if more {
        if first == 0u {
            gradients[bias + 1u] = bias_q;
        }
        store(at + 1u, row, rows, 0u, g0q);
        store(at + 4u * row + 1u, row, rows, 4u, g1q);
        store(at + 8u * row + 1u, row, rows, 8u, g2q);
        store(at + 12u * row + 1u, row, rows, 12u, g3q);
    }
}
