// The reduction of groups of consecutive rows, for pool and aggregate.
//
//   a[g, n] = mean, sum or largest of x[r, n] over the rows r of group g; 0 if it has none
//
// For the largest number, `saved` gets the first row that has it, counted from the first row of the
// group. The importing kernel binds `states`, `nodes` and `work`, and defines `rows_of`, the first
// row of a group and the one after its last.

#import layout
#import packed_{packed}
#import activation
#import block
#import present

// Serves a tile of a forward kernel: four groups and 8 lanes of four columns.
fn serve(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let unit = tile.j * LANES + thread;
    let present = present_rows(tile, node.rows);
    let outside = unit >= node.output_vec4s || 4u * tile.i >= present;
    if states[tile.run].phase != PHASE_DONE && !outside {
        reduce(node, tile.i, unit, tile, present);
    }
}

// Reduces four groups, of which `present` exist, in one vec4 of columns.
fn reduce(node: Node, groups: u32, unit: u32, tile: Tile, present: u32) {
    var values = mat4x4f();
    var places = mat4x4f();
    for (var i = 0u; i < 4u; i++) {
        let one = 4u * groups + i;
        if one < present {
            let range = rows_of(tile, one);
            var sum = vec4f(0.0);
            var place = vec4f(0.0);
            for (var row = range.x; row < range.y; row++) {
                let x = unpack(work[node.input + row * node.input_vec4s + unit]);
                if node.reduction == MAX {
                    // NaN propagates
                    let larger = vec4<bool>(row == range.x) | !(x <= sum);
                    sum = select(sum, x, larger);
                    place = select(place, vec4f(f32(row - range.x)), larger);
                } else {
                    sum += x;
                }
            }
            if node.reduction == MEAN && range.y > range.x {
                sum *= 1.0 / f32(range.y - range.x);
            }
            values = with_column(values, i, sum);
            places = with_column(places, i, place);
        }
    }
    let vec4s = node.output_vec4s;
    store_block(node.output, node.output_by_unit, vec4s, node.row_vec4s, unit, groups, values);
    if node.reduction == MAX {
        let at = node.saved + 4u * groups * vec4s + unit;
        work[at] = pack(places[0]);
        work[at + vec4s] = pack(places[1]);
        work[at + 2u * vec4s] = pack(places[2]);
        work[at + 3u * vec4s] = pack(places[3]);
    }
}
