// Forward on software rasterizers: 16 units of 32 examples a thread, in quads p to s of units and 0 to 7 of examples; a tile is
// 32 examples and 128 PRODUCT_THREADS units. A load of a quad costs such a device (llvmpipe of Mesa 22.3) some 160
// instructions, so sums for each load are what counts: 512 multiply-adds for 12 loads. The sums live on the stack; no GPU
// has so many registers. One term at a time: four were slower (32 instead of 40 GFLOP/s for 4 runs), perhaps because their
// loop no longer fits the instruction cache.
//
// A layer of at most eight units would leave seven lanes idle: there each lane takes four examples of its own, and all units.

fn serve(tile: Tile, thread: vec3u) {
    let layer = layers[tile.layer];
    let groups = runs[tile.run].batch_groups;
    let narrow = layer.output_groups <= NARROW_GROUPS;
    let block = (tile.j * PRODUCT_THREADS + thread.y) * 4u * LANES;
    let units = block + select(4u * thread.x, 0u, narrow);           // in quads of units
    let examples = tile.i * 8u + select(0u, thread.x, narrow);       // in quads of examples
    if states[tile.run].phase == PHASE_DONE || examples >= groups {
        return;
    }
    // lanes beyond the last unit stay: they load for the others
    let unit_end = min(units + 4u, layer.output_groups);
    let example_end = min(examples + select(8u, 1u, narrow), groups);

    // beyond the edges a thread repeats the last column and stores nothing
    let last_unit = layer.output_groups - 1u;
    let p = layer.weights + min(units, last_unit);
    let q = layer.weights + min(units + 1u, last_unit);
    let r = layer.weights + min(units + 2u, last_unit);
    let s = layer.weights + min(units + 3u, last_unit);
    let x = layer.input_by_unit + examples;
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

    for (var k = 0u; narrow && k < layer.inputs; k++) {
        let v0 = unpack(work[x + k * groups]);
        zp0 += outer(v0, unpack(weights[p + k * layer.output_groups]));
        zq0 += outer(v0, unpack(weights[q + k * layer.output_groups]));
    }
    for (var k = 0u; !narrow && k < layer.inputs; k++) {
        let row = k * layer.output_groups;
        let at = x + k * groups;
        let xs = load_shared(at, 1u, last, thread.x);
        let wp = unpack(weights[p + row]);
        let wq = unpack(weights[q + row]);
        let wr = unpack(weights[r + row]);
        let ws = unpack(weights[s + row]);
        let v0 = shared_quad(xs, at, 1u, last, 0u);
        zp0 += outer(v0, wp);
        zq0 += outer(v0, wq);
        zr0 += outer(v0, wr);
        zs0 += outer(v0, ws);
        let v1 = shared_quad(xs, at, 1u, last, 1u);
        zp1 += outer(v1, wp);
        zq1 += outer(v1, wq);
        zr1 += outer(v1, wr);
        zs1 += outer(v1, ws);
        let v2 = shared_quad(xs, at, 1u, last, 2u);
        zp2 += outer(v2, wp);
        zq2 += outer(v2, wq);
        zr2 += outer(v2, wr);
        zs2 += outer(v2, ws);
        let v3 = shared_quad(xs, at, 1u, last, 3u);
        zp3 += outer(v3, wp);
        zq3 += outer(v3, wq);
        zr3 += outer(v3, wr);
        zs3 += outer(v3, ws);
        let v4 = shared_quad(xs, at, 1u, last, 4u);
        zp4 += outer(v4, wp);
        zq4 += outer(v4, wq);
        zr4 += outer(v4, wr);
        zs4 += outer(v4, ws);
        let v5 = shared_quad(xs, at, 1u, last, 5u);
        zp5 += outer(v5, wp);
        zq5 += outer(v5, wq);
        zr5 += outer(v5, wr);
        zs5 += outer(v5, ws);
        let v6 = shared_quad(xs, at, 1u, last, 6u);
        zp6 += outer(v6, wp);
        zq6 += outer(v6, wq);
        zr6 += outer(v6, wr);
        zs6 += outer(v6, ws);
        let v7 = shared_quad(xs, at, 1u, last, 7u);
        zp7 += outer(v7, wp);
        zq7 += outer(v7, wq);
        zr7 += outer(v7, wr);
        zs7 += outer(v7, ws);
    }

    let bp = unpack(weights[layer.bias + min(units, last_unit)]);
    let bq = unpack(weights[layer.bias + min(units + 1u, last_unit)]);
    let br = unpack(weights[layer.bias + min(units + 2u, last_unit)]);
    let bs = unpack(weights[layer.bias + min(units + 3u, last_unit)]);
    if units >= unit_end {
        return;
    }
    let row = layer.output_groups;
    let sum = layer.sum + 4u * examples * row + units;
    store(sum, row, zp0, bp);
    if units + 1u < unit_end {
        store(sum + 1u, row, zq0, bq);
    }
    if units + 2u < unit_end {
        store(sum + 2u, row, zr0, br);
    }
    if units + 3u < unit_end {
        store(sum + 3u, row, zs0, bs);
    }
    if examples + 1u < example_end {
        store(sum + 4u * row, row, zp1, bp);
        if units + 1u < unit_end {
            store(sum + 4u * row + 1u, row, zq1, bq);
        }
        if units + 2u < unit_end {
            store(sum + 4u * row + 2u, row, zr1, br);
        }
        if units + 3u < unit_end {
            store(sum + 4u * row + 3u, row, zs1, bs);
        }
    }
    if examples + 2u < example_end {
        store(sum + 8u * row, row, zp2, bp);
        if units + 1u < unit_end {
            store(sum + 8u * row + 1u, row, zq2, bq);
        }
        if units + 2u < unit_end {
            store(sum + 8u * row + 2u, row, zr2, br);
        }
        if units + 3u < unit_end {
            store(sum + 8u * row + 3u, row, zs2, bs);
        }
    }
    if examples + 3u < example_end {
        store(sum + 12u * row, row, zp3, bp);
        if units + 1u < unit_end {
            store(sum + 12u * row + 1u, row, zq3, bq);
        }
        if units + 2u < unit_end {
            store(sum + 12u * row + 2u, row, zr3, br);
        }
        if units + 3u < unit_end {
            store(sum + 12u * row + 3u, row, zs3, bs);
        }
    }
    if examples + 4u < example_end {
        store(sum + 16u * row, row, zp4, bp);
        if units + 1u < unit_end {
            store(sum + 16u * row + 1u, row, zq4, bq);
        }
        if units + 2u < unit_end {
            store(sum + 16u * row + 2u, row, zr4, br);
        }
        if units + 3u < unit_end {
            store(sum + 16u * row + 3u, row, zs4, bs);
        }
    }
    if examples + 5u < example_end {
        store(sum + 20u * row, row, zp5, bp);
        if units + 1u < unit_end {
            store(sum + 20u * row + 1u, row, zq5, bq);
        }
        if units + 2u < unit_end {
            store(sum + 20u * row + 2u, row, zr5, br);
        }
        if units + 3u < unit_end {
            store(sum + 20u * row + 3u, row, zs5, bs);
        }
    }
    if examples + 6u < example_end {
        store(sum + 24u * row, row, zp6, bp);
        if units + 1u < unit_end {
            store(sum + 24u * row + 1u, row, zq6, bq);
        }
        if units + 2u < unit_end {
            store(sum + 24u * row + 2u, row, zr6, br);
        }
        if units + 3u < unit_end {
            store(sum + 24u * row + 3u, row, zs6, bs);
        }
    }
    if examples + 7u < example_end {
        store(sum + 28u * row, row, zp7, bp);
        if units + 1u < unit_end {
            store(sum + 28u * row + 1u, row, zq7, bq);
        }
        if units + 2u < unit_end {
            store(sum + 28u * row + 2u, row, zr7, br);
        }
        if units + 3u < unit_end {
            store(sum + 28u * row + 3u, row, zs7, bs);
        }
    }
    finish(tile, vec2u(units, unit_end), vec2u(examples, example_end));
}
