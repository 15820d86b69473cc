// Backward pass of an attention, for each item and head, with p[i, j] = exp(s[i, j] - l[i]) and the
// mask d[i, j] of the dropout:
//
//   t[i, j]       = p[i, j] (d[i, j] delta[i] v[j] - delta[i] a[i]) / sqrt(width)
//   gradient q[i] = sum_j t[i, j] k[j]
//   gradient k[j] = sum_i t[i, j] q[i]
//   gradient v[j] = sum_i d[i, j] p[i, j] delta[i]
//
// over the items of an example (Dao et al., arXiv 2205.14135, appendix B.2). The own rows of a
// workgroup are first queries, with keys as partners, then, for k and again for v, keys, with
// queries as partners.

#import layout
#import packed_{packed}
#import attention
#import activation
#import contribute

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); blocks of items, heads
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads q, k, v, a, l and delta; writes delta of the node below, shape (items, 3 columns)
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

// Whose gradient a workgroup computes: that of its own rows as q, k or v.
struct Role {
    number: u32,    // the place among these
    queries: bool,  // whether it is q, so that partners are keys
    values: bool,   // whether it is v
}

var<workgroup> partners: vec2u;
// q and delta of queries, k and v of keys
var<workgroup> own_first: array<vec4f, 4 * ATTENTION_THREADS>;      // (4 quads, width)
var<workgroup> own_second: array<vec4f, 4 * ATTENTION_THREADS>;
var<workgroup> first_rows: array<vec4f, ATTENTION_TILE>;            // (partners, width)
var<workgroup> second_rows: array<vec4f, ATTENTION_TILE>;
var<workgroup> pair_weights: array<vec4f, 4 * ATTENTION_THREADS>;   // (partners, quads)
// of queries, which are own rows or partners: l, and delta times a
var<workgroup> logarithms: array<f32, ATTENTION_THREADS>;
var<workgroup> row_sums: array<f32, ATTENTION_THREADS>;

// Two rows of vec4s in `work` belong to an item: where those of item 0 start, and the distances.
struct Rows {
    first: u32,
    first_stride: u32,
    second: u32,
    second_stride: u32,
}

fn queries_of(own: Attention) -> Rows {
    let node = own.node;
    let first = node.input + own.unit;
    return Rows(first, node.input_vec4s, node.delta + own.unit, node.output_vec4s);
}

fn keys_of(own: Attention) -> Rows {
    let first = own.node.input + own.node.output_vec4s + own.unit;
    let stride = own.node.input_vec4s;
    return Rows(first, stride, first + own.node.output_vec4s, stride);
}

// A column of the two rows of an item; 0 from item `end` on.
struct Loaded {
    first: vec4f,
    second: vec4f,
}

fn load(rows: Rows, item: u32, end: u32, column: u32) -> Loaded {
    if item >= end {
        return Loaded(vec4f(0.0), vec4f(0.0));
    }
    let first = unpack(work[rows.first + item * rows.first_stride + column]);
    let second = unpack(work[rows.second + item * rows.second_stride + column]);
    return Loaded(first, second);
}

fn load_own(own: Attention, rows: Rows, end: u32, thread: u32) {
    let count = 4u * own.quads * own.width;
    for (var place = thread; place < count; place += ATTENTION_THREADS) {
        let item = 4u * own.own + place / own.width;
        let loaded = load(rows, item, end, place % own.width);
        own_first[place] = loaded.first;
        own_second[place] = loaded.second;
    }
}

fn load_partners(own: Attention, rows: Rows, start: u32, end: u32, thread: u32) {
    let count = 4u * own.partner_quads * own.width;
    for (var place = thread; place < count; place += ATTENTION_THREADS) {
        let loaded = load(rows, start + place / own.width, end, place % own.width);
        first_rows[place] = loaded.first;
        second_rows[place] = loaded.second;
    }
}

// Fills l and delta times a of an item, for row `row` of a block or tile.
fn load_sums(own: Attention, item: u32, end: u32, row: u32) {
    var sum = vec4f(0.0);
    var saved = vec4f(0.0);
    if item < end {
        let at = item * own.node.output_vec4s + own.unit;
        for (var k = 0u; k < own.width; k++) {
            sum += unpack(work[own.node.delta + at + k]) * unpack(work[own.node.output + at + k]);
        }
        saved = unpack(work[own.node.saved + item * own.node.heads + own.tile.j]);
    }
    logarithms[row] = saved.x + saved.y;
    row_sums[row] = sum.x + sum.y + sum.z + sum.w;
}

// The products of the pairs of a thread, of q and k or of delta and v; a partner per column.
fn products(own: Attention, second: bool) -> mat4x4f {
    var sum = mat4x4f();
    for (var k = 0u; k < own.width; k++) {
        let at = 4u * own.quad * own.width + k;
        var a0 = own_first[at];
        var a1 = own_first[at + own.width];
        var a2 = own_first[at + 2u * own.width];
        var a3 = own_first[at + 3u * own.width];
        if second {
            a0 = own_second[at];
            a1 = own_second[at + own.width];
            a2 = own_second[at + 2u * own.width];
            a3 = own_second[at + 3u * own.width];
        }
        for (var j = 0u; j < 4u; j++) {
            let place = (4u * own.partner_quad + j) * own.width + k;
            var b = first_rows[place];
            if second {
                b = second_rows[place];
            }
            sum[j] += vec4f(dot(a0, b), dot(a1, b), dot(a2, b), dot(a3, b));
        }
    }
    return sum;
}

// The masks of the pairs of a thread, a partner per column; `start` is the first partner.
fn kept(own: Attention, start: u32, as_keys: bool) -> mat4x4f {
    let one = vec4f(1.0);
    if own.node.inner_drop_threshold == 0u {
        return mat4x4f(one, one, one, one);
    }
    if as_keys {
        let query = start + 4u * own.partner_quad;
        let keys = own.own + own.quad;
        return mat4x4f(
            kept_of_query(own, query, example_range(own, query).x, keys),
            kept_of_query(own, query + 1u, example_range(own, query + 1u).x, keys),
            kept_of_query(own, query + 2u, example_range(own, query + 2u).x, keys),
            kept_of_query(own, query + 3u, example_range(own, query + 3u).x, keys),
        );
    }
    let query = 4u * (own.own + own.quad);
    let row = 4u * own.quad;
    let keys = start / 4u + own.partner_quad;
    return transpose(mat4x4f(
        kept_of_query(own, query, ranges[row].x, keys),
        kept_of_query(own, query + 1u, ranges[row + 1u].x, keys),
        kept_of_query(own, query + 2u, ranges[row + 2u].x, keys),
        kept_of_query(own, query + 3u, ranges[row + 3u].x, keys),
    ));
}

// d p, for the gradient of v, or t of a partner and the own rows of a thread, from their products
// and masks.
fn pair_weight(
    own: Attention,
    start: u32,
    partner: u32,
    own_are: Role,
    s: vec4f,
    g: vec4f,
    kept: vec4f,
) -> vec4f {
    let scale = 1.0 / sqrt(4.0 * f32(own.width));
    let row = 4u * own.partner_quad + partner;
    var logarithm = vec4f(logarithms[row]);
    var sum = vec4f(row_sums[row]);
    if own_are.queries {
        let at = 4u * own.quad;
        logarithm = vec4f(
            logarithms[at],
            logarithms[at + 1u],
            logarithms[at + 2u],
            logarithms[at + 3u],
        );
        sum = vec4f(row_sums[at], row_sums[at + 1u], row_sums[at + 2u], row_sums[at + 3u]);
    }
    let p = exp(scale * s - logarithm);
    let weight = select(p * (kept * g - sum) * scale, p * kept, own_are.values);
    return select(vec4f(0.0), weight, together(own.quad, start + row));
}

// Adds the partners in reach to the sums of a thread, a row per column.
fn summed(own: Attention, reached: vec2u, second: bool, so_far: mat4x4f) -> mat4x4f {
    var sum = so_far;
    for (var j = reached.x; j < reached.y; j++) {
        let weight = pair_weights[j * own.quads + own.sum_quad];
        let at = j * own.width + own.column;
        var value = first_rows[at];
        if second {
            value = second_rows[at];
        }
        sum[0] += weight.x * value;
        sum[1] += weight.y * value;
        sum[2] += weight.z * value;
        sum[3] += weight.w * value;
    }
    return sum;
}

// The gradients of own rows: of q, k or v.
fn serve(own: Attention, thread: u32, own_are: Role) {
    let range = workgroupUniformLoad(&partners);
    let end = select(0u, own.present, range.y > 0u);
    var rows = keys_of(own);
    var partner_rows = queries_of(own);
    if own_are.queries {
        rows = queries_of(own);
        partner_rows = keys_of(own);
    }
    load_own(own, rows, end, thread);
    if own_are.queries && thread < 4u * own.quads {
        load_sums(own, 4u * own.own + thread, end, thread);
    }
    var gradient = mat4x4f();
    for (var start = range.x; start < range.y; start += 4u * own.partner_quads) {
        load_partners(own, partner_rows, start, range.y, thread);
        if !own_are.queries && thread < 4u * own.partner_quads {
            load_sums(own, start + thread, range.y, thread);
        }
        workgroupBarrier();
        if own.pairs {
            let s = products(own, false);
            var g = mat4x4f();
            if !own_are.values {
                g = products(own, true);
            }
            let d = kept(own, start, !own_are.queries);
            let at = 4u * own.partner_quad * own.quads + own.quad;
            for (var j = 0u; j < 4u; j++) {
                let weight = pair_weight(own, start, j, own_are, s[j], g[j], d[j]);
                pair_weights[at + j * own.quads] = weight;
            }
        }
        workgroupBarrier();
        if own.sums {
            gradient = summed(own, reach(own, start), own_are.values, gradient);
        }
        workgroupBarrier();
    }
    let quad = own.own + own.sum_quad;
    if own.sums && 4u * quad < end {
        let unit = own_are.number * own.node.output_vec4s + own.unit + own.column;
        give_block(own.tile, own.node.gradients, own.node.below, unit, quad, gradient);
    }
}

@compute @workgroup_size(ATTENTION_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let own = attention(group_index(group, grid), thread);
    let serves = own.here && states[own.tile.run].phase == PHASE_TRAIN;
    if thread == 0u {
        partners = vec2u(0u);
        if serves && 4u * own.own < own.present {
            partners = partners_of(own);
        }
    }
    if thread < 4u * own.quads {
        ranges[thread] = example_range(own, 4u * own.own + thread);
    }
    for (var number = 0u; number < 3u; number++) {
        serve(own, thread, Role(number, number == 0u, number == 2u));
    }
}
