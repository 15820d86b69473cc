// Backward to the input: one layer for all runs, through the activation and the dropout of the layer below.
//
//   delta_below[k, e] = mask_below[k, e] activation'(z_below[k, e]) sum_n W[k, n] delta[n, e]
//
// `tile.layer` is the layer whose weights are read; the layer below it is `tile.layer - 1`. A thread computes 8 units of the
// layer below for 16 examples, as the forward kernel does and for the same reasons; p and q stand for two
// times four units, 0 to 3 for the four vec4s of examples. Rows of padding are written as 0: the sums of the next call run over them.

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;          // i: 16 examples, j: 64 PRODUCT_THREADS units below
@group(0) @binding(3) var<storage, read> layers: array<Layer>;        // (layers of all runs)
@group(0) @binding(4) var<storage, read> parameters: array<vec4f>;    // W, shape (inputs, outputs); b, shape (outputs)
@group(0) @binding(5) var<storage, read_write> work: array<vec4f>;    // reads delta and z below, writes delta below
@group(1) @binding(0) var<uniform> call: Call;

override PRODUCT_THREADS: u32;

// Four examples of four units, one unit to a column.
fn load(at: u32, groups: u32) -> mat4x4f {
    return mat4x4f(work[at], work[at + groups], work[at + 2u * groups], work[at + 3u * groups]);
}

fn store(at: u32, groups: u32, s: mat4x4f) {
    work[at] = s[0];
    work[at + groups] = s[1];
    work[at + 2u * groups] = s[2];
    work[at + 3u * groups] = s[3];
}

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
    let delta0 = layer.delta + examples;
    let delta1 = layer.delta + min(examples + 1u, groups - 1u);
    let delta2 = layer.delta + min(examples + 2u, groups - 1u);
    let delta3 = layer.delta + min(examples + 3u, groups - 1u);
    var sp0 = mat4x4f();
    var sq0 = mat4x4f();
    var sp1 = mat4x4f();
    var sq1 = mat4x4f();
    var sp2 = mat4x4f();
    var sq2 = mat4x4f();
    var sp3 = mat4x4f();
    var sq3 = mat4x4f();

    for (var n = 0u; n < layer.output_groups; n++) {
        let at = n * 4u * groups;
        let wp = mat4x4f(parameters[row0 + n], parameters[row1 + n], parameters[row2 + n], parameters[row3 + n]);
        let wq = mat4x4f(parameters[row4 + n], parameters[row5 + n], parameters[row6 + n], parameters[row7 + n]);
        let d0 = load(delta0 + at, groups);
        sp0 += d0 * wp;
        sq0 += d0 * wq;
        let d1 = load(delta1 + at, groups);
        sp1 += d1 * wp;
        sq1 += d1 * wq;
        let d2 = load(delta2 + at, groups);
        sp2 += d2 * wp;
        sq2 += d2 * wq;
        let d3 = load(delta3 + at, groups);
        sp3 += d3 * wp;
        sq3 += d3 * wq;
    }

    // the raw sums first, then one loop instead of thirty-two copies of the derivative
    let end = min(first + 8u, below.output_groups * 4u);
    let more = first + 4u < end;
    let at = below.delta + first * groups + examples;
    let four = 4u * groups;
    store(at, groups, sp0);
    if more {
        store(at + four, groups, sq0);
    }
    if examples + 1u < groups {
        store(at + 1u, groups, sp1);
        if more {
            store(at + four + 1u, groups, sq1);
        }
    }
    if examples + 2u < groups {
        store(at + 2u, groups, sp2);
        if more {
            store(at + four + 2u, groups, sq2);
        }
    }
    if examples + 3u < groups {
        store(at + 3u, groups, sp3);
        if more {
            store(at + four + 3u, groups, sq3);
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
