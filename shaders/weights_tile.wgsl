// Gradient of a dense node, for one tile of it:
//
//   dW[k, n] = sum_e x[e, k] delta[e, n]
//   db[n]    = sum_e delta[e, n]
//
// A thread computes {ROWS} vec4s of inputs of {UNITS} vec4s of units: see products.wgsl. The
// importing kernel decides what happens to the gradients of four inputs and four units: it defines
// `put`, and `put_bias`. The threads of the first inputs also have the bias. `begins` says whether
// a thread has anything to do.

#import layout
#import packed_{packed}
#import present
#import products
#import state_{kept}

fn serve_gradient(tile: Tile, thread: u32) {
    let node = nodes[tile.node];
    let row = node.output_vec4s;
    let first = place(tile, thread, row);
    if !begins(tile, node, first) || first.y >= node.input_vec4s {
        return;
    }
    // beyond the edges a thread reads the last column again and stores nothing
#each u in UNITS
    let at_d{u} = node.delta + min(first.x + {u}u, row - 1u);
    var b{u} = vec4f(0.0);
#end
#each r in ROWS
    let at_x{r} = node.input + min(first.y + {r}u, node.input_vec4s - 1u);
#each u in UNITS
    var g{r}{u} = mat4x4f();
#end
#end
    // the rows of this batch
    let trains = state_of(tile.run).phase == PHASE_TRAIN;
    let present = select(0u, present_rows(tile, node.rows), trains);
    let ends = vec3u(0u, present - present % TERMS, present);
#each last in 2
    for (var e = ends[{last}]; e < ends[{last} + 1]; e += TERMS) {
#each t in TERMS
        let e{t} = term{last}(e + {t}u, present);
#each u in UNITS
        let d{t}{u} = unpack(work[at_d{u} + e{t} * row]);
#end
#each r in ROWS
        let x{t}{r} = unpack(work[at_x{r} + e{t} * node.input_vec4s]);
#end
#end
#each t in TERMS
#each u in UNITS
        let f{t}{u} = factor{last}(e + {t}u, present, d{t}{u});
        b{u} += f{t}{u};
#each r in ROWS
        g{r}{u} = add_outer(g{r}{u}, x{t}{r}, f{t}{u});
#end
#end
#end
    }
#end
#each u in UNITS
    if first.y == 0u && first.x + {u}u < row && node.bias_rate != 0.0 {
        put_bias(tile, node, first.x + {u}u, b{u});
    }
#end
    // one loop instead of a copy of the code for each block of sums: they move up, and the last of
    // them is served
    for (var block = ROWS * UNITS; block > 0u; block--) {
        var g = mat4x4f();
#each r in ROWS
#each u in UNITS
        let next{r}{u} = g{r}{u};
        g{r}{u} = g;
        g = next{r}{u};
#end
#end
        let unit = first.x + (block - 1u) % UNITS;
        let inputs = first.y + (block - 1u) / UNITS;
        if unit < row && inputs < node.input_vec4s {
            put(tile, node, unit, inputs, g);
        }
    }
}
