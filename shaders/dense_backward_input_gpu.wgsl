// Backward pass to the input, variant for GPUs; formula in dense_backward_input.wgsl. A thread
// computes 8 units below of 16 examples: vec4s p and q of units, vec4s 0 to 3 of examples. Eight
// lanes form a block of 64 units. A tile is PRODUCT_THREADS blocks; blocks are numbered through all
// units first, then through the examples.

#import layout
#import lanes_{lanes}
#import present
#import dense_backward_input

fn serve(tile: Tile, thread: vec3u) {
    let node = nodes[tile.node];
    let below = nodes[nodes[tile.node].below];
    let batch_vec4s = present_vec4s(tile, node.rows);
    adds = (node.gradients & 2u) != 0u;
    let block = tile.i * PRODUCT_THREADS + thread.y;
    let across = (below.output_vec4s + 2u * LANES - 1u) / (2u * LANES);
    let first = (block % across * LANES + thread.x) * 8u;  // unit of the node below
    let examples = block / across * 4u;                    // in vec4s of examples
    let outside = first >= 4u * below.output_vec4s || examples >= batch_vec4s;
    if states[tile.run].phase != PHASE_TRAIN || outside {
        return;
    }

    // beyond the edges a thread reads the last row again and stores nothing, or zeros
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
    let last = min(4u * (batch_vec4s - examples), 16u) - 1u;  // of this tile's examples
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
        let at = node.delta + 4u * examples * row + n;
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

    let units = first / 4u;
    let end = min(units + 2u, below.output_vec4s);
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
    finish(tile, vec2u(units, end), vec2u(examples, min(examples + 4u, batch_vec4s)));
}
