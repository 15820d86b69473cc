// AdamW on whole runs; formula in adamw_rule.wgsl, with
//
//   g = gradient_scale / loss_scale * gradient
//
// It is the last kernel of a step, for the runs that store their gradients. Where the clock found
// an improvement it first copies the parameters to `best`. It also copies the clock's ticks to
// `completed`: the host compares the two, because some drivers report a killed submission as
// finished. Frozen nodes come first in memory and are skipped.
//
// In f16 the gradients are multiplied by loss_scale, and a step in which one of them overflowed
// updates nothing. The parameters are stored as f32, with an f16 copy that the products read
// (Micikevicius et al., arXiv 1710.03740, section 3.1).

#import layout
#import vec4_{vec4}
#import packed_{packed}
#import adamw_rule

@group(0) @binding(0) var<storage, read> runs: array<Run>;                 // (runs)
@group(0) @binding(1) var<storage, read_write> states: array<State>;  // (runs); writes completed
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); i: pairs of vec4s
// p, shape (pairs)
@group(0) @binding(3) var<storage, read_write> parameters: array<TwoVec4>;
// g, shape (pairs); in f16 also the copy of p
@group(0) @binding(4) var<storage, read_write> gradients: array<TwoPacked>;
// m and v of one vec4, shape (2 pairs)
@group(0) @binding(5) var<storage, read_write> moments: array<TwoVec4>;
// p at the best validation loss, shape (pairs)
@group(0) @binding(6) var<storage, read_write> best: array<TwoVec4>;
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
    let rates = Rates(
        run.one_minus_beta1,
        run.beta2,
        run.one_minus_beta2,
        run.epsilon,
        states[tile.run].step_size,
        1.0 / states[tile.run].root_correction,
        states[tile.run].decay,
    );

    // in pairs of vec4s; a run starts at a pair, and its last pair is padded to two vec4s
    let parameters_at = run.parameters / 2u;
    let gradients_at = run.gradients / 2u;
    let copy_at = run.copy / 2u;
    let first = run.frozen_vec4s / 2u + tile.i * ADAMW_THREADS * ADAMW_REPEATS + thread;
    let end = min(first + ADAMW_THREADS * ADAMW_REPEATS, (run.parameter_vec4s + 1u) / 2u);
    // two loops: a software rasterizer executes the body of a branch under a mask, taken or not
    if improved {
        for (var at = first; at < end; at += ADAMW_THREADS) {
            best[parameters_at + at] = parameters[parameters_at + at];
        }
    }
    if !trains {
        return;
    }
    for (var at = first; at < end; at += ADAMW_THREADS) {
        let here = parameters_at + at;
        let p = parameters[here];
        let g = gradients[gradients_at + at];
        let of_first = moments[2u * here];
        let of_second = moments[2u * here + 1u];
        var m = first_numbers(of_first);
        var v = second_numbers(of_first);
        let p0 = first_numbers(p);
        // where the frozen nodes end within a pair, its first vec4 belongs to them
        let stays = 2u * at < run.frozen_vec4s;
        let first_updated = select(stepped(rates, p0, scale * unpack_first(g), &m, &v), p0, stays);
        moments[2u * here] = two_vec4(m, v);
        m = first_numbers(of_second);
        v = second_numbers(of_second);
        let second_updated = stepped(rates, second_numbers(p), scale * unpack_second(g), &m, &v);
        moments[2u * here + 1u] = two_vec4(m, v);
        parameters[here] = two_vec4(first_updated, second_updated);
        if HALF {
            gradients[copy_at + at] = pack_two(first_updated, second_updated);
        }
    }
}
