// Gradient of the weights, variant for software rasterizers; formula in weights_tile.wgsl. A thread
// computes 32 inputs of 8 units: vec4s 0 to 7 of inputs, vec4s p and q of units. A tile is 32
// PRODUCT_THREADS inputs and 64 units. An iteration adds two examples, as the forward kernel adds
// two terms.
//
// In a narrow node each lane takes inputs of its own, and all units.

#import layout
#import packed_{packed}
#import lanes_{lanes}
#import present
#import weights_tile

fn serve(tile: Tile, thread: vec3u) {
    let node = nodes[tile.node];
    let first = place(tile, node, thread);
    let inputs = first.x;
    let units = first.y;
    let narrow = node.output_vec4s <= NARROW_VEC4S;
    if states[tile.run].phase != PHASE_TRAIN || inputs >= node.input_vec4s {
        return;
    }
    // lanes beyond the last unit do not return here: they load for the others
    let unit_end = min(units + THREAD_UNITS, node.output_vec4s);

    // beyond the edges a thread reads the last column again and stores nothing
    let x = node.input + inputs;
    let last = min(7u, node.input_vec4s - 1u - inputs);
    let last_unit = node.output_vec4s - 1u;
    let delta_p = node.delta + min(units, last_unit);
    let delta_q = node.delta + min(units + 1u, last_unit);
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
    var g4p = mat4x4f();
    var g4q = mat4x4f();
    var g5p = mat4x4f();
    var g5q = mat4x4f();
    var g6p = mat4x4f();
    var g6q = mat4x4f();
    var g7p = mat4x4f();
    var g7q = mat4x4f();

    // absent examples have delta 0, and the batch is padded to whole vec4s of examples
    let present = present_rows(tile, node.rows);
    for (var e = 0u; narrow && e < present; e++) {
        let dp = unpack(work[delta_p + e * node.output_vec4s]);
        let dq = unpack(work[delta_q + e * node.output_vec4s]);
        bias_p += dp;
        bias_q += dq;
        let at = x + e * node.input_vec4s;
        let v0 = unpack(work[at + min(0u, last)]);
        g0p += outer(v0, dp);
        g0q += outer(v0, dq);
        let v1 = unpack(work[at + min(1u, last)]);
        g1p += outer(v1, dp);
        g1q += outer(v1, dq);
        let v2 = unpack(work[at + min(2u, last)]);
        g2p += outer(v2, dp);
        g2q += outer(v2, dq);
        let v3 = unpack(work[at + min(3u, last)]);
        g3p += outer(v3, dp);
        g3q += outer(v3, dq);
        let v4 = unpack(work[at + min(4u, last)]);
        g4p += outer(v4, dp);
        g4q += outer(v4, dq);
        let v5 = unpack(work[at + min(5u, last)]);
        g5p += outer(v5, dp);
        g5q += outer(v5, dq);
        let v6 = unpack(work[at + min(6u, last)]);
        g6p += outer(v6, dp);
        g6q += outer(v6, dq);
        let v7 = unpack(work[at + min(7u, last)]);
        g7p += outer(v7, dp);
        g7q += outer(v7, dq);
    }
    for (var e = 0u; !narrow && e < present; e += 2u) {
        let row = e * node.output_vec4s;
        let at_x = x + e * node.input_vec4s;
        let at_y = at_x + node.input_vec4s;
        let xs = load_shared(at_x, 1u, last, thread.x);
        let ys = load_shared(at_y, 1u, last, thread.x);
        let dp = unpack(work[delta_p + row]);
        let dq = unpack(work[delta_q + row]);
        let fp = unpack(work[delta_p + row + node.output_vec4s]);
        let fq = unpack(work[delta_q + row + node.output_vec4s]);
        bias_p = (bias_p + dp) + fp;
        bias_q = (bias_q + dq) + fq;
        let x0 = shared_vec4(xs, at_x, 1u, last, 0u);
        let y0 = shared_vec4(ys, at_y, 1u, last, 0u);
        g0p = (g0p + outer(x0, dp)) + outer(y0, fp);
        g0q = (g0q + outer(x0, dq)) + outer(y0, fq);
        let x1 = shared_vec4(xs, at_x, 1u, last, 1u);
        let y1 = shared_vec4(ys, at_y, 1u, last, 1u);
        g1p = (g1p + outer(x1, dp)) + outer(y1, fp);
        g1q = (g1q + outer(x1, dq)) + outer(y1, fq);
        let x2 = shared_vec4(xs, at_x, 1u, last, 2u);
        let y2 = shared_vec4(ys, at_y, 1u, last, 2u);
        g2p = (g2p + outer(x2, dp)) + outer(y2, fp);
        g2q = (g2q + outer(x2, dq)) + outer(y2, fq);
        let x3 = shared_vec4(xs, at_x, 1u, last, 3u);
        let y3 = shared_vec4(ys, at_y, 1u, last, 3u);
        g3p = (g3p + outer(x3, dp)) + outer(y3, fp);
        g3q = (g3q + outer(x3, dq)) + outer(y3, fq);
        let x4 = shared_vec4(xs, at_x, 1u, last, 4u);
        let y4 = shared_vec4(ys, at_y, 1u, last, 4u);
        g4p = (g4p + outer(x4, dp)) + outer(y4, fp);
        g4q = (g4q + outer(x4, dq)) + outer(y4, fq);
        let x5 = shared_vec4(xs, at_x, 1u, last, 5u);
        let y5 = shared_vec4(ys, at_y, 1u, last, 5u);
        g5p = (g5p + outer(x5, dp)) + outer(y5, fp);
        g5q = (g5q + outer(x5, dq)) + outer(y5, fq);
        let x6 = shared_vec4(xs, at_x, 1u, last, 6u);
        let y6 = shared_vec4(ys, at_y, 1u, last, 6u);
        g6p = (g6p + outer(x6, dp)) + outer(y6, fp);
        g6q = (g6q + outer(x6, dq)) + outer(y6, fq);
        let x7 = shared_vec4(xs, at_x, 1u, last, 7u);
        let y7 = shared_vec4(ys, at_y, 1u, last, 7u);
        g7p = (g7p + outer(x7, dp)) + outer(y7, fp);
        g7q = (g7q + outer(x7, dq)) + outer(y7, fq);
    }

    if units >= unit_end {
        return;
    }
    let rows = max(trained_rows(node), 4u * inputs) - 4u * inputs;
    let row = node.output_vec4s;
    let at = node.weights_gradient + 4u * inputs * row + units;
    let bias = node.bias_gradient + units;
    let with_bias = inputs == 0u && node.bias_rate != 0.0;
    if with_bias {
        put_bias(bias, bias_p);
    }
    store(at, row, rows, 0u, g0p);
    store(at + 4u * row, row, rows, 4u, g1p);
    store(at + 8u * row, row, rows, 8u, g2p);
    store(at + 12u * row, row, rows, 12u, g3p);
    store(at + 16u * row, row, rows, 16u, g4p);
    store(at + 20u * row, row, rows, 20u, g5p);
    store(at + 24u * row, row, rows, 24u, g6p);
    store(at + 28u * row, row, rows, 28u, g7p);
    if units + 1u < unit_end {
        if with_bias {
            put_bias(bias + 1u, bias_q);
        }
        store(at + 1u, row, rows, 0u, g0q);
        store(at + 4u * row + 1u, row, rows, 4u, g1q);
        store(at + 8u * row + 1u, row, rows, 8u, g2q);
        store(at + 12u * row + 1u, row, rows, 12u, g3q);
        store(at + 16u * row + 1u, row, rows, 16u, g4q);
        store(at + 20u * row + 1u, row, rows, 20u, g5q);
        store(at + 24u * row + 1u, row, rows, 24u, g6q);
        store(at + 28u * row + 1u, row, rows, 28u, g7q);
    }
}
