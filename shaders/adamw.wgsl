// AdamW, the rule of adamw_rule.wgsl, on the gradients of whole runs, times the scale that clipping
// found for the run.
//
// The last kernel of a step. It also keeps the parameters as the best of the run where the clock
// saw an improvement (before they change), and records the clock's ticks: the host compares them,
// because some drivers report a killed chunk as finished. Frozen layers lie first and are passed
// over.
//
// Of halves the gradients are loss_scale times too large, and nothing is updated where one of them
// overflowed; the parameters are kept as f32, and as halves for products to read (Micikevicius et
// al., arXiv 1710.03740, section 3.1).

#import layout
#import vec4_{vec4}
#import packed_{packed}
#import adamw_rule

@group(0) @binding(0) var<storage, read> runs: array<Run>;                 // (runs)
@group(0) @binding(1) var<storage, read_write> states: array<State>;       // writes completed
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;               // i: which pairs of vec4s of the parameters
@group(0) @binding(3) var<storage, read_write> parameters: array<TwoVec4>;  // p
@group(0) @binding(4) var<storage, read_write> gradients: array<TwoPacked>;  // g; of halves also p, for products
@group(0) @binding(5) var<storage, read_write> moments: array<TwoVec4>;     // m and v of a vec4
@group(0) @binding(6) var<storage, read_write> best: array<TwoVec4>;        // p at the best validation loss
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
    let trains = states[tile.run].phase == PHASE_TRAIN && !(HALF && states[tile.run].overflow == 1u);
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

    // in pairs of vec4s; a run begins with a whole one, and room is left for the second of its last
    let parameters_at = run.parameters / 2u;
    let gradients_at = run.gradients / 2u;
    let copy_at = run.copy / 2u;
    let first = run.frozen_vec4s / 2u + tile.i * ADAMW_THREADS * ADAMW_REPEATS + thread;
    let end = min(first + ADAMW_THREADS * ADAMW_REPEATS, (run.parameter_vec4s + 1u) / 2u);
    // two loops: a software rasterizer plays what stands in a branch under a mask, whether or not
    // it is taken
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
        // where frozen layers end within a pair, its first vec4 is theirs
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
