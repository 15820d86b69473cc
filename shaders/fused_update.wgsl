// The gradient of one layer's weights and bias and its update with AdamW in one, for all runs that
// ask for nothing that needs the gradients of other layers first (their norm, whether one
// overflowed): the sums of weights_tile.wgsl go into adamw_rule.wgsl where they are, and are stored
// nowhere. It comes when nothing in the step reads the layer's weights any more.
//
// It also keeps the parameters as the best of the run where the clock saw an improvement (before
// they change), and with the first trained layer of a run, whose update is the last, records the
// clock's ticks, as adamw.wgsl does.

#import layout
#import vec4_{vec4}
#import adamw_rule
#import weights_tile

@group(0) @binding(0) var<storage, read_write> states: array<State>;   // (runs); writes completed
@group(0) @binding(1) var<storage, read> tiles: array<Tile>;           // which inputs (i) and units (j)
@group(0) @binding(2) var<storage, read> nodes: array<Node>;         // (nodes of all runs)
@group(0) @binding(3) var<storage, read> work: array<Packed>;          // x, shape (batch, inputs); delta, shape (batch, outputs)
@group(0) @binding(4) var<storage, read_write> parameters: array<Vec4>;
@group(0) @binding(5) var<storage, read_write> moments: array<Vec4>;   // m and v of a vec4
@group(0) @binding(6) var<storage, read_write> best: array<Vec4>;      // parameters at the best validation loss
@group(1) @binding(0) var<uniform> call: Call;

var<private> rates: Rates;

fn put(at: u32, g: vec4f) {
    var m = numbers(moments[2u * at]);
    var v = numbers(moments[2u * at + 1u]);
    parameters[at] = stored_vec4(stepped(rates, numbers(parameters[at]), g, &m, &v));
    moments[2u * at] = stored_vec4(m);
    moments[2u * at + 1u] = stored_vec4(v);
}

// Keeps what this thread is going to update.
fn keep(tile: Tile, thread: vec3u) {
    let layer = nodes[tile.node];
    let first = place(tile, layer, thread);
    let rows = min(4u * (first.x + THREAD_INPUTS), layer.inputs);
    let unit_end = min(first.y + THREAD_UNITS, layer.output_vec4s);
    for (var unit = first.y; unit < unit_end; unit++) {
        for (var row = 4u * first.x; row < rows; row++) {
            let at = layer.weights + row * layer.output_vec4s + unit;
            best[at] = parameters[at];
        }
        if first.x == 0u {
            best[layer.bias + unit] = parameters[layer.bias + unit];
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
    let layer = nodes[tile.node];
    if layer.ends_step == 1u && tile.i == 0u && tile.j == 0u && thread.x == 0u && thread.y == 0u {
        states[tile.run].completed = states[tile.run].ticks;
    }
    if states[tile.run].improved == 1u {
        keep(tile, thread);
    }
    rates = Rates(
        layer.one_minus_beta1,
        layer.beta2,
        layer.one_minus_beta2,
        layer.epsilon,
        states[tile.run].step_size,
        1.0 / states[tile.run].root_correction,
        states[tile.run].decay,
    );
    serve(tile, thread);
}
