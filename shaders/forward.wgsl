// Forward: one layer for all runs, bias, activation and dropout at its end.
//
//   z[n, e] = b[n] + sum_k W[k, n] x[k, e]
//   a[n, e] = mask[n, e] activation(z[n, e])        mask = 1 without dropout and in validation
//
// No workgroup memory: a thread computes 16 units of four examples in registers. Its eight lanes differ in the examples
// only, so that every load of a weight is uniform over the lanes: cheap on a software rasterizer, a broadcast on a GPU.

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;          // i: 8 lanes of the batch, j: 16 PRODUCT_THREADS units
@group(0) @binding(3) var<storage, read> layers: array<Layer>;        // (layers of all runs)
@group(0) @binding(4) var<storage, read> parameters: array<vec4f>;    // W, shape (inputs, outputs); b, shape (outputs)
@group(0) @binding(5) var<storage, read_write> work: array<vec4f>;    // reads x, writes z and a
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
    let phase = states[tile.run].phase;
    let groups = runs[tile.run].batch_groups;
    let unit_group = (tile.j * PRODUCT_THREADS + thread.y) * 4u;  // in vec4s of units
    let examples = tile.i * LANES + thread.x;                     // in vec4s of examples
    if phase == PHASE_DONE || unit_group >= layer.output_groups {
        return;
    }

    // beyond the edges a thread repeats the last column or row and stores nothing
    let last = layer.output_groups - 1u;
    let n0 = layer.weights + min(unit_group, last);
    let n1 = layer.weights + min(unit_group + 1u, last);
    let n2 = layer.weights + min(unit_group + 2u, last);
    let n3 = layer.weights + min(unit_group + 3u, last);
    let input = layer.input + min(examples, groups - 1u);
    var z0 = vec4f(0.0);
    var z1 = vec4f(0.0);
    var z2 = vec4f(0.0);
    var z3 = vec4f(0.0);
    var z4 = vec4f(0.0);
    var z5 = vec4f(0.0);
    var z6 = vec4f(0.0);
    var z7 = vec4f(0.0);
    var z8 = vec4f(0.0);
    var z9 = vec4f(0.0);
    var z10 = vec4f(0.0);
    var z11 = vec4f(0.0);
    var z12 = vec4f(0.0);
    var z13 = vec4f(0.0);
    var z14 = vec4f(0.0);
    var z15 = vec4f(0.0);
    for (var k = 0u; k < layer.inputs; k++) {
        let x = work[input + k * groups];
        let row = k * layer.output_groups;
        let w0 = parameters[n0 + row];
        let w1 = parameters[n1 + row];
        let w2 = parameters[n2 + row];
        let w3 = parameters[n3 + row];
        z0 = fma(vec4f(w0.x), x, z0);
        z1 = fma(vec4f(w0.y), x, z1);
        z2 = fma(vec4f(w0.z), x, z2);
        z3 = fma(vec4f(w0.w), x, z3);
        z4 = fma(vec4f(w1.x), x, z4);
        z5 = fma(vec4f(w1.y), x, z5);
        z6 = fma(vec4f(w1.z), x, z6);
        z7 = fma(vec4f(w1.w), x, z7);
        z8 = fma(vec4f(w2.x), x, z8);
        z9 = fma(vec4f(w2.y), x, z9);
        z10 = fma(vec4f(w2.z), x, z10);
        z11 = fma(vec4f(w2.w), x, z11);
        z12 = fma(vec4f(w3.x), x, z12);
        z13 = fma(vec4f(w3.y), x, z13);
        z14 = fma(vec4f(w3.z), x, z14);
        z15 = fma(vec4f(w3.w), x, z15);
    }
    if examples >= groups {
        return;
    }

    let sum = layer.sum + examples;
    let b0 = parameters[n0 + layer.bias - layer.weights];
    let b1 = parameters[n1 + layer.bias - layer.weights];
    let b2 = parameters[n2 + layer.bias - layer.weights];
    let b3 = parameters[n3 + layer.bias - layer.weights];
    work[sum + (unit_group * 4u + 0u) * groups] = z0 + b0.x;
    work[sum + (unit_group * 4u + 1u) * groups] = z1 + b0.y;
    work[sum + (unit_group * 4u + 2u) * groups] = z2 + b0.z;
    work[sum + (unit_group * 4u + 3u) * groups] = z3 + b0.w;
    if unit_group + 1u <= last {
        work[sum + (unit_group * 4u + 4u) * groups] = z4 + b1.x;
        work[sum + (unit_group * 4u + 5u) * groups] = z5 + b1.y;
        work[sum + (unit_group * 4u + 6u) * groups] = z6 + b1.z;
        work[sum + (unit_group * 4u + 7u) * groups] = z7 + b1.w;
    }
    if unit_group + 2u <= last {
        work[sum + (unit_group * 4u + 8u) * groups] = z8 + b2.x;
        work[sum + (unit_group * 4u + 9u) * groups] = z9 + b2.y;
        work[sum + (unit_group * 4u + 10u) * groups] = z10 + b2.z;
        work[sum + (unit_group * 4u + 11u) * groups] = z11 + b2.w;
    }
    if unit_group + 3u <= last {
        work[sum + (unit_group * 4u + 12u) * groups] = z12 + b3.x;
        work[sum + (unit_group * 4u + 13u) * groups] = z13 + b3.y;
        work[sum + (unit_group * 4u + 14u) * groups] = z14 + b3.z;
        work[sum + (unit_group * 4u + 15u) * groups] = z15 + b3.w;
    }

    // from here on one loop instead of sixteen copies: the sums come back from where this thread just put them
    let seed = runs[tile.run].seed;
    let step = states[tile.run].steps;
    let drops = phase == PHASE_TRAIN && layer.drop_threshold > 0u;
    let end = min(unit_group * 4u + 16u, layer.output_groups * 4u);
    for (var unit = unit_group * 4u; unit < end; unit++) {
        var a = activate(layer.activation, layer.slope, work[sum + unit * groups]);
        if drops {
            a *= dropout_mask(seed, step, layer, unit, examples);
        }
        work[layer.output + unit * groups + examples] = a;
    }
}
