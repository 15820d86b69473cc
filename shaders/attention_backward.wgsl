// Backward pass of an attention, for each item and head, with p[i, j] = exp(s[i, j] - l[i]):
//
//   t[i, j]      = p[i, j] (delta[i] v[j] - delta[i] a[i]) / sqrt(width)
//   gradient q[i] = sum_j t[i, j] k[j]
//   gradient k[j] = sum_i t[i, j] q[i]
//   gradient v[j] = sum_i p[i, j] delta[i]
//
// over the items of an example (Dao et al., arXiv 2205.14135, appendix B.2). A thread serves its
// item first as i, then as j.

#import layout
#import lanes_main
#import packed_{packed}
#import attention
#import index
#import contribute
#import present

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of items, head
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads q, k, v, a, l and delta; writes delta of the node below, shape (items, 3 columns)
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

// p and t of an item and another one: offsets of q and delta of the first, of k and v of the other.
fn weights_of(
    node: Node,
    item: u32,
    head: u32,
    other: u32,
    queries: u32,
    sum: f32,
) -> vec2f {
    let row = node.input_vec4s;
    let vec4s = node.output_vec4s;
    let width = vec4s / node.heads;
    let scale = 1.0 / sqrt(4.0 * f32(width));
    let saved = unpack(work[node.saved + item * node.heads + head]);
    let keys = queries + vec4s + other * row;
    let score = scale * row_product(queries + item * row, keys, width);
    let p = exp(score - (saved.x + saved.y));
    let delta = node.delta + item * vec4s + head * width;
    return vec2f(p, p * (row_product(delta, keys + vec4s, width) - sum) * scale);
}

fn serve(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let run = runs[tile.run];
    let items = tile.i * LANES + thread;
    let present = present_rows(tile, ITEMS);
    if states[tile.run].phase != PHASE_TRAIN || 4u * items >= present {
        return;
    }
    let examples = integers(run.examples, items);
    let row = node.input_vec4s;
    let vec4s = node.output_vec4s;
    let width = vec4s / node.heads;
    let unit = tile.j * width;
    let queries = node.input + unit;
    for (var i = 0u; i < 4u; i++) {
        let item = 4u * items + i;
        var first = 0u;
        var end = 0u;
        if item < present {
            first = integer(run.first_items, examples[i]);
            end = integer(run.first_items, examples[i] + 1u);
        }
        let offset = item * vec4s + unit;
        let own_sum = row_product(node.delta + offset, node.output + offset, width);
        var of_query = array<vec4f, MOST_WIDTH>();
        var of_key = array<vec4f, MOST_WIDTH>();
        var of_value = array<vec4f, MOST_WIDTH>();
        for (var other = first; other < end; other++) {
            let as_query = weights_of(node, item, tile.j, other, queries, own_sum);
            let at = other * vec4s + unit;
            let sum = row_product(node.delta + at, node.output + at, width);
            let as_key = weights_of(node, other, tile.j, item, queries, sum);
            let key = queries + vec4s + other * row;
            for (var k = 0u; k < width; k++) {
                of_query[k] += as_query.y * unpack(work[key + k]);
                of_key[k] += as_key.y * unpack(work[queries + other * row + k]);
                of_value[k] += as_key.x * unpack(work[node.delta + at + k]);
            }
        }
        for (var k = 0u; k < width; k++) {
            give_row(tile, node.gradients, node.below, unit + k, item, of_query[k]);
            give_row(tile, node.gradients, node.below, vec4s + unit + k, item, of_key[k]);
            give_row(tile, node.gradients, node.below, 2u * vec4s + unit + k, item, of_value[k]);
        }
    }
}
