// AdamW with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101, algorithm 2, as in torch.optim.AdamW):
//
//   p <- p - learning_rate weight_decay p
//   m <- m + (1 - beta1) (g - m)
//   v <- beta2 v + (1 - beta2) g^2
//   p <- p - learning_rate / (1 - beta1^t)  m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
//
// with g the gradient times the scale that clipping found for the whole run, and the learning rate that the clock found for the
// step.
//
// The last kernel of a step. It also keeps the parameters as the best of the run where the clock saw an improvement
// (before they change), and echoes the clock's ticks: the host compares them, because some drivers report a killed
// chunk as finished. Frozen layers lie first and are passed over.
//
// Of halves the gradients are loss_scale times too large, and nothing is updated where one of them overflowed; the parameters are
// kept as f32, and as halves for products to read (Micikevicius et al., arXiv 1710.03740, section 3.1).

@group(0) @binding(0) var<storage, read> runs: array<Run>;                 // (runs)
@group(0) @binding(1) var<storage, read_write> states: array<State>;       // writes echo
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;               // i: which quads of the parameters
@group(0) @binding(3) var<storage, read_write> parameters: array<Quad>;   // p
@group(0) @binding(4) var<storage, read_write> gradients: array<Packed>;  // g; of halves also p, for products
@group(0) @binding(5) var<storage, read_write> moments: array<Quad>;      // m and v, a quad each, in turn
@group(0) @binding(6) var<storage, read_write> best: array<Quad>;         // p at the best validation loss
@group(1) @binding(0) var<uniform> call: Call;

override ADAMW_THREADS: u32;
override ADAMW_REPEATS: u32;  // quads per thread

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
        states[tile.run].echo = states[tile.run].ticks;
    }
    let trains = states[tile.run].phase == PHASE_TRAIN && !(HALF && states[tile.run].overflow == 1u);
    let improved = states[tile.run].improved == 1u;
    let step_size = states[tile.run].step_size;
    var scale = states[tile.run].gradient_scale;
    if HALF {
        scale /= states[tile.run].loss_scale;
    }
    let root_correction = 1.0 / states[tile.run].root_correction;
    // subtracted, not p * (1 - decay): rounding that factor to f32 would bias every step alike
    let decay = states[tile.run].decay;

    let first = run.frozen_groups + tile.i * ADAMW_THREADS * ADAMW_REPEATS + thread;
    let end = min(first + ADAMW_THREADS * ADAMW_REPEATS, run.parameter_groups);
    // two loops: a software rasterizer plays what stands in a branch under a mask, whether or not it is taken
    if improved {
        for (var at = first; at < end; at += ADAMW_THREADS) {
            best[run.parameters + at] = parameters[run.parameters + at];
        }
    }
    if !trains {
        return;
    }
    for (var at = first; at < end; at += ADAMW_THREADS) {
        let here = run.parameters + at;
        let p = numbers(parameters[here]);
        let g = scale * unpack(gradients[run.gradients + at]);
        let m0 = numbers(moments[2u * here]);
        let v0 = numbers(moments[2u * here + 1u]);
        let m = m0 + run.one_minus_beta1 * (g - m0);
        let v = run.beta2 * v0 + run.one_minus_beta2 * g * g;
        moments[2u * here] = quad(m);
        moments[2u * here + 1u] = quad(v);
        let updated = p - (decay * p + step_size * m / (sqrt(v) * root_correction + run.epsilon));
        parameters[here] = quad(updated);
        if HALF {
            gradients[run.copy + at] = pack(updated);
        }
    }
}
