// Backward to the weights and the bias of one layer for all runs.
//
//   dW[k, n] = sum_e x[e, k] delta[e, n]
//   db[n]    = sum_e delta[e, n]
//
// Here is what both tiles of this kernel share; the sums are in backward_weights_gpu.wgsl and backward_weights_software.wgsl. A
// thread computes some inputs of some units; its eight lanes take different units of the same inputs, or, where one thread can
// hold all units of a layer, different inputs. Example by example both factors lie in rows, so each load is used by all the
// sums of its row or column.
//
// Of halves the deltas, and with them the sums, are loss_scale times too large; a sum that is too large for a half, or no number,
// is noted for the run, and AdamW passes this step over.

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read_write> states: array<State>;  // (runs); writes overflow
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;          // which inputs (i) and units (j)
@group(0) @binding(3) var<storage, read> layers: array<Layer>;        // (layers of all runs)
@group(0) @binding(4) var<storage, read> work: array<Packed>;           // x, shape (batch, inputs); delta, shape (batch, outputs)
@group(0) @binding(5) var<storage, read_write> gradients: array<Packed>; // dW, shape (inputs, outputs); db, shape (outputs)
@group(1) @binding(0) var<uniform> call: Call;

override PRODUCT_THREADS: u32;
override THREAD_INPUTS: u32;  // in quads
const THREAD_UNITS: u32 = 2u;  // in quads

// The first input and the first unit of a thread, in quads.
fn place(tile: Tile, layer: Layer, thread: vec3u) -> vec2u {
    let block = tile.i * PRODUCT_THREADS + thread.y;
    if layer.output_groups <= NARROW_GROUPS {
        return vec2u((block * LANES + thread.x) * THREAD_INPUTS, 0u);
    }
    return vec2u(block * THREAD_INPUTS, (tile.j * LANES + thread.x) * THREAD_UNITS);
}

// Four units by four inputs, one input to a column: x[k] delta[n].
fn outer(x: vec4f, delta: vec4f) -> mat4x4f {
    return mat4x4f(x.x * delta, x.y * delta, x.z * delta, x.w * delta);
}

// Whether this thread met a sum that is too large for a half.
var<private> lost: bool = false;

fn put(at: u32, g: vec4f) {
    gradients[at] = pack(g);
    if overflows(g) {
        lost = true;
    }
}

// Stores four units of four inputs, those of them that are below `rows`.
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

// Each tile says how its threads `serve` it.
@compute @workgroup_size(LANES, PRODUCT_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_id) thread: vec3u,
) {
    let index = group_index(group, grid);
    if index < call.count {
        let tile = tiles[call.first + index];
        serve(tile, thread);
        // every thread that comes here writes the same
        if HALF && lost {
            states[tile.run].overflow = 1u;
        }
    }
}
