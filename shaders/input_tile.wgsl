// Backward pass to the input of a dense node, through the activation and the dropout of the node
// below, for a thread:
//
//   delta_below[e, k] = mask_below[e, k] activation'(z_below[e, k]) sum_n delta[e, n] W[k, n]
//
// `tile.node` is the node whose weights are read, `below` the node that produced its input. A
// thread computes {ROWS} vec4s of examples of {UNITS} vec4s of units below: see products.wgsl.
// Padding is written as 0, because the products of the next node read it.

#import layout
#import packed_{packed}
#import contribute
#import present
#import products
#import state_{kept}

fn serve_input_tile(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let row = node.output_vec4s;
    let rows = present_vec4s(tile, node.rows);
    let first = place(tile, thread, node.input_vec4s);
    if state_of(tile.run).phase != PHASE_TRAIN || first.y >= rows {
        return;
    }
    // beyond the edges a thread reads the last row again and stores nothing, or zeros
#each u in UNITS
#each i in 4
    let at_w{u}{i} = node.weights + min(4u * (first.x + {u}u) + {i}u, node.inputs - 1u) * row;
#end
#end
#each r in ROWS
    let at_d{r} = node.delta + 4u * min(first.y + {r}u, rows - 1u) * row;
#each u in UNITS
    var s{r}{u} = mat4x4f();
#end
#end
    let ends = vec3u(0u, row - row % {FOURS}u, row);
#each last in 2
    for (var n = ends[{last}]; n < ends[{last} + 1]; n += {FOURS}u) {
#each t in FOURS
        let n{t} = term{last}(n + {t}u, row);
#each u in UNITS
        // four outputs of four units below, one output per column
        let w{t}{u} = transpose(mat4x4f(
#each i in 4
            weight(at_w{u}{i} + n{t}),
#end
        ));
#end
#each r in ROWS
#each e in 4
        let d{t}{r}{e} = unpack(work[at_d{r} + {e}u * row + n{t}]);
#end
#end
#end
#each t in FOURS
#each r in ROWS
#each e in 4
        let f{t}{r}{e} = factor{last}(n + {t}u, row, d{t}{r}{e});
#each u in UNITS
        s{r}{u}[{e}] = add_product(s{r}{u}[{e}], w{t}{u}, f{t}{r}{e});
#end
#end
#end
#end
    }
#end
    // one loop instead of a copy of the code for each block of sums: they move up, and the last of
    // them is served
    for (var block = ROWS * UNITS; block > 0u; block--) {
        var s = mat4x4f();
#each r in ROWS
#each u in UNITS
        let next{r}{u} = s{r}{u};
        s{r}{u} = s;
        s = next{r}{u};
#end
#end
        let unit = first.x + (block - 1u) % UNITS;
        let examples = first.y + (block - 1u) / UNITS;
        if unit < node.input_vec4s && examples < rows {
            give_inputs(tile, node, unit, examples, s);
        }
    }
}
