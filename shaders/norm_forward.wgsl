// Forward pass of a norm, for each row:
//
//   normal[r, n] = (x[r, n] - mean[r]) / sqrt(variance[r] + 1e-5)
//   a[r, n]      = gain[n] normal[r, n] + bias[n]
//
// A thread serves four rows, which are stored by unit.

#import layout
#import lanes_main
#import packed_{packed}
#import norm
#import block
#import present

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of rows
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
@group(0) @binding(4) var<storage, read> weights: array<Packed>;  // gain and bias, shape (columns)
// reads x by unit; writes normal and a, shape (rows, columns), and a by unit
@group(0) @binding(5) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

fn serve(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let row = tile.i * LANES + thread;
    if states[tile.run].phase == PHASE_DONE || row >= present_vec4s(tile, node.rows) {
        return;
    }
    let mean = means(node, row);
    let inverse = inverse_deviations(node, row, mean);
    let vec4s = node.output_vec4s;
    for (var unit = 0u; unit < vec4s; unit++) {
        let real = vec4u(4u * unit) + vec4u(0u, 1u, 2u, 3u) < vec4u(node.inputs);
        let x = load_block(node.input, vec4s, unit, row);
        let gain = unpack(weights[node.weights + unit]);
        let bias = unpack(weights[node.bias + unit]);
        let n0 = pack(select(vec4f(0.0), (x[0] - mean.x) * inverse.x, real));
        let n1 = pack(select(vec4f(0.0), (x[1] - mean.y) * inverse.y, real));
        let n2 = pack(select(vec4f(0.0), (x[2] - mean.z) * inverse.z, real));
        let n3 = pack(select(vec4f(0.0), (x[3] - mean.w) * inverse.w, real));
        let at = node.saved + 4u * row * vec4s + unit;
        work[at] = n0;
        work[at + vec4s] = n1;
        work[at + 2u * vec4s] = n2;
        work[at + 3u * vec4s] = n3;
        let values = mat4x4f(
            unpack(n0) * gain + bias,
            unpack(n1) * gain + bias,
            unpack(n2) * gain + bias,
            unpack(n3) * gain + bias,
        );
        store_block(node.output, node.output_by_unit, vec4s, node.row_vec4s, unit, row, values);
    }
}
