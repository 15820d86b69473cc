// Backward to the input: one layer for all runs, through the activation and the dropout of the layer below.
//
//   delta_below[k, e] = mask_below[k, e] activation'(z_below[k, e]) sum_n W[k, n] delta[n, e]
//
// `tile.layer` is the layer whose weights are read; the layer below it is `tile.layer - 1`. A thread computes 8 units of the
// layer below for 16 examples, as the forward kernel does and for the same reasons; the letters a to d stand for the four
// vec4s of examples. Rows of padding are written as 0: the sums of the next call run over them.

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;          // i: 16 examples, j: 64 PRODUCT_THREADS units below
@group(0) @binding(3) var<storage, read> layers: array<Layer>;        // (layers of all runs)
@group(0) @binding(4) var<storage, read> parameters: array<vec4f>;    // W, shape (inputs, outputs); b, shape (outputs)
@group(0) @binding(5) var<storage, read_write> work: array<vec4f>;    // reads delta and z below, writes delta below
@group(1) @binding(0) var<uniform> call: Call;

override PRODUCT_THREADS: u32;

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
    let below = layers[tile.layer - 1u];
    let groups = runs[tile.run].batch_groups;
    let first = ((tile.j * PRODUCT_THREADS + thread.y) * LANES + thread.x) * 8u;  // unit of the layer below
    let examples = tile.i * 4u;                                                   // in vec4s of examples
    if states[tile.run].phase != PHASE_TRAIN || first >= layer.inputs {
        return;
    }

    // beyond the edges a thread repeats the last row and stores nothing, or zeros
    let last_input = layer.inputs - 1u;
    let row0 = layer.weights + min(first + 0u, last_input) * layer.output_groups;
    let row1 = layer.weights + min(first + 1u, last_input) * layer.output_groups;
    let row2 = layer.weights + min(first + 2u, last_input) * layer.output_groups;
    let row3 = layer.weights + min(first + 3u, last_input) * layer.output_groups;
    let row4 = layer.weights + min(first + 4u, last_input) * layer.output_groups;
    let row5 = layer.weights + min(first + 5u, last_input) * layer.output_groups;
    let row6 = layer.weights + min(first + 6u, last_input) * layer.output_groups;
    let row7 = layer.weights + min(first + 7u, last_input) * layer.output_groups;
    let last = groups - 1u;
    let deltaa = layer.delta + min(examples + 0u, last);
    let deltab = layer.delta + min(examples + 1u, last);
    let deltac = layer.delta + min(examples + 2u, last);
    let deltad = layer.delta + min(examples + 3u, last);
    var s0a = vec4f(0.0);
    var s0b = vec4f(0.0);
    var s0c = vec4f(0.0);
    var s0d = vec4f(0.0);
    var s1a = vec4f(0.0);
    var s1b = vec4f(0.0);
    var s1c = vec4f(0.0);
    var s1d = vec4f(0.0);
    var s2a = vec4f(0.0);
    var s2b = vec4f(0.0);
    var s2c = vec4f(0.0);
    var s2d = vec4f(0.0);
    var s3a = vec4f(0.0);
    var s3b = vec4f(0.0);
    var s3c = vec4f(0.0);
    var s3d = vec4f(0.0);
    var s4a = vec4f(0.0);
    var s4b = vec4f(0.0);
    var s4c = vec4f(0.0);
    var s4d = vec4f(0.0);
    var s5a = vec4f(0.0);
    var s5b = vec4f(0.0);
    var s5c = vec4f(0.0);
    var s5d = vec4f(0.0);
    var s6a = vec4f(0.0);
    var s6b = vec4f(0.0);
    var s6c = vec4f(0.0);
    var s6d = vec4f(0.0);
    var s7a = vec4f(0.0);
    var s7b = vec4f(0.0);
    var s7c = vec4f(0.0);
    var s7d = vec4f(0.0);

    for (var n = 0u; n < layer.output_groups; n++) {
        let at0 = n * 4u * groups;
        let at1 = at0 + groups;
        let at2 = at1 + groups;
        let at3 = at2 + groups;
        let w0 = parameters[row0 + n];
        let w1 = parameters[row1 + n];
        let w2 = parameters[row2 + n];
        let w3 = parameters[row3 + n];
        let w4 = parameters[row4 + n];
        let w5 = parameters[row5 + n];
        let w6 = parameters[row6 + n];
        let w7 = parameters[row7 + n];

        let d0a = work[deltaa + at0];
        let d1a = work[deltaa + at1];
        let d2a = work[deltaa + at2];
        let d3a = work[deltaa + at3];
        s0a = fma(vec4f(w0.w), d3a, fma(vec4f(w0.z), d2a, fma(vec4f(w0.y), d1a, fma(vec4f(w0.x), d0a, s0a))));
        s1a = fma(vec4f(w1.w), d3a, fma(vec4f(w1.z), d2a, fma(vec4f(w1.y), d1a, fma(vec4f(w1.x), d0a, s1a))));
        s2a = fma(vec4f(w2.w), d3a, fma(vec4f(w2.z), d2a, fma(vec4f(w2.y), d1a, fma(vec4f(w2.x), d0a, s2a))));
        s3a = fma(vec4f(w3.w), d3a, fma(vec4f(w3.z), d2a, fma(vec4f(w3.y), d1a, fma(vec4f(w3.x), d0a, s3a))));
        s4a = fma(vec4f(w4.w), d3a, fma(vec4f(w4.z), d2a, fma(vec4f(w4.y), d1a, fma(vec4f(w4.x), d0a, s4a))));
        s5a = fma(vec4f(w5.w), d3a, fma(vec4f(w5.z), d2a, fma(vec4f(w5.y), d1a, fma(vec4f(w5.x), d0a, s5a))));
        s6a = fma(vec4f(w6.w), d3a, fma(vec4f(w6.z), d2a, fma(vec4f(w6.y), d1a, fma(vec4f(w6.x), d0a, s6a))));
        s7a = fma(vec4f(w7.w), d3a, fma(vec4f(w7.z), d2a, fma(vec4f(w7.y), d1a, fma(vec4f(w7.x), d0a, s7a))));

        let d0b = work[deltab + at0];
        let d1b = work[deltab + at1];
        let d2b = work[deltab + at2];
        let d3b = work[deltab + at3];
        s0b = fma(vec4f(w0.w), d3b, fma(vec4f(w0.z), d2b, fma(vec4f(w0.y), d1b, fma(vec4f(w0.x), d0b, s0b))));
        s1b = fma(vec4f(w1.w), d3b, fma(vec4f(w1.z), d2b, fma(vec4f(w1.y), d1b, fma(vec4f(w1.x), d0b, s1b))));
        s2b = fma(vec4f(w2.w), d3b, fma(vec4f(w2.z), d2b, fma(vec4f(w2.y), d1b, fma(vec4f(w2.x), d0b, s2b))));
        s3b = fma(vec4f(w3.w), d3b, fma(vec4f(w3.z), d2b, fma(vec4f(w3.y), d1b, fma(vec4f(w3.x), d0b, s3b))));
        s4b = fma(vec4f(w4.w), d3b, fma(vec4f(w4.z), d2b, fma(vec4f(w4.y), d1b, fma(vec4f(w4.x), d0b, s4b))));
        s5b = fma(vec4f(w5.w), d3b, fma(vec4f(w5.z), d2b, fma(vec4f(w5.y), d1b, fma(vec4f(w5.x), d0b, s5b))));
        s6b = fma(vec4f(w6.w), d3b, fma(vec4f(w6.z), d2b, fma(vec4f(w6.y), d1b, fma(vec4f(w6.x), d0b, s6b))));
        s7b = fma(vec4f(w7.w), d3b, fma(vec4f(w7.z), d2b, fma(vec4f(w7.y), d1b, fma(vec4f(w7.x), d0b, s7b))));

        let d0c = work[deltac + at0];
        let d1c = work[deltac + at1];
        let d2c = work[deltac + at2];
        let d3c = work[deltac + at3];
        s0c = fma(vec4f(w0.w), d3c, fma(vec4f(w0.z), d2c, fma(vec4f(w0.y), d1c, fma(vec4f(w0.x), d0c, s0c))));
        s1c = fma(vec4f(w1.w), d3c, fma(vec4f(w1.z), d2c, fma(vec4f(w1.y), d1c, fma(vec4f(w1.x), d0c, s1c))));
        s2c = fma(vec4f(w2.w), d3c, fma(vec4f(w2.z), d2c, fma(vec4f(w2.y), d1c, fma(vec4f(w2.x), d0c, s2c))));
        s3c = fma(vec4f(w3.w), d3c, fma(vec4f(w3.z), d2c, fma(vec4f(w3.y), d1c, fma(vec4f(w3.x), d0c, s3c))));
        s4c = fma(vec4f(w4.w), d3c, fma(vec4f(w4.z), d2c, fma(vec4f(w4.y), d1c, fma(vec4f(w4.x), d0c, s4c))));
        s5c = fma(vec4f(w5.w), d3c, fma(vec4f(w5.z), d2c, fma(vec4f(w5.y), d1c, fma(vec4f(w5.x), d0c, s5c))));
        s6c = fma(vec4f(w6.w), d3c, fma(vec4f(w6.z), d2c, fma(vec4f(w6.y), d1c, fma(vec4f(w6.x), d0c, s6c))));
        s7c = fma(vec4f(w7.w), d3c, fma(vec4f(w7.z), d2c, fma(vec4f(w7.y), d1c, fma(vec4f(w7.x), d0c, s7c))));

        let d0d = work[deltad + at0];
        let d1d = work[deltad + at1];
        let d2d = work[deltad + at2];
        let d3d = work[deltad + at3];
        s0d = fma(vec4f(w0.w), d3d, fma(vec4f(w0.z), d2d, fma(vec4f(w0.y), d1d, fma(vec4f(w0.x), d0d, s0d))));
        s1d = fma(vec4f(w1.w), d3d, fma(vec4f(w1.z), d2d, fma(vec4f(w1.y), d1d, fma(vec4f(w1.x), d0d, s1d))));
        s2d = fma(vec4f(w2.w), d3d, fma(vec4f(w2.z), d2d, fma(vec4f(w2.y), d1d, fma(vec4f(w2.x), d0d, s2d))));
        s3d = fma(vec4f(w3.w), d3d, fma(vec4f(w3.z), d2d, fma(vec4f(w3.y), d1d, fma(vec4f(w3.x), d0d, s3d))));
        s4d = fma(vec4f(w4.w), d3d, fma(vec4f(w4.z), d2d, fma(vec4f(w4.y), d1d, fma(vec4f(w4.x), d0d, s4d))));
        s5d = fma(vec4f(w5.w), d3d, fma(vec4f(w5.z), d2d, fma(vec4f(w5.y), d1d, fma(vec4f(w5.x), d0d, s5d))));
        s6d = fma(vec4f(w6.w), d3d, fma(vec4f(w6.z), d2d, fma(vec4f(w6.y), d1d, fma(vec4f(w6.x), d0d, s6d))));
        s7d = fma(vec4f(w7.w), d3d, fma(vec4f(w7.z), d2d, fma(vec4f(w7.y), d1d, fma(vec4f(w7.x), d0d, s7d))));
    }

    // the raw sums first, then one loop instead of thirty-two copies of the derivative
    let end = min(first + 8u, below.output_groups * 4u);
    let more = first + 4u < end;
    let sum = below.delta + first * groups + examples;
    work[sum + 0u * groups + 0u] = s0a;
    work[sum + 1u * groups + 0u] = s1a;
    work[sum + 2u * groups + 0u] = s2a;
    work[sum + 3u * groups + 0u] = s3a;
    if more {
        work[sum + 4u * groups + 0u] = s4a;
        work[sum + 5u * groups + 0u] = s5a;
        work[sum + 6u * groups + 0u] = s6a;
        work[sum + 7u * groups + 0u] = s7a;
    }
    if examples + 1u <= last {
        work[sum + 0u * groups + 1u] = s0b;
        work[sum + 1u * groups + 1u] = s1b;
        work[sum + 2u * groups + 1u] = s2b;
        work[sum + 3u * groups + 1u] = s3b;
        if more {
            work[sum + 4u * groups + 1u] = s4b;
            work[sum + 5u * groups + 1u] = s5b;
            work[sum + 6u * groups + 1u] = s6b;
            work[sum + 7u * groups + 1u] = s7b;
        }
    }
    if examples + 2u <= last {
        work[sum + 0u * groups + 2u] = s0c;
        work[sum + 1u * groups + 2u] = s1c;
        work[sum + 2u * groups + 2u] = s2c;
        work[sum + 3u * groups + 2u] = s3c;
        if more {
            work[sum + 4u * groups + 2u] = s4c;
            work[sum + 5u * groups + 2u] = s5c;
            work[sum + 6u * groups + 2u] = s6c;
            work[sum + 7u * groups + 2u] = s7c;
        }
    }
    if examples + 3u <= last {
        work[sum + 0u * groups + 3u] = s0d;
        work[sum + 1u * groups + 3u] = s1d;
        work[sum + 2u * groups + 3u] = s2d;
        work[sum + 3u * groups + 3u] = s3d;
        if more {
            work[sum + 4u * groups + 3u] = s4d;
            work[sum + 5u * groups + 3u] = s5d;
            work[sum + 6u * groups + 3u] = s6d;
            work[sum + 7u * groups + 3u] = s7d;
        }
    }
    let seed = runs[tile.run].seed;
    let step = states[tile.run].steps;
    for (var unit = first; unit < end; unit++) {
        for (var e = examples; e < min(examples + 4u, groups); e++) {
            let at = unit * groups + e;
            var value = work[below.delta + at];
            value *= derivative(below.activation, below.slope, work[below.sum + at]);
            if below.drop_threshold > 0u {
                value *= dropout_mask(seed, step, below, unit, e);
            }
            work[below.delta + at] = select(vec4f(0.0), value, unit < layer.inputs);
        }
    }
}
