// The last dense node of a run, by one workgroup: its output, the loss and the gradient at its
// input.
//
//   z[e, n] = b[n] + sum_k x[e, k] W[k, n]
//   a[e, n] = activation(z[e, n])
//   batch_sum and delta[e, n] from a: see loss_batch.wgsl
//   delta_below[e, k] = mask_below[e, k] activation'(z_below[e, k]) sum_n delta[e, n] W[k, n]
//
// It has few outputs, so a sum over k is shared by several threads, each with its own terms; then
// one of them adds their sums. Nothing reads the outputs stored by unit: they are not written.

#import layout
#import packed_{packed}
#import activation
#import contribute
#import loss_batch
#import present
#import sums
#import state_{kept}

// Blocks of four examples and four outputs at one time. The other threads share their sums.
override LAST_BLOCKS: u32;

// The sums of each thread, shape (slices, blocks, rows of a block). Not one array of another size:
// naga 30 does not take a size that is an expression if a size of a later constant follows.
var<workgroup> sliced: array<array<vec4f, 4>, LOSS_THREADS>;

// The terms of a slice of a block of sums.
fn sum_slice(node: Node, unit: u32, examples: u32, slice: u32) -> mat4x4f {
    let slices = LOSS_THREADS / LAST_BLOCKS;
    let at_w = node.weights + unit;
    let at_x = node.input_by_unit + examples;
    var sums = mat4x4f();
    for (var k = slice; k < node.inputs; k += 4u * slices) {
#each t in 4
        let k{t} = min(k + {t}u * slices, node.inputs - 1u);
        let w{t} = weight(at_w + k{t} * node.output_vec4s);
        let x{t} = unpack(work[at_x + k{t} * node.row_vec4s]);
#end
#each t in 4
        let there{t} = k + {t}u * slices < node.inputs;
        sums = add_outer(sums, select(vec4f(0.0), x{t}, there{t}), w{t});
#end
    }
    return sums;
}

// Adds the slices of row `thread` of a block, and stores z and a of this row.
fn finish_last(node: Node, unit: u32, example: u32, thread: u32) {
    var sum = sliced[thread / 4u][thread % 4u];
    for (var slice = 1u; slice < LOSS_THREADS / LAST_BLOCKS; slice++) {
        sum += sliced[LAST_BLOCKS * slice + thread / 4u][thread % 4u];
    }
    let at = example * node.output_vec4s + unit;
    let z = pack(sum + weight(node.bias + unit));
    work[node.saved + at] = z;
    work[node.output + at] = pack(activate(node.activation, node.slope, unpack(z)));
}

// The output of the node, for the examples of `rows` vec4s. All threads take part.
fn serve_output(node: Node, batch_vec4s: u32, rows: u32, thread: u32) {
    let slice = thread / LAST_BLOCKS;
    // of neighbouring threads the examples are neighbours
    for (var first = 0u; first < batch_vec4s * node.output_vec4s; first += LAST_BLOCKS) {
        let block = first + thread % LAST_BLOCKS;
        let sums = vec2u(block / batch_vec4s, block % batch_vec4s);
        if sums.x < node.output_vec4s && sums.y < rows {
            let own = sum_slice(node, sums.x, sums.y, slice);
#each i in 4
            sliced[slice * LAST_BLOCKS + thread % LAST_BLOCKS][{i}] = own[{i}];
#end
        }
        workgroupBarrier();
        let row = first + thread / 4u;
        let ends = vec2u(row / batch_vec4s, row % batch_vec4s);
        if thread < 4u * LAST_BLOCKS && ends.x < node.output_vec4s && ends.y < rows {
            finish_last(node, ends.x, 4u * ends.y + thread % 4u, thread);
        }
        workgroupBarrier();
    }
}

// The gradient at the input of the node, for the examples of `rows` vec4s, by so many threads.
fn serve_input(tile: Tile, node: Node, rows: u32, thread: u32, threads: u32) {
    let row = node.output_vec4s;
    for (var block = thread; block < rows * node.input_vec4s; block += threads) {
        let unit = block % node.input_vec4s;
        let examples = block / node.input_vec4s;
#each i in 4
        let at_w{i} = node.weights + min(4u * unit + {i}u, node.inputs - 1u) * row;
        let at_d{i} = node.delta + (4u * examples + {i}u) * row;
#end
        var sums = mat4x4f();
        for (var n = 0u; n < row; n++) {
            // four outputs of four inputs, one output per column
            let w = transpose(mat4x4f(
#each i in 4
                weight(at_w{i} + n),
#end
            ));
#each i in 4
            sums[{i}] = add_product(sums[{i}], w, unpack(work[at_d{i} + n]));
#end
        }
        give_inputs(tile, node, unit, examples, sums);
    }
}

// Serves the output node of a run by all threads of a workgroup together, at least LOSS_THREADS.
// Returns batch_sum.
fn serve_last(tile: Tile, is_tile: bool, thread: u32, threads: u32) -> f32 {
    let node = nodes[tile.node];
    let phase = state_of(tile.run).phase;
    let works = is_tile && thread < LOSS_THREADS;
    let rows = select(0u, present_vec4s(tile, EXAMPLES), is_tile && phase != PHASE_DONE);
    let own_rows = select(0u, rows, works);
    serve_output(node, runs[tile.run].batch_vec4s, own_rows, thread);
    storageBarrier();
    let sum = serve_loss(tile, works, thread);
    storageBarrier();
    if phase == PHASE_TRAIN && (node.gradients & 7u) != 0u {
        serve_input(tile, node, rows, thread, threads);
    }
    return sum;
}
