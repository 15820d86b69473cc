// Gradient of the weights and the bias of a dense node and its AdamW update together; formulas
// in weights_tile.wgsl and adamw_rule.wgsl. It serves the runs whose update does not depend on the
// gradients of other nodes (no clipping, no check for overflow): the gradient is used where it was
// accumulated and is never stored; and, in resident.wgsl, with gradients that were stored. It comes
// after all of the step that reads the weights of the node.
//
// Where the clock found an improvement it first copies the parameters to the best ones. It does
// this, and averages the parameters, as adamw.wgsl.

#import layout
#import adamw_rule
#import weights_tile
#import state_{kept}

// What all parameters of a matrix share in one step.
struct Update {
    rates: Rates,
    trains: bool,
    improved: bool,
    swaps: bool,
    average_step: f32,
}

fn update_of(tile: Tile, node: Node, rate: f32, decay: f32) -> Update {
    let state = state_of(tile.run);
    let rates = Rates(
        node.one_minus_beta1,
        node.beta2,
        node.one_minus_beta2,
        node.epsilon,
        rate * state.step_size,
        1.0 / state.root_correction,
        decay * state.decay,
    );
    let trains = state.phase == PHASE_TRAIN && state.overflow == 0u;
    let average_step = select(0.0, state.average_step, trains);
    return Update(rates, trains, state.improved == 1u, state.swaps == 1u, average_step);
}

// A vec4 of parameters with its moments.
struct Parameters {
    p: vec4f,
    m: vec4f,
    v: vec4f,
}

fn load(node: Node, at: u32) -> Parameters {
    let moments = 2u * at + node.to_moments;
    return Parameters(parameters[at], parameters[moments], parameters[moments + 1u]);
}

// Stores a vec4 of parameters after the step with gradient `g`.
fn store(node: Node, update: Update, at: u32, before: Parameters, g: vec4f) {
    if update.improved {
        // without an average these are the parameters themselves
        parameters[at + node.to_best] = parameters[at + node.to_average];
    }
    var p = before.p;
    if update.trains {
        var m = before.m;
        var v = before.v;
        p = stepped(update.rates, p, g, &m, &v);
        let moments = 2u * at + node.to_moments;
        parameters[moments] = m;
        parameters[moments + 1u] = v;
        parameters[at] = p;
    }
    if node.to_average != 0u && (update.trains || update.swaps) {
        let a = moved(parameters[at + node.to_average], p, update.average_step);
        parameters[at + node.to_average] = select(a, p, update.swaps);
        if update.swaps {
            parameters[at] = a;
        }
    }
}

// Whether this step changes parameters of a run.
fn changes(tile: Tile) -> bool {
    let state = state_of(tile.run);
    return state.phase == PHASE_TRAIN || state.improved == 1u || state.swaps == 1u;
}

// The parameters of an input and four units. Beyond the inputs they are those of the last one, and
// are not stored.
struct Row {
    input: u32,
    at: u32,
    before: Parameters,
}

fn load_row(node: Node, unit: u32, input: u32) -> Row {
    let at = node.weights + min(input, node.inputs - 1u) * node.output_vec4s + unit;
    return Row(input, at, load(node, at));
}

fn store_row(node: Node, update: Update, row: Row, g: vec4f) {
    if row.input < node.inputs {
        store(node, update, row.at, row.before, g);
    }
}

// Updates the bias of four units with its gradient.
fn update_bias(tile: Tile, node: Node, unit: u32, g: vec4f) {
    let at = node.bias + unit;
    store(node, update_of(tile, node, node.bias_rate, node.bias_decay), at, load(node, at), g);
}
