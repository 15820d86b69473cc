// Gradients of the gain and the bias of a norm:
//
//   gradient of gain[n] = sum_r delta[r, n] normal[r, n]
//   gradient of bias[n] = sum_r delta[r, n]
//
// A workgroup serves 8 vec4s of columns; eight threads share the rows of each.

#import layout
#import packed_{packed}
#import present

@group(0) @binding(0) var<storage, read_write> states: array<State>;  // (runs); writes overflow
@group(0) @binding(1) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of columns
@group(0) @binding(2) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// normal and delta, shape (rows, columns)
@group(0) @binding(3) var<storage, read> work: array<Packed>;
// writes the gradients of those that are trained, shape (columns)
@group(0) @binding(4) var<storage, read_write> gradients: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

var<workgroup> gains: array<vec4f, 64>;
var<workgroup> biases: array<vec4f, 64>;

@compute @workgroup_size(LANES, LANES)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_id) thread: vec3u,
) {
    let index = group_index(group, grid);
    let tile = tiles[call.first + min(index, call.count - 1u)];
    let node = nodes[tile.node];
    let unit = tile.i * LANES + thread.x;
    let trains = index < call.count && states[tile.run].phase == PHASE_TRAIN;
    let serves = trains && unit < node.output_vec4s;
    var gain = vec4f(0.0);
    var bias = vec4f(0.0);
    if serves {
        let present = present_rows(tile, node.rows);
        for (var row = thread.y; row < present; row += LANES) {
            let at = row * node.output_vec4s + unit;
            let delta = unpack(work[node.delta + at]);
            gain += delta * unpack(work[node.saved + at]);
            bias += delta;
        }
    }
    gains[thread.y * LANES + thread.x] = gain;
    biases[thread.y * LANES + thread.x] = bias;
    workgroupBarrier();
    if thread.y == 0u && serves {
        for (var share = 1u; share < LANES; share++) {
            gain += gains[share * LANES + thread.x];
            bias += biases[share * LANES + thread.x];
        }
        var overflowed = false;
        if node.weights_rate != 0.0 {
            gradients[node.weights_gradient + unit] = pack(gain);
            overflowed = overflows(gain);
        }
        if node.bias_rate != 0.0 {
            gradients[node.bias_gradient + unit] = pack(bias);
            overflowed = overflowed || overflows(bias);
        }
        if HALF && overflowed {
            states[tile.run].overflow = 1u;
        }
    }
}
