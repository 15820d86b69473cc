// The gradient of the reduction of reduce.wgsl at the rows of its groups, for pool and aggregate.
// The importing kernel defines `rows_of` as there.

#import layout
#import packed_{packed}
#import index
#import present
#import contribute

// The gradient at a row of group `one`, in one vec4 of columns:
//
//   delta[g, n] / rows of g    mean
//   delta[g, n]                sum; for the largest number, if this row has it
fn at_row(node: Node, one: u32, range: vec2u, row: u32, unit: u32) -> vec4f {
    let at = one * node.output_vec4s + unit;
    let delta = unpack(work[node.delta + at]);
    if node.reduction == MEAN {
        return delta * (1.0 / f32(range.y - range.x));
    }
    if node.reduction == MAX {
        let place = unpack(work[node.saved + at]);
        return select(vec4f(0.0), delta, place == vec4f(f32(row - range.x)));
    }
    return delta;
}

// Serves a tile of a backward kernel: 8 lanes of four rows, and four columns. `groups_of` is the
// index of the group of each row.
fn give_rows(tile: Tile, thread: u32, kind: u32, groups_of: u32) {
    let node = nodes[tile.node];
    let first = tile.i * LANES + thread;
    let present = present_rows(tile, kind);
    if states[tile.run].phase != PHASE_TRAIN || 4u * first >= present {
        return;
    }
    let groups = integers(groups_of, first);
    var gradient = mat4x4f();
    for (var i = 0u; i < 4u; i++) {
        let row = 4u * first + i;
        if row < present {
            let range = rows_of(tile, groups[i]);
            gradient = with_column(gradient, i, at_row(node, groups[i], range, row, tile.j));
        }
    }
    give_block(tile, node.gradients, node.below, tile.j, first, gradient);
}
