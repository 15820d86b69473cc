// Copies the examples of this step's batch from the tables, shuffled by a counter-based
// permutation, and scales the inputs. A kernel that imports this page binds `runs`, `rows`, `data`
// and `work`, and defines `place_of`, the place of an example among the rows of its run.
//
//   row(e)   = rows[permute(seed, epoch, training rows, cursor + e)]     in training
//   row(e)   = rows[training rows + cursor + e]                          in validation
//   x[e, k]  = (table_x[row(e), k] - mean[k]) inverse_deviation[k]
//   t[e, j]  = table_y[row(e), j], 0 for a dummy output
//   v[e]     = row_weights[row(e)], 1 without weights
//
// Each column of table_x is stored around its median, centred and scaled in f64; the mean and the
// deviation of a run take that into account.
//
// Examples beyond the present ones are 0, as is padding. A tile is 8 lanes of four examples and all
// units; the threads of a lane share the units.

#import layout
#import packed_{packed}
#import table
#import state_{kept}

override GATHER_THREADS: u32;

// Row and weight of each example of the tile; those of absent examples are 0.
var<workgroup> sources: array<u32, 4u * LANES>;
var<workgroup> source_weights: array<f32, 4u * LANES>;

// The threads of a tile find the rows of its examples together: a permutation takes long.
fn find_rows(tile: Tile, run: Run, first: u32, present: u32) {
    for (var e = first; e < 4u * LANES; e += LANES * GATHER_THREADS) {
        let example = 4u * LANES * tile.i + e;
        sources[e] = 0u;
        source_weights[e] = 0.0;
        if example < present {
            let place = place_of(tile, example);
            sources[e] = rows[run.rows + place];
            source_weights[e] = 1.0;
            if run.row_weights != NO_WEIGHTS {
                source_weights[e] = bitcast<f32>(rows[run.row_weights + place]);
            }
        }
    }
}

// Serves a tile by all threads of a workgroup together. A lane is `thread.x`.
fn serve_gather(tile: Tile, is_tile: bool, thread: vec2u) {
    let run = runs[tile.run];
    let serves = is_tile && state_of(tile.run).phase != PHASE_DONE;
    let present = select(0u, state_of(tile.run).batch_rows, serves);
    find_rows(tile, run, LANES * thread.y + thread.x, present);
    workgroupBarrier();
    let examples = tile.i * LANES + thread.x;
    if !serves || examples >= run.batch_vec4s {
        return;
    }
    let e = 4u * thread.x;
    let source = vec4u(sources[e], sources[e + 1u], sources[e + 2u], sources[e + 3u]);
    let here = vec4u(0u, 1u, 2u, 3u) + vec4u(examples * 4u) < vec4u(present);

    if thread.y == 0u {
        let at = run.example_weights + examples * EXACT;
        let weights = vec4f(
            source_weights[e],
            source_weights[e + 1u],
            source_weights[e + 2u],
            source_weights[e + 3u],
        );
        work[at] = first_of(weights);
        work[at + EXACT - 1u] = last_of(weights);
    }
    let input_vec4s = (run.inputs + 3u) / 4u;
    let row_x = source * run.inputs + vec4u(run.table_x);
    for (var k = thread.y; k < input_vec4s; k += GATHER_THREADS) {
        let x = scaled(row_x, k, run.inputs, run.mean, run.inverse_deviation, here);
        store_block(run.x, run.x_by_unit, input_vec4s, run.batch_vec4s, k, examples, x);
    }
    let output_vec4s = (run.outputs + 3u) / 4u;
    let row_y = source * run.targets + vec4u(run.table_y);
    for (var j = thread.y; j < output_vec4s; j += GATHER_THREADS) {
        let at = run.labels + 4u * examples * output_vec4s + j;
        let t0 = select(vec4f(0.0), fetch(row_y.x, 4u * j, run.targets), here.x);
        let t1 = select(vec4f(0.0), fetch(row_y.y, 4u * j, run.targets), here.y);
        let t2 = select(vec4f(0.0), fetch(row_y.z, 4u * j, run.targets), here.z);
        let t3 = select(vec4f(0.0), fetch(row_y.w, 4u * j, run.targets), here.w);
        work[at] = pack(t0);
        work[at + output_vec4s] = pack(t1);
        work[at + 2u * output_vec4s] = pack(t2);
        work[at + 3u * output_vec4s] = pack(t3);
    }
}
