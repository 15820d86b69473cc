// Forward pass, variant for GPUs; formula in dense_forward.wgsl. A thread computes 8 units of 16
// examples: vec4s p and q of units, vec4s 0 to 3 of examples. Eight lanes form a block of 64 units.
// A tile is PRODUCT_THREADS blocks; blocks are numbered through all units first, then through the
// examples. The registers hold 128 accumulators. An iteration adds four terms: 24 loads
// for 512 multiply-adds.

#import layout
#import packed_{packed}
#import present
#import dense_forward

// Weights of four inputs and four units, one input per column.
fn load_weights(at: u32, row: u32) -> mat4x4f {
    return mat4x4f(
        unpack(weights[at]),
        unpack(weights[at + row]),
        unpack(weights[at + 2u * row]),
        unpack(weights[at + 3u * row]),
    );
}

// Four inputs of four examples, one example per column.
fn inputs(at: u32, batch_vec4s: u32) -> mat4x4f {
    return transpose(mat4x4f(
        unpack(work[at]),
        unpack(work[at + batch_vec4s]),
        unpack(work[at + 2u * batch_vec4s]),
        unpack(work[at + 3u * batch_vec4s]),
    ));
}

fn serve(tile: Tile, thread: vec3u) {
    let node = nodes[tile.node];
    let batch_vec4s = node.row_vec4s;
    let present = present_vec4s(tile, node.rows);
    let block = tile.i * PRODUCT_THREADS + thread.y;
    let across = (node.output_vec4s + 2u * LANES - 1u) / (2u * LANES);
    let units = (block % across * LANES + thread.x) * 2u;  // in vec4s of units
    let examples = block / across * 4u;                    // in vec4s of examples
    let outside = units >= node.output_vec4s || examples >= present;
    if states[tile.run].phase == PHASE_DONE || outside {
        return;
    }
    let unit_end = min(units + 2u, node.output_vec4s);
    let example_end = min(examples + 4u, present);

    // beyond the edges a thread reads the last column again and stores nothing
    let p = node.weights + units;
    let q = node.weights + unit_end - 1u;
    let x0 = node.input_by_unit + examples;
    let x1 = node.input_by_unit + min(examples + 1u, example_end - 1u);
    let x2 = node.input_by_unit + min(examples + 2u, example_end - 1u);
    let x3 = node.input_by_unit + min(examples + 3u, example_end - 1u);
    var zp0 = mat4x4f();
    var zq0 = mat4x4f();
    var zp1 = mat4x4f();
    var zq1 = mat4x4f();
    var zp2 = mat4x4f();
    var zq2 = mat4x4f();
    var zp3 = mat4x4f();
    var zq3 = mat4x4f();

    let row = node.output_vec4s;
    let whole = node.inputs & ~3u;
    for (var k = 0u; k < whole; k += 4u) {
        let w = k * row;
        let at = k * batch_vec4s;
        let wp = load_weights(p + w, row);
        let wq = load_weights(q + w, row);
        let v0 = inputs(x0 + at, batch_vec4s);
        zp0 += wp * v0;
        zq0 += wq * v0;
        let v1 = inputs(x1 + at, batch_vec4s);
        zp1 += wp * v1;
        zq1 += wq * v1;
        let v2 = inputs(x2 + at, batch_vec4s);
        zp2 += wp * v2;
        zq2 += wq * v2;
        let v3 = inputs(x3 + at, batch_vec4s);
        zp3 += wp * v3;
        zq3 += wq * v3;
    }
    for (var k = whole; k < node.inputs; k++) {
        let wp = unpack(weights[p + k * row]);
        let wq = unpack(weights[q + k * row]);
        let v0 = unpack(work[x0 + k * batch_vec4s]);
        zp0 += outer(v0, wp);
        zq0 += outer(v0, wq);
        let v1 = unpack(work[x1 + k * batch_vec4s]);
        zp1 += outer(v1, wp);
        zq1 += outer(v1, wq);
        let v2 = unpack(work[x2 + k * batch_vec4s]);
        zp2 += outer(v2, wp);
        zq2 += outer(v2, wq);
        let v3 = unpack(work[x3 + k * batch_vec4s]);
        zp3 += outer(v3, wp);
        zq3 += outer(v3, wq);
    }

    let bp = unpack(weights[node.bias + units]);
    let bq = unpack(weights[node.bias + min(units + 1u, unit_end - 1u)]);
    let z = node.saved + 4u * examples * row + units;
    store(z, row, zp0, bp);
    if units + 1u < unit_end {
        store(z + 1u, row, zq0, bq);
    }
    if examples + 1u < example_end {
        store(z + 4u * row, row, zp1, bp);
        if units + 1u < unit_end {
            store(z + 4u * row + 1u, row, zq1, bq);
        }
    }
    if examples + 2u < example_end {
        store(z + 8u * row, row, zp2, bp);
        if units + 1u < unit_end {
            store(z + 8u * row + 1u, row, zq2, bq);
        }
    }
    if examples + 3u < example_end {
        store(z + 12u * row, row, zp3, bp);
        if units + 1u < unit_end {
            store(z + 12u * row + 1u, row, zq3, bq);
        }
    }
    finish(tile, vec2u(units, unit_end), vec2u(examples, example_end));
}
