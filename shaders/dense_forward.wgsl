// Forward pass of a dense node, for all runs, with bias, activation and dropout:
//
//   z[e, n] = b[n] + sum_k x[e, k] W[k, n]
//   a[e, n] = mask[e, n] activation(z[e, n])        mask = 1 without dropout and in validation
//
// This page holds what both variants share; the products are in dense_forward_gpu.wgsl and
// dense_forward_software.wgsl. A thread computes several units of several examples; its eight lanes
// take different units of the same examples.
//
// No workgroup memory: the accumulators of a thread are in registers. Lanes take units and not
// examples, because a tile with eight times as many examples would be half empty at a batch of 32.

#import layout
#import packed_{packed}
#import activation
#import dense_forward_{products}

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;          // (tiles); examples, units
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// W, shape (inputs, outputs); b, shape (outputs)
@group(0) @binding(4) var<storage, read> weights: array<Packed>;
// reads x, shape (inputs, batch); writes z and a, shape (batch, outputs), and a, shape (outputs,
// batch)
@group(0) @binding(5) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

override PRODUCT_THREADS: u32;

// Outer product x[e] w[n] of four examples and four units, one example per column.
fn outer(x: vec4f, w: vec4f) -> mat4x4f {
    return mat4x4f(x.x * w, x.y * w, x.z * w, x.w * w);
}

// Stores the preactivations of four units and four examples: the products plus the bias.
fn store(at: u32, row: u32, z: mat4x4f, bias: vec4f) {
    work[at] = pack(z[0] + bias);
    work[at + row] = pack(z[1] + bias);
    work[at + 2u * row] = pack(z[2] + bias);
    work[at + 3u * row] = pack(z[3] + bias);
}

// Activation and dropout of the preactivations that this thread has just stored: one loop instead
// of a copy of the code for each accumulator. Ranges of units and examples, in vec4s.
fn finish(tile: Tile, units: vec2u, examples: vec2u) {
    let node = nodes[tile.node];
    let batch_vec4s = node.row_vec4s;
    let row = node.output_vec4s;
    let seed = runs[tile.run].seed;
    let step = states[tile.run].steps;
    let drops = states[tile.run].phase == PHASE_TRAIN && node.drop_threshold > 0u;
    for (var unit = units.x; unit < units.y; unit++) {
        for (var e = examples.x; e < examples.y; e++) {
            let at = 4u * e * row + unit;
            var a = mat4x4f();
            for (var i = 0u; i < 4u; i++) {
                let z = unpack(work[node.saved + at + i * row]);
                a = with_column(a, i, activate(node.activation, node.slope, z));
            }
            var by_unit = transpose(a);
            if drops {
                by_unit = times(by_unit, dropout_mask(seed, step, node, unit, e));
                a = transpose(by_unit);
            }
            let output = node.output + at;
            work[output] = pack(a[0]);
            work[output + row] = pack(a[1]);
            work[output + 2u * row] = pack(a[2]);
            work[output + 3u * row] = pack(a[3]);
            let transposed = node.output_by_unit + 4u * unit * batch_vec4s + e;
            work[transposed] = pack(by_unit[0]);
            work[transposed + batch_vec4s] = pack(by_unit[1]);
            work[transposed + 2u * batch_vec4s] = pack(by_unit[2]);
            work[transposed + 3u * batch_vec4s] = pack(by_unit[3]);
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
