// Forward on software rasterizers: 16 units of 32 examples a thread, in vec4s p to s of units and 0 to 7 of examples; a tile is
// 32 examples and 128 PRODUCT_THREADS units. A load of a vec4 costs such a device (llvmpipe of Mesa 22.3) some 260
// instructions, so sums for each load are what counts: 512 multiply-adds for 12 loads. The sums live on the stack; no GPU
// has so many registers. One term at a time: four were slower (32 instead of 40 GFLOP/s for 4 runs), perhaps because their
// loop no longer fits the instruction cache.

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
    let units = ((tile.j * PRODUCT_THREADS + thread.y) * LANES + thread.x) * 4u;  // in vec4s of units
    let examples = tile.i * 8u;                                                   // in vec4s of examples
    if states[tile.run].phase == PHASE_DONE || units >= layer.output_groups {
        return;
    }
    let unit_end = min(units + 4u, layer.output_groups);
    let example_end = min(examples + 8u, groups);

    // beyond the edges a thread repeats the last column and stores nothing
    let p = layer.weights + units;
    let q = layer.weights + min(units + 1u, unit_end - 1u);
    let r = layer.weights + min(units + 2u, unit_end - 1u);
    let s = layer.weights + min(units + 3u, unit_end - 1u);
    let x0 = layer.input + examples;
    let x1 = layer.input + min(examples + 1u, example_end - 1u);
    let x2 = layer.input + min(examples + 2u, example_end - 1u);
    let x3 = layer.input + min(examples + 3u, example_end - 1u);
    let x4 = layer.input + min(examples + 4u, example_end - 1u);
    let x5 = layer.input + min(examples + 5u, example_end - 1u);
    let x6 = layer.input + min(examples + 6u, example_end - 1u);
    let x7 = layer.input + min(examples + 7u, example_end - 1u);
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

    for (var k = 0u; k < layer.inputs; k++) {
        let row = k * layer.output_groups;
        let at = k * groups;
        let wp = parameters[p + row];
        let wq = parameters[q + row];
        let wr = parameters[r + row];
        let ws = parameters[s + row];
        let v0 = work[x0 + at];
        zp0 += outer(v0, wp);
        zq0 += outer(v0, wq);
        zr0 += outer(v0, wr);
        zs0 += outer(v0, ws);
        let v1 = work[x1 + at];
        zp1 += outer(v1, wp);
        zq1 += outer(v1, wq);
        zr1 += outer(v1, wr);
        zs1 += outer(v1, ws);
        let v2 = work[x2 + at];
        zp2 += outer(v2, wp);
        zq2 += outer(v2, wq);
        zr2 += outer(v2, wr);
        zs2 += outer(v2, ws);
        let v3 = work[x3 + at];
        zp3 += outer(v3, wp);
        zq3 += outer(v3, wq);
        zr3 += outer(v3, wr);
        zs3 += outer(v3, ws);
        let v4 = work[x4 + at];
        zp4 += outer(v4, wp);
        zq4 += outer(v4, wq);
        zr4 += outer(v4, wr);
        zs4 += outer(v4, ws);
        let v5 = work[x5 + at];
        zp5 += outer(v5, wp);
        zq5 += outer(v5, wq);
        zr5 += outer(v5, wr);
        zs5 += outer(v5, ws);
        let v6 = work[x6 + at];
        zp6 += outer(v6, wp);
        zq6 += outer(v6, wq);
        zr6 += outer(v6, wr);
        zs6 += outer(v6, ws);
        let v7 = work[x7 + at];
        zp7 += outer(v7, wp);
        zq7 += outer(v7, wq);
        zr7 += outer(v7, wr);
        zs7 += outer(v7, ws);
    }

    let bp = parameters[layer.bias + units];
    let bq = parameters[layer.bias + min(units + 1u, unit_end - 1u)];
    let br = parameters[layer.bias + min(units + 2u, unit_end - 1u)];
    let bs = parameters[layer.bias + min(units + 3u, unit_end - 1u)];
    let sum = layer.sum + units * 4u * groups + examples;
    let four = 4u * groups;
    store(sum, groups, zp0, bp);
    if units + 1u < unit_end {
        store(sum + four, groups, zq0, bq);
    }
    if units + 2u < unit_end {
        store(sum + 2u * four, groups, zr0, br);
    }
    if units + 3u < unit_end {
        store(sum + 3u * four, groups, zs0, bs);
    }
    if examples + 1u < example_end {
        store(sum + 1u, groups, zp1, bp);
        if units + 1u < unit_end {
            store(sum + four + 1u, groups, zq1, bq);
        }
        if units + 2u < unit_end {
            store(sum + 2u * four + 1u, groups, zr1, br);
        }
        if units + 3u < unit_end {
            store(sum + 3u * four + 1u, groups, zs1, bs);
        }
    }
    if examples + 2u < example_end {
        store(sum + 2u, groups, zp2, bp);
        if units + 1u < unit_end {
            store(sum + four + 2u, groups, zq2, bq);
        }
        if units + 2u < unit_end {
            store(sum + 2u * four + 2u, groups, zr2, br);
        }
        if units + 3u < unit_end {
            store(sum + 3u * four + 2u, groups, zs2, bs);
        }
    }
    if examples + 3u < example_end {
        store(sum + 3u, groups, zp3, bp);
        if units + 1u < unit_end {
            store(sum + four + 3u, groups, zq3, bq);
        }
        if units + 2u < unit_end {
            store(sum + 2u * four + 3u, groups, zr3, br);
        }
        if units + 3u < unit_end {
            store(sum + 3u * four + 3u, groups, zs3, bs);
        }
    }
    if examples + 4u < example_end {
        store(sum + 4u, groups, zp4, bp);
        if units + 1u < unit_end {
            store(sum + four + 4u, groups, zq4, bq);
        }
        if units + 2u < unit_end {
            store(sum + 2u * four + 4u, groups, zr4, br);
        }
        if units + 3u < unit_end {
            store(sum + 3u * four + 4u, groups, zs4, bs);
        }
    }
    if examples + 5u < example_end {
        store(sum + 5u, groups, zp5, bp);
        if units + 1u < unit_end {
            store(sum + four + 5u, groups, zq5, bq);
        }
        if units + 2u < unit_end {
            store(sum + 2u * four + 5u, groups, zr5, br);
        }
        if units + 3u < unit_end {
            store(sum + 3u * four + 5u, groups, zs5, bs);
        }
    }
    if examples + 6u < example_end {
        store(sum + 6u, groups, zp6, bp);
        if units + 1u < unit_end {
            store(sum + four + 6u, groups, zq6, bq);
        }
        if units + 2u < unit_end {
            store(sum + 2u * four + 6u, groups, zr6, br);
        }
        if units + 3u < unit_end {
            store(sum + 3u * four + 6u, groups, zs6, bs);
        }
    }
    if examples + 7u < example_end {
        store(sum + 7u, groups, zp7, bp);
        if units + 1u < unit_end {
            store(sum + four + 7u, groups, zq7, bq);
        }
        if units + 2u < unit_end {
            store(sum + 2u * four + 7u, groups, zr7, br);
        }
        if units + 3u < unit_end {
            store(sum + 3u * four + 7u, groups, zs7, bs);
        }
    }
    finish(tile, vec2u(units, unit_end), vec2u(examples, example_end));
}
