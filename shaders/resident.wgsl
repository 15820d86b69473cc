// Whole steps of a run, many of them, by one workgroup: clock, batch, forward pass, loss, backward
// pass and updates, for the runs that say so (`resident`), which are perceptrons in f32. A dispatch
// executes `call.steps` steps. Between the parts of a step the workgroup waits for its own threads
// alone. The parts are those of the other kernels, with the same order of sums.

#import layout
#import packed_{packed}
#import gather_batch
#import input_tile
#import last_batch
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
@group(0) @binding(6) var<storage, read_write> parameters: array<vec4f>;  // as in fused_update.wgsl
@group(1) @binding(0) var<uniform> call: Call;                        // slots of runs; steps

// Vec4 `at` of the weights.
fn weight(at: u32) -> vec4f {
    return parameters[at];
}

fn begins(tile: Tile, node: Node, first: vec2u) -> bool {
    return changes(tile);
}

// Tiles of THREADS threads for so many blocks of sums.
fn tiles_of(blocks: u32) -> u32 {
    return (blocks + THREADS - 1u) / THREADS;
}

// Blocks of parameters of a node that are updated: those of the first inputs have the bias too.
fn updated_blocks(node: u32) -> u32 {
    let inputs = select(nodes[node].input_vec4s, 1u, nodes[node].weights_rate == 0.0);
    let trains = nodes[node].weights_rate != 0.0 || nodes[node].bias_rate != 0.0;
    return select(0u, inputs * nodes[node].output_vec4s, trains);
}

// The updates of all nodes: blocks of different nodes at the same time.
fn serve_updates(slot: u32, thread: u32) {
    let first = runs[slot].first_node;
    let end = first + runs[slot].nodes;
    var all = 1u;
    for (var start = 0u; start < all; start += THREADS) {
        var tile = Tile(slot, end, 0u, 0u);
        var place = start + thread;
        all = 0u;
        for (var node = first; node < end; node++) {
            let blocks = updated_blocks(node);
            let is_here = start + thread >= all && start + thread < all + blocks;
            place = select(place, start + thread - all, is_here);
            tile.node = select(tile.node, node, is_here);
            all += blocks;
        }
        if tile.node < end {
            serve_gradient(tile, place);
        }
    }
}

// One step, after its tick.
fn serve_step(slot: u32, thread: u32) {
    let first = runs[slot].first_node;
    let last = first + runs[slot].nodes - 1u;
    let rows = runs[slot].batch_vec4s;
    for (var i = 0u; i < (rows + LANES - 1u) / LANES; i++) {
        serve_gather(Tile(slot, last, i, 0u), true, vec2u(thread % LANES, thread / LANES));
        workgroupBarrier();
    }
    for (var node = first; node < last; node++) {
        storageBarrier();
        for (var i = 0u; i < tiles_of(rows * nodes[node].output_vec4s); i++) {
            serve_output_tile(Tile(slot, node, i, 0u), thread);
        }
    }
    storageBarrier();
    let sum = serve_last(Tile(slot, last, 0u, 0u), true, thread);
    if thread == 0u && current.phase != PHASE_DONE {
        current.batch_sum = sum;
    }
    for (var above = last; above > first + 1u; above--) {
        let node = above - 1u;
        storageBarrier();
        for (var i = 0u; i < tiles_of(rows * nodes[node].input_vec4s); i++) {
            if (nodes[node].gradients & 7u) != 0u {
                serve_input_tile(Tile(slot, node, i, 0u), thread);
            }
        }
    }
    storageBarrier();
    serve_updates(slot, thread);
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
    let serves = index < call.count && runs[slot].resident == 1u;
    let steps = select(0u, call.steps, serves);
    if thread == 0u {
        current = states[slot];
    }
    var step = 0u;
    for (; step < steps; step++) {
        workgroupBarrier();
        if thread == 0u {
            current = tick(runs[slot], current);
        }
        workgroupBarrier();
        // the step in which a run ends may still copy its best parameters
        if current.phase == PHASE_DONE && current.improved == 0u {
            break;
        }
        serve_step(slot, thread);
    }
    // a run that is done counts the ticks that are left
    if thread == 0u && serves {
        current.ticks += steps - min(step + 1u, steps);
        current.completed = current.ticks;
        states[slot] = current;
    }
}
