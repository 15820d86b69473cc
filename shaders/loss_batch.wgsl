// The weighted loss of a batch and its gradient at the output node, a workgroup per run. A kernel
// that imports this page binds `runs`, `states`, `nodes` and `work`.
//
//   batch_sum   = sum_e v[e] sum_j w[j] l(a[e, j], t[e, j])            over the examples present
//   loss        = batch_sum / (examples present * W)
//   delta[e, j] = loss_scale v[e] w[j] l'(a, t) activation'(z) / (examples present * W)
//
// W is the sum of w, or 1 for a loss of whole examples. The losses, with the number p of the run:
//
//   mse            (a - t)^2
//   huber          (a - t)^2 / 2, p (|a - t| - p / 2) beyond |a - t| = p
//   bce            max(a, 0) - a t' + log(1 + exp(-|a|)) with t' = t (1 - p) + p / 2
//   cross-entropy  t' (log sum_k exp(a[k]) - a) with t' = t (1 - p) + p / classes, over the outputs
//                  of weight above 0
//   gaussian       (s + (a - t)^2 exp(-s)) / 2 with the outputs a, s of a target
//   moments        log M1 + log M2 with the outputs a, s of a target and the means over examples
//                  M1 = <v (a - t)^2>, M2 = <v ((a - t)^2 - s^2)^2>; batch_sum is that times the
//                  examples present, in validation the difference of that of all examples so far
//   focal          (1 - q)^p (max(a, 0) - a t + log(1 + exp(-|a|))) with q the probability that a
//                  gives to t
//
// In f16 the loss is scaled so that small deltas do not underflow (Micikevicius et al., arXiv
// 1710.03740, section 3.2).
//
// In validation it is the validation loss, which may be another one: a loss of values takes the
// first output of each pair. Deltas are not used then.
//
// A dummy output has w = 0. Padding and absent examples get delta 0. The sum has a fixed order:
// each thread adds its own elements, then the sums of threads are added in pairs until one
// is left.

#import layout
#import packed_{packed}
#import activation
#import state_{kept}

override LOSS_THREADS: u32;

// The losses, numbered as in LOSSES of src/engine/loss.rs.
const MSE: u32 = 0u;
const HUBER: u32 = 1u;
const BCE: u32 = 2u;
const CROSS_ENTROPY: u32 = 3u;
const GAUSSIAN: u32 = 4u;
const MOMENTS: u32 = 5u;
const FOCAL: u32 = 6u;

// The smallest 1 - q of the focal loss: a divisor.
const LEAST_MISS: f32 = 1e-36;

// The smallest mean whose logarithm is taken.
const LEAST_MEAN: f32 = 1e-30;

// Whether the outputs come in pairs, two for each target.
fn in_pairs(loss: u32) -> bool {
    return loss == GAUSSIAN || loss == MOMENTS;
}

// What a loss depends on beside an output and its target.
struct Given {
    parameter: f32,
    most: f32,     // cross-entropy: the largest logit of the example
    log_sum: f32,  // and log sum_k exp(a[k])
    mass: f32,     // and sum_k w[k] t'[k]
    classes: f32,  // and outputs of weight above 0
    means: vec4f,  // moments: M1, M2, M1, M2 of these two targets
}

fn exact_at(first: u32, k: u32) -> vec4f {
    let at = first + k * EXACT;
    return exact(work[at], work[at + EXACT - 1u]);
}

fn keep(first: u32, k: u32, value: vec4f) {
    let at = first + k * EXACT;
    work[at] = first_of(value);
    work[at + EXACT - 1u] = last_of(value);
}

// What belongs to the four outputs of vec4 `k`, from numbers per target: themselves, or twice each
// of the two that belong to the pairs.
fn of_pairs(pairs: bool, numbers: vec4f, k: u32) -> vec4f {
    let twice = select(numbers.zzww, numbers.xxyy, k % 2u == 0u);
    return select(numbers, twice, pairs);
}

// A mean of squares of which the logarithm is finite; NaN stays.
fn positive(mean: vec4f) -> vec4f {
    return select(mean, vec4f(LEAST_MEAN), mean < vec4f(LEAST_MEAN));
}

fn smooth_target(loss: u32, t: vec4f, given: Given) -> vec4f {
    let even = select(0.5, 1.0 / given.classes, loss == CROSS_ENTROPY);
    return t + given.parameter * (even - t);
}

// Of four outputs: the sigmoids of a and of -a, t as a probability, the binary cross-entropy and
// 1 - q.
struct Odds {
    positive: vec4f,
    negative: vec4f,
    probability: vec4f,
    entropy: vec4f,
    miss: vec4f,
}

fn odds(a: vec4f, t: vec4f) -> Odds {
    let e = exp(-min(abs(a), vec4f(EXP_LIMIT)));
    let large = 1.0 / (1.0 + e);
    let positive = select(e * large, large, a >= vec4f(0.0));
    let negative = select(large, e * large, a >= vec4f(0.0));
    // targets are probabilities
    let probability = clamp(t, vec4f(0.0), vec4f(1.0));
    let miss = max(positive * (1.0 - probability) + negative * probability, vec4f(LEAST_MISS));
    let entropy = max(a, vec4f(0.0)) - a * probability + log(1.0 + e);
    return Odds(positive, negative, probability, entropy, miss);
}

// l of four outputs; of a pair it is in the first place.
fn loss_value(loss: u32, a: vec4f, t: vec4f, given: Given) -> vec4f {
    switch loss {
        case HUBER: {
            let slope = clamp(a - t, vec4f(-given.parameter), vec4f(given.parameter));
            return slope * (a - t - 0.5 * slope);
        }
        case BCE: {
            let e = exp(-min(abs(a), vec4f(EXP_LIMIT)));
            return max(a, vec4f(0.0)) - a * smooth_target(loss, t, given) + log(1.0 + e);
        }
        case CROSS_ENTROPY: {
            return smooth_target(loss, t, given) * (given.log_sum - (a - given.most));
        }
        case GAUSSIAN: {
            let miss = a - t;
            let chi = miss.xz * miss.xz * exp(min(-a.yw, vec2f(EXP_LIMIT)));
            let value = 0.5 * (a.yw + chi);
            return vec4f(value.x, 0.0, value.y, 0.0);
        }
        case MOMENTS: {
            return vec4f(0.0);
        }
        case FOCAL: {
            let odd = odds(a, t);
            return pow(odd.miss, vec4f(given.parameter)) * odd.entropy;
        }
        case MSE, default: {
            let miss = a - t;
            return miss * miss;
        }
    }
}

// w times the derivative of l of four outputs.
fn loss_slope(loss: u32, a: vec4f, t: vec4f, weight: vec4f, given: Given) -> vec4f {
    switch loss {
        case HUBER: {
            return weight * clamp(a - t, vec4f(-given.parameter), vec4f(given.parameter));
        }
        case BCE: {
            let e = exp(-min(abs(a), vec4f(EXP_LIMIT)));
            let probability = select(e, vec4f(1.0), a >= vec4f(0.0)) / (1.0 + e);
            return weight * (probability - smooth_target(loss, t, given));
        }
        case CROSS_ENTROPY: {
            let probability = exp(a - given.most - given.log_sum);
            let slope = given.mass * probability - weight * smooth_target(loss, t, given);
            return select(vec4f(0.0), slope, weight > vec4f(0.0));
        }
        case GAUSSIAN: {
            let miss = a.xz - t.xz;
            let inverse = exp(min(-a.yw, vec2f(EXP_LIMIT)));
            let mean = miss * inverse;
            let variance = 0.5 * (1.0 - miss * mean);
            return weight * vec4f(mean.x, variance.x, mean.y, variance.y);
        }
        case MOMENTS: {
            let miss = a.xz - t.xz;
            let excess = 2.0 * (miss * miss - a.yw * a.yw) / given.means.yw;
            let mean = 2.0 * miss * (1.0 / given.means.xz + excess);
            let deviation = -2.0 * a.yw * excess;
            return weight * vec4f(mean.x, deviation.x, mean.y, deviation.y);
        }
        case FOCAL: {
            let odd = odds(a, t);
            let share = odd.positive * odd.negative / odd.miss;
            let change = odd.entropy * (1.0 - 2.0 * odd.probability) * share;
            let slope = odd.positive - odd.probability + given.parameter * change;
            return weight * pow(odd.miss, vec4f(given.parameter)) * slope;
        }
        case MSE, default: {
            return weight * (2.0 * (a - t));
        }
    }
}

// The sums over the logits of example `e` that cross-entropy needs.
fn softmax(run: Run, node: Node, e: u32, parameter: f32) -> Given {
    var given = Given(parameter, -3e38, 0.0, 0.0, 0.0, vec4f(0.0));
    for (var k = 0u; k < node.output_vec4s; k++) {
        let weight = exact_at(run.loss_weights, k);
        let a = unpack(work[node.output + e * node.output_vec4s + k]);
        let there = select(vec4f(-3e38), a, weight > vec4f(0.0));
        given.most = max(given.most, max(max(there.x, there.y), max(there.z, there.w)));
        given.classes += dot(vec4f(1.0), select(vec4f(0.0), vec4f(1.0), weight > vec4f(0.0)));
    }
    var sum = 0.0;
    for (var k = 0u; k < node.output_vec4s; k++) {
        let weight = exact_at(run.loss_weights, k);
        let at = e * node.output_vec4s + k;
        let a = unpack(work[node.output + at]);
        let powers = exp(select(vec4f(-EXP_LIMIT), a - given.most, weight > vec4f(0.0)));
        sum += dot(vec4f(1.0), select(vec4f(0.0), powers, weight > vec4f(0.0)));
        let t = unpack(work[run.labels + at]);
        given.mass += dot(weight, smooth_target(CROSS_ENTROPY, t, given));
    }
    given.log_sum = log(sum);
    return given;
}

// Of two targets: `count` times w (log M1 + log M2) of these sums over `count` examples.
fn loss_of_sums(sums: vec4f, weight: vec4f, count: u32) -> f32 {
    let logs = log(positive(sums / f32(count)));
    let here = select(vec4f(0.0), weight * logs, weight > vec4f(0.0));
    return f32(count) * (here.x + here.y + here.z + here.w);
}

// Stores the means of the two targets in vec4 `k` of the outputs. Returns their part of batch_sum.
fn find_means(run: Run, node: Node, weight: vec4f, state: State, k: u32) -> f32 {
    var sums = vec4f(0.0);
    for (var e = 0u; e < state.batch_rows; e++) {
        let row = e * node.output_vec4s;
        let a = unpack(work[node.output + row + k]);
        let t = of_pairs(true, unpack(work[run.labels + row + k / 2u]), k);
        let square = (a.xz - t.xz) * (a.xz - t.xz);
        let excess = square - a.yw * a.yw;
        let v = exact_at(run.example_weights, e / 4u)[e % 4u];
        sums += v * vec4f(square.x, excess.x * excess.x, square.y, excess.y * excess.y);
    }
    // a single output, or none, that is left over belongs to no target
    let left = node.outputs - min(4u * k, node.outputs);
    sums = select(vec4f(0.0), sums, vec4u(0u, 0u, 2u, 2u) + 1u < vec4u(left));
    keep(run.statistics, k, positive(sums / f32(state.batch_rows)));
    if state.phase != PHASE_VALIDATE {
        return loss_of_sums(sums, weight, state.batch_rows);
    }
    var earlier = 0.0;
    var so_far = sums;
    if state.cursor > 0u {
        let before = exact_at(run.statistics, node.output_vec4s + k);
        earlier = loss_of_sums(before, weight, state.cursor);
        so_far += before;
    }
    keep(run.statistics, node.output_vec4s + k, so_far);
    return loss_of_sums(so_far, weight, state.cursor + state.batch_rows) - earlier;
}

var<workgroup> partial: array<f32, LOSS_THREADS>;

// Computes the loss of the batch of a run and the deltas, by all threads of a workgroup together,
// of which the first LOSS_THREADS work. The output of the node is there. Returns batch_sum; without
// a batch it changes nothing and returns 0.
fn serve_loss(tile: Tile, is_tile: bool, thread: u32) -> f32 {
    let run = runs[tile.run];
    let node = nodes[tile.node];
    let present = state_of(tile.run).batch_rows;
    let serves = is_tile && state_of(tile.run).phase != PHASE_DONE;
    let pairs = in_pairs(run.loss);
    let validates = state_of(tile.run).phase == PHASE_VALIDATE;
    let loss = select(run.loss, run.stop_loss, validates);
    let parameter = select(run.loss_parameter, run.stop_parameter, validates);
    // a loss of values does not take the second output of a pair
    let taken = select(vec4f(1.0), vec4f(1.0, 0.0, 1.0, 0.0), pairs && !in_pairs(loss));

    var sum = 0.0;
    if serves && loss == MOMENTS {
        for (var k = thread; k < node.output_vec4s; k += LOSS_THREADS) {
            let half = exact_at(run.loss_weights, k / 2u);
            sum += find_means(run, node, of_pairs(true, half, k), state_of(tile.run), k);
        }
    }
    storageBarrier();
    if serves {
        let scale = state_of(tile.run).loss_scale * run.inverse_weight_sum / f32(present);
        let count = node.output_vec4s * 4u * run.batch_vec4s;
        for (var place = thread; place < count; place += LOSS_THREADS) {
            var delta = vec4f(0.0);
            if place < present * node.output_vec4s {
                let e = place / node.output_vec4s;
                let k = place % node.output_vec4s;
                // a pair has one target and one weight
                let half = k - select(0u, k - k / 2u, pairs);
                let row = run.labels + e * node.output_vec4s;
                let a = unpack(work[node.output + place]);
                let t = of_pairs(pairs, unpack(work[row + half]), k);
                let w = taken * of_pairs(pairs, exact_at(run.loss_weights, half), k);
                let v = exact_at(run.example_weights, e / 4u)[e % 4u];
                let z = unpack(work[node.saved + place]);
                var given = Given(parameter, 0.0, 0.0, 0.0, 0.0, vec4f(0.0));
                if loss == CROSS_ENTROPY {
                    given = softmax(run, node, e, parameter);
                } else if loss == MOMENTS {
                    given.means = exact_at(run.statistics, k);
                }
                let slope = derivative(node.activation, node.slope, z);
                delta = scale * v * loss_slope(loss, a, t, w, given) * slope;
                sum += dot(v * w, loss_value(loss, a, t, given));
            }
            work[node.delta + place] = pack(delta);
        }
    }
    if thread < LOSS_THREADS {
        partial[thread] = sum;
    }
    workgroupBarrier();
    for (var half = LOSS_THREADS / 2u; half > 0u; half /= 2u) {
        if thread < half {
            partial[thread] += partial[thread + half];
        }
        workgroupBarrier();
    }
    return partial[0];
}
