// Whole steps of a run, many of them, by one workgroup: clock, batch, forward pass, loss, backward
// pass and updates, for the runs that say so (`resident`), which are perceptrons. A dispatch
// executes `call.steps` steps. Between the parts of a step the workgroup waits for its own threads
// alone. The parts are those of the other kernels, with the same order of sums.
//
// RESIDENT_FUSED   the gradients are used where they are accumulated; in f32
// RESIDENT_STORED  they are stored behind the parameters first; in f16, with the copy of the
//                  parameters that products read behind them, both rounded to f16 but stored in f32
// RESIDENT_CLIPPED they are stored and clipped
//
// A thread computes one vec4 of rows of one vec4 of units of a product.

#import layout
#import packed_{packed}
#import clip_scale
#import gather_batch
#import input_tile
#import last_batch
#import next_places
#import norm_block
#import output_tile
#import state_workgroup
#import tick
#import update_tile

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read_write> states: array<State>;  // (runs)
@group(0) @binding(2) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
@group(0) @binding(3) var<storage, read> rows: array<u32>;            // as in gather.wgsl
@group(0) @binding(4) var<storage, read> data: array<Datum>;          // as in gather.wgsl
@group(0) @binding(5) var<storage, read_write> work: array<Packed>;   // every matrix of a batch
// as in fused_update.wgsl; then the gradients of runs that store them, and in f16 the copy
@group(0) @binding(6) var<storage, read_write> parameters: array<vec4f>;
@group(1) @binding(0) var<uniform> call: Call;                        // slots of runs; steps

// The run that the workgroup serves. Parts of a step read it again: else compilers keep all that
// depends on it in registers, for all steps.
var<workgroup> served: u32;

// Vec4 `at` of the weights that products read; in f16 a copy.
fn weight(at: u32) -> vec4f {
    return parameters[at];
}

// Vec4 `at` of the gradients.
fn gradient_at(at: u32) -> vec4f {
    return parameters[at];
}

// Stores a vec4 of gradients or, in f16, of the copy: rounded to f16.
fn put_rounded(at: u32, value: vec4f) {
    parameters[at] = unpack(pack(value));
}

fn put_gradient(at: u32, g: vec4f) {
    put_rounded(at, g);
    // every thread that reaches this line writes the same value
    if HALF && overflows(g) {
        current.overflow = 1u;
    }
}

fn begins(tile: Tile, node: Node, first: vec2u) -> bool {
    return changes(tile);
}

// Updates four inputs of four units with their gradient. Two rows are loaded before the first is
// stored: for four, some GPUs lack registers.
fn update_rows(tile: Tile, node: Node, unit: u32, inputs: u32, g: mat4x4f) {
    if node.weights_rate == 0.0 {
        return;
    }
    let update = update_of(tile, node, node.weights_rate, node.weights_decay);
#each half in 2
#each i in 2
    let row{half}{i} = load_row(node, unit, 4u * inputs + 2u * {half}u + {i}u);
#end
#each i in 2
    store_row(node, update, row{half}{i}, g[2 * {half} + {i}]);
#end
#end
}

fn put(tile: Tile, node: Node, unit: u32, inputs: u32, g: mat4x4f) {
    if runs[tile.run].resident == RESIDENT_FUSED {
        update_rows(tile, node, unit, inputs, g);
        return;
    }
    // one that is not used must not count as an overflow
    if node.weights_rate == 0.0 {
        return;
    }
    let at = node.weights_gradient + 4u * inputs * node.output_vec4s + unit;
#each i in 4
    if 4u * inputs + {i}u < node.inputs {
        put_gradient(at + {i}u * node.output_vec4s, g[{i}]);
    }
#end
}

fn put_bias(tile: Tile, node: Node, unit: u32, g: vec4f) {
    if runs[tile.run].resident == RESIDENT_FUSED {
        update_bias(tile, node, unit, g);
        return;
    }
    put_gradient(node.bias_gradient + unit, g);
}

// Updates the parameters of a block with the gradients that are stored, and in f16 their copy.
fn update_stored(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let row = node.output_vec4s;
    let first = place(tile, thread, row);
    if !changes(tile) {
        return;
    }
    // in f16 `weights` and `bias` are places of the copy
    let run = runs[tile.run];
    let to_parameters = run.parameters - run.copy;
    var own = node;
    own.weights += to_parameters;
    own.bias += to_parameters;
    let scale = current.gradient_scale / current.loss_scale;
#each i in 4
    let input{i} = min(4u * first.y + {i}u, node.inputs - 1u);
    let g{i} = scale * gradient_at(node.weights_gradient + input{i} * row + first.x);
#end
    update_rows(tile, own, first.x, first.y, mat4x4f(g0, g1, g2, g3));
    if HALF {
#each i in 4
        let at{i} = node.weights + input{i} * row + first.x;
        put_rounded(at{i}, parameters[at{i} + to_parameters]);
#end
    }
    if first.y > 0u || node.bias_rate == 0.0 {
        return;
    }
    update_bias(tile, own, first.x, scale * gradient_at(node.bias_gradient + first.x));
    if HALF {
        let at = node.bias + first.x;
        put_rounded(at, parameters[at + to_parameters]);
    }
}

// Tiles of THREADS threads for so many blocks of sums.
fn tiles_of(blocks: u32) -> u32 {
    return (blocks + THREADS - 1u) / THREADS;
}

// Blocks of four inputs and four units of a node that are updated: those of the first inputs have
// the bias too.
fn updated_blocks(node: u32) -> u32 {
    let inputs = select(nodes[node].input_vec4s, 1u, nodes[node].weights_rate == 0.0);
    let trains = nodes[node].weights_rate != 0.0 || nodes[node].bias_rate != 0.0;
    return select(0u, inputs * nodes[node].output_vec4s, trains);
}

// The gradients of all nodes, and their updates unless they are clipped first; or, of gradients
// that are stored, the updates. No thread waits for another one, so those with fewer blocks of the
// nodes before have the first blocks of a node.
fn serve_updates(slot: u32, are_stored: bool, thread: u32) {
    let first = runs[slot].first_node;
    var used = 0u;
    for (var node = first; node < first + runs[slot].nodes; node++) {
        let blocks = updated_blocks(node);
        let turned = (thread + THREADS - used % THREADS) % THREADS;
        for (var i = 0u; i < tiles_of(blocks); i++) {
            if i * THREADS + turned < blocks {
                let tile = Tile(slot, node, i, 0u);
                if are_stored {
                    update_stored(tile, turned);
                } else {
                    serve_gradient(tile, turned);
                }
            }
        }
        // whole subgroups, of up to 64 threads
        used += (blocks + 63u) / 64u * 64u;
    }
}

// Clips the gradients, of so many blocks of a norm, if there are any, and updates all nodes with
// them.
fn serve_stored(slot: u32, blocks: u32, thread: u32) {
    for (var block = 0u; block < blocks; block++) {
        serve_norm(slot, block, true, thread);
        workgroupBarrier();
    }
    storageBarrier();
    if thread == 0u && blocks > 0u && current.phase == PHASE_TRAIN {
        let clip = clip_of(runs[slot], blocks);
        current.gradient_norm = clip.norm;
        current.gradient_scale = clip.scale;
    }
    workgroupBarrier();
    serve_updates(slot, true, thread);
    storageBarrier();
}

// Gathers the batch and computes its loss.
fn serve_forward(slot: u32, thread: u32) {
    let first = runs[slot].first_node;
    let last = first + runs[slot].nodes - 1u;
    let rows = runs[slot].batch_vec4s;
    for (var i = 0u; i < (rows + LANES - 1u) / LANES; i++) {
        serve_gather(Tile(slot, last, i, 0u), true, vec2u(thread % LANES, thread / LANES));
        workgroupBarrier();
    }
    for (var node = first; node < last; node++) {
        storageBarrier();
        if node == first {
            find_places(slot, thread);
        }
        for (var i = 0u; i < tiles_of(rows * nodes[node].output_vec4s); i++) {
            serve_output_tile(Tile(slot, node, i, 0u), thread);
        }
    }
    storageBarrier();
    let sum = serve_last(Tile(slot, last, 0u, 0u), true, thread, THREADS);
    if thread == 0u && current.phase != PHASE_DONE {
        current.batch_sum = sum;
    }
}

// The gradients at the inputs of the nodes between the first and the last.
fn serve_backward(slot: u32, thread: u32) {
    let first = runs[slot].first_node;
    for (var above = first + runs[slot].nodes - 1u; above > first + 1u; above--) {
        let node = above - 1u;
        storageBarrier();
        for (var i = 0u; i < tiles_of(runs[slot].batch_vec4s * nodes[node].input_vec4s); i++) {
            if (nodes[node].gradients & 7u) != 0u {
                serve_input_tile(Tile(slot, node, i, 0u), thread);
            }
        }
    }
    storageBarrier();
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, grid);
    let slot = call.first + min(index, call.count - 1u);
    let serves = index < call.count && runs[slot].resident != 0u;
    let steps = select(0u, call.steps, serves);
    let blocks = select(0u, norm_blocks(slot), runs[slot].resident == RESIDENT_CLIPPED);
    if thread == 0u {
        current = states[slot];
        found = vec2u(0xffffffffu);
        served = slot;
    }
    var step = 0u;
    for (; step < steps; step++) {
        workgroupBarrier();
        if thread == 0u {
            current = tick(runs[served], current);
        }
        workgroupBarrier();
        // the step in which a run ends may still copy its best parameters
        if current.phase == PHASE_DONE && current.improved == 0u {
            break;
        }
        serve_forward(served, thread);
        serve_backward(served, thread);
        serve_updates(served, false, thread);
        storageBarrier();
        // a loop: threads may not wait for each other within a branch
        let stores = runs[served].resident != RESIDENT_FUSED;
        for (var passes = select(0u, 1u, stores); passes > 0u; passes--) {
            serve_stored(served, blocks, thread);
        }
    }
    // a run that is done counts the ticks that are left
    if thread == 0u && serves {
        current.ticks += steps - min(step + 1u, steps);
        current.completed = current.ticks;
        states[slot] = current;
    }
}
