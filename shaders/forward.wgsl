// Forward: one layer for all runs, bias, activation and dropout at its end.
//
//   z[n, e] = b[n] + sum_k W[k, n] x[k, e]
//   a[n, e] = mask[n, e] activation(z[n, e])        mask = 1 without dropout and in validation
//
// A thread computes 8 units of 16 examples; its eight lanes take 64 units. The letters a to d stand for the four vec4s of
// examples.
//
// No workgroup memory: a thread holds its 8 x 16 sums in registers and unrolls four terms, 24 loads for 512 multiply-adds.
// A software rasterizer pays for each load as much as for a dozen multiply-adds, so the ratio of the two is what counts;
// lanes take units and not examples because a tile of 128 by 8 examples would be half empty at a batch of 32.

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;          // i: 16 examples, j: 64 PRODUCT_THREADS units
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
    let units = ((tile.j * PRODUCT_THREADS + thread.y) * LANES + thread.x) * 2u;  // in vec4s of units
    let examples = tile.i * 4u;                                                   // in vec4s of examples
    if phase == PHASE_DONE || units >= layer.output_groups {
        return;
    }

    // beyond the edges a thread repeats the last column and stores nothing
    let more = units + 1u < layer.output_groups;
    let v = layer.weights + units;
    let w = select(v, v + 1u, more);
    let last = groups - 1u;
    let xa = layer.input + min(examples + 0u, last);
    let xb = layer.input + min(examples + 1u, last);
    let xc = layer.input + min(examples + 2u, last);
    let xd = layer.input + min(examples + 3u, last);
    var z0a = vec4f(0.0);
    var z0b = vec4f(0.0);
    var z0c = vec4f(0.0);
    var z0d = vec4f(0.0);
    var z1a = vec4f(0.0);
    var z1b = vec4f(0.0);
    var z1c = vec4f(0.0);
    var z1d = vec4f(0.0);
    var z2a = vec4f(0.0);
    var z2b = vec4f(0.0);
    var z2c = vec4f(0.0);
    var z2d = vec4f(0.0);
    var z3a = vec4f(0.0);
    var z3b = vec4f(0.0);
    var z3c = vec4f(0.0);
    var z3d = vec4f(0.0);
    var z4a = vec4f(0.0);
    var z4b = vec4f(0.0);
    var z4c = vec4f(0.0);
    var z4d = vec4f(0.0);
    var z5a = vec4f(0.0);
    var z5b = vec4f(0.0);
    var z5c = vec4f(0.0);
    var z5d = vec4f(0.0);
    var z6a = vec4f(0.0);
    var z6b = vec4f(0.0);
    var z6c = vec4f(0.0);
    var z6d = vec4f(0.0);
    var z7a = vec4f(0.0);
    var z7b = vec4f(0.0);
    var z7c = vec4f(0.0);
    var z7d = vec4f(0.0);

    let whole = layer.inputs & ~3u;
    for (var k = 0u; k < whole; k += 4u) {
        let row0 = (k + 0u) * layer.output_groups;
        let at0 = (k + 0u) * groups;
        let row1 = (k + 1u) * layer.output_groups;
        let at1 = (k + 1u) * groups;
        let row2 = (k + 2u) * layer.output_groups;
        let at2 = (k + 2u) * groups;
        let row3 = (k + 3u) * layer.output_groups;
        let at3 = (k + 3u) * groups;
        let v0 = parameters[v + row0];
        let w0 = parameters[w + row0];
        let v1 = parameters[v + row1];
        let w1 = parameters[w + row1];
        let v2 = parameters[v + row2];
        let w2 = parameters[w + row2];
        let v3 = parameters[v + row3];
        let w3 = parameters[w + row3];

        let x0a = work[xa + at0];
        let x1a = work[xa + at1];
        let x2a = work[xa + at2];
        let x3a = work[xa + at3];
        z0a = fma(vec4f(v3.x), x3a, fma(vec4f(v2.x), x2a, fma(vec4f(v1.x), x1a, fma(vec4f(v0.x), x0a, z0a))));
        z1a = fma(vec4f(v3.y), x3a, fma(vec4f(v2.y), x2a, fma(vec4f(v1.y), x1a, fma(vec4f(v0.y), x0a, z1a))));
        z2a = fma(vec4f(v3.z), x3a, fma(vec4f(v2.z), x2a, fma(vec4f(v1.z), x1a, fma(vec4f(v0.z), x0a, z2a))));
        z3a = fma(vec4f(v3.w), x3a, fma(vec4f(v2.w), x2a, fma(vec4f(v1.w), x1a, fma(vec4f(v0.w), x0a, z3a))));
        z4a = fma(vec4f(w3.x), x3a, fma(vec4f(w2.x), x2a, fma(vec4f(w1.x), x1a, fma(vec4f(w0.x), x0a, z4a))));
        z5a = fma(vec4f(w3.y), x3a, fma(vec4f(w2.y), x2a, fma(vec4f(w1.y), x1a, fma(vec4f(w0.y), x0a, z5a))));
        z6a = fma(vec4f(w3.z), x3a, fma(vec4f(w2.z), x2a, fma(vec4f(w1.z), x1a, fma(vec4f(w0.z), x0a, z6a))));
        z7a = fma(vec4f(w3.w), x3a, fma(vec4f(w2.w), x2a, fma(vec4f(w1.w), x1a, fma(vec4f(w0.w), x0a, z7a))));

        let x0b = work[xb + at0];
        let x1b = work[xb + at1];
        let x2b = work[xb + at2];
        let x3b = work[xb + at3];
        z0b = fma(vec4f(v3.x), x3b, fma(vec4f(v2.x), x2b, fma(vec4f(v1.x), x1b, fma(vec4f(v0.x), x0b, z0b))));
        z1b = fma(vec4f(v3.y), x3b, fma(vec4f(v2.y), x2b, fma(vec4f(v1.y), x1b, fma(vec4f(v0.y), x0b, z1b))));
        z2b = fma(vec4f(v3.z), x3b, fma(vec4f(v2.z), x2b, fma(vec4f(v1.z), x1b, fma(vec4f(v0.z), x0b, z2b))));
        z3b = fma(vec4f(v3.w), x3b, fma(vec4f(v2.w), x2b, fma(vec4f(v1.w), x1b, fma(vec4f(v0.w), x0b, z3b))));
        z4b = fma(vec4f(w3.x), x3b, fma(vec4f(w2.x), x2b, fma(vec4f(w1.x), x1b, fma(vec4f(w0.x), x0b, z4b))));
        z5b = fma(vec4f(w3.y), x3b, fma(vec4f(w2.y), x2b, fma(vec4f(w1.y), x1b, fma(vec4f(w0.y), x0b, z5b))));
        z6b = fma(vec4f(w3.z), x3b, fma(vec4f(w2.z), x2b, fma(vec4f(w1.z), x1b, fma(vec4f(w0.z), x0b, z6b))));
        z7b = fma(vec4f(w3.w), x3b, fma(vec4f(w2.w), x2b, fma(vec4f(w1.w), x1b, fma(vec4f(w0.w), x0b, z7b))));

        let x0c = work[xc + at0];
        let x1c = work[xc + at1];
        let x2c = work[xc + at2];
        let x3c = work[xc + at3];
        z0c = fma(vec4f(v3.x), x3c, fma(vec4f(v2.x), x2c, fma(vec4f(v1.x), x1c, fma(vec4f(v0.x), x0c, z0c))));
        z1c = fma(vec4f(v3.y), x3c, fma(vec4f(v2.y), x2c, fma(vec4f(v1.y), x1c, fma(vec4f(v0.y), x0c, z1c))));
        z2c = fma(vec4f(v3.z), x3c, fma(vec4f(v2.z), x2c, fma(vec4f(v1.z), x1c, fma(vec4f(v0.z), x0c, z2c))));
        z3c = fma(vec4f(v3.w), x3c, fma(vec4f(v2.w), x2c, fma(vec4f(v1.w), x1c, fma(vec4f(v0.w), x0c, z3c))));
        z4c = fma(vec4f(w3.x), x3c, fma(vec4f(w2.x), x2c, fma(vec4f(w1.x), x1c, fma(vec4f(w0.x), x0c, z4c))));
        z5c = fma(vec4f(w3.y), x3c, fma(vec4f(w2.y), x2c, fma(vec4f(w1.y), x1c, fma(vec4f(w0.y), x0c, z5c))));
        z6c = fma(vec4f(w3.z), x3c, fma(vec4f(w2.z), x2c, fma(vec4f(w1.z), x1c, fma(vec4f(w0.z), x0c, z6c))));
        z7c = fma(vec4f(w3.w), x3c, fma(vec4f(w2.w), x2c, fma(vec4f(w1.w), x1c, fma(vec4f(w0.w), x0c, z7c))));

        let x0d = work[xd + at0];
        let x1d = work[xd + at1];
        let x2d = work[xd + at2];
        let x3d = work[xd + at3];
        z0d = fma(vec4f(v3.x), x3d, fma(vec4f(v2.x), x2d, fma(vec4f(v1.x), x1d, fma(vec4f(v0.x), x0d, z0d))));
        z1d = fma(vec4f(v3.y), x3d, fma(vec4f(v2.y), x2d, fma(vec4f(v1.y), x1d, fma(vec4f(v0.y), x0d, z1d))));
        z2d = fma(vec4f(v3.z), x3d, fma(vec4f(v2.z), x2d, fma(vec4f(v1.z), x1d, fma(vec4f(v0.z), x0d, z2d))));
        z3d = fma(vec4f(v3.w), x3d, fma(vec4f(v2.w), x2d, fma(vec4f(v1.w), x1d, fma(vec4f(v0.w), x0d, z3d))));
        z4d = fma(vec4f(w3.x), x3d, fma(vec4f(w2.x), x2d, fma(vec4f(w1.x), x1d, fma(vec4f(w0.x), x0d, z4d))));
        z5d = fma(vec4f(w3.y), x3d, fma(vec4f(w2.y), x2d, fma(vec4f(w1.y), x1d, fma(vec4f(w0.y), x0d, z5d))));
        z6d = fma(vec4f(w3.z), x3d, fma(vec4f(w2.z), x2d, fma(vec4f(w1.z), x1d, fma(vec4f(w0.z), x0d, z6d))));
        z7d = fma(vec4f(w3.w), x3d, fma(vec4f(w2.w), x2d, fma(vec4f(w1.w), x1d, fma(vec4f(w0.w), x0d, z7d))));
    }
    for (var k = whole; k < layer.inputs; k++) {
        let row = k * layer.output_groups;
        let at = k * groups;
        let v0 = parameters[v + row];
        let w0 = parameters[w + row];
        let x0a = work[xa + at];
        z0a = fma(vec4f(v0.x), x0a, z0a);
        z1a = fma(vec4f(v0.y), x0a, z1a);
        z2a = fma(vec4f(v0.z), x0a, z2a);
        z3a = fma(vec4f(v0.w), x0a, z3a);
        z4a = fma(vec4f(w0.x), x0a, z4a);
        z5a = fma(vec4f(w0.y), x0a, z5a);
        z6a = fma(vec4f(w0.z), x0a, z6a);
        z7a = fma(vec4f(w0.w), x0a, z7a);
        let x0b = work[xb + at];
        z0b = fma(vec4f(v0.x), x0b, z0b);
        z1b = fma(vec4f(v0.y), x0b, z1b);
        z2b = fma(vec4f(v0.z), x0b, z2b);
        z3b = fma(vec4f(v0.w), x0b, z3b);
        z4b = fma(vec4f(w0.x), x0b, z4b);
        z5b = fma(vec4f(w0.y), x0b, z5b);
        z6b = fma(vec4f(w0.z), x0b, z6b);
        z7b = fma(vec4f(w0.w), x0b, z7b);
        let x0c = work[xc + at];
        z0c = fma(vec4f(v0.x), x0c, z0c);
        z1c = fma(vec4f(v0.y), x0c, z1c);
        z2c = fma(vec4f(v0.z), x0c, z2c);
        z3c = fma(vec4f(v0.w), x0c, z3c);
        z4c = fma(vec4f(w0.x), x0c, z4c);
        z5c = fma(vec4f(w0.y), x0c, z5c);
        z6c = fma(vec4f(w0.z), x0c, z6c);
        z7c = fma(vec4f(w0.w), x0c, z7c);
        let x0d = work[xd + at];
        z0d = fma(vec4f(v0.x), x0d, z0d);
        z1d = fma(vec4f(v0.y), x0d, z1d);
        z2d = fma(vec4f(v0.z), x0d, z2d);
        z3d = fma(vec4f(v0.w), x0d, z3d);
        z4d = fma(vec4f(w0.x), x0d, z4d);
        z5d = fma(vec4f(w0.y), x0d, z5d);
        z6d = fma(vec4f(w0.z), x0d, z6d);
        z7d = fma(vec4f(w0.w), x0d, z7d);
    }

    let b0 = parameters[layer.bias + units];
    let b1 = parameters[layer.bias + select(units, units + 1u, more)];
    let sum = layer.sum + units * 4u * groups + examples;
    work[sum + 0u * groups + 0u] = z0a + b0.x;
    work[sum + 1u * groups + 0u] = z1a + b0.y;
    work[sum + 2u * groups + 0u] = z2a + b0.z;
    work[sum + 3u * groups + 0u] = z3a + b0.w;
    if more {
        work[sum + 4u * groups + 0u] = z4a + b1.x;
        work[sum + 5u * groups + 0u] = z5a + b1.y;
        work[sum + 6u * groups + 0u] = z6a + b1.z;
        work[sum + 7u * groups + 0u] = z7a + b1.w;
    }
    if examples + 1u <= last {
        work[sum + 0u * groups + 1u] = z0b + b0.x;
        work[sum + 1u * groups + 1u] = z1b + b0.y;
        work[sum + 2u * groups + 1u] = z2b + b0.z;
        work[sum + 3u * groups + 1u] = z3b + b0.w;
        if more {
            work[sum + 4u * groups + 1u] = z4b + b1.x;
            work[sum + 5u * groups + 1u] = z5b + b1.y;
            work[sum + 6u * groups + 1u] = z6b + b1.z;
            work[sum + 7u * groups + 1u] = z7b + b1.w;
        }
    }
    if examples + 2u <= last {
        work[sum + 0u * groups + 2u] = z0c + b0.x;
        work[sum + 1u * groups + 2u] = z1c + b0.y;
        work[sum + 2u * groups + 2u] = z2c + b0.z;
        work[sum + 3u * groups + 2u] = z3c + b0.w;
        if more {
            work[sum + 4u * groups + 2u] = z4c + b1.x;
            work[sum + 5u * groups + 2u] = z5c + b1.y;
            work[sum + 6u * groups + 2u] = z6c + b1.z;
            work[sum + 7u * groups + 2u] = z7c + b1.w;
        }
    }
    if examples + 3u <= last {
        work[sum + 0u * groups + 3u] = z0d + b0.x;
        work[sum + 1u * groups + 3u] = z1d + b0.y;
        work[sum + 2u * groups + 3u] = z2d + b0.z;
        work[sum + 3u * groups + 3u] = z3d + b0.w;
        if more {
            work[sum + 4u * groups + 3u] = z4d + b1.x;
            work[sum + 5u * groups + 3u] = z5d + b1.y;
            work[sum + 6u * groups + 3u] = z6d + b1.z;
            work[sum + 7u * groups + 3u] = z7d + b1.w;
        }
    }

    // from here on one loop instead of thirty-two copies: the sums come back from where this thread just put them
    let seed = runs[tile.run].seed;
    let step = states[tile.run].steps;
    let drops = phase == PHASE_TRAIN && layer.drop_threshold > 0u;
    let end = min(units + 2u, layer.output_groups) * 4u;
    for (var unit = units * 4u; unit < end; unit++) {
        for (var e = examples; e < min(examples + 4u, groups); e++) {
            var a = activate(layer.activation, layer.slope, work[layer.sum + unit * groups + e]);
            if drops {
                a *= dropout_mask(seed, step, layer, unit, e);
            }
            work[layer.output + unit * groups + e] = a;
        }
    }
}
