// AdamW on whole runs; formula in adamw_rule.wgsl, with
//
//   g = gradient_scale / loss_scale * gradient
//
// It is the last kernel of a step, for the runs that store their gradients. Where the clock found
// an improvement it first copies the parameters to the best ones. It also copies the clock's ticks
// to `completed`: the host compares the two, because some drivers report a killed submission as
// finished. Matrices that are not trained are skipped.
//
// Then it moves the average of the parameters, if there is one, and, where the clock says so,
// exchanges both: validation is of the average, and the best parameters are averages too.
//
// In f16 the gradients are multiplied by loss_scale, and a step in which one of them overflowed
// updates nothing. The parameters are stored as f32, with an f16 copy that the products read
// (Micikevicius et al., arXiv 1710.03740, section 3.1).

#import layout
#import vec4
#import packed_{packed}
#import adamw_rule
#import matrices

@group(0) @binding(0) var<storage, read> runs: array<Run>;                 // (runs)
@group(0) @binding(1) var<storage, read_write> states: array<State>;  // (runs); writes completed
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); i: pairs of vec4s
// p, p at the best validation loss and its average, shape (pairs); m and v of one vec4, shape
// (2 pairs)
@group(0) @binding(3) var<storage, read_write> parameters: array<TwoVec4>;
// g, shape (pairs); in f16 also the copy of p
@group(0) @binding(4) var<storage, read_write> gradients: array<TwoPacked>;
@group(0) @binding(5) var<storage, read> nodes: array<Node>;          // (nodes of all runs)
@group(1) @binding(0) var<uniform> call: Call;

override ADAMW_THREADS: u32;
override ADAMW_REPEATS: u32;  // pairs of vec4s per thread

@compute @workgroup_size(ADAMW_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, grid);
    if index >= call.count {
        return;
    }
    let tile = tiles[call.first + index];
    let run = runs[tile.run];
    if tile.i == 0u && thread == 0u {
        states[tile.run].completed = states[tile.run].ticks;
    }
    let overflowed = HALF && states[tile.run].overflow == 1u;
    let trains = states[tile.run].phase == PHASE_TRAIN && !overflowed;
    let improved = states[tile.run].improved == 1u;
    var scale = states[tile.run].gradient_scale;
    if HALF {
        scale /= states[tile.run].loss_scale;
    }

    // in pairs of vec4s; a run starts at a pair, and its last pair is padded to two vec4s
    let parameters_at = run.parameters / 2u;
    let best_at = run.best / 2u;
    let moments_at = run.moments / 2u;
    let average_at = run.average / 2u;
    let gradients_at = run.gradients / 2u;
    let copy_at = run.copy / 2u;
    let first = run.frozen_vec4s / 2u + tile.i * ADAMW_THREADS * ADAMW_REPEATS + thread;
    let end = min(first + ADAMW_THREADS * ADAMW_REPEATS, (run.parameter_vec4s + 1u) / 2u);
    // two loops: a software rasterizer executes the body of a branch under a mask, taken or not
    if improved {
        for (var at = first; at < end; at += ADAMW_THREADS) {
            parameters[best_at + at] = parameters[average_at + at];
        }
    }
    for (var index = 0u; trains && index < run.matrices; index++) {
        let matrix = matrix_of(tile.run, index);
        if matrix.rate == 0.0 {
            continue;
        }
        let rates = Rates(
            run.one_minus_beta1,
            run.beta2,
            run.one_minus_beta2,
            run.epsilon,
            matrix.rate * states[tile.run].step_size,
            1.0 / states[tile.run].root_correction,
            matrix.decay * states[tile.run].decay,
        );
        let pair_end = min(end, (matrix.end + 1u) / 2u);
        var at = first_from(first, ADAMW_THREADS, matrix.first / 2u);
        for (; at < pair_end; at += ADAMW_THREADS) {
            // the first or the last pair may share a vec4 with another matrix
            let has_first = 2u * at >= matrix.first;
            let has_second = 2u * at + 1u < matrix.end;
            let here = parameters_at + at;
            let p = parameters[here];
            let g = gradients[gradients_at + at];
            let of_first = parameters[moments_at + 2u * at];
            let of_second = parameters[moments_at + 2u * at + 1u];
            let p0 = p.first;
            let m0 = of_first.first;
            let v0 = of_first.second;
            var m = m0;
            var v = v0;
            let stepped0 =
                select(p0, stepped(rates, p0, scale * unpack_first(g), &m, &v), has_first);
            parameters[moments_at + 2u * at] =
                TwoVec4(select(m0, m, has_first), select(v0, v, has_first));
            let p1 = p.second;
            let m1 = of_second.first;
            let v1 = of_second.second;
            m = m1;
            v = v1;
            let stepped1 =
                select(p1, stepped(rates, p1, scale * unpack_second(g), &m, &v), has_second);
            parameters[moments_at + 2u * at + 1u] =
                TwoVec4(select(m1, m, has_second), select(v1, v, has_second));
            parameters[here] = TwoVec4(stepped0, stepped1);
            if HALF {
                gradients[copy_at + at] = pack_two(stepped0, stepped1);
            }
        }
    }
    if run.averages == 0u {
        return;
    }
    let average_step = select(0.0, states[tile.run].average_step, trains);
    let swaps = states[tile.run].swaps == 1u;
    for (var at = first; at < end; at += ADAMW_THREADS) {
        let p = parameters[parameters_at + at];
        let a = parameters[average_at + at];
        let p0 = p.first;
        let p1 = p.second;
        let a0 = moved(a.first, p0, average_step);
        let a1 = moved(a.second, p1, average_step);
        parameters[average_at + at] = TwoVec4(select(a0, p0, swaps), select(a1, p1, swaps));
        if swaps {
            parameters[parameters_at + at] = TwoVec4(a0, a1);
            if HALF {
                gradients[copy_at + at] = pack_two(a0, a1);
            }
        }
    }
}
