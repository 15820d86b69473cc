// Forward: one layer for all runs, bias, activation and dropout at its end.
//
//   z[n, e] = b[n] + sum_k W[k, n] x[k, e]
//   a[n, e] = mask[n, e] activation(z[n, e])        mask = 1 without dropout and in validation
//
// Here is what both tiles of this kernel share; the sums are in forward_gpu.wgsl and forward_software.wgsl. A thread computes
// some units of some examples; its eight lanes take different units of the same examples.
//
// No workgroup memory: a thread holds its sums in registers. Lanes take units and not examples because a tile with eight times
// the examples would be half empty at a batch of 32.

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;          // which examples (i) and units (j)
@group(0) @binding(3) var<storage, read> layers: array<Layer>;        // (layers of all runs)
@group(0) @binding(4) var<storage, read> parameters: array<vec4f>;    // W, shape (inputs, outputs); b, shape (outputs)
@group(0) @binding(5) var<storage, read_write> work: array<vec4f>;    // reads x, writes z and a
@group(1) @binding(0) var<uniform> call: Call;

override PRODUCT_THREADS: u32;

// Four units by four examples, one unit to a column: w[n] x[e].
fn outer(x: vec4f, w: vec4f) -> mat4x4f {
    return mat4x4f(w.x * x, w.y * x, w.z * x, w.w * x);
}

// Stores four examples of four units, with their biases.
fn store(at: u32, groups: u32, z: mat4x4f, bias: vec4f) {
    work[at] = z[0] + bias.x;
    work[at + groups] = z[1] + bias.y;
    work[at + 2u * groups] = z[2] + bias.z;
    work[at + 3u * groups] = z[3] + bias.w;
}

// Activation and dropout of what this thread has just stored: one loop instead of a copy for every sum. Units and examples
// in vec4s.
fn finish(tile: Tile, units: vec2u, examples: vec2u) {
    let layer = layers[tile.layer];
    let groups = runs[tile.run].batch_groups;
    let seed = runs[tile.run].seed;
    let step = states[tile.run].steps;
    let drops = states[tile.run].phase == PHASE_TRAIN && layer.drop_threshold > 0u;
    for (var unit = units.x * 4u; unit < units.y * 4u; unit++) {
        for (var e = examples.x; e < examples.y; e++) {
            var a = activate(layer.activation, layer.slope, work[layer.sum + unit * groups + e]);
            if drops {
                a *= dropout_mask(seed, step, layer, unit, e);
            }
            work[layer.output + unit * groups + e] = a;
        }
    }
}
