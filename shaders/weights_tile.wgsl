// The sums of a layer's gradient, on a tile of it:
//
//   dW[k, n] = sum_e x[e, k] delta[e, n]
//   db[n]    = sum_e delta[e, n]
//
// Here is what both tiles share; the sums are in weights_tile_gpu.wgsl and
// weights_tile_software.wgsl. A thread computes some inputs of some units; its eight lanes take
// different units of the same inputs, or, where one thread can hold all units of a layer, different
// inputs. Example by example both factors lie in rows, so each load is used by all the sums of its
// row or column. What becomes of a sum says the kernel: it has to `put` four of them.

#import layout
#import weights_tile_{products}

override PRODUCT_THREADS: u32;
override THREAD_INPUTS: u32;  // in vec4s
const THREAD_UNITS: u32 = 2u;  // in vec4s

// The first input and the first unit of a thread, in vec4s.
fn place(tile: Tile, layer: Node, thread: vec3u) -> vec2u {
    let block = tile.i * PRODUCT_THREADS + thread.y;
    if layer.output_vec4s <= NARROW_VEC4S {
        return vec2u((block * LANES + thread.x) * THREAD_INPUTS, 0u);
    }
    return vec2u(block * THREAD_INPUTS, (tile.j * LANES + thread.x) * THREAD_UNITS);
}

// Four units by four inputs, one input to a column: x[k] delta[n].
fn outer(x: vec4f, delta: vec4f) -> mat4x4f {
    return mat4x4f(x.x * delta, x.y * delta, x.z * delta, x.w * delta);
}

// Puts four units of four inputs, those of them that are below `rows`.
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
