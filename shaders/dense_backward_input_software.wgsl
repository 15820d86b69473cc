// Backward pass to the input, variant for software rasterizers; formula in
// dense_backward_input.wgsl. A thread computes 8 units below of 32 examples: vec4s p and q of
// units, vec4s 0 to 7 of examples. A tile is 32 examples and 64 PRODUCT_THREADS units. Each loaded
// weight is used for twice as many examples as in the variant for GPUs: 12 loads for 1,024
// multiply-adds.

#import layout
#import lanes_{lanes}
#import present
#import dense_backward_input

fn serve(tile: Tile, thread: vec3u) {
    let node = nodes[tile.node];
    let below = nodes[nodes[tile.node].below];
    let batch_vec4s = present_vec4s(tile, node.rows);
    adds = (node.gradients & 2u) != 0u;
    // the first unit of the node below
    let first = ((tile.j * PRODUCT_THREADS + thread.y) * LANES + thread.x) * 8u;
    let examples = tile.i * 8u;  // in vec4s of examples
    if states[tile.run].phase != PHASE_TRAIN {
        return;
    }

    // beyond the edges a thread reads the last row again and stores nothing, or zeros; lanes beyond
    // the last unit load for the others
    let last_input = node.inputs - 1u;
    let row0 = node.weights + min(first + 0u, last_input) * node.output_vec4s;
    let row1 = node.weights + min(first + 1u, last_input) * node.output_vec4s;
    let row2 = node.weights + min(first + 2u, last_input) * node.output_vec4s;
    let row3 = node.weights + min(first + 3u, last_input) * node.output_vec4s;
    let row4 = node.weights + min(first + 4u, last_input) * node.output_vec4s;
    let row5 = node.weights + min(first + 5u, last_input) * node.output_vec4s;
    let row6 = node.weights + min(first + 6u, last_input) * node.output_vec4s;
    let row7 = node.weights + min(first + 7u, last_input) * node.output_vec4s;
    let row = node.output_vec4s;
    let last = min(4u * (batch_vec4s - examples), 32u) - 1u;  // of this tile's examples
    let to1 = min(8u, last);
    let to2 = min(16u, last);
    let to3 = min(24u, last);
    var sp0 = mat4x4f();
    var sq0 = mat4x4f();
    var sp1 = mat4x4f();
    var sq1 = mat4x4f();
    var sp2 = mat4x4f();
    var sq2 = mat4x4f();
    var sp3 = mat4x4f();
    var sq3 = mat4x4f();
    var sp4 = mat4x4f();
    var sq4 = mat4x4f();
    var sp5 = mat4x4f();
    var sq5 = mat4x4f();
    var sp6 = mat4x4f();
    var sq6 = mat4x4f();
    var sp7 = mat4x4f();
    var sq7 = mat4x4f();

    for (var n = 0u; n < row; n++) {
        let wp = load_weights(row0 + n, row1 + n, row2 + n, row3 + n);
        let wq = load_weights(row4 + n, row5 + n, row6 + n, row7 + n);
        let at0 = node.delta + 4u * examples * row + n;
        let part0 = load_shared(at0, row, last, thread.x);
        let d0 = four(part0, at0, row, last, 0u);
        sp0 += wp * d0;
        sq0 += wq * d0;
        let d1 = four(part0, at0, row, last, 4u);
        sp1 += wp * d1;
        sq1 += wq * d1;
        let at1 = at0 + to1 * row;
        let part1 = load_shared(at1, row, last - to1, thread.x);
        let d2 = four(part1, at1, row, last - to1, 0u);
        sp2 += wp * d2;
        sq2 += wq * d2;
        let d3 = four(part1, at1, row, last - to1, 4u);
        sp3 += wp * d3;
        sq3 += wq * d3;
        let at2 = at0 + to2 * row;
        let part2 = load_shared(at2, row, last - to2, thread.x);
        let d4 = four(part2, at2, row, last - to2, 0u);
        sp4 += wp * d4;
        sq4 += wq * d4;
        let d5 = four(part2, at2, row, last - to2, 4u);
        sp5 += wp * d5;
        sq5 += wq * d5;
        let at3 = at0 + to3 * row;
        let part3 = load_shared(at3, row, last - to3, thread.x);
        let d6 = four(part3, at3, row, last - to3, 0u);
        sp6 += wp * d6;
        sq6 += wq * d6;
        let d7 = four(part3, at3, row, last - to3, 4u);
        sp7 += wp * d7;
        sq7 += wq * d7;
    }

    let units = first / 4u;
    let end = min(units + 2u, below.output_vec4s);
    if units >= end {
        return;
    }
    let more = units + 1u < end;
    let below_row = below.output_vec4s;
    let at = below.delta + 4u * examples * below_row + units;
    store(at, below_row, sp0);
    if more {
        store(at + 1u, below_row, sq0);
    }
    if examples + 1u < batch_vec4s {
        store(at + 4u * below_row, below_row, sp1);
        if more {
            store(at + 4u * below_row + 1u, below_row, sq1);
        }
    }
    if examples + 2u < batch_vec4s {
        store(at + 8u * below_row, below_row, sp2);
        if more {
            store(at + 8u * below_row + 1u, below_row, sq2);
        }
    }
    if examples + 3u < batch_vec4s {
        store(at + 12u * below_row, below_row, sp3);
        if more {
            store(at + 12u * below_row + 1u, below_row, sq3);
        }
    }
    if examples + 4u < batch_vec4s {
        store(at + 16u * below_row, below_row, sp4);
        if more {
            store(at + 16u * below_row + 1u, below_row, sq4);
        }
    }
    if examples + 5u < batch_vec4s {
        store(at + 20u * below_row, below_row, sp5);
        if more {
            store(at + 20u * below_row + 1u, below_row, sq5);
        }
    }
    if examples + 6u < batch_vec4s {
        store(at + 24u * below_row, below_row, sp6);
        if more {
            store(at + 24u * below_row + 1u, below_row, sq6);
        }
    }
    if examples + 7u < batch_vec4s {
        store(at + 28u * below_row, below_row, sp7);
        if more {
            store(at + 28u * below_row + 1u, below_row, sq7);
        }
    }
    finish(tile, vec2u(units, end), vec2u(examples, min(examples + 8u, batch_vec4s)));
}
