// Forward on GPUs: 8 units of 16 examples a thread, in vec4s p and q of units and 0 to 3 of examples; a tile is 16 examples and
// 64 PRODUCT_THREADS units. 128 sums are what registers hold. Four terms at a time: 24 loads for 512 multiply-adds.

// Four inputs of four units, one unit to a column.
fn weights(at: u32, row: u32) -> mat4x4f {
    return transpose(mat4x4f(
        parameters[at],
        parameters[at + row],
        parameters[at + 2u * row],
        parameters[at + 3u * row],
    ));
}

// Four inputs of four examples, one input to a column.
fn inputs(at: u32, groups: u32) -> mat4x4f {
    return mat4x4f(work[at], work[at + groups], work[at + 2u * groups], work[at + 3u * groups]);
}

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
    let units = ((tile.j * PRODUCT_THREADS + thread.y) * LANES + thread.x) * 2u;  // in vec4s of units
    let examples = tile.i * 4u;                                                   // in vec4s of examples
    if states[tile.run].phase == PHASE_DONE || units >= layer.output_groups {
        return;
    }
    let unit_end = min(units + 2u, layer.output_groups);
    let example_end = min(examples + 4u, groups);

    // beyond the edges a thread repeats the last column and stores nothing
    let p = layer.weights + units;
    let q = layer.weights + unit_end - 1u;
    let x0 = layer.input + examples;
    let x1 = layer.input + min(examples + 1u, example_end - 1u);
    let x2 = layer.input + min(examples + 2u, example_end - 1u);
    let x3 = layer.input + min(examples + 3u, example_end - 1u);
    var zp0 = mat4x4f();
    var zq0 = mat4x4f();
    var zp1 = mat4x4f();
    var zq1 = mat4x4f();
    var zp2 = mat4x4f();
    var zq2 = mat4x4f();
    var zp3 = mat4x4f();
    var zq3 = mat4x4f();

    let row = layer.output_groups;
    let whole = layer.inputs & ~3u;
    for (var k = 0u; k < whole; k += 4u) {
        let w = k * row;
        let at = k * groups;
        let wp = weights(p + w, row);
        let wq = weights(q + w, row);
        let v0 = inputs(x0 + at, groups);
        zp0 += v0 * wp;
        zq0 += v0 * wq;
        let v1 = inputs(x1 + at, groups);
        zp1 += v1 * wp;
        zq1 += v1 * wq;
        let v2 = inputs(x2 + at, groups);
        zp2 += v2 * wp;
        zq2 += v2 * wq;
        let v3 = inputs(x3 + at, groups);
        zp3 += v3 * wp;
        zq3 += v3 * wq;
    }
    for (var k = whole; k < layer.inputs; k++) {
        let wp = parameters[p + k * row];
        let wq = parameters[q + k * row];
        let v0 = work[x0 + k * groups];
        zp0 += outer(v0, wp);
        zq0 += outer(v0, wq);
        let v1 = work[x1 + k * groups];
        zp1 += outer(v1, wp);
        zq1 += outer(v1, wq);
        let v2 = work[x2 + k * groups];
        zp2 += outer(v2, wp);
        zq2 += outer(v2, wq);
        let v3 = work[x3 + k * groups];
        zp3 += outer(v3, wp);
        zq3 += outer(v3, wq);
    }

    let bp = parameters[layer.bias + units];
    let bq = parameters[layer.bias + min(units + 1u, unit_end - 1u)];
    let sum = layer.sum + units * 4u * groups + examples;
    let four = 4u * groups;
    store(sum, groups, zp0, bp);
    if units + 1u < unit_end {
        store(sum + four, groups, zq0, bq);
    }
    if examples + 1u < example_end {
        store(sum + 1u, groups, zp1, bp);
        if units + 1u < unit_end {
            store(sum + four + 1u, groups, zq1, bq);
        }
    }
    if examples + 2u < example_end {
        store(sum + 2u, groups, zp2, bp);
        if units + 1u < unit_end {
            store(sum + four + 2u, groups, zq2, bq);
        }
    }
    if examples + 3u < example_end {
        store(sum + 3u, groups, zp3, bp);
        if units + 1u < unit_end {
            store(sum + four + 3u, groups, zq3, bq);
        }
    }
    finish(tile, vec2u(units, unit_end), vec2u(examples, example_end));
}
