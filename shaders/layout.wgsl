// Structs and constants that all kernels share: the tables that the host writes and the state that
// the clock updates. The Rust side of these structs is src/engine/layout.rs; a test compares names,
// types and offsets of both through naga.
//
// Offsets count vec4s (four numbers each). `parameters` holds, for each run, the parameters, those
// at the best validation loss, two vec4s of moments, m and v, for each vec4 of these, and the
// average of the parameters if there is one.
// `weights` is the buffer that products read: the parameters themselves, or in f16 the buffer of
// gradients, which holds a copy of the parameters behind the gradients of each run. Matrices of a
// run are stored by example: row = example, columns = units, four per vec4. The inputs of forward
// products are stored a second time by unit: row = unit, columns = the batch, four examples per
// vec4.

// The tiles of one dispatch: tiles[first .. first + count]; of a kernel that executes whole steps
// the slots of runs.
struct Call {
    first: u32,
    count: u32,
    steps: u32,  // steps of the chunk
}

// The work of one workgroup.
struct Tile {
    run: u32,    // slot in `runs` and `states`
    node: u32,   // index into `nodes`
    i: u32,      // tile coordinates, in tiles
    j: u32,
}

// One run: where its numbers are stored and how it is trained. Written once, when the run is
// packed.
struct Run {
    seed: u32,
    batch: u32,                // examples in a full batch
    batch_vec4s: u32,          // vec4s in a row of a matrix stored by unit: ceil(batch / 4)
    inputs: u32,
    outputs: u32,
    targets: u32,              // columns of y; outputs beyond them are dummies
    training_rows: u32,
    validation_rows: u32,
    rows: u32,                 // its row numbers in `rows`: training rows, then validation rows
    table_x: u32,              // its table in `data`: x, shape (rows, inputs)
    table_y: u32,              // y, shape (rows, targets)
    mean: u32,                 // in `work`: per input, shape (inputs)
    inverse_deviation: u32,    // in `work`: per input, shape (inputs)
    loss_weights: u32,         // in `work`: per target, shape (outputs), padding 0
    x: u32,                    // in `work`: shape (batch, inputs)
    x_by_unit: u32,            // in `work`: shape (inputs, batch)
    labels: u32,               // in `work`: shape (batch, outputs)
    squares: u32,              // in `work`: sums of squared gradients, a vec4 for each block
    first_node: u32,           // its nodes in `nodes`
    nodes: u32,
    parameters: u32,           // its first parameter
    best: u32,                 // in `parameters`: its first one at the best validation loss
    moments: u32,              // in `parameters`: m and v of its first vec4 of parameters
    average: u32,              // in `parameters`: their average; without one the parameters
    gradients: u32,            // its first gradient, if they are stored
    copy: u32,                 // its first parameter in `weights`; in f16 that is a copy
    frozen_vec4s: u32,         // vec4s at the start that are never updated
    parameter_vec4s: u32,      // vec4s in total
    max_epochs: u32,
    patience: u32,
    min_delta: f32,
    inverse_weight_sum: f32,   // 1 / sum of the loss weights; 1 for a loss of whole examples
    learning_rate: f32,
    weight_decay: f32,
    epsilon: f32,
    beta1: f32,
    beta2: f32,
    one_minus_beta1: f32,      // not computed here: 1 - 0.999 loses five digits in f32
    one_minus_beta2: f32,
    log_beta1: f32,
    log_beta2: f32,
    clip_norm: f32,            // largest norm of the gradients; the largest f32 without clipping
    warmup_steps: u32,         // steps in which the learning rate rises
    cosine_steps: u32,         // steps after them in which it falls; 0: constant
    final_fraction: f32,       // factor of the learning rate after them
    row_weights: u32,          // weights of its rows in `rows`, as bits; NO_WEIGHTS: all are 1
    example_weights: u32,      // in `work`: weight of each example of the batch, shape (batch)
    statistics: u32,           // in `work`: means and sums that a loss keeps, shape (2, outputs)
    loss_parameter: f32,       // of the loss, such as the delta of Huber's
    loss: u32,                 // number of the loss in loss_batch.wgsl
    stop_parameter: f32,       // of the validation loss
    stop_loss: u32,            // number of the validation loss
    item_vec4s: u32,           // vec4s in a row of a matrix of items stored by unit
    edge_vec4s: u32,           // the same of edges
    item_columns: u32,
    neighbours: u32,           // most neighbours of an item
    table_items: u32,          // in `data`: items of its table, shape (items, item_columns)
    table_offsets: u32,        // words of `data`: first item of each row, shape (rows + 1)
    table_lists: u32,          // neighbours of each item, shape (items, neighbours)
    table_incoming_offsets: u32,  // first incoming edge of each item, shape (items + 1)
    table_incoming: u32,       // incoming edges, counted from the first edge of the example
    item_mean: u32,            // in `work`: per column of the items
    item_inverse_deviation: u32,
    items: u32,                // in `work`: shape (items of the batch, item_columns)
    items_by_unit: u32,        // in `work`: shape (item_columns, items of the batch)
    table_rows: u32,           // in `work`, as are the next five: see index.wgsl
    first_items: u32,
    first_edges: u32,
    examples: u32,
    centres: u32,
    edge_neighbours: u32,
    resident: u32,             // RESIDENT_FUSED, ...: see resident.wgsl; 0: separate kernels
    averages: u32,             // 1: parameters are averaged, and the average is validated
    average_step: f32,         // 1 - decay of the average
    matrices: u32,             // see matrices.wgsl; ONE_MATRIX: all parameters are alike
}

// One node of one run. Weights: shape (inputs, outputs), four outputs to a vec4.
struct Node {
    number: u32,               // within its run, from 0
    rows: u32,                 // EXAMPLES, ITEMS or EDGES: one row for each
    row_vec4s: u32,            // vec4s in a row of its matrices stored by unit
    inputs: u32,
    outputs: u32,
    input_vec4s: u32,          // ceil(inputs / 4)
    output_vec4s: u32,         // ceil(outputs / 4)
    weights: u32,              // in `weights`
    bias: u32,
    weights_gradient: u32,     // in `gradients`; with the fused update, in `parameters`
    bias_gradient: u32,
    below: u32,                // index into `nodes` of its input; its own index if that is x
    second_below: u32,         // the same of its second input
    gradients: u32,            // 1: gives a gradient to its first input; 2: adds to one that is
                               // there; 4: is the last to add. 8, 16, 32: to the second input
    input: u32,                // in `work`, shape (batch, inputs): x or the output of `below`
    input_by_unit: u32,        // in `work`, shape (inputs, batch): the same
    input_row_vec4s: u32,      // row_vec4s of the input
    second: u32,               // in `work`: its second input
    second_by_unit: u32,
    second_inputs: u32,        // columns of it
    second_row_vec4s: u32,
    saved: u32,                // in `work`, shape (batch, outputs): z = x W + b
    output: u32,               // in `work`, shape (batch, outputs): dropout(activation(z))
    output_by_unit: u32,       // in `work`, shape (outputs, batch): the same
    delta: u32,                // in `work`, shape (batch, outputs): d loss / d z
    reduction: u32,            // MEAN, SUM or MAX
    heads: u32,
    activation: u32,
    slope: f32,                // of leaky_relu
    drop_threshold: u32,       // a unit is dropped where its hash is below; 0 = no dropout
    keep_scale: f32,           // 1 / (1 - dropout)
    inner_drop_threshold: u32, // the same for what the op drops inside, not its output
    inner_keep_scale: f32,
    one_minus_beta1: f32,      // copies of those of the run: fused_update does not bind `runs`
    beta2: f32,
    one_minus_beta2: f32,
    epsilon: f32,
    to_best: u32,              // from a vec4 of its parameters to that of the best ones
    to_average: u32,           // from a vec4 of its parameters to the average; 0: no average
    to_moments: u32,           // from twice the place of a vec4 to its moments, modulo 2^32
    ends_step: u32,            // 1: the node of its run whose update is the last
    weights_rate: f32,         // factor of the learning rate; 0: not trained
    weights_decay: f32,        // factor of learning rate * weight decay
    bias_rate: f32,
    bias_decay: f32,
}

// What changes in every step, one per run; written by the clock.
struct State {
    phase: u32,
    ticks: u32,                // calls of the clock since the run was packed
    completed: u32,            // completion marker: `ticks`, copied by the last kernel of a step
    steps: u32,                // optimiser steps taken
    epoch: u32,                // epochs finished
    best_epoch: u32,           // the epoch of the best validation loss, from 1
    cursor: u32,               // examples of this phase served before this batch
    batch_rows: u32,           // examples in this batch
    batch_items: u32,          // their items
    batch_edges: u32,          // edges between these
    improved: u32,             // 1: this step copies the parameters to the best ones
    waited: u32,               // epochs since the last improvement
    stopped: u32,
    batch_sum: f32,            // weighted losses of this batch
    epoch_sum: f32,            // sum of batch_sum over the training batches of this epoch
    validation_sum: f32,       // the same over its validation batches
    training_loss: f32,        // mean over the last complete epoch
    validation_loss: f32,      // mean over the last validation
    best_loss: f32,            // smallest validation loss
    step_size: f32,            // learning rate of this step / (1 - beta1^step)
    root_correction: f32,      // sqrt(1 - beta2^step)
    loss_scale: f32,           // factor of deltas and gradients: 1 in f32, a power of 2 in f16
    good_steps: u32,           // in f16: steps since the last overflow or growth of the scale
    overflow: u32,             // 1: a gradient of this step is not finite in f16
    swaps: u32,                // 1: this step exchanges the parameters and their average at its end
    decay: f32,                // learning rate of this step * weight decay
    gradient_norm: f32,        // of the last training batch, before clipping; 0 without clipping
    gradient_scale: f32,       // factor of the gradients in AdamW: 1 without clipping
    average_step: f32,         // part of the way to the parameters that their average moves
}

const EXAMPLES: u32 = 0u;
const ITEMS: u32 = 1u;
const EDGES: u32 = 2u;

const MEAN: u32 = 0u;
const SUM: u32 = 1u;
const MAX: u32 = 2u;
const NO_WEIGHTS: u32 = 0xffffffffu;
const ONE_MATRIX: u32 = 1u;

const RESIDENT_FUSED: u32 = 1u;
const RESIDENT_STORED: u32 = 2u;
const RESIDENT_CLIPPED: u32 = 3u;

const PHASE_FRESH: u32 = 0u;
const PHASE_TRAIN: u32 = 1u;
const PHASE_VALIDATE: u32 = 2u;
const PHASE_DONE: u32 = 3u;

const STOPPED_NOT: u32 = 0u;
const STOPPED_PATIENCE: u32 = 1u;
const STOPPED_EPOCHS: u32 = 2u;
const STOPPED_DIVERGED: u32 = 3u;

// Lanes of a workgroup of the kernels that are no products, each with its own rows.
const LANES: u32 = 8u;

// WGSL lets a compiler assume that there are no NaNs, so the test is on the bits.
fn finite(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}

// The index of a workgroup in a grid folded into two dimensions.
fn group_index(group: vec3u, grid: vec3u) -> u32 {
    return group.x + group.y * grid.x;
}
