// The weights' gradient on software rasterizers: 32 inputs of 16 units a thread, in quads 0 to 7 of inputs and p to s of units; a
// tile is 32 PRODUCT_THREADS inputs and 128 units. The shape follows from the same count as that of the forward kernel.
//
// In a narrow layer each lane takes inputs of its own, and all units.

fn serve(tile: Tile, thread: vec3u) {
    let layer = layers[tile.layer];
    let first = place(tile, layer, thread);
    let inputs = first.x;
    let units = first.y;
    let narrow = layer.output_groups <= NARROW_GROUPS;
    if states[tile.run].phase != PHASE_TRAIN || inputs >= layer.input_groups {
        return;
    }
    // lanes beyond the last unit stay: they load for the others
    let unit_end = min(units + THREAD_UNITS, layer.output_groups);

    // beyond the edges a thread repeats the last column and stores nothing
    let x = layer.input + inputs;
    let last = min(7u, layer.input_groups - 1u - inputs);
    let last_unit = layer.output_groups - 1u;
    let delta_p = layer.delta + min(units, last_unit);
    let delta_q = layer.delta + min(units + 1u, last_unit);
    let delta_r = layer.delta + min(units + 2u, last_unit);
    let delta_s = layer.delta + min(units + 3u, last_unit);
    var bias_p = vec4f(0.0);
    var bias_q = vec4f(0.0);
    var bias_r = vec4f(0.0);
    var bias_s = vec4f(0.0);
    var g0p = mat4x4f();
    var g0q = mat4x4f();
    var g0r = mat4x4f();
    var g0s = mat4x4f();
    var g1p = mat4x4f();
    var g1q = mat4x4f();
    var g1r = mat4x4f();
    var g1s = mat4x4f();
    var g2p = mat4x4f();
    var g2q = mat4x4f();
    var g2r = mat4x4f();
    var g2s = mat4x4f();
    var g3p = mat4x4f();
    var g3q = mat4x4f();
    var g3r = mat4x4f();
    var g3s = mat4x4f();
    var g4p = mat4x4f();
    var g4q = mat4x4f();
    var g4r = mat4x4f();
    var g4s = mat4x4f();
    var g5p = mat4x4f();
    var g5q = mat4x4f();
    var g5r = mat4x4f();
    var g5s = mat4x4f();
    var g6p = mat4x4f();
    var g6q = mat4x4f();
    var g6r = mat4x4f();
    var g6s = mat4x4f();
    var g7p = mat4x4f();
    var g7q = mat4x4f();
    var g7r = mat4x4f();
    var g7s = mat4x4f();

    // absent examples have delta 0
    let present = states[tile.run].batch_rows;
    for (var e = 0u; narrow && e < present; e++) {
        let dp = unpack(work[delta_p + e * layer.output_groups]);
        let dq = unpack(work[delta_q + e * layer.output_groups]);
        bias_p += dp;
        bias_q += dq;
        let at = x + e * layer.input_groups;
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
    for (var e = 0u; !narrow && e < present; e++) {
        let row = e * layer.output_groups;
        let at = x + e * layer.input_groups;
        let xs = load_shared(at, 1u, last, thread.x);
        let dp = unpack(work[delta_p + row]);
        let dq = unpack(work[delta_q + row]);
        let dr = unpack(work[delta_r + row]);
        let ds = unpack(work[delta_s + row]);
        bias_p += dp;
        bias_q += dq;
        bias_r += dr;
        bias_s += ds;
        let v0 = shared_quad(xs, at, 1u, last, 0u);
        g0p += outer(v0, dp);
        g0q += outer(v0, dq);
        g0r += outer(v0, dr);
        g0s += outer(v0, ds);
        let v1 = shared_quad(xs, at, 1u, last, 1u);
        g1p += outer(v1, dp);
        g1q += outer(v1, dq);
        g1r += outer(v1, dr);
        g1s += outer(v1, ds);
        let v2 = shared_quad(xs, at, 1u, last, 2u);
        g2p += outer(v2, dp);
        g2q += outer(v2, dq);
        g2r += outer(v2, dr);
        g2s += outer(v2, ds);
        let v3 = shared_quad(xs, at, 1u, last, 3u);
        g3p += outer(v3, dp);
        g3q += outer(v3, dq);
        g3r += outer(v3, dr);
        g3s += outer(v3, ds);
        let v4 = shared_quad(xs, at, 1u, last, 4u);
        g4p += outer(v4, dp);
        g4q += outer(v4, dq);
        g4r += outer(v4, dr);
        g4s += outer(v4, ds);
        let v5 = shared_quad(xs, at, 1u, last, 5u);
        g5p += outer(v5, dp);
        g5q += outer(v5, dq);
        g5r += outer(v5, dr);
        g5s += outer(v5, ds);
        let v6 = shared_quad(xs, at, 1u, last, 6u);
        g6p += outer(v6, dp);
        g6q += outer(v6, dq);
        g6r += outer(v6, dr);
        g6s += outer(v6, ds);
        let v7 = shared_quad(xs, at, 1u, last, 7u);
        g7p += outer(v7, dp);
        g7q += outer(v7, dq);
        g7r += outer(v7, dr);
        g7s += outer(v7, ds);
    }

    if units >= unit_end {
        return;
    }
    let rows = layer.inputs - 4u * inputs;
    let row = layer.output_groups;
    let at = layer.weights_gradient + 4u * inputs * row + units;
    let bias = layer.bias_gradient + units;
    if inputs == 0u {
        put(bias, bias_p);
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
        if inputs == 0u {
            put(bias + 1u, bias_q);
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
    if units + 2u < unit_end {
        if inputs == 0u {
            put(bias + 2u, bias_r);
        }
        store(at + 2u, row, rows, 0u, g0r);
        store(at + 4u * row + 2u, row, rows, 4u, g1r);
        store(at + 8u * row + 2u, row, rows, 8u, g2r);
        store(at + 12u * row + 2u, row, rows, 12u, g3r);
        store(at + 16u * row + 2u, row, rows, 16u, g4r);
        store(at + 20u * row + 2u, row, rows, 20u, g5r);
        store(at + 24u * row + 2u, row, rows, 24u, g6r);
        store(at + 28u * row + 2u, row, rows, 28u, g7r);
    }
    if units + 3u < unit_end {
        if inputs == 0u {
            put(bias + 3u, bias_s);
        }
        store(at + 3u, row, rows, 0u, g0s);
        store(at + 4u * row + 3u, row, rows, 4u, g1s);
        store(at + 8u * row + 3u, row, rows, 8u, g2s);
        store(at + 12u * row + 3u, row, rows, 12u, g3s);
        store(at + 16u * row + 3u, row, rows, 16u, g4s);
        store(at + 20u * row + 3u, row, rows, 20u, g5s);
        store(at + 24u * row + 3u, row, rows, 24u, g6s);
        store(at + 28u * row + 3u, row, rows, 28u, g7s);
    }
}
