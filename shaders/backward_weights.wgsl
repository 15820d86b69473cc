// Backward to the weights and the bias of one layer for all runs.
//
//   dW[k, n] = sum_e x[k, e] delta[n, e]
//   db[n]    = sum_e delta[n, e]
//
// Absent examples have delta 0. A thread computes 16 inputs of 8 units, in two vec4s p and q; its eight lanes take 64 units.
// The shape of the tile follows from the same count as in the forward kernel.

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;          // i: 16 PRODUCT_THREADS inputs, j: 64 units
@group(0) @binding(3) var<storage, read> layers: array<Layer>;        // (layers of all runs)
@group(0) @binding(4) var<storage, read> work: array<vec4f>;          // x, shape (inputs, batch); delta, shape (outputs, batch)
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
    let units = (tile.j * LANES + thread.x) * 2u;             // in vec4s of units
    if states[tile.run].phase != PHASE_TRAIN || first >= layer.inputs || units >= layer.output_groups {
        return;
    }

    // beyond the edges a thread repeats the last row and stores nothing
    let last = layer.inputs - 1u;
    let row0 = layer.input + min(first + 0u, last) * groups;
    let row1 = layer.input + min(first + 1u, last) * groups;
    let row2 = layer.input + min(first + 2u, last) * groups;
    let row3 = layer.input + min(first + 3u, last) * groups;
    let row4 = layer.input + min(first + 4u, last) * groups;
    let row5 = layer.input + min(first + 5u, last) * groups;
    let row6 = layer.input + min(first + 6u, last) * groups;
    let row7 = layer.input + min(first + 7u, last) * groups;
    let row8 = layer.input + min(first + 8u, last) * groups;
    let row9 = layer.input + min(first + 9u, last) * groups;
    let row10 = layer.input + min(first + 10u, last) * groups;
    let row11 = layer.input + min(first + 11u, last) * groups;
    let row12 = layer.input + min(first + 12u, last) * groups;
    let row13 = layer.input + min(first + 13u, last) * groups;
    let row14 = layer.input + min(first + 14u, last) * groups;
    let row15 = layer.input + min(first + 15u, last) * groups;
    let more = units + 1u < layer.output_groups;
    let delta_p = layer.delta + units * 4u * groups;
    let delta_q = select(delta_p, delta_p + 4u * groups, more);
    var bias_p = vec4f(0.0);
    var bias_q = vec4f(0.0);
    var g0p = vec4f(0.0);
    var g0q = vec4f(0.0);
    var g1p = vec4f(0.0);
    var g1q = vec4f(0.0);
    var g2p = vec4f(0.0);
    var g2q = vec4f(0.0);
    var g3p = vec4f(0.0);
    var g3q = vec4f(0.0);
    var g4p = vec4f(0.0);
    var g4q = vec4f(0.0);
    var g5p = vec4f(0.0);
    var g5q = vec4f(0.0);
    var g6p = vec4f(0.0);
    var g6q = vec4f(0.0);
    var g7p = vec4f(0.0);
    var g7q = vec4f(0.0);
    var g8p = vec4f(0.0);
    var g8q = vec4f(0.0);
    var g9p = vec4f(0.0);
    var g9q = vec4f(0.0);
    var g10p = vec4f(0.0);
    var g10q = vec4f(0.0);
    var g11p = vec4f(0.0);
    var g11q = vec4f(0.0);
    var g12p = vec4f(0.0);
    var g12q = vec4f(0.0);
    var g13p = vec4f(0.0);
    var g13q = vec4f(0.0);
    var g14p = vec4f(0.0);
    var g14q = vec4f(0.0);
    var g15p = vec4f(0.0);
    var g15q = vec4f(0.0);

    for (var e = 0u; e < groups; e++) {
        // four examples of eight units, turned so that a vec4 holds one example of four units
        let u0p = work[delta_p + e];
        let u1p = work[delta_p + groups + e];
        let u2p = work[delta_p + 2u * groups + e];
        let u3p = work[delta_p + 3u * groups + e];
        let u0q = work[delta_q + e];
        let u1q = work[delta_q + groups + e];
        let u2q = work[delta_q + 2u * groups + e];
        let u3q = work[delta_q + 3u * groups + e];
        let d0p = vec4f(u0p.x, u1p.x, u2p.x, u3p.x);
        let d1p = vec4f(u0p.y, u1p.y, u2p.y, u3p.y);
        let d2p = vec4f(u0p.z, u1p.z, u2p.z, u3p.z);
        let d3p = vec4f(u0p.w, u1p.w, u2p.w, u3p.w);
        let d0q = vec4f(u0q.x, u1q.x, u2q.x, u3q.x);
        let d1q = vec4f(u0q.y, u1q.y, u2q.y, u3q.y);
        let d2q = vec4f(u0q.z, u1q.z, u2q.z, u3q.z);
        let d3q = vec4f(u0q.w, u1q.w, u2q.w, u3q.w);
        bias_p += (d0p + d1p) + (d2p + d3p);
        bias_q += (d0q + d1q) + (d2q + d3q);
        let x0 = work[row0 + e];
        g0p = fma(vec4f(x0.w), d3p, fma(vec4f(x0.z), d2p, fma(vec4f(x0.y), d1p, fma(vec4f(x0.x), d0p, g0p))));
        g0q = fma(vec4f(x0.w), d3q, fma(vec4f(x0.z), d2q, fma(vec4f(x0.y), d1q, fma(vec4f(x0.x), d0q, g0q))));
        let x1 = work[row1 + e];
        g1p = fma(vec4f(x1.w), d3p, fma(vec4f(x1.z), d2p, fma(vec4f(x1.y), d1p, fma(vec4f(x1.x), d0p, g1p))));
        g1q = fma(vec4f(x1.w), d3q, fma(vec4f(x1.z), d2q, fma(vec4f(x1.y), d1q, fma(vec4f(x1.x), d0q, g1q))));
        let x2 = work[row2 + e];
        g2p = fma(vec4f(x2.w), d3p, fma(vec4f(x2.z), d2p, fma(vec4f(x2.y), d1p, fma(vec4f(x2.x), d0p, g2p))));
        g2q = fma(vec4f(x2.w), d3q, fma(vec4f(x2.z), d2q, fma(vec4f(x2.y), d1q, fma(vec4f(x2.x), d0q, g2q))));
        let x3 = work[row3 + e];
        g3p = fma(vec4f(x3.w), d3p, fma(vec4f(x3.z), d2p, fma(vec4f(x3.y), d1p, fma(vec4f(x3.x), d0p, g3p))));
        g3q = fma(vec4f(x3.w), d3q, fma(vec4f(x3.z), d2q, fma(vec4f(x3.y), d1q, fma(vec4f(x3.x), d0q, g3q))));
        let x4 = work[row4 + e];
        g4p = fma(vec4f(x4.w), d3p, fma(vec4f(x4.z), d2p, fma(vec4f(x4.y), d1p, fma(vec4f(x4.x), d0p, g4p))));
        g4q = fma(vec4f(x4.w), d3q, fma(vec4f(x4.z), d2q, fma(vec4f(x4.y), d1q, fma(vec4f(x4.x), d0q, g4q))));
        let x5 = work[row5 + e];
        g5p = fma(vec4f(x5.w), d3p, fma(vec4f(x5.z), d2p, fma(vec4f(x5.y), d1p, fma(vec4f(x5.x), d0p, g5p))));
        g5q = fma(vec4f(x5.w), d3q, fma(vec4f(x5.z), d2q, fma(vec4f(x5.y), d1q, fma(vec4f(x5.x), d0q, g5q))));
        let x6 = work[row6 + e];
        g6p = fma(vec4f(x6.w), d3p, fma(vec4f(x6.z), d2p, fma(vec4f(x6.y), d1p, fma(vec4f(x6.x), d0p, g6p))));
        g6q = fma(vec4f(x6.w), d3q, fma(vec4f(x6.z), d2q, fma(vec4f(x6.y), d1q, fma(vec4f(x6.x), d0q, g6q))));
        let x7 = work[row7 + e];
        g7p = fma(vec4f(x7.w), d3p, fma(vec4f(x7.z), d2p, fma(vec4f(x7.y), d1p, fma(vec4f(x7.x), d0p, g7p))));
        g7q = fma(vec4f(x7.w), d3q, fma(vec4f(x7.z), d2q, fma(vec4f(x7.y), d1q, fma(vec4f(x7.x), d0q, g7q))));
        let x8 = work[row8 + e];
        g8p = fma(vec4f(x8.w), d3p, fma(vec4f(x8.z), d2p, fma(vec4f(x8.y), d1p, fma(vec4f(x8.x), d0p, g8p))));
        g8q = fma(vec4f(x8.w), d3q, fma(vec4f(x8.z), d2q, fma(vec4f(x8.y), d1q, fma(vec4f(x8.x), d0q, g8q))));
        let x9 = work[row9 + e];
        g9p = fma(vec4f(x9.w), d3p, fma(vec4f(x9.z), d2p, fma(vec4f(x9.y), d1p, fma(vec4f(x9.x), d0p, g9p))));
        g9q = fma(vec4f(x9.w), d3q, fma(vec4f(x9.z), d2q, fma(vec4f(x9.y), d1q, fma(vec4f(x9.x), d0q, g9q))));
        let x10 = work[row10 + e];
        g10p = fma(vec4f(x10.w), d3p, fma(vec4f(x10.z), d2p, fma(vec4f(x10.y), d1p, fma(vec4f(x10.x), d0p, g10p))));
        g10q = fma(vec4f(x10.w), d3q, fma(vec4f(x10.z), d2q, fma(vec4f(x10.y), d1q, fma(vec4f(x10.x), d0q, g10q))));
        let x11 = work[row11 + e];
        g11p = fma(vec4f(x11.w), d3p, fma(vec4f(x11.z), d2p, fma(vec4f(x11.y), d1p, fma(vec4f(x11.x), d0p, g11p))));
        g11q = fma(vec4f(x11.w), d3q, fma(vec4f(x11.z), d2q, fma(vec4f(x11.y), d1q, fma(vec4f(x11.x), d0q, g11q))));
        let x12 = work[row12 + e];
        g12p = fma(vec4f(x12.w), d3p, fma(vec4f(x12.z), d2p, fma(vec4f(x12.y), d1p, fma(vec4f(x12.x), d0p, g12p))));
        g12q = fma(vec4f(x12.w), d3q, fma(vec4f(x12.z), d2q, fma(vec4f(x12.y), d1q, fma(vec4f(x12.x), d0q, g12q))));
        let x13 = work[row13 + e];
        g13p = fma(vec4f(x13.w), d3p, fma(vec4f(x13.z), d2p, fma(vec4f(x13.y), d1p, fma(vec4f(x13.x), d0p, g13p))));
        g13q = fma(vec4f(x13.w), d3q, fma(vec4f(x13.z), d2q, fma(vec4f(x13.y), d1q, fma(vec4f(x13.x), d0q, g13q))));
        let x14 = work[row14 + e];
        g14p = fma(vec4f(x14.w), d3p, fma(vec4f(x14.z), d2p, fma(vec4f(x14.y), d1p, fma(vec4f(x14.x), d0p, g14p))));
        g14q = fma(vec4f(x14.w), d3q, fma(vec4f(x14.z), d2q, fma(vec4f(x14.y), d1q, fma(vec4f(x14.x), d0q, g14q))));
        let x15 = work[row15 + e];
        g15p = fma(vec4f(x15.w), d3p, fma(vec4f(x15.z), d2p, fma(vec4f(x15.y), d1p, fma(vec4f(x15.x), d0p, g15p))));
        g15q = fma(vec4f(x15.w), d3q, fma(vec4f(x15.z), d2q, fma(vec4f(x15.y), d1q, fma(vec4f(x15.x), d0q, g15q))));
    }

    if first == 0u {
        gradients[layer.bias + units] = bias_p;
        if more {
            gradients[layer.bias + units + 1u] = bias_q;
        }
    }
    let at = layer.weights + first * layer.output_groups + units;
    gradients[at + 0u * layer.output_groups] = g0p;
    if more {
        gradients[at + 0u * layer.output_groups + 1u] = g0q;
    }
    if first + 1u <= last {
        gradients[at + 1u * layer.output_groups] = g1p;
        if more {
            gradients[at + 1u * layer.output_groups + 1u] = g1q;
        }
    }
    if first + 2u <= last {
        gradients[at + 2u * layer.output_groups] = g2p;
        if more {
            gradients[at + 2u * layer.output_groups + 1u] = g2q;
        }
    }
    if first + 3u <= last {
        gradients[at + 3u * layer.output_groups] = g3p;
        if more {
            gradients[at + 3u * layer.output_groups + 1u] = g3q;
        }
    }
    if first + 4u <= last {
        gradients[at + 4u * layer.output_groups] = g4p;
        if more {
            gradients[at + 4u * layer.output_groups + 1u] = g4q;
        }
    }
    if first + 5u <= last {
        gradients[at + 5u * layer.output_groups] = g5p;
        if more {
            gradients[at + 5u * layer.output_groups + 1u] = g5q;
        }
    }
    if first + 6u <= last {
        gradients[at + 6u * layer.output_groups] = g6p;
        if more {
            gradients[at + 6u * layer.output_groups + 1u] = g6q;
        }
    }
    if first + 7u <= last {
        gradients[at + 7u * layer.output_groups] = g7p;
        if more {
            gradients[at + 7u * layer.output_groups + 1u] = g7q;
        }
    }
    if first + 8u <= last {
        gradients[at + 8u * layer.output_groups] = g8p;
        if more {
            gradients[at + 8u * layer.output_groups + 1u] = g8q;
        }
    }
    if first + 9u <= last {
        gradients[at + 9u * layer.output_groups] = g9p;
        if more {
            gradients[at + 9u * layer.output_groups + 1u] = g9q;
        }
    }
    if first + 10u <= last {
        gradients[at + 10u * layer.output_groups] = g10p;
        if more {
            gradients[at + 10u * layer.output_groups + 1u] = g10q;
        }
    }
    if first + 11u <= last {
        gradients[at + 11u * layer.output_groups] = g11p;
        if more {
            gradients[at + 11u * layer.output_groups + 1u] = g11q;
        }
    }
    if first + 12u <= last {
        gradients[at + 12u * layer.output_groups] = g12p;
        if more {
            gradients[at + 12u * layer.output_groups + 1u] = g12q;
        }
    }
    if first + 13u <= last {
        gradients[at + 13u * layer.output_groups] = g13p;
        if more {
            gradients[at + 13u * layer.output_groups + 1u] = g13q;
        }
    }
    if first + 14u <= last {
        gradients[at + 14u * layer.output_groups] = g14p;
        if more {
            gradients[at + 14u * layer.output_groups + 1u] = g14q;
        }
    }
    if first + 15u <= last {
        gradients[at + 15u * layer.output_groups] = g15p;
        if more {
            gradients[at + 15u * layer.output_groups + 1u] = g15q;
        }
    }
}
