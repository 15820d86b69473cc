// The index of the sets of a batch: integers below 2^24, stored in `work` as f32 in both
// precisions, four to a vec4.
//
//   table_rows[e]     the row of example e in the table
//   first_items[e]    the first item of example e; at the end, the number of items
//   first_edges[e]    the first edge of example e; at the end, the number of edges
//   examples[i]       the example of item i
//   centres[d]        the item from which edge d starts
//   edge_neighbours[d]  the item to which it points
//
// An example with n items has n min(neighbours, n - 1) edges, those of its first item first.

#import layout
#import packed_{packed}

// Integer number `i` of an array that starts at `first`.
fn integer(first: u32, i: u32) -> u32 {
    let at = first + i / 4u * EXACT;
    return u32(exact(work[at], work[at + EXACT - 1u])[i & 3u]);
}

// Integers 4 `vec4` to 4 `vec4` + 3 of it.
fn integers(first: u32, vec4: u32) -> vec4u {
    let at = first + vec4 * EXACT;
    return vec4u(exact(work[at], work[at + EXACT - 1u]));
}

// Stores four integers.
fn put_integers(first: u32, vec4: u32, values: vec4u) {
    let at = first + vec4 * EXACT;
    work[at] = first_of(vec4f(values));
    work[at + EXACT - 1u] = last_of(vec4f(values));
}

// The example, of `count`, to which item or edge `i` belongs: the last one whose first is not
// beyond it and that is not empty.
fn example_of(firsts: u32, count: u32, i: u32) -> u32 {
    var low = 0u;
    var high = count;
    while low < high {
        let middle = (low + high) / 2u;
        if integer(firsts, middle + 1u) <= i {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return low;
}

// The first edge that starts from an item of an example, and the one after the last.
fn edges_of(run: Run, example: u32, item: u32) -> vec2u {
    let first = integer(run.first_items, example);
    let count = integer(run.first_items, example + 1u) - first;
    let degree = min(run.neighbours, count - 1u);
    let start = integer(run.first_edges, example) + (item - first) * degree;
    return vec2u(start, start + degree);
}
