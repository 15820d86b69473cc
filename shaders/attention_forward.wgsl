// Forward pass of an attention, for each item i and head, over the items j of its example:
//
//   a[i] = sum_j exp(s[i, j] - l[i]) v[j]      s[i, j] = q[i] k[j] / sqrt(width)
//   l[i] = log sum_j exp(s[i, j])
//
// The sums are built up in one pass over j, around the largest s so far (Dao et al., arXiv
// 2205.14135, algorithm 1 with blocks of one key). l is saved as a number of the storage type and
// the rest.

#import layout
#import lanes_main
#import packed_{packed}
#import attention
#import block
#import index
#import present

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); lanes of items, head
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads q, k and v, shape (items, 3 columns); writes a, shape (items, columns), a by unit, and l
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

fn serve(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let run = runs[tile.run];
    let items = tile.i * LANES + thread;
    let present = present_rows(tile, ITEMS);
    if states[tile.run].phase == PHASE_DONE || 4u * items >= present {
        return;
    }
    let examples = integers(run.examples, items);
    let row = node.input_vec4s;
    let vec4s = node.output_vec4s;
    let width = vec4s / node.heads;
    let scale = 1.0 / sqrt(4.0 * f32(width));
    let queries = node.input + tile.j * width;
    for (var i = 0u; i < 4u; i++) {
        let item = 4u * items + i;
        let q = queries + item * row;
        var output = array<vec4f, MOST_WIDTH>();
        var logarithm = 0.0;
        if item < present {
            let first = integer(run.first_items, examples[i]);
            let end = integer(run.first_items, examples[i] + 1u);
            let keys = queries + vec4s;
            let values = keys + vec4s;
            var largest = scale * row_product(q, keys + first * row, width);
            var sum = 0.0;
            for (var other = first; other < end; other++) {
                let score = scale * row_product(q, keys + other * row, width);
                let next = max(largest, score);
                let shrink = exp(largest - next);
                let weight = exp(score - next);
                largest = next;
                sum = sum * shrink + weight;
                for (var k = 0u; k < width; k++) {
                    let value = unpack(work[values + other * row + k]);
                    output[k] = output[k] * shrink + weight * value;
                }
            }
            let inverse = 1.0 / sum;
            for (var k = 0u; k < width; k++) {
                output[k] *= inverse;
            }
            logarithm = largest + log(sum);
        }
        for (var k = 0u; k < width; k++) {
            work[node.output + item * vec4s + tile.j * width + k] = pack(output[k]);
        }
        let high = unpack(pack(vec4f(logarithm))).x;
        let saved = vec4f(high, logarithm - high, 0.0, 0.0);
        work[node.saved + item * node.heads + tile.j] = pack(saved);
    }
    for (var k = 0u; k < width; k++) {
        let unit = tile.j * width + k;
        let values = load_block(node.output, vec4s, unit, items);
        store_block(node.output, node.output_by_unit, vec4s, node.row_vec4s, unit, items, values);
    }
}
