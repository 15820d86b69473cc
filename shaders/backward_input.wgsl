// Backward to the input: one layer for all runs, through the activation and the dropout of the layer below.
//
//   delta_below[k, e] = mask_below[k, e] activation'(z_below[k, e]) sum_n W[k, n] delta[n, e]
//
// `tile.layer` is the layer whose weights are read; the layer below it is `tile.layer - 1`. A thread computes 16 units of
// the layer below for four examples. Rows of padding are written as 0: the sums of the next call run over them.

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;          // i: 8 lanes of the batch, j: 16 PRODUCT_THREADS units below
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
    let first = (tile.j * PRODUCT_THREADS + thread.y) * 16u;  // unit of the layer below
    let examples = tile.i * LANES + thread.x;                 // in vec4s of examples
    if states[tile.run].phase != PHASE_TRAIN || first >= layer.inputs {
        return;
    }

    // beyond the edges a thread repeats the last row and stores nothing, or zeros
    let last = layer.inputs - 1u;
    let k0 = layer.weights + min(first + 0u, last) * layer.output_groups;
    let k1 = layer.weights + min(first + 1u, last) * layer.output_groups;
    let k2 = layer.weights + min(first + 2u, last) * layer.output_groups;
    let k3 = layer.weights + min(first + 3u, last) * layer.output_groups;
    let k4 = layer.weights + min(first + 4u, last) * layer.output_groups;
    let k5 = layer.weights + min(first + 5u, last) * layer.output_groups;
    let k6 = layer.weights + min(first + 6u, last) * layer.output_groups;
    let k7 = layer.weights + min(first + 7u, last) * layer.output_groups;
    let k8 = layer.weights + min(first + 8u, last) * layer.output_groups;
    let k9 = layer.weights + min(first + 9u, last) * layer.output_groups;
    let k10 = layer.weights + min(first + 10u, last) * layer.output_groups;
    let k11 = layer.weights + min(first + 11u, last) * layer.output_groups;
    let k12 = layer.weights + min(first + 12u, last) * layer.output_groups;
    let k13 = layer.weights + min(first + 13u, last) * layer.output_groups;
    let k14 = layer.weights + min(first + 14u, last) * layer.output_groups;
    let k15 = layer.weights + min(first + 15u, last) * layer.output_groups;
    let delta = layer.delta + min(examples, groups - 1u);
    var s0 = vec4f(0.0);
    var s1 = vec4f(0.0);
    var s2 = vec4f(0.0);
    var s3 = vec4f(0.0);
    var s4 = vec4f(0.0);
    var s5 = vec4f(0.0);
    var s6 = vec4f(0.0);
    var s7 = vec4f(0.0);
    var s8 = vec4f(0.0);
    var s9 = vec4f(0.0);
    var s10 = vec4f(0.0);
    var s11 = vec4f(0.0);
    var s12 = vec4f(0.0);
    var s13 = vec4f(0.0);
    var s14 = vec4f(0.0);
    var s15 = vec4f(0.0);
    for (var n = 0u; n < layer.output_groups; n++) {
        let row = delta + n * 4u * groups;
        let d0 = work[row];
        let d1 = work[row + groups];
        let d2 = work[row + 2u * groups];
        let d3 = work[row + 3u * groups];
        let w0 = parameters[k0 + n];
        s0 = fma(vec4f(w0.w), d3, fma(vec4f(w0.z), d2, fma(vec4f(w0.y), d1, fma(vec4f(w0.x), d0, s0))));
        let w1 = parameters[k1 + n];
        s1 = fma(vec4f(w1.w), d3, fma(vec4f(w1.z), d2, fma(vec4f(w1.y), d1, fma(vec4f(w1.x), d0, s1))));
        let w2 = parameters[k2 + n];
        s2 = fma(vec4f(w2.w), d3, fma(vec4f(w2.z), d2, fma(vec4f(w2.y), d1, fma(vec4f(w2.x), d0, s2))));
        let w3 = parameters[k3 + n];
        s3 = fma(vec4f(w3.w), d3, fma(vec4f(w3.z), d2, fma(vec4f(w3.y), d1, fma(vec4f(w3.x), d0, s3))));
        let w4 = parameters[k4 + n];
        s4 = fma(vec4f(w4.w), d3, fma(vec4f(w4.z), d2, fma(vec4f(w4.y), d1, fma(vec4f(w4.x), d0, s4))));
        let w5 = parameters[k5 + n];
        s5 = fma(vec4f(w5.w), d3, fma(vec4f(w5.z), d2, fma(vec4f(w5.y), d1, fma(vec4f(w5.x), d0, s5))));
        let w6 = parameters[k6 + n];
        s6 = fma(vec4f(w6.w), d3, fma(vec4f(w6.z), d2, fma(vec4f(w6.y), d1, fma(vec4f(w6.x), d0, s6))));
        let w7 = parameters[k7 + n];
        s7 = fma(vec4f(w7.w), d3, fma(vec4f(w7.z), d2, fma(vec4f(w7.y), d1, fma(vec4f(w7.x), d0, s7))));
        let w8 = parameters[k8 + n];
        s8 = fma(vec4f(w8.w), d3, fma(vec4f(w8.z), d2, fma(vec4f(w8.y), d1, fma(vec4f(w8.x), d0, s8))));
        let w9 = parameters[k9 + n];
        s9 = fma(vec4f(w9.w), d3, fma(vec4f(w9.z), d2, fma(vec4f(w9.y), d1, fma(vec4f(w9.x), d0, s9))));
        let w10 = parameters[k10 + n];
        s10 = fma(vec4f(w10.w), d3, fma(vec4f(w10.z), d2, fma(vec4f(w10.y), d1, fma(vec4f(w10.x), d0, s10))));
        let w11 = parameters[k11 + n];
        s11 = fma(vec4f(w11.w), d3, fma(vec4f(w11.z), d2, fma(vec4f(w11.y), d1, fma(vec4f(w11.x), d0, s11))));
        let w12 = parameters[k12 + n];
        s12 = fma(vec4f(w12.w), d3, fma(vec4f(w12.z), d2, fma(vec4f(w12.y), d1, fma(vec4f(w12.x), d0, s12))));
        let w13 = parameters[k13 + n];
        s13 = fma(vec4f(w13.w), d3, fma(vec4f(w13.z), d2, fma(vec4f(w13.y), d1, fma(vec4f(w13.x), d0, s13))));
        let w14 = parameters[k14 + n];
        s14 = fma(vec4f(w14.w), d3, fma(vec4f(w14.z), d2, fma(vec4f(w14.y), d1, fma(vec4f(w14.x), d0, s14))));
        let w15 = parameters[k15 + n];
        s15 = fma(vec4f(w15.w), d3, fma(vec4f(w15.z), d2, fma(vec4f(w15.y), d1, fma(vec4f(w15.x), d0, s15))));
    }
    if examples >= groups {
        return;
    }

    // the raw sums first, then one loop instead of sixteen copies of the derivative
    let at = below.delta + examples;
    let end = min(first + 16u, below.output_groups * 4u);
    work[at + (first + 0u) * groups] = s0;
    work[at + (first + 1u) * groups] = s1;
    work[at + (first + 2u) * groups] = s2;
    work[at + (first + 3u) * groups] = s3;
    if first + 4u < end {
        work[at + (first + 4u) * groups] = s4;
        work[at + (first + 5u) * groups] = s5;
        work[at + (first + 6u) * groups] = s6;
        work[at + (first + 7u) * groups] = s7;
    }
    if first + 8u < end {
        work[at + (first + 8u) * groups] = s8;
        work[at + (first + 9u) * groups] = s9;
        work[at + (first + 10u) * groups] = s10;
        work[at + (first + 11u) * groups] = s11;
    }
    if first + 12u < end {
        work[at + (first + 12u) * groups] = s12;
        work[at + (first + 13u) * groups] = s13;
        work[at + (first + 14u) * groups] = s14;
        work[at + (first + 15u) * groups] = s15;
    }
    let seed = runs[tile.run].seed;
    let step = states[tile.run].steps;
    for (var unit = first; unit < end; unit++) {
        var value = work[at + unit * groups];
        value *= derivative(below.activation, below.slope, work[below.sum + unit * groups + examples]);
        if below.drop_threshold > 0u {
            value *= dropout_mask(seed, step, below, unit, examples);
        }
        work[at + unit * groups] = select(vec4f(0.0), value, unit < layer.inputs);
    }
}
