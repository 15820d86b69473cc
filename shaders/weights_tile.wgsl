// Gradient of a dense node, for one tile of it:
//
//   dW[k, n] = sum_e x[e, k] delta[e, n]
//   db[n]    = sum_e delta[e, n]
//
// This page holds what both variants share; the products are in weights_tile_gpu.wgsl and
// weights_tile_software.wgsl. A thread computes several inputs of several units. Its eight lanes
// take different units of the same inputs, or, where one thread can hold all units of a node,
// different inputs. Both factors are stored by example, so each load is used by all accumulators of
// its row or column. The importing kernel decides what happens to the gradient: it defines `put`
// and `put_bias`, which take four units. They get no gradients of a matrix that is not trained.

#import layout
#import weights_tile_{products}

override PRODUCT_THREADS: u32;
override THREAD_INPUTS: u32;  // in vec4s
const THREAD_UNITS: u32 = 2u;  // in vec4s

// The first input and the first unit of a thread, in vec4s.
fn place(tile: Tile, node: Node, thread: vec3u) -> vec2u {
    let block = tile.i * PRODUCT_THREADS + thread.y;
    if node.output_vec4s <= NARROW_VEC4S {
        return vec2u((block * LANES + thread.x) * THREAD_INPUTS, 0u);
    }
    return vec2u(block * THREAD_INPUTS, (tile.j * LANES + thread.x) * THREAD_UNITS);
}

// Inputs whose weights are trained.
fn trained_rows(node: Node) -> u32 {
    return select(node.inputs, 0u, node.weights_rate == 0.0);
}

// Outer product x[k] delta[n] of four inputs and four units, one input per column.
fn outer(x: vec4f, delta: vec4f) -> mat4x4f {
    return mat4x4f(x.x * delta, x.y * delta, x.z * delta, x.w * delta);
}

// Passes the gradients of four units and four inputs to `put`, for the inputs below `rows`.
fn store(at: u32, row: u32, rows: u32, input: u32, g: mat4x4f) {
    if input < rows {
        put(at, g[0]);
    }
    if input + 1u < rows {
        put(at + row, g[1]);
    }
    if input + 2u < rows {
        put(at + 2u * row, g[2]);
    }
    if input + 3u < rows {
        put(at + 3u * row, g[3]);
    }
}
