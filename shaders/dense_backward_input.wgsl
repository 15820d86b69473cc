// Backward to the input: one layer for all runs, through the activation and the dropout of the
// layer below.
//
//   delta_below[e, k] = mask_below[e, k] activation'(z_below[e, k]) sum_n delta[e, n] W[k, n]
//
// `tile.node` is the layer whose weights are read; the layer below it is `tile.node - 1`. Here is
// what both tiles of this kernel share; the sums are in backward_input_gpu.wgsl and
// backward_input_software.wgsl. A thread computes 8 units of the layer below for some examples, as
// the forward kernel does and for the same reasons. Padding is written as 0: the sums of the next
// call run over it.

#import layout
#import packed_{packed}
#import lanes_{lanes}
#import activation
#import dense_backward_input_{products}

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;          // which examples and units below
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
@group(0) @binding(4) var<storage, read> weights: array<Packed>;      // W, shape (inputs, outputs); b, shape (outputs)
@group(0) @binding(5) var<storage, read_write> work: array<Packed>;    // reads delta and z below, writes delta below
@group(1) @binding(0) var<uniform> call: Call;

override PRODUCT_THREADS: u32;

// Four units of four examples, one example to a column: of eight that are shared, those from
// `place` on.
fn four(mine: Shared, at: u32, row: u32, last: u32, place: u32) -> mat4x4f {
    return mat4x4f(
        shared_vec4(mine, at, row, last, place),
        shared_vec4(mine, at, row, last, place + 1u),
        shared_vec4(mine, at, row, last, place + 2u),
        shared_vec4(mine, at, row, last, place + 3u),
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

// The derivative and the mask on the raw sums that this thread has just stored: one loop instead of
// a copy for every sum. Units and examples in vec4s.
fn finish(tile: Tile, units: vec2u, examples: vec2u) {
    let layer = nodes[tile.node];
    let below = nodes[nodes[tile.node].below];
    let row = below.output_vec4s;
    let seed = runs[tile.run].seed;
    let step = states[tile.run].steps;
    for (var unit = units.x; unit < units.y; unit++) {
        let real = vec4u(4u * unit) + vec4u(0u, 1u, 2u, 3u) < vec4u(layer.inputs);
        for (var e = examples.x; e < examples.y; e++) {
            let at = 4u * e * row + unit;
            var values = mat4x4f();
            for (var i = 0u; i < 4u; i++) {
                let z = unpack(work[below.saved + at + i * row]);
                let sum = unpack(work[below.delta + at + i * row]);
                let value = sum * derivative(below.activation, below.slope, z);
                values = with_column(values, i, select(vec4f(0.0), value, real));
            }
            if below.drop_threshold > 0u {
                values = times(values, transpose(dropout_mask(seed, step, below, unit, e)));
            }
            store(below.delta + at, row, values);
        }
    }
}

// Each tile says how its threads `serve` it.
@compute @workgroup_size(LANES, PRODUCT_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_id) thread: vec3u,
) {
    let index = group_index(group, grid);
    if index < call.count {
        serve(tiles[call.first + index], thread);
    }
}
