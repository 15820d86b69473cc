// AdamW with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101, algorithm 2, as in
// torch.optim.AdamW):
//
//   p <- p - learning_rate weight_decay p
//   m <- m + (1 - beta1) (g - m)
//   v <- beta2 v + (1 - beta2) g^2
//   p <- p - learning_rate / (1 - beta1^t)  m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
//
// with the learning rate that the clock computed for the step.

// Coefficients that all parameters of a run share in one step.
struct Rates {
    one_minus_beta1: f32,
    beta2: f32,
    one_minus_beta2: f32,
    epsilon: f32,
    step_size: f32,
    root_correction: f32,  // 1 / root_correction of the state
    decay: f32,
}

// Returns p after the step; updates m and v in place.
fn stepped(
    rates: Rates,
    p: vec4f,
    g: vec4f,
    m: ptr<function, vec4f>,
    v: ptr<function, vec4f>,
) -> vec4f {
    *m += rates.one_minus_beta1 * (g - *m);
    *v = rates.beta2 * *v + rates.one_minus_beta2 * g * g;
    // subtracted, not p * (1 - decay): rounding that factor to f32 would bias every step the same
    // way
    let denominator = sqrt(*v) * rates.root_correction + rates.epsilon;
    return p - (rates.decay * p + rates.step_size * *m / denominator);
}

// An average after a step towards p (torch.optim.swa_utils.get_ema_multi_avg_fn):
//
//   a <- a + (1 - decay) (p - a)
//
// with a step of 1 the average becomes p.
fn moved(a: vec4f, p: vec4f, average_step: f32) -> vec4f {
    return select(a + average_step * (p - a), p, average_step == 1.0);
}
