// Backward to the input: one layer for all runs, through the activation and the dropout of the layer below.
//
//   delta_below[e, k] = mask_below[e, k] activation'(z_below[e, k]) sum_n delta[e, n] W[k, n]
//
// `tile.layer` is the layer whose weights are read; the layer below it is `tile.layer - 1`. A thread computes 8 units of the
// layer below for 16 examples, as the forward kernel does and for the same reasons; p and q stand for two
// times four units, 0 to 3 for four times four examples. Padding is written as 0: the sums of the next call run over it.

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;          // i: 16 examples, j: 64 PRODUCT_THREADS units below
@group(0) @binding(3) var<storage, read> layers: array<Layer>;        // (layers of all runs)
@group(0) @binding(4) var<storage, read> weights: array<Packed>;      // W, shape (inputs, outputs); b, shape (outputs)
@group(0) @binding(5) var<storage, read_write> work: array<Packed>;    // reads delta and z below, writes delta below
@group(1) @binding(0) var<uniform> call: Call;

override PRODUCT_THREADS: u32;

// Four units of four examples, one example to a column: of eight that are shared, those from `place` on.
fn four(mine: Shared, at: u32, row: u32, last: u32, place: u32) -> mat4x4f {
    return mat4x4f(
        shared_quad(mine, at, row, last, place),
        shared_quad(mine, at, row, last, place + 1u),
        shared_quad(mine, at, row, last, place + 2u),
        shared_quad(mine, at, row, last, place + 3u),
    );
}

fn store(at: u32, row: u32, s: mat4x4f) {
    work[at] = pack(s[0]);
    work[at + row] = pack(s[1]);
    work[at + 2u * row] = pack(s[2]);
    work[at + 3u * row] = pack(s[3]);
}

// Four outputs of four units below, one output to a column.
fn load_weights(a: u32, b: u32, c: u32, d: u32) -> mat4x4f {
    return transpose(mat4x4f(
        unpack(weights[a]),
        unpack(weights[b]),
        unpack(weights[c]),
        unpack(weights[d]),
    ));
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
    let examples = tile.i * 4u;                                                   // in quads of examples
    if states[tile.run].phase != PHASE_TRAIN {
        return;
    }

    // beyond the edges a thread repeats the last row and stores nothing, or zeros; lanes beyond the last unit load for the others
    let last_input = layer.inputs - 1u;
    let row0 = layer.weights + min(first + 0u, last_input) * layer.output_groups;
    let row1 = layer.weights + min(first + 1u, last_input) * layer.output_groups;
    let row2 = layer.weights + min(first + 2u, last_input) * layer.output_groups;
    let row3 = layer.weights + min(first + 3u, last_input) * layer.output_groups;
    let row4 = layer.weights + min(first + 4u, last_input) * layer.output_groups;
    let row5 = layer.weights + min(first + 5u, last_input) * layer.output_groups;
    let row6 = layer.weights + min(first + 6u, last_input) * layer.output_groups;
    let row7 = layer.weights + min(first + 7u, last_input) * layer.output_groups;
    let row = layer.output_groups;
    let last = min(4u * (groups - examples), 16u) - 1u;  // of this tile's examples
    let middle = min(8u, last);
    var sp0 = mat4x4f();
    var sq0 = mat4x4f();
    var sp1 = mat4x4f();
    var sq1 = mat4x4f();
    var sp2 = mat4x4f();
    var sq2 = mat4x4f();
    var sp3 = mat4x4f();
    var sq3 = mat4x4f();

    for (var n = 0u; n < row; n++) {
        let wp = load_weights(row0 + n, row1 + n, row2 + n, row3 + n);
        let wq = load_weights(row4 + n, row5 + n, row6 + n, row7 + n);
        let at = layer.delta + 4u * examples * row + n;
        let upper = load_shared(at, row, last, thread.x);
        let d0 = four(upper, at, row, last, 0u);
        sp0 += wp * d0;
        sq0 += wq * d0;
        let d1 = four(upper, at, row, last, 4u);
        sp1 += wp * d1;
        sq1 += wq * d1;
        let then = at + middle * row;
        let lower = load_shared(then, row, last - middle, thread.x);
        let d2 = four(lower, then, row, last - middle, 0u);
        sp2 += wp * d2;
        sq2 += wq * d2;
        let d3 = four(lower, then, row, last - middle, 4u);
        sp3 += wp * d3;
        sq3 += wq * d3;
    }

    // the raw sums first, then one loop instead of thirty-two copies of the derivative
    let units = first / 4u;
    let end = min(units + 2u, below.output_groups);
    if units >= end {
        return;
    }
    let more = units + 1u < end;
    let below_row = below.output_groups;
    let at = below.delta + 4u * examples * below_row + units;
    store(at, below_row, sp0);
    if more {
        store(at + 1u, below_row, sq0);
    }
    if examples + 1u < groups {
        store(at + 4u * below_row, below_row, sp1);
        if more {
            store(at + 4u * below_row + 1u, below_row, sq1);
        }
    }
    if examples + 2u < groups {
        store(at + 8u * below_row, below_row, sp2);
        if more {
            store(at + 8u * below_row + 1u, below_row, sq2);
        }
    }
    if examples + 3u < groups {
        store(at + 12u * below_row, below_row, sp3);
        if more {
            store(at + 12u * below_row + 1u, below_row, sq3);
        }
    }
    let seed = runs[tile.run].seed;
    let step = states[tile.run].steps;
    for (var unit = units; unit < end; unit++) {
        let real = vec4u(4u * unit) + vec4u(0u, 1u, 2u, 3u) < vec4u(layer.inputs);
        for (var e = examples; e < min(examples + 4u, groups); e++) {
            let at = 4u * e * below_row + unit;
            var values = mat4x4f();
            for (var i = 0u; i < 4u; i++) {
                let z = unpack(work[below.sum + at + i * below_row]);
                let sum = unpack(work[below.delta + at + i * below_row]);
                let value = sum * derivative(below.activation, below.slope, z);
                values = with_column(values, i, select(vec4f(0.0), value, real));
            }
            if below.drop_threshold > 0u {
                values = times(values, transpose(dropout_mask(seed, step, below, unit, e)));
            }
            store(below.delta + at, below_row, values);
        }
    }
}
