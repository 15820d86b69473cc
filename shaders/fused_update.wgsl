// Gradient of the weights and the bias of a dense node and its AdamW update in one kernel; formulas
// in weights_tile.wgsl and adamw_rule.wgsl. It serves the runs whose update does not depend on the
// gradients of other nodes (no clipping, no check for overflow). The gradient is used where it was
// accumulated and is never stored. The kernel is executed after the last kernel of the step that
// reads the weights of the node.
//
// Where the clock found an improvement it first copies the parameters to the best ones. For the
// node of a run whose update is the last it copies the clock's ticks to `completed`. It does both,
// and averages the parameters, as adamw.wgsl.

#import layout
#import vec4_{vec4}
#import adamw_rule
#import weights_tile

@group(0) @binding(0) var<storage, read_write> states: array<State>;   // (runs); writes completed
@group(0) @binding(1) var<storage, read> tiles: array<Tile>;  // (tiles); i: inputs, j: units
@group(0) @binding(2) var<storage, read> nodes: array<Node>;           // (nodes of all runs)
// x, shape (batch, inputs); delta, shape (batch, outputs)
@group(0) @binding(3) var<storage, read> work: array<Packed>;
// W, shape (inputs, outputs); b, shape (outputs); both at the best validation loss; m and v of
// each, alternating; the average of both
@group(0) @binding(4) var<storage, read_write> parameters: array<Vec4>;
@group(1) @binding(0) var<uniform> call: Call;

var<private> weights_rates: Rates;
var<private> bias_rates: Rates;
var<private> to_best: u32;
var<private> to_moments: u32;
var<private> to_average: u32;
var<private> average_step: f32;
var<private> swaps: bool;

fn update(rates: Rates, at: u32, g: vec4f) {
    let moments = 2u * at + to_moments;
    var m = numbers(parameters[moments]);
    var v = numbers(parameters[moments + 1u]);
    parameters[at] = stored_vec4(stepped(rates, numbers(parameters[at]), g, &m, &v));
    parameters[moments] = stored_vec4(m);
    parameters[moments + 1u] = stored_vec4(v);
}

fn put(at: u32, g: vec4f) {
    update(weights_rates, at, g);
}

fn put_bias(at: u32, g: vec4f) {
    update(bias_rates, at, g);
}

// Copies a vec4 of parameters, or their average, to the best ones.
fn keep(at: u32) {
    parameters[at + to_best] = parameters[at + to_average];
}

// Moves the average of a vec4 of parameters, and exchanges both where the clock says so.
fn average(at: u32) {
    let p = numbers(parameters[at]);
    let a = moved(numbers(parameters[at + to_average]), p, average_step);
    parameters[at + to_average] = stored_vec4(select(a, p, swaps));
    if swaps {
        parameters[at] = stored_vec4(a);
    }
}

// Calls `keep` or `average` for the parameters that this thread updates.
fn for_each(tile: Tile, thread: vec3u, keeps: bool) {
    let node = nodes[tile.node];
    let first = place(tile, node, thread);
    let rows = min(4u * (first.x + THREAD_INPUTS), trained_rows(node));
    let unit_end = min(first.y + THREAD_UNITS, node.output_vec4s);
    for (var unit = first.y; unit < unit_end; unit++) {
        for (var row = 4u * first.x; row < rows; row++) {
            let at = node.weights + row * node.output_vec4s + unit;
            if keeps {
                keep(at);
            } else {
                average(at);
            }
        }
        if first.x == 0u && node.bias_rate != 0.0 {
            if keeps {
                keep(node.bias + unit);
            } else {
                average(node.bias + unit);
            }
        }
    }
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
    let node = nodes[tile.node];
    let first_thread = tile.i == 0u && tile.j == 0u && thread.x == 0u && thread.y == 0u;
    if node.ends_step == 1u && first_thread {
        states[tile.run].completed = states[tile.run].ticks;
    }
    to_best = node.to_best;
    to_moments = node.to_moments;
    to_average = node.to_average;
    if states[tile.run].improved == 1u {
        for_each(tile, thread, true);
    }
    weights_rates = Rates(
        node.one_minus_beta1,
        node.beta2,
        node.one_minus_beta2,
        node.epsilon,
        node.weights_rate * states[tile.run].step_size,
        1.0 / states[tile.run].root_correction,
        node.weights_decay * states[tile.run].decay,
    );
    bias_rates = weights_rates;
    bias_rates.step_size = node.bias_rate * states[tile.run].step_size;
    bias_rates.decay = node.bias_decay * states[tile.run].decay;
    serve(tile, thread);
    swaps = states[tile.run].swaps == 1u;
    let trains = states[tile.run].phase == PHASE_TRAIN;
    if to_average != 0u && (trains || swaps) {
        average_step = select(0.0, states[tile.run].average_step, trains);
        for_each(tile, thread, false);
    }
}
