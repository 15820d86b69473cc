// Backward pass to the input of a dense node, for all runs, through the activation and the dropout
// of the node below:
//
//   delta_below[e, k] = mask_below[e, k] activation'(z_below[e, k]) sum_n delta[e, n] W[k, n]
//
// `tile.node` is the node whose weights are read, `below` the node that produced its input. This
// page holds what both variants share; the products are in dense_backward_input_gpu.wgsl and
// dense_backward_input_software.wgsl. As in the forward kernel, a thread computes 8 units (here of
// the node below) for several examples. Padding is written as 0, because the products of the next
// node read it.

#import layout
#import packed_{packed}
#import lanes_{lanes}
#import activation
#import dense_backward_input_{products}

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); examples, units below
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// W, shape (inputs, outputs)
@group(0) @binding(4) var<storage, read> weights: array<Packed>;
// reads delta, shape (batch, outputs), and z_below; writes delta_below, both shape (batch, inputs)
@group(0) @binding(5) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

override PRODUCT_THREADS: u32;

// Four units of four examples, one example per column: elements `place` to `place + 3` of the eight
// shared vectors.
fn four(mine: Shared, at: u32, row: u32, last: u32, place: u32) -> mat4x4f {
    return mat4x4f(
        shared_vec4(mine, at, row, last, place),
        shared_vec4(mine, at, row, last, place + 1u),
        shared_vec4(mine, at, row, last, place + 2u),
        shared_vec4(mine, at, row, last, place + 3u),
    );
}

// Whether another node has given a gradient to the node below.
var<private> adds: bool = false;

fn store(at: u32, row: u32, s: mat4x4f) {
    var sums = s;
    if adds {
        sums += mat4x4f(
            unpack(work[at]),
            unpack(work[at + row]),
            unpack(work[at + 2u * row]),
            unpack(work[at + 3u * row]),
        );
    }
    work[at] = pack(sums[0]);
    work[at + row] = pack(sums[1]);
    work[at + 2u * row] = pack(sums[2]);
    work[at + 3u * row] = pack(sums[3]);
}

// Weights of four outputs and four units below, one output per column.
fn load_weights(a: u32, b: u32, c: u32, d: u32) -> mat4x4f {
    return transpose(mat4x4f(
        unpack(weights[a]),
        unpack(weights[b]),
        unpack(weights[c]),
        unpack(weights[d]),
    ));
}

// Multiplies the products that this thread has just stored by the derivative and the mask, unless
// another node adds to them: one loop
// instead of a copy of the code for each accumulator. Ranges of units and examples, in vec4s.
fn finish(tile: Tile, units: vec2u, examples: vec2u) {
    let node = nodes[tile.node];
    let below = nodes[nodes[tile.node].below];
    let row = below.output_vec4s;
    let seed = runs[tile.run].seed;
    let step = states[tile.run].steps;
    adds = false;
    let finishes = (node.gradients & 4u) != 0u;
    for (var unit = units.x; unit < units.y; unit++) {
        let real = vec4u(4u * unit) + vec4u(0u, 1u, 2u, 3u) < vec4u(node.inputs);
        for (var e = examples.x; e < examples.y; e++) {
            let at = 4u * e * row + unit;
            var values = mat4x4f();
            for (var i = 0u; i < 4u; i++) {
                let z = unpack(work[below.saved + at + i * row]);
                let product = unpack(work[below.delta + at + i * row]);
                let slope = derivative(below.activation, below.slope, z);
                let value = product * select(vec4f(1.0), slope, finishes);
                values = with_column(values, i, select(vec4f(0.0), value, real));
            }
            if finishes && below.drop_threshold > 0u {
                values = times(values, transpose(dropout_mask(seed, step, below, unit, e)));
            }
            store(below.delta + at, row, values);
        }
    }
}

// `serve` computes one tile; each variant defines it.
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
