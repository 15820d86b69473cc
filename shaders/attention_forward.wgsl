// Forward pass of an attention, for each item i and head, over the items j of its example:
//
//   a[i] = sum_j d[i, j] exp(s[i, j] - l[i]) v[j]      s[i, j] = q[i] k[j] / sqrt(width)
//   l[i] = log sum_j exp(s[i, j])
//
// d is the mask of the dropout of the probabilities, 1 outside of training. The sums are built up
// tile by tile of j, around the largest s so far (Dao et al., arXiv 2205.14135, algorithm 1). l is
// saved as a number of the storage type and the rest.

#import layout
#import packed_{packed}
#import attention
#import activation
#import block

@group(0) @binding(0) var<storage, read> runs: array<Run>;            // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;        // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); blocks of items, heads
@group(0) @binding(3) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
// reads q, k and v, shape (items, 3 columns); writes a, shape (items, columns), a by unit, and l
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

var<workgroup> partners: vec2u;
var<workgroup> queries: array<vec4f, 4 * ATTENTION_THREADS>;        // (4 quads, width)
var<workgroup> keys: array<vec4f, ATTENTION_TILE>;                  // (partners, width)
var<workgroup> values: array<vec4f, ATTENTION_TILE>;
var<workgroup> probabilities: array<vec4f, 4 * ATTENTION_THREADS>;  // (partners, quads)
// of four own rows and four partners: the largest score and the sum of the exponentials
var<workgroup> most: array<vec4f, ATTENTION_THREADS>;               // (partner quads, quads)
var<workgroup> sums: array<vec4f, ATTENTION_THREADS>;
// the largest scores of four own rows before this tile
var<workgroup> largest: array<vec4f, ATTENTION_THREADS>;            // (quads)

// The scores of the pairs of a thread, a partner per column.
fn scores(own: Attention, first: u32) -> mat4x4f {
    var score = mat4x4f();
    for (var k = 0u; k < own.width; k++) {
        let place = 4u * own.quad * own.width + k;
        let q0 = queries[place];
        let q1 = queries[place + own.width];
        let q2 = queries[place + 2u * own.width];
        let q3 = queries[place + 3u * own.width];
        for (var j = 0u; j < 4u; j++) {
            let key = keys[(4u * own.partner_quad + j) * own.width + k];
            score[j] += vec4f(dot(q0, key), dot(q1, key), dot(q2, key), dot(q3, key));
        }
    }
    let none = vec4f(NO_SCORE);
    let item = first + 4u * own.partner_quad;
    return mat4x4f(
        select(none, score[0], together(own.quad, item)),
        select(none, score[1], together(own.quad, item + 1u)),
        select(none, score[2], together(own.quad, item + 2u)),
        select(none, score[3], together(own.quad, item + 3u)),
    );
}

// The largest scores of a quad of own rows with this tile.
fn largest_with(own: Attention, quad: u32) -> vec4f {
    var next = largest[quad];
    for (var other = 0u; other < own.partner_quads; other++) {
        next = max(next, most[other * own.quads + quad]);
    }
    return next;
}

// The masks of the pairs of a thread, a partner per column.
fn kept(own: Attention, first: u32) -> mat4x4f {
    let one = vec4f(1.0);
    if own.node.inner_drop_threshold == 0u || states[own.tile.run].phase != PHASE_TRAIN {
        return mat4x4f(one, one, one, one);
    }
    let query = 4u * (own.own + own.quad);
    let row = 4u * own.quad;
    let keys = first / 4u + own.partner_quad;
    return transpose(mat4x4f(
        kept_of_query(own, query, ranges[row].x, keys),
        kept_of_query(own, query + 1u, ranges[row + 1u].x, keys),
        kept_of_query(own, query + 2u, ranges[row + 2u].x, keys),
        kept_of_query(own, query + 3u, ranges[row + 3u].x, keys),
    ));
}

@compute @workgroup_size(ATTENTION_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let own = attention(group_index(group, grid), thread);
    let serves = own.here && states[own.tile.run].phase != PHASE_DONE;
    if thread == 0u {
        partners = vec2u(0u);
        if serves && 4u * own.own < own.present {
            partners = partners_of(own);
        }
    }
    if thread < own.quads {
        largest[thread] = vec4f(NO_SCORE);
    }
    if thread < 4u * own.quads {
        ranges[thread] = example_range(own, 4u * own.own + thread);
    }
    let range = workgroupUniformLoad(&partners);
    let row = own.node.input_vec4s;
    let input = own.node.input + own.unit;
    let scale = 1.0 / sqrt(4.0 * f32(own.width));
    let count = 4u * own.quads * own.width;
    for (var place = thread; place < count; place += ATTENTION_THREADS) {
        let item = 4u * own.own + place / own.width;
        var query = vec4f(0.0);
        if range.y > 0u && item < own.present {
            query = scale * unpack(work[input + item * row + place % own.width]);
        }
        queries[place] = query;
    }
    var output = mat4x4f();
    var sum = vec4f(0.0);
    var before = vec4f(NO_SCORE);
    for (var first = range.x; first < range.y; first += 4u * own.partner_quads) {
        let count = 4u * own.partner_quads * own.width;
        for (var place = thread; place < count; place += ATTENTION_THREADS) {
            let item = first + place / own.width;
            var key = vec4f(0.0);
            var value = vec4f(0.0);
            if item < range.y {
                let at = input + own.node.output_vec4s + item * row + place % own.width;
                key = unpack(work[at]);
                value = unpack(work[at + own.node.output_vec4s]);
            }
            keys[place] = key;
            values[place] = value;
        }
        workgroupBarrier();
        var score = mat4x4f();
        if own.pairs {
            score = scores(own, first);
            most[thread] = max(max(score[0], score[1]), max(score[2], score[3]));
        }
        workgroupBarrier();
        if own.pairs {
            let next = largest_with(own, own.quad);
            var p = mat4x4f();
            let nothing = vec4f(NO_SCORE);
            p[0] = select(exp(score[0] - next), vec4f(0.0), score[0] == nothing);
            p[1] = select(exp(score[1] - next), vec4f(0.0), score[1] == nothing);
            p[2] = select(exp(score[2] - next), vec4f(0.0), score[2] == nothing);
            p[3] = select(exp(score[3] - next), vec4f(0.0), score[3] == nothing);
            sums[thread] = p[0] + p[1] + p[2] + p[3];
            let d = times(p, kept(own, first));
            let at = 4u * own.partner_quad * own.quads + own.quad;
            probabilities[at] = d[0];
            probabilities[at + own.quads] = d[1];
            probabilities[at + 2u * own.quads] = d[2];
            probabilities[at + 3u * own.quads] = d[3];
        }
        workgroupBarrier();
        if own.sums {
            let next = largest_with(own, own.sum_quad);
            let shrink = exp(before - next);
            before = next;
            sum *= shrink;
            for (var other = 0u; other < own.partner_quads; other++) {
                sum += sums[other * own.quads + own.sum_quad];
            }
            output = mat4x4f(
                output[0] * shrink.x,
                output[1] * shrink.y,
                output[2] * shrink.z,
                output[3] * shrink.w,
            );
            let reached = reach(own, first);
            for (var j = reached.x; j < reached.y; j++) {
                let p = probabilities[j * own.quads + own.sum_quad];
                let value = values[j * own.width + own.column];
                output[0] += p.x * value;
                output[1] += p.y * value;
                output[2] += p.z * value;
                output[3] += p.w * value;
            }
        }
        workgroupBarrier();
        if own.sums && own.column == 0u {
            largest[own.sum_quad] = before;
        }
    }
    let quad = own.own + own.sum_quad;
    if !serves || !own.sums || 4u * quad >= own.present {
        return;
    }
    let inverse = select(vec4f(0.0), 1.0 / sum, sum != vec4f(0.0));
    let values = mat4x4f(
        output[0] * inverse.x,
        output[1] * inverse.y,
        output[2] * inverse.z,
        output[3] * inverse.w,
    );
    let node = own.node;
    let column = own.unit + own.column;
    let height = node.row_vec4s;
    let vec4s = node.output_vec4s;
    store_block(node.output, node.output_by_unit, vec4s, height, column, quad, values);
    if own.column == 0u {
        let logarithm = select(vec4f(0.0), before + log(sum), sum != vec4f(0.0));
        let high = unpack(pack(logarithm));
        let rest = logarithm - high;
        let at = node.saved + 4u * quad * node.heads + own.tile.j;
        work[at] = pack(vec4f(high.x, rest.x, 0.0, 0.0));
        work[at + node.heads] = pack(vec4f(high.y, rest.y, 0.0, 0.0));
        work[at + 2u * node.heads] = pack(vec4f(high.z, rest.z, 0.0, 0.0));
        work[at + 3u * node.heads] = pack(vec4f(high.w, rest.w, 0.0, 0.0));
    }
}
