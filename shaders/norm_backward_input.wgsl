// Backward pass of a norm to its input, for each row, with d[n] = gain[n] delta[r, n]:
//
//   gradient[r, n] = (d[n] - mean(d) - normal[r, n] mean(d normal[r])) / sqrt(variance[r] + 1e-5)
//
// A thread serves four rows.

#import layout
#import lanes_main
#import packed_{packed}
#import norm
#import contribute
#import present

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of rows
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
@group(0) @binding(4) var<storage, read> weights: array<Packed>;  // gain and bias, shape (columns)
// reads x by unit, normal and delta; writes delta of the node below, shape (rows, columns)
@group(0) @binding(5) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

fn serve(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let row = tile.i * LANES + thread;
    if states[tile.run].phase != PHASE_TRAIN || row >= present_vec4s(tile, node.rows) {
        return;
    }
    let inverse = inverse_deviations(node, row, means(node, row));
    let vec4s = node.output_vec4s;
    var mean = vec4f(0.0);
    var along = vec4f(0.0);
    for (var unit = 0u; unit < vec4s; unit++) {
        let gain = unpack(weights[node.weights + unit]);
        let delta = load_block(node.delta, vec4s, unit, row);
        let normal = load_block(node.saved, vec4s, unit, row);
        mean += vec4f(
            dot(gain, delta[0]),
            dot(gain, delta[1]),
            dot(gain, delta[2]),
            dot(gain, delta[3]),
        );
        along += vec4f(
            dot(gain * delta[0], normal[0]),
            dot(gain * delta[1], normal[1]),
            dot(gain * delta[2], normal[2]),
            dot(gain * delta[3], normal[3]),
        );
    }
    let share = 1.0 / f32(node.inputs);
    mean *= share;
    along *= share;
    for (var unit = 0u; unit < vec4s; unit++) {
        let real = vec4u(4u * unit) + vec4u(0u, 1u, 2u, 3u) < vec4u(node.inputs);
        let gain = unpack(weights[node.weights + unit]);
        let delta = load_block(node.delta, vec4s, unit, row);
        let normal = load_block(node.saved, vec4s, unit, row);
        var gradient = mat4x4f();
        for (var i = 0u; i < 4u; i++) {
            let value = inverse[i] * (gain * delta[i] - mean[i] - normal[i] * along[i]);
            gradient = with_column(gradient, i, select(vec4f(0.0), value, real));
        }
        give_block(tile, node.gradients, node.below, unit, row, gradient);
    }
}
