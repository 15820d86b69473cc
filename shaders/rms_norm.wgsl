// RMS norm, for each row:
//
//   normal[r, n] = x[r, n] / sqrt(mean(x[r]^2) + 1e-5)
//   a[r, n]      = gain[n] normal[r, n]
//
// and its backward pass, with d[n] = gain[n] delta[r, n]:
//
//   gradient of x[r, n] = (d[n] - normal[r, n] mean(d normal[r])) / sqrt(mean(x[r]^2) + 1e-5)
//   gradient of gain[n] = sum_r delta[r, n] normal[r, n]

#import layout
#import packed_{packed}
#import norm_rows

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read_write> states: array<State>;  // (runs); writes overflow
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of rows or columns
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// x by unit, normal, a and delta, shape (rows, columns), and a by unit; delta of the node below
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
// gain, shape (columns), for `forward` and `backward_input`
@group(0) @binding(5) var<storage, read> weights: array<Packed>;
// the gradient of the gain, for `backward_weights`
@group(0) @binding(5) var<storage, read_write> gradients: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

@compute @workgroup_size(LANES)
fn forward(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let rows = four_rows(group_index(group, grid), thread);
    if rows.here && states[rows.tile.run].phase != PHASE_DONE {
        let node = nodes[rows.tile.node];
        let centre = vec4f(0.0);
        store_rows(node, rows.row, centre, inverse_roots(node, rows.row, centre), false);
    }
}

@compute @workgroup_size(LANES)
fn backward_input(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let rows = four_rows(group_index(group, grid), thread);
    if rows.here && states[rows.tile.run].phase == PHASE_TRAIN {
        let factor = inverse_roots(nodes[rows.tile.node], rows.row, vec4f(0.0));
        give_rows(rows.tile, rows.row, factor, false);
    }
}

@compute @workgroup_size(LANES, LANES)
fn backward_weights(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_id) thread: vec3u,
) {
    sum_columns(group_index(group, grid), thread);
}
