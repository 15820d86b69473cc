// Forward pass of a dense node, with bias, activation and dropout, for a thread:
//
//   z[e, n] = b[n] + sum_k x[e, k] W[k, n]
//   a[e, n] = mask[e, n] activation(z[e, n])        mask = 1 without dropout and in validation
//
// A thread computes {ROWS} vec4s of examples of {UNITS} vec4s of units: see products.wgsl.

#import layout
#import packed_{packed}
#import activation
#import block
#import present
#import products
#import state_{kept}

// Bias, activation and dropout of four examples and four units, one example per column.
fn finish_output(tile: Tile, node: Node, unit: u32, examples: u32, sums: mat4x4f) {
    let bias = weight(node.bias + unit);
    let row = node.output_vec4s;
    let saved = node.saved + 4u * examples * row + unit;
    var a = mat4x4f();
#each i in 4
    let z{i} = pack(sums[{i}] + bias);
    work[saved + {i}u * row] = z{i};
    a[{i}] = activate(node.activation, node.slope, unpack(z{i}));
#end
    if state_of(tile.run).phase == PHASE_TRAIN && node.drop_threshold > 0u {
        let step = state_of(tile.run).steps;
        a = times(a, transpose(dropout_mask(runs[tile.run].seed, step, node, unit, examples)));
    }
    store_block(node.output, node.output_by_unit, row, node.row_vec4s, unit, examples, a);
}

fn serve_output_tile(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let row = node.output_vec4s;
    let rows = present_vec4s(tile, node.rows);
    let first = place(tile, thread, row);
    if state_of(tile.run).phase == PHASE_DONE || first.y >= rows {
        return;
    }
    // beyond the edges a thread reads the last column again and stores nothing
#each u in UNITS
    let at_w{u} = node.weights + min(first.x + {u}u, row - 1u);
#end
#each r in ROWS
    let at_x{r} = node.input_by_unit + min(first.y + {r}u, rows - 1u);
#each u in UNITS
    var z{r}{u} = mat4x4f();
#end
#end
    let whole = node.inputs - node.inputs % TERMS;
    let ends = vec3u(0u, whole, node.inputs);
#each last in 2
    for (var k = ends[{last}]; k < ends[{last} + 1]; k += TERMS) {
#each t in TERMS
        let k{t} = term{last}(k + {t}u, node.inputs);
#each u in UNITS
        let w{t}{u} = weight(at_w{u} + k{t} * row);
#end
#each r in ROWS
        let x{t}{r} = unpack(work[at_x{r} + k{t} * node.row_vec4s]);
#end
#end
#each t in TERMS
#each r in ROWS
        let f{t}{r} = factor{last}(k + {t}u, node.inputs, x{t}{r});
#each u in UNITS
        z{r}{u} = add_outer(z{r}{u}, f{t}{r}, w{t}{u});
#end
#end
#end
    }
#end
    // one loop instead of a copy of the code for each block of sums: they move up, and the last of
    // them is served
    for (var block = ROWS * UNITS; block > 0u; block--) {
        var z = mat4x4f();
#each r in ROWS
#each u in UNITS
        let next{r}{u} = z{r}{u};
        z{r}{u} = z;
        z = next{r}{u};
#end
#end
        let unit = first.x + (block - 1u) % UNITS;
        let examples = first.y + (block - 1u) / UNITS;
        if unit < row && examples < rows {
            finish_output(tile, node, unit, examples, z);
        }
    }
}
