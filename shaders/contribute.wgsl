// Gives gradients to the nodes below. A kernel that imports this page binds `runs`, `states`,
// `nodes` and `work`.

#import layout
#import packed_{packed}
#import activation
#import block
#import state_{kept}

// Gives the gradients of four units of four rows, one row per column, to delta of the node `below`.
// `flags` are those of Node.gradients, shifted for the second input. The gradient is written, or
// added to that of another node; the last node to add multiplies it by the derivative of the
// activation and by the dropout mask.
fn give_block(tile: Tile, flags: u32, below_at: u32, unit: u32, row: u32, gradient: mat4x4f) {
    let below = nodes[below_at];
    let vec4s = below.output_vec4s;
    var values = gradient;
    if (flags & 2u) != 0u {
        values += load_block(below.delta, vec4s, unit, row);
    }
    if (flags & 4u) != 0u {
        let z = load_block(below.saved, vec4s, unit, row);
        for (var i = 0u; i < 4u; i++) {
            // rounded first, as where another node has stored it
            let rounded = unpack(pack(values[i]));
            let slope = derivative(below.activation, below.slope, z[i]);
            values = with_column(values, i, rounded * slope);
        }
        if below.drop_threshold > 0u {
            let seed = runs[tile.run].seed;
            let step = state_of(tile.run).steps;
            values = times(values, transpose(dropout_mask(seed, step, below, unit, row)));
        }
    }
    let first = below.delta + 4u * row * vec4s + unit;
    work[first] = pack(values[0]);
    work[first + vec4s] = pack(values[1]);
    work[first + 2u * vec4s] = pack(values[2]);
    work[first + 3u * vec4s] = pack(values[3]);
}

// Gives the gradients of four inputs of a node and four rows, one row per column. Padding becomes
// 0.
fn give_inputs(tile: Tile, node: Node, unit: u32, row: u32, sums: mat4x4f) {
    let real = vec4u(4u * unit) + vec4u(0u, 1u, 2u, 3u) < vec4u(node.inputs);
    var values = sums;
#each i in 4
    values[{i}] = select(vec4f(0.0), sums[{i}], real);
#end
    give_block(tile, node.gradients, node.below, unit, row, values);
}

// Gives the gradient of four units of one row.
fn give_row(tile: Tile, flags: u32, below_at: u32, unit: u32, row: u32, gradient: vec4f) {
    let below = nodes[below_at];
    let at = row * below.output_vec4s + unit;
    var value = gradient;
    if (flags & 2u) != 0u {
        value += unpack(work[below.delta + at]);
    }
    if (flags & 4u) != 0u {
        let z = unpack(work[below.saved + at]);
        value = unpack(pack(value)) * derivative(below.activation, below.slope, z);
        if below.drop_threshold > 0u {
            let seed = runs[tile.run].seed;
            let step = state_of(tile.run).steps;
            let mask = transpose(dropout_mask(seed, step, below, unit, row / 4u));
            var of_row = select(mask[0], mask[1], (row & 3u) == 1u);
            of_row = select(of_row, mask[2], (row & 3u) == 2u);
            value *= select(of_row, mask[3], (row & 3u) == 3u);
        }
    }
    work[below.delta + at] = pack(value);
}
