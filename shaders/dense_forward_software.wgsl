// Forward pass, variant for software rasterizers; formula in dense_forward.wgsl. A thread computes
// 16 units of 32 examples: vec4s p to s of units, vec4s 0 to 7 of examples. A tile is 32 examples
// and 128 PRODUCT_THREADS units. Loading a vec4 costs such a device (llvmpipe of Mesa 22.3) some
// 160 instructions, so the number of accumulators per load decides the speed. The accumulators are
// on the stack; no GPU has so many registers. Each is loaded, masked and stored in every iteration,
// so an iteration adds two terms; with four the loop may no longer fit the instruction cache (32
// instead of 40 GFLOP/s for 4 runs).
//
// In a node of at most eight units seven lanes would be idle; there each lane takes four examples
// of its own, and all units.

#import layout
#import packed_{packed}
#import lanes_{lanes}
#import present
#import dense_forward

fn serve(tile: Tile, thread: vec3u) {
    let node = nodes[tile.node];
    let batch_vec4s = node.row_vec4s;
    let present = present_vec4s(tile, node.rows);
    let narrow = node.output_vec4s <= NARROW_VEC4S;
    let block = (tile.j * PRODUCT_THREADS + thread.y) * 4u * LANES;
    let units = block + select(4u * thread.x, 0u, narrow);           // in vec4s of units
    let examples = tile.i * 8u + select(0u, thread.x, narrow);       // in vec4s of examples
    if states[tile.run].phase == PHASE_DONE || examples >= present {
        return;
    }
    // lanes beyond the last unit do not return here: they load for the others
    let unit_end = min(units + 4u, node.output_vec4s);
    let example_end = min(examples + select(8u, 1u, narrow), present);

    // beyond the edges a thread reads the last column again and stores nothing
    let last_unit = node.output_vec4s - 1u;
    let p = node.weights + min(units, last_unit);
    let q = node.weights + min(units + 1u, last_unit);
    let r = node.weights + min(units + 2u, last_unit);
    let s = node.weights + min(units + 3u, last_unit);
    let x = node.input_by_unit + examples;
    let last = example_end - 1u - examples;
    var zp0 = mat4x4f();
    var zq0 = mat4x4f();
    var zr0 = mat4x4f();
    var zs0 = mat4x4f();
    var zp1 = mat4x4f();
    var zq1 = mat4x4f();
    var zr1 = mat4x4f();
    var zs1 = mat4x4f();
    var zp2 = mat4x4f();
    var zq2 = mat4x4f();
    var zr2 = mat4x4f();
    var zs2 = mat4x4f();
    var zp3 = mat4x4f();
    var zq3 = mat4x4f();
    var zr3 = mat4x4f();
    var zs3 = mat4x4f();
    var zp4 = mat4x4f();
    var zq4 = mat4x4f();
    var zr4 = mat4x4f();
    var zs4 = mat4x4f();
    var zp5 = mat4x4f();
    var zq5 = mat4x4f();
    var zr5 = mat4x4f();
    var zs5 = mat4x4f();
    var zp6 = mat4x4f();
    var zq6 = mat4x4f();
    var zr6 = mat4x4f();
    var zs6 = mat4x4f();
    var zp7 = mat4x4f();
    var zq7 = mat4x4f();
    var zr7 = mat4x4f();
    var zs7 = mat4x4f();

    for (var k = 0u; narrow && k < node.inputs; k++) {
        let v0 = unpack(work[x + k * batch_vec4s]);
        zp0 += outer(v0, unpack(weights[p + k * node.output_vec4s]));
        zq0 += outer(v0, unpack(weights[q + k * node.output_vec4s]));
    }
    for (var k = 0u; !narrow && k < node.inputs; k += 2u) {
        // an odd number of terms is completed with the last term times 0
        let second = min(k + 1u, node.inputs - 1u);
        let more = f32(second - k);
        let at_x = x + k * batch_vec4s;
        let at_y = x + second * batch_vec4s;
        let xs = load_shared(at_x, 1u, last, thread.x);
        let ys = load_shared(at_y, 1u, last, thread.x);
        let wp = unpack(weights[p + k * node.output_vec4s]);
        let vp = more * unpack(weights[p + second * node.output_vec4s]);
        let wq = unpack(weights[q + k * node.output_vec4s]);
        let vq = more * unpack(weights[q + second * node.output_vec4s]);
        let wr = unpack(weights[r + k * node.output_vec4s]);
        let vr = more * unpack(weights[r + second * node.output_vec4s]);
        let ws = unpack(weights[s + k * node.output_vec4s]);
        let vs = more * unpack(weights[s + second * node.output_vec4s]);
        let x0 = shared_vec4(xs, at_x, 1u, last, 0u);
        let y0 = shared_vec4(ys, at_y, 1u, last, 0u);
        zp0 = (zp0 + outer(x0, wp)) + outer(y0, vp);
        zq0 = (zq0 + outer(x0, wq)) + outer(y0, vq);
        zr0 = (zr0 + outer(x0, wr)) + outer(y0, vr);
        zs0 = (zs0 + outer(x0, ws)) + outer(y0, vs);
        let x1 = shared_vec4(xs, at_x, 1u, last, 1u);
        let y1 = shared_vec4(ys, at_y, 1u, last, 1u);
        zp1 = (zp1 + outer(x1, wp)) + outer(y1, vp);
        zq1 = (zq1 + outer(x1, wq)) + outer(y1, vq);
        zr1 = (zr1 + outer(x1, wr)) + outer(y1, vr);
        zs1 = (zs1 + outer(x1, ws)) + outer(y1, vs);
        let x2 = shared_vec4(xs, at_x, 1u, last, 2u);
        let y2 = shared_vec4(ys, at_y, 1u, last, 2u);
        zp2 = (zp2 + outer(x2, wp)) + outer(y2, vp);
        zq2 = (zq2 + outer(x2, wq)) + outer(y2, vq);
        zr2 = (zr2 + outer(x2, wr)) + outer(y2, vr);
        zs2 = (zs2 + outer(x2, ws)) + outer(y2, vs);
        let x3 = shared_vec4(xs, at_x, 1u, last, 3u);
        let y3 = shared_vec4(ys, at_y, 1u, last, 3u);
        zp3 = (zp3 + outer(x3, wp)) + outer(y3, vp);
        zq3 = (zq3 + outer(x3, wq)) + outer(y3, vq);
        zr3 = (zr3 + outer(x3, wr)) + outer(y3, vr);
        zs3 = (zs3 + outer(x3, ws)) + outer(y3, vs);
        let x4 = shared_vec4(xs, at_x, 1u, last, 4u);
        let y4 = shared_vec4(ys, at_y, 1u, last, 4u);
        zp4 = (zp4 + outer(x4, wp)) + outer(y4, vp);
        zq4 = (zq4 + outer(x4, wq)) + outer(y4, vq);
        zr4 = (zr4 + outer(x4, wr)) + outer(y4, vr);
        zs4 = (zs4 + outer(x4, ws)) + outer(y4, vs);
        let x5 = shared_vec4(xs, at_x, 1u, last, 5u);
        let y5 = shared_vec4(ys, at_y, 1u, last, 5u);
        zp5 = (zp5 + outer(x5, wp)) + outer(y5, vp);
        zq5 = (zq5 + outer(x5, wq)) + outer(y5, vq);
        zr5 = (zr5 + outer(x5, wr)) + outer(y5, vr);
        zs5 = (zs5 + outer(x5, ws)) + outer(y5, vs);
        let x6 = shared_vec4(xs, at_x, 1u, last, 6u);
        let y6 = shared_vec4(ys, at_y, 1u, last, 6u);
        zp6 = (zp6 + outer(x6, wp)) + outer(y6, vp);
        zq6 = (zq6 + outer(x6, wq)) + outer(y6, vq);
        zr6 = (zr6 + outer(x6, wr)) + outer(y6, vr);
        zs6 = (zs6 + outer(x6, ws)) + outer(y6, vs);
        let x7 = shared_vec4(xs, at_x, 1u, last, 7u);
        let y7 = shared_vec4(ys, at_y, 1u, last, 7u);
        zp7 = (zp7 + outer(x7, wp)) + outer(y7, vp);
        zq7 = (zq7 + outer(x7, wq)) + outer(y7, vq);
        zr7 = (zr7 + outer(x7, wr)) + outer(y7, vr);
        zs7 = (zs7 + outer(x7, ws)) + outer(y7, vs);
    }

    let bp = unpack(weights[node.bias + min(units, last_unit)]);
    let bq = unpack(weights[node.bias + min(units + 1u, last_unit)]);
    let br = unpack(weights[node.bias + min(units + 2u, last_unit)]);
    let bs = unpack(weights[node.bias + min(units + 3u, last_unit)]);
    if units >= unit_end {
        return;
    }
    let row = node.output_vec4s;
    let z = node.saved + 4u * examples * row + units;
    store(z, row, zp0, bp);
    if units + 1u < unit_end {
        store(z + 1u, row, zq0, bq);
    }
    if units + 2u < unit_end {
        store(z + 2u, row, zr0, br);
    }
    if units + 3u < unit_end {
        store(z + 3u, row, zs0, bs);
    }
    if examples + 1u < example_end {
        store(z + 4u * row, row, zp1, bp);
        if units + 1u < unit_end {
            store(z + 4u * row + 1u, row, zq1, bq);
        }
        if units + 2u < unit_end {
            store(z + 4u * row + 2u, row, zr1, br);
        }
        if units + 3u < unit_end {
            store(z + 4u * row + 3u, row, zs1, bs);
        }
    }
    if examples + 2u < example_end {
        store(z + 8u * row, row, zp2, bp);
        if units + 1u < unit_end {
            store(z + 8u * row + 1u, row, zq2, bq);
        }
        if units + 2u < unit_end {
            store(z + 8u * row + 2u, row, zr2, br);
        }
        if units + 3u < unit_end {
            store(z + 8u * row + 3u, row, zs2, bs);
        }
    }
    if examples + 3u < example_end {
        store(z + 12u * row, row, zp3, bp);
        if units + 1u < unit_end {
            store(z + 12u * row + 1u, row, zq3, bq);
        }
        if units + 2u < unit_end {
            store(z + 12u * row + 2u, row, zr3, br);
        }
        if units + 3u < unit_end {
            store(z + 12u * row + 3u, row, zs3, bs);
        }
    }
    if examples + 4u < example_end {
        store(z + 16u * row, row, zp4, bp);
        if units + 1u < unit_end {
            store(z + 16u * row + 1u, row, zq4, bq);
        }
        if units + 2u < unit_end {
            store(z + 16u * row + 2u, row, zr4, br);
        }
        if units + 3u < unit_end {
            store(z + 16u * row + 3u, row, zs4, bs);
        }
    }
    if examples + 5u < example_end {
        store(z + 20u * row, row, zp5, bp);
        if units + 1u < unit_end {
            store(z + 20u * row + 1u, row, zq5, bq);
        }
        if units + 2u < unit_end {
            store(z + 20u * row + 2u, row, zr5, br);
        }
        if units + 3u < unit_end {
            store(z + 20u * row + 3u, row, zs5, bs);
        }
    }
    if examples + 6u < example_end {
        store(z + 24u * row, row, zp6, bp);
        if units + 1u < unit_end {
            store(z + 24u * row + 1u, row, zq6, bq);
        }
        if units + 2u < unit_end {
            store(z + 24u * row + 2u, row, zr6, br);
        }
        if units + 3u < unit_end {
            store(z + 24u * row + 3u, row, zs6, bs);
        }
    }
    if examples + 7u < example_end {
        store(z + 28u * row, row, zp7, bp);
        if units + 1u < unit_end {
            store(z + 28u * row + 1u, row, zq7, bq);
        }
        if units + 2u < unit_end {
            store(z + 28u * row + 2u, row, zr7, br);
        }
        if units + 3u < unit_end {
            store(z + 28u * row + 3u, row, zs7, bs);
        }
    }
    finish(tile, vec2u(units, unit_end), vec2u(examples, example_end));
}
