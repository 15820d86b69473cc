// What both passes of an attention share. A kernel that imports this page binds `runs`, `states`,
// `tiles`, `nodes`, `work` and `call`.
//
// A workgroup serves one head and a block of items, its own rows, in fours; their partners, the
// items of the examples in which the block starts to end, come in tiles. A pair of items of two
// examples does not count. In the products of a block and a tile a thread serves four own rows and
// four partners; in the sums over the partners, four own rows and four columns.

#import layout
#import packed_{packed}
#import index
#import present
#import random

override ATTENTION_THREADS: u32;
// vec4s of a tile of partners
override ATTENTION_TILE: u32;

// A score that is below all others.
const NO_SCORE: f32 = -1e30;

// What a workgroup and a thread of it serve.
struct Attention {
    tile: Tile,
    node: Node,
    run: Run,
    here: bool,          // whether the dispatch has the tile
    present: u32,        // items of the batch
    width: u32,          // vec4s of a row of the head
    unit: u32,           // the first of them
    quads: u32,          // vec4s of own rows
    partner_quads: u32,  // vec4s of partners in a tile
    own: u32,            // the first quad of the block
    // products: quads of own rows and of partners
    quad: u32,
    partner_quad: u32,
    pairs: bool,         // whether the thread has them
    // sums over partners: quad of own rows, column
    sum_quad: u32,
    column: u32,
    sums: bool,
}

fn attention(group: u32, thread: u32) -> Attention {
    let tile = tiles[call.first + min(group, call.count - 1u)];
    let node = nodes[tile.node];
    let width = node.output_vec4s / node.heads;
    let quads = min(ATTENTION_THREADS / width, ATTENTION_THREADS / 4u);
    let partner_quads = min(ATTENTION_THREADS / quads, ATTENTION_TILE / (4u * width));
    return Attention(
        tile,
        node,
        runs[tile.run],
        group < call.count,
        present_rows(tile, ITEMS),
        width,
        tile.j * width,
        quads,
        partner_quads,
        tile.i * quads,
        thread % quads,
        thread / quads,
        thread / quads < partner_quads,
        thread / width,
        thread % width,
        thread / width < quads,
    );
}

// The first partner of the block, rounded down to a multiple of four, and the one after the last.
fn partners_of(own: Attention) -> vec2u {
    let first = 4u * own.own;
    let last = min(first + 4u * own.quads, own.present) - 1u;
    let run = own.run;
    let start = integer(run.first_items, integer(run.examples, first));
    let end = integer(run.first_items, integer(run.examples, last) + 1u);
    return vec2u(start & ~3u, end);
}

// The first item of the example of an item and the one after the last; 0 and 0 beyond the batch.
fn example_range(own: Attention, item: u32) -> vec2u {
    var found = vec2u(0u);
    if item < own.present {
        let example = integer(own.run.examples, item);
        found = vec2u(
            integer(own.run.first_items, example),
            integer(own.run.first_items, example + 1u),
        );
    }
    return found;
}

// The same of each own row of the block.
var<workgroup> ranges: array<vec2u, ATTENTION_THREADS>;

// Which own rows of a quad are in one example with an item.
fn together(quad: u32, item: u32) -> vec4<bool> {
    let r0 = ranges[4u * quad];
    let r1 = ranges[4u * quad + 1u];
    let r2 = ranges[4u * quad + 2u];
    let r3 = ranges[4u * quad + 3u];
    let after = vec4u(item) >= vec4u(r0.x, r1.x, r2.x, r3.x);
    return after & (vec4u(item) < vec4u(r0.y, r1.y, r2.y, r3.y));
}

// The first partner of the own rows of a quad and the one after the last, in a tile.
fn reach(own: Attention, tile_start: u32) -> vec2u {
    var low = ranges[4u * own.sum_quad].x;
    var high = 0u;
    for (var i = 0u; i < 4u; i++) {
        high = max(high, ranges[4u * own.sum_quad + i].y);
    }
    low = max(low, tile_start) - tile_start;
    return vec2u(low, min(max(high, tile_start) - tile_start, 4u * own.partner_quads));
}

// The factors, 0 or 1 / (1 - dropout), of the probabilities of a query for four keys of its
// example, which starts with item `first`.
fn kept_of_query(own: Attention, query: u32, first: u32, key_quad: u32) -> vec4f {
    let place = key_quad - first / 4u;
    let part = (own.node.number << 16u) + (place >> 8u) * own.node.heads + own.tile.j;
    let step = states[own.tile.run].steps;
    let hash = pcg4d(vec4u(own.run.seed, step, part, query | ((place & 255u) << 24u)));
    let kept = hash >= vec4u(own.node.inner_drop_threshold);
    return select(vec4f(0.0), vec4f(own.node.inner_keep_scale), kept);
}
