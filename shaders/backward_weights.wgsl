// Backward to the weights and the bias of one layer for all runs.
//
//   dW[k, n] = sum_e x[k, e] delta[n, e]
//   db[n]    = sum_e delta[n, e]
//
// Absent examples have delta 0. A thread computes 16 inputs of four units; its eight lanes differ in the units only, so that
// every load of x is uniform over the lanes.

@group(0) @binding(0) var<storage, read> runs: array<Run>;             // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;         // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;           // i: 16 PRODUCT_THREADS inputs, j: 32 units
@group(0) @binding(3) var<storage, read> layers: array<Layer>;         // (layers of all runs)
@group(0) @binding(4) var<storage, read> work: array<vec4f>;           // x, shape (inputs, batch); delta, shape (outputs, batch)
@group(0) @binding(5) var<storage, read_write> gradients: array<vec4f>; // dW, shape (inputs, outputs); db, shape (outputs)
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
    let groups = runs[tile.run].batch_groups;
    let first = (tile.i * PRODUCT_THREADS + thread.y) * 16u;  // input
    let unit_group = tile.j * LANES + thread.x;               // in vec4s of units
    if states[tile.run].phase != PHASE_TRAIN || first >= layer.inputs {
        return;
    }

    // beyond the edges a thread repeats the last row and stores nothing
    let last = layer.inputs - 1u;
    let k0 = layer.input + min(first + 0u, last) * groups;
    let k1 = layer.input + min(first + 1u, last) * groups;
    let k2 = layer.input + min(first + 2u, last) * groups;
    let k3 = layer.input + min(first + 3u, last) * groups;
    let k4 = layer.input + min(first + 4u, last) * groups;
    let k5 = layer.input + min(first + 5u, last) * groups;
    let k6 = layer.input + min(first + 6u, last) * groups;
    let k7 = layer.input + min(first + 7u, last) * groups;
    let k8 = layer.input + min(first + 8u, last) * groups;
    let k9 = layer.input + min(first + 9u, last) * groups;
    let k10 = layer.input + min(first + 10u, last) * groups;
    let k11 = layer.input + min(first + 11u, last) * groups;
    let k12 = layer.input + min(first + 12u, last) * groups;
    let k13 = layer.input + min(first + 13u, last) * groups;
    let k14 = layer.input + min(first + 14u, last) * groups;
    let k15 = layer.input + min(first + 15u, last) * groups;
    let delta = layer.delta + min(unit_group, layer.output_groups - 1u) * 4u * groups;
    var bias = vec4f(0.0);
    var g0 = vec4f(0.0);
    var g1 = vec4f(0.0);
    var g2 = vec4f(0.0);
    var g3 = vec4f(0.0);
    var g4 = vec4f(0.0);
    var g5 = vec4f(0.0);
    var g6 = vec4f(0.0);
    var g7 = vec4f(0.0);
    var g8 = vec4f(0.0);
    var g9 = vec4f(0.0);
    var g10 = vec4f(0.0);
    var g11 = vec4f(0.0);
    var g12 = vec4f(0.0);
    var g13 = vec4f(0.0);
    var g14 = vec4f(0.0);
    var g15 = vec4f(0.0);
    for (var e = 0u; e < groups; e++) {
        // four examples of four units, turned so that a vec4 holds one example
        let u0 = work[delta + e];
        let u1 = work[delta + groups + e];
        let u2 = work[delta + 2u * groups + e];
        let u3 = work[delta + 3u * groups + e];
        let d0 = vec4f(u0.x, u1.x, u2.x, u3.x);
        let d1 = vec4f(u0.y, u1.y, u2.y, u3.y);
        let d2 = vec4f(u0.z, u1.z, u2.z, u3.z);
        let d3 = vec4f(u0.w, u1.w, u2.w, u3.w);
        bias += (d0 + d1) + (d2 + d3);
        let x0 = work[k0 + e];
        g0 = fma(vec4f(x0.w), d3, fma(vec4f(x0.z), d2, fma(vec4f(x0.y), d1, fma(vec4f(x0.x), d0, g0))));
        let x1 = work[k1 + e];
        g1 = fma(vec4f(x1.w), d3, fma(vec4f(x1.z), d2, fma(vec4f(x1.y), d1, fma(vec4f(x1.x), d0, g1))));
        let x2 = work[k2 + e];
        g2 = fma(vec4f(x2.w), d3, fma(vec4f(x2.z), d2, fma(vec4f(x2.y), d1, fma(vec4f(x2.x), d0, g2))));
        let x3 = work[k3 + e];
        g3 = fma(vec4f(x3.w), d3, fma(vec4f(x3.z), d2, fma(vec4f(x3.y), d1, fma(vec4f(x3.x), d0, g3))));
        let x4 = work[k4 + e];
        g4 = fma(vec4f(x4.w), d3, fma(vec4f(x4.z), d2, fma(vec4f(x4.y), d1, fma(vec4f(x4.x), d0, g4))));
        let x5 = work[k5 + e];
        g5 = fma(vec4f(x5.w), d3, fma(vec4f(x5.z), d2, fma(vec4f(x5.y), d1, fma(vec4f(x5.x), d0, g5))));
        let x6 = work[k6 + e];
        g6 = fma(vec4f(x6.w), d3, fma(vec4f(x6.z), d2, fma(vec4f(x6.y), d1, fma(vec4f(x6.x), d0, g6))));
        let x7 = work[k7 + e];
        g7 = fma(vec4f(x7.w), d3, fma(vec4f(x7.z), d2, fma(vec4f(x7.y), d1, fma(vec4f(x7.x), d0, g7))));
        let x8 = work[k8 + e];
        g8 = fma(vec4f(x8.w), d3, fma(vec4f(x8.z), d2, fma(vec4f(x8.y), d1, fma(vec4f(x8.x), d0, g8))));
        let x9 = work[k9 + e];
        g9 = fma(vec4f(x9.w), d3, fma(vec4f(x9.z), d2, fma(vec4f(x9.y), d1, fma(vec4f(x9.x), d0, g9))));
        let x10 = work[k10 + e];
        g10 = fma(vec4f(x10.w), d3, fma(vec4f(x10.z), d2, fma(vec4f(x10.y), d1, fma(vec4f(x10.x), d0, g10))));
        let x11 = work[k11 + e];
        g11 = fma(vec4f(x11.w), d3, fma(vec4f(x11.z), d2, fma(vec4f(x11.y), d1, fma(vec4f(x11.x), d0, g11))));
        let x12 = work[k12 + e];
        g12 = fma(vec4f(x12.w), d3, fma(vec4f(x12.z), d2, fma(vec4f(x12.y), d1, fma(vec4f(x12.x), d0, g12))));
        let x13 = work[k13 + e];
        g13 = fma(vec4f(x13.w), d3, fma(vec4f(x13.z), d2, fma(vec4f(x13.y), d1, fma(vec4f(x13.x), d0, g13))));
        let x14 = work[k14 + e];
        g14 = fma(vec4f(x14.w), d3, fma(vec4f(x14.z), d2, fma(vec4f(x14.y), d1, fma(vec4f(x14.x), d0, g14))));
        let x15 = work[k15 + e];
        g15 = fma(vec4f(x15.w), d3, fma(vec4f(x15.z), d2, fma(vec4f(x15.y), d1, fma(vec4f(x15.x), d0, g15))));
    }
    if unit_group >= layer.output_groups {
        return;
    }
    if first == 0u {
        gradients[layer.bias + unit_group] = bias;
    }
    let at = layer.weights + unit_group;
    gradients[at + first * layer.output_groups] = g0;
    if first + 1u <= last { gradients[at + (first + 1u) * layer.output_groups] = g1; }
    if first + 2u <= last { gradients[at + (first + 2u) * layer.output_groups] = g2; }
    if first + 3u <= last { gradients[at + (first + 3u) * layer.output_groups] = g3; }
    if first + 4u <= last { gradients[at + (first + 4u) * layer.output_groups] = g4; }
    if first + 5u <= last { gradients[at + (first + 5u) * layer.output_groups] = g5; }
    if first + 6u <= last { gradients[at + (first + 6u) * layer.output_groups] = g6; }
    if first + 7u <= last { gradients[at + (first + 7u) * layer.output_groups] = g7; }
    if first + 8u <= last { gradients[at + (first + 8u) * layer.output_groups] = g8; }
    if first + 9u <= last { gradients[at + (first + 9u) * layer.output_groups] = g9; }
    if first + 10u <= last { gradients[at + (first + 10u) * layer.output_groups] = g10; }
    if first + 11u <= last { gradients[at + (first + 11u) * layer.output_groups] = g11; }
    if first + 12u <= last { gradients[at + (first + 12u) * layer.output_groups] = g12; }
    if first + 13u <= last { gradients[at + (first + 13u) * layer.output_groups] = g13; }
    if first + 14u <= last { gradients[at + (first + 14u) * layer.output_groups] = g14; }
    if first + 15u <= last { gradients[at + (first + 15u) * layer.output_groups] = g15; }
}
