// What norms share: a row less a centre, which is its mean or 0, times a factor, a gain and, if the
// norm has one, plus a bias. A page that imports this one binds `runs`, `states`, `tiles`, `nodes`,
// `work`, `weights`, `gradients` and `call`.

#import layout
#import packed_{packed}
#import block
#import contribute
#import present

// Added to the mean of the squares, as in torch.nn.LayerNorm.
const NORM_EPSILON: f32 = 1e-5;

// What a lane serves: a tile, and four rows of its node, which are stored by unit.
struct FourRows {
    tile: Tile,
    row: u32,
    here: bool,  // whether the dispatch has such a tile, and the batch such a row
}

fn four_rows(group: u32, thread: u32) -> FourRows {
    let tile = tiles[call.first + min(group, call.count - 1u)];
    let row = tile.i * LANES + thread;
    let present = present_vec4s(tile, nodes[tile.node].rows);
    return FourRows(tile, row, group < call.count && row < present);
}

// One over the roots of the mean squares of four rows less their centres.
fn inverse_roots(node: Node, row: u32, centre: vec4f) -> vec4f {
    var sum = vec4f(0.0);
    for (var k = 0u; k < node.inputs; k++) {
        let apart = unpack(work[node.input_by_unit + k * node.row_vec4s + row]) - centre;
        sum += apart * apart;
    }
    return 1.0 / sqrt(sum * (1.0 / f32(node.inputs)) + NORM_EPSILON);
}

// Which of the four columns from 4 `unit` on are not padding.
fn real_columns(node: Node, unit: u32) -> vec4<bool> {
    return vec4u(4u * unit) + vec4u(0u, 1u, 2u, 3u) < vec4u(node.inputs);
}

// Stores normal = (x - centre) factor and a = gain normal + bias.
fn store_rows(node: Node, row: u32, centre: vec4f, factor: vec4f, has_bias: bool) {
    let vec4s = node.output_vec4s;
    for (var unit = 0u; unit < vec4s; unit++) {
        let real = real_columns(node, unit);
        let x = load_block(node.input, vec4s, unit, row);
        let gain = unpack(weights[node.weights + unit]);
        let bias = select(vec4f(0.0), unpack(weights[node.bias + unit]), has_bias);
        let n0 = pack(select(vec4f(0.0), (x[0] - centre.x) * factor.x, real));
        let n1 = pack(select(vec4f(0.0), (x[1] - centre.y) * factor.y, real));
        let n2 = pack(select(vec4f(0.0), (x[2] - centre.z) * factor.z, real));
        let n3 = pack(select(vec4f(0.0), (x[3] - centre.w) * factor.w, real));
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

// Gives the gradient factor (d - mean(d) - normal mean(d normal)) with d = gain delta; without
// mean(d) where the centre is 0.
fn give_rows(tile: Tile, row: u32, factor: vec4f, has_mean: bool) {
    let node = nodes[tile.node];
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
    mean *= select(0.0, share, has_mean);
    along *= share;
    for (var unit = 0u; unit < vec4s; unit++) {
        let real = real_columns(node, unit);
        let gain = unpack(weights[node.weights + unit]);
        let delta = load_block(node.delta, vec4s, unit, row);
        let normal = load_block(node.saved, vec4s, unit, row);
        var gradient = mat4x4f();
        for (var i = 0u; i < 4u; i++) {
            let value = factor[i] * (gain * delta[i] - mean[i] - normal[i] * along[i]);
            gradient = with_column(gradient, i, select(vec4f(0.0), value, real));
        }
        give_block(tile, node.gradients, node.below, unit, row, gradient);
    }
}

var<workgroup> gains: array<vec4f, 64>;
var<workgroup> biases: array<vec4f, 64>;

// The gradients of the gain and of the bias, of those that there are and that are trained. A
// workgroup serves 8 vec4s of columns; eight threads share the rows of each.
fn sum_columns(group: u32, thread: vec3u) {
    let tile = tiles[call.first + min(group, call.count - 1u)];
    let node = nodes[tile.node];
    let unit = tile.i * LANES + thread.x;
    let trains = group < call.count && states[tile.run].phase == PHASE_TRAIN;
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
