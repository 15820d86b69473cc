// Gradient of the weights, variant for GPUs; formula in weights_tile.wgsl. A thread computes 16
// inputs of 8 units: vec4s 0 to 3 of inputs, vec4s p and q of units. A tile is 16 PRODUCT_THREADS
// inputs and 64 units.

#import layout
#import packed_{packed}
#import present
#import present
#import weights_tile

fn serve(tile: Tile, thread: vec3u) {
    let node = nodes[tile.node];
    let first = place(tile, node, thread);
    let inputs = first.x;
    let units = first.y;
    let outside = inputs >= node.input_vec4s || units >= node.output_vec4s;
    if states[tile.run].phase != PHASE_TRAIN || outside {
        return;
    }
    let unit_end = min(units + THREAD_UNITS, node.output_vec4s);

    // beyond the edges a thread reads the last column again and stores nothing
    let last = node.input_vec4s - 1u;
    let x0 = node.input + inputs;
    let x1 = node.input + min(inputs + 1u, last);
    let x2 = node.input + min(inputs + 2u, last);
    let x3 = node.input + min(inputs + 3u, last);
    let delta_p = node.delta + units;
    let delta_q = node.delta + min(units + 1u, unit_end - 1u);
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

    // the rows of this batch
    let present = present_rows(tile, node.rows);
    for (var e = 0u; e < present; e++) {
        let row = e * node.output_vec4s;
        let at = e * node.input_vec4s;
        let dp = unpack(work[delta_p + row]);
        let dq = unpack(work[delta_q + row]);
        bias_p += dp;
        bias_q += dq;
        let v0 = unpack(work[x0 + at]);
        g0p += outer(v0, dp);
        g0q += outer(v0, dq);
        let v1 = unpack(work[x1 + at]);
        g1p += outer(v1, dp);
        g1q += outer(v1, dq);
        let v2 = unpack(work[x2 + at]);
        g2p += outer(v2, dp);
        g2q += outer(v2, dq);
        let v3 = unpack(work[x3 + at]);
        g3p += outer(v3, dp);
        g3q += outer(v3, dq);
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
    if units + 1u < unit_end {
        if with_bias {
            put_bias(bias + 1u, bias_q);
        }
        store(at + 1u, row, rows, 0u, g0q);
        store(at + 4u * row + 1u, row, rows, 4u, g1q);
        store(at + 8u * row + 1u, row, rows, 8u, g2q);
        store(at + 12u * row + 1u, row, rows, 12u, g3q);
    }
}
