//! Loss functions. [`LOSSES`] lists them; the `switch` in `shaders/loss_batch.wgsl` computes the same
//! on the device.
//!
//! The loss of a batch of B examples e is the weighted mean `sum_e v_e l_e / (B W)` of the losses
//! l_e of its examples, which for most losses are sums over targets j, `l_e = sum_j w_j l(a_ej,
//! t_ej)`. The weight w_j of a dummy output is 0, and W is the sum of the w_j; for losses of whole
//! examples (cross-entropy) W = 1.
//!
//! The weights of the rows of a set, training or validation, are scaled so that they add up to the
//! number of its rows: `v_e = rows weight_e / sum(weight)`. So the loss of a set is
//! `sum_e weight_e l_e / (W sum(weight))`, the gradient of a batch is an unbiased estimate of its
//! gradient, also with negative weights, and equal weights give the bits of a run without weights.

use crate::engine::real::{Real, version};

/// A loss function.
#[derive(Debug)]
pub struct Loss {
    /// Its name in study files and results.
    pub name: &'static str,
    /// A description in one line.
    pub about: &'static str,
    /// What the outputs of a network that is trained with it are.
    pub predicts: Predicts,
    /// The number that it depends on, if there is one.
    pub parameter: Option<Parameter>,
    /// Its values and derivatives for a batch.
    compute: Compute,
}

/// What the outputs of a network are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Predicts {
    /// The target.
    Value,
    /// The logit of the probability that the target is 1, one for each target.
    Probability,
    /// Logits of classes that exclude each other; targets are one-hot, one column per class.
    Classes,
    /// Two outputs for each target, one after the other: its mean and the logarithm of its
    /// variance.
    LogVariance,
    /// Two outputs for each target, one after the other: its mean and its standard deviation,
    /// whose sign has no meaning.
    Deviation,
}

impl Predicts {
    /// Outputs of the network for each target.
    pub fn outputs_per_target(self) -> usize {
        match self {
            Predicts::LogVariance | Predicts::Deviation => 2,
            Predicts::Value | Predicts::Probability | Predicts::Classes => 1,
        }
    }

    /// Whether a loss that needs the outputs `other` can be computed from these outputs: they are
    /// the same, or the first of each pair is the value that it needs.
    pub fn gives(self, other: Predicts) -> bool {
        self == other || (other == Predicts::Value && self.outputs_per_target() == 2)
    }

    /// Whether targets are probabilities, 0 to 1.
    pub fn is_class(self) -> bool {
        matches!(self, Predicts::Probability | Predicts::Classes)
    }
}

/// A number that a loss depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name in study files.
    pub name: &'static str,
    /// Its value if none is given.
    pub default: f64,
    /// The smallest and the largest value.
    pub range: [f64; 2],
}

/// The batch that a loss is computed on.
pub struct Batch<'a, F> {
    /// Outputs of the network, shape (examples, stride).
    pub outputs: &'a [F],
    /// Targets, shape (examples, stride).
    pub targets: &'a [F],
    /// Numbers from one example to the next, those of padding included.
    pub stride: usize,
    /// Outputs for each target. A loss of values takes the first one.
    pub per_target: usize,
    /// Weight of each target, shape (outputs): w.
    pub weights: &'a [F],
    /// Weight of each example, shape (examples): v.
    pub examples: &'a [F],
    /// The loss's parameter.
    pub parameter: F,
    /// In validation the examples of the set that came before the batch; `None` in training.
    pub before: Option<usize>,
    /// Numbers that the loss keeps, shape (2, stride): means of this batch, then sums over the
    /// validation so far.
    pub statistics: &'a mut [F],
}

/// One example of a batch.
struct Example<'a, F> {
    outputs: &'a [F],
    targets: &'a [F],
    weight: F,
}

/// Returns `sum_e v_e l_e` and fills `slopes`, shape (examples, stride), with its derivatives with
/// respect to the outputs.
type ComputeOf<F> = fn(&mut Batch<F>, slopes: &mut [F]) -> F;

#[derive(Debug)]
struct Compute {
    f32: ComputeOf<f32>,
    f64: ComputeOf<f64>,
}

/// Every loss. A new one is a function here, an entry in this list, and a case in
/// `shaders/loss_batch.wgsl` under the same number.
pub static LOSSES: [&Loss; 7] =
    [&MSE, &HUBER, &BINARY_CROSS_ENTROPY, &CROSS_ENTROPY, &GAUSSIAN, &MOMENTS, &FOCAL];

/// Squared error, (a - t)^2, as `torch.nn.MSELoss`.
pub static MSE: Loss = Loss {
    name: "mse",
    about: "squared error, (a - t)^2",
    predicts: Predicts::Value,
    parameter: None,
    compute: Compute { f32: squared_error, f64: squared_error },
};

/// Half the squared error up to an error of delta, linear beyond, as `torch.nn.HuberLoss`.
pub static HUBER: Loss = Loss {
    name: "huber",
    about: "half the squared error, linear for errors beyond delta",
    predicts: Predicts::Value,
    parameter: Some(Parameter { name: "delta", default: 1.0, range: [1e-6, 1e6] }),
    compute: Compute { f32: huber, f64: huber },
};

/// Binary cross-entropy of logits, as `torch.nn.BCEWithLogitsLoss`. Smoothing s moves a target t to
/// t (1 - s) + s / 2.
pub static BINARY_CROSS_ENTROPY: Loss = Loss {
    name: "bce",
    about: "binary cross-entropy of a logit for each target",
    predicts: Predicts::Probability,
    parameter: Some(SMOOTHING),
    compute: Compute { f32: binary_cross_entropy, f64: binary_cross_entropy },
};

/// Cross-entropy of the softmax of logits, as `torch.nn.CrossEntropyLoss` with probabilities as
/// targets. An output of weight 0 is no class. Smoothing s moves a target t to t (1 - s) + s /
/// classes.
pub static CROSS_ENTROPY: Loss = Loss {
    name: "cross-entropy",
    about: "cross-entropy of classes that exclude each other",
    predicts: Predicts::Classes,
    parameter: Some(SMOOTHING),
    compute: Compute { f32: cross_entropy, f64: cross_entropy },
};

/// Negative log-likelihood of a normal distribution without its constant, as
/// `torch.nn.GaussianNLLLoss`, from the mean a and the logarithm s of the variance:
/// (s + (a - t)^2 exp(-s)) / 2.
pub static GAUSSIAN: Loss = Loss {
    name: "gaussian",
    about: "negative log-likelihood of a normal distribution, whose variance is learnt too",
    predicts: Predicts::LogVariance,
    parameter: None,
    compute: Compute { f32: gaussian, f64: gaussian },
};

/// The moment loss of Jeffrey & Wandelt (arXiv 2011.05991) in the form of CAMELS
/// (Villaescusa-Navarro et al., arXiv 2109.10360), from the mean a and the deviation s of each
/// target: `log M1 + log M2` with the means over examples `M1 = <(a - t)^2>` and
/// `M2 = <((a - t)^2 - s^2)^2>`. It is no sum over examples: the means of a training batch are
/// those of the batch, those of a validation are of the whole set.
pub static MOMENTS: Loss = Loss {
    name: "moments",
    about: "the moment loss of CAMELS: means and deviations of the posterior",
    predicts: Predicts::Deviation,
    parameter: None,
    compute: Compute { f32: moments, f64: moments },
};

/// Focal loss of logits (Lin et al., arXiv 1708.02002, eq. 4): the binary cross-entropy times
/// (1 - p)^gamma, with p the probability that the network gives to the target, as
/// `torchvision.ops.sigmoid_focal_loss` with alpha = -1. The weights of rows, or balanced classes,
/// take the place of alpha.
pub static FOCAL: Loss = Loss {
    name: "focal",
    about: "binary cross-entropy that counts targets with a good prediction less",
    predicts: Predicts::Probability,
    parameter: Some(Parameter { name: "gamma", default: 2.0, range: [0.0, 5.0] }),
    compute: Compute { f32: focal, f64: focal },
};

const SMOOTHING: Parameter = Parameter { name: "label_smoothing", default: 0.0, range: [0.0, 0.5] };

/// The largest argument of exp, as in WGSL.
const EXP_LIMIT: f64 = 80.0;
/// The smallest 1 - p of the focal loss: a divisor.
const LEAST_MISS: f64 = 1e-36;
/// The smallest mean whose logarithm is taken.
const LEAST_MEAN: f64 = 1e-30;

fn squared_error<F: Real>(batch: &mut Batch<F>, slopes: &mut [F]) -> F {
    batch.each_target(slopes, |a, t| {
        let miss = a - t;
        (miss * miss, miss + miss)
    })
}

fn huber<F: Real>(batch: &mut Batch<F>, slopes: &mut [F]) -> F {
    let (delta, half) = (batch.parameter, F::of(0.5));
    batch.each_target(slopes, |a, t| {
        let slope = (a - t).max(-delta).min(delta);
        (slope * (a - t - half * slope), slope)
    })
}

fn binary_cross_entropy<F: Real>(batch: &mut Batch<F>, slopes: &mut [F]) -> F {
    let smoothing = batch.parameter;
    batch.each_target(slopes, |a, t| {
        let t = t + smoothing * (F::of(0.5) - t);
        let e = (-a.abs()).exp();
        let positive = (if a < F::zero() { e } else { F::one() }) / (F::one() + e);
        (a.max(F::zero()) - a * t + e.ln_1p(), positive - t)
    })
}

fn focal<F: Real>(batch: &mut Batch<F>, slopes: &mut [F]) -> F {
    let (gamma, one) = (batch.parameter, F::one());
    batch.each_target(slopes, |a, t| {
        let e = (-a.abs()).exp();
        let (large, small) = (one / (one + e), e / (one + e));
        let [p, q] = if a < F::zero() { [small, large] } else { [large, small] };
        // targets are probabilities
        let t = t.max(F::zero()).min(one);
        let miss = (p * (one - t) + q * t).max(F::of(LEAST_MISS));
        let entropy = a.max(F::zero()) - a * t + e.ln_1p();
        let slope = p - t + gamma * entropy * (one - t - t) * p * q / miss;
        (miss.powf(gamma) * entropy, miss.powf(gamma) * slope)
    })
}

fn cross_entropy<F: Real>(batch: &mut Batch<F>, slopes: &mut [F]) -> F {
    let (smoothing, weights) = (batch.parameter, batch.weights);
    let is_class = |j: &usize| weights[*j] > F::zero();
    let classes = F::of((0..weights.len()).filter(is_class).count() as f64);
    batch.each_example(slopes, |example, slopes| {
        let places = || (0..weights.len()).filter(is_class);
        let most = places().fold(F::neg_infinity(), |most, j| most.max(example.outputs[j]));
        let exps = places().fold(F::zero(), |sum, j| sum + (example.outputs[j] - most).exp());
        let log_sum = most + exps.ln();
        let target = |j: usize| {
            let t = example.targets[j];
            weights[j] * (t + smoothing * (classes.recip() - t))
        };
        let mass = places().fold(F::zero(), |sum, j| sum + target(j));
        for j in places() {
            let probability = (example.outputs[j] - log_sum).exp();
            slopes[j] = example.weight * (mass * probability - target(j));
        }
        places().fold(F::zero(), |sum, j| sum + target(j) * (log_sum - example.outputs[j]))
    })
}

fn gaussian<F: Real>(batch: &mut Batch<F>, slopes: &mut [F]) -> F {
    let (weights, half) = (batch.weights, F::of(0.5));
    batch.each_example(slopes, |example, slopes| {
        let pairs = example.outputs.chunks_exact(2).zip(slopes.chunks_exact_mut(2));
        let mut sum = F::zero();
        for ((pair, slopes), (t, w)) in pairs.zip(example.targets.iter().zip(weights)) {
            let precision = (-pair[1]).min(F::of(EXP_LIMIT)).exp();
            let miss = pair[0] - *t;
            let chi = miss * miss * precision;
            sum += *w * half * (pair[1] + chi);
            slopes[0] = example.weight * *w * miss * precision;
            slopes[1] = example.weight * *w * half * (F::one() - chi);
        }
        sum
    })
}

fn moments<F: Real>(batch: &mut Batch<F>, slopes: &mut [F]) -> F {
    let (present, weights, two) = (batch.examples.len(), batch.weights, F::of(2.0));
    // an output that is left over belongs to no target
    let outputs = weights.len() & !1;
    let (means, sums) = batch.statistics.split_at_mut(batch.stride);
    let rows = || {
        let targets = batch.targets.chunks_exact(batch.stride);
        batch.outputs.chunks_exact(batch.stride).zip(targets).zip(batch.examples)
    };
    means.fill(F::zero());
    for ((a, t), v) in rows() {
        let pairs = a[..outputs].chunks_exact(2).zip(t);
        for (sum, (a, t)) in means.chunks_exact_mut(2).zip(pairs) {
            let square = (a[0] - *t) * (a[0] - *t);
            let excess = square - a[1] * a[1];
            sum[0] += *v * square;
            sum[1] += *v * (excess * excess);
        }
    }
    // the loss of these sums over `count` examples, times `count`
    let loss_of = |sums: &[F], count: usize| {
        let count = F::of(count as f64);
        let pairs = sums.chunks_exact(2).zip(weights).filter(|(_, w)| **w > F::zero());
        let log = |sum: F| positive(sum / count).ln();
        count * pairs.fold(F::zero(), |loss, (sum, w)| loss + *w * (log(sum[0]) + log(sum[1])))
    };
    let loss = match batch.before {
        None => loss_of(means, present),
        Some(before) => {
            let earlier = if before > 0 { loss_of(sums, before) } else { F::zero() };
            let kept = |sum: F| if before > 0 { sum } else { F::zero() };
            sums.iter_mut().zip(&*means).for_each(|(sum, batch)| *sum = kept(*sum) + *batch);
            loss_of(sums, before + present) - earlier
        }
    };
    let count = F::of(present as f64);
    means.iter_mut().for_each(|mean| *mean = positive(*mean / count));
    for (((a, t), v), slopes) in rows().zip(slopes.chunks_exact_mut(batch.stride)) {
        let targets = t.iter().zip(weights).zip(means.chunks_exact(2));
        let pairs = a[..outputs].chunks_exact(2).zip(slopes.chunks_exact_mut(2));
        for ((a, slopes), ((t, w), mean)) in pairs.zip(targets) {
            let miss = a[0] - *t;
            let excess = two * (miss * miss - a[1] * a[1]) / mean[1];
            slopes[0] = *v * *w * two * miss * (mean[0].recip() + excess);
            slopes[1] = -(*v * *w * two * a[1] * excess);
        }
    }
    loss
}

/// A mean of squares of which the logarithm is finite; NaN stays.
fn positive<F: Real>(mean: F) -> F {
    if mean < F::of(LEAST_MEAN) { F::of(LEAST_MEAN) } else { mean }
}

impl<F: Real> Batch<'_, F> {
    /// Adds up a loss that is a sum over targets, from its value and its derivative for an output
    /// and a target.
    fn each_target(&self, slopes: &mut [F], of: impl Fn(F, F) -> (F, F)) -> F {
        let mut sum = F::zero();
        if self.per_target > 1 {
            return self.each_first(slopes, of);
        }
        for (example, slopes) in self.each().zip(slopes.chunks_exact_mut(self.stride)) {
            let pairs = example.outputs.iter().zip(example.targets).zip(self.weights);
            for (((a, t), weight), slope) in pairs.zip(slopes) {
                let ((value, derivative), weight) = (of(*a, *t), example.weight * *weight);
                *slope = weight * derivative;
                sum += weight * value;
            }
        }
        sum
    }

    /// The same of the first output of each target.
    fn each_first(&self, slopes: &mut [F], of: impl Fn(F, F) -> (F, F)) -> F {
        let (mut sum, step) = (F::zero(), self.per_target);
        for (example, slopes) in self.each().zip(slopes.chunks_exact_mut(self.stride)) {
            let outputs = example.outputs.chunks_exact(step).zip(slopes.chunks_exact_mut(step));
            for (((outputs, slopes), t), w) in outputs.zip(example.targets).zip(self.weights) {
                let ((value, derivative), weight) = (of(outputs[0], *t), example.weight * *w);
                slopes[0] = weight * derivative;
                sum += weight * value;
            }
        }
        sum
    }

    /// Adds up a loss that is a sum over examples, from a function that returns the loss of one and
    /// fills its slopes, which are 0 before.
    fn each_example(&self, slopes: &mut [F], of: impl Fn(Example<F>, &mut [F]) -> F) -> F {
        let slopes = slopes.chunks_exact_mut(self.stride);
        self.each().zip(slopes).fold(F::zero(), |sum, (example, slopes)| {
            let weight = example.weight;
            sum + weight * of(example, slopes)
        })
    }

    fn each(&self) -> impl Iterator<Item = Example<'_, F>> {
        let rows =
            self.outputs.chunks_exact(self.stride).zip(self.targets.chunks_exact(self.stride));
        let width = self.weights.len();
        rows.zip(self.examples).map(move |((outputs, targets), weight)| Example {
            outputs: &outputs[..width],
            targets: &targets[..width],
            weight: *weight,
        })
    }
}

impl Loss {
    /// The loss of this name.
    pub fn named(name: &str) -> Option<&'static Loss> {
        LOSSES.into_iter().find(|loss| loss.name == name)
    }

    /// The number that it depends on: this one, or its default; 0 if it depends on none.
    pub fn parameter_or(&self, given: Option<f64>) -> f64 {
        given.unwrap_or(self.parameter.map_or(0.0, |parameter| parameter.default))
    }

    /// Its number in WGSL: its index in [`LOSSES`].
    pub fn code(&self) -> u32 {
        let place = LOSSES.iter().position(|other| other.name == self.name);
        place.expect("loss: not in LOSSES") as u32
    }

    /// Returns the loss of a batch, `sum_e v_e l_e`, and fills `slopes`, shape (examples, stride)
    /// and 0 before, with its derivatives with respect to the outputs.
    pub fn compute<F: Real>(&self, batch: &mut Batch<F>, slopes: &mut [F]) -> F {
        let compute: ComputeOf<F> = version([&self.compute.f32, &self.compute.f64]);
        compute(batch, slopes)
    }
}

impl PartialEq for Loss {
    /// Compares the names.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The loss of outputs of shape (examples, 4), and its slopes.
    fn compute(
        loss: &Loss,
        outputs: &[f64],
        before: Option<usize>,
        statistics: &mut [f64],
    ) -> (f64, Vec<f64>) {
        let targets = [0.8, 0.2, 0.1, 0.0].repeat(outputs.len() / 4);
        let examples: Vec<f64> = (0..outputs.len() / 4).map(|e| 1.0 + 0.3 * e as f64).collect();
        let mut batch = Batch {
            outputs,
            targets: &targets,
            stride: 4,
            per_target: loss.predicts.outputs_per_target(),
            weights: &[0.7, 1.2, 0.0, 0.0],
            examples: &examples,
            parameter: loss.parameter.map_or(0.0, |parameter| parameter.default),
            before,
            statistics,
        };
        let mut slopes = vec![0.0; outputs.len()];
        (loss.compute(&mut batch, &mut slopes), slopes)
    }

    const OUTPUTS: [f64; 8] = [0.3, -1.2, 2.0, 0.4, 0.7, 0.9, -0.2, 1.9];

    /// Each loss of [`OUTPUTS`] in PyTorch, its value and its slopes. `python3
    /// tests/reference/loss.py` prints them for the expression and the parameter.
    const PYTORCH: [(&str, &str, f64, [f64; 8]); LOSSES.len()] = [
        (
            "mse",
            "v * w * (a - t) ** 2",
            3.3004999999999995,
            [-0.7, -3.36, 0.0, 0.0, -0.18200000000000013, 2.1839999999999997, 0.0, 0.0],
        ),
        (
            "huber",
            "v * w * F.huber_loss(a, t, reduction='none', delta=p)",
            1.5542499999999997,
            [-0.35, -1.2, 0.0, 0.0, -0.09100000000000007, 1.0919999999999999, 0.0, 0.0],
        ),
        (
            "bce",
            "v * w * F.binary_cross_entropy_with_logits(a, t, reduction='none')",
            3.18368698100143,
            [
                -0.1578902382318387,
                0.03777025980117884,
                0.0,
                0.0,
                -0.11994912732696883,
                0.7970812240950061,
                0.0,
                0.0,
            ],
        ),
        (
            "cross-entropy",
            "v[:, 0] * F.cross_entropy(a[:, :2], t[:, :2], w[:2], reduction='none')",
            1.2887950465430575,
            [
                0.09405958095491493,
                -0.09405958095491494,
                0.0,
                0.0,
                -0.25982735720497696,
                0.259827357204977,
                0.0,
                0.0,
            ],
        ),
        (
            "gaussian",
            "v * w[:2] * F.gaussian_nll_loss(a[:, ::2], t[:, :2], a[:, 1::2].exp(), eps=1e-12, \
             reduction='none')",
            3.3256284558635354,
            [
                -1.1620409229577915,
                0.059489769260552154,
                1.4478912994369808,
                -0.7031021694932827,
                -0.036997839036394545,
                0.45315010804818023,
                -0.0933308183949243,
                0.7613338363210151,
            ],
        ),
        (
            "moments",
            "2 * w[:2] * sum((v * m).mean(0).log() for s in [(a[:, ::2] - t[:, :2]) ** 2] \
             for m in [s, (s - a[:, 1::2] ** 2) ** 2])",
            4.688490960301557,
            [
                -3.8410534421716145,
                -3.557137138027667,
                4.638138056912023,
                -0.47385279841664457,
                -1.1249672093189644,
                2.331568880387883,
                -0.03388823621650152,
                3.2775459591781138,
            ],
        ),
        (
            "focal",
            "v * w * F.binary_cross_entropy_with_logits(a, t, reduction='none') \
             * (a.sigmoid() * (1 - t) + (-a).sigmoid() * t) ** p",
            0.8871402400363779,
            [
                -0.09017792004237946,
                0.04802837294837021,
                0.0,
                0.0,
                -0.07158876561789958,
                0.5687054922857377,
                0.0,
                0.0,
            ],
        ),
    ];

    #[test]
    fn values_and_slopes_equal_those_of_pytorch() {
        for (loss, (name, expression, expected, gradient)) in LOSSES.iter().zip(PYTORCH) {
            assert_eq!(loss.name, name);
            let (value, slopes) = compute(loss, &OUTPUTS, None, &mut [0.0; 8]);
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-11 * (1.0 + b.abs());
            assert!(close(value, expected), "{name}, {expression}: {value}, not {expected}");
            for (slope, expected) in slopes.into_iter().zip(gradient) {
                assert!(close(slope, expected), "{name}, {expression}: {slope}, not {expected}");
            }
        }
    }

    #[test]
    fn losses_are_found_by_their_names_and_numbered_in_order() {
        for (number, loss) in (0..).zip(LOSSES) {
            assert_eq!(Loss::named(loss.name), Some(loss));
            assert_eq!(loss.code(), number);
        }
        assert_eq!(Loss::named("hinge"), None);
    }

    #[test]
    fn slopes_are_the_derivatives_of_the_values() {
        for loss in LOSSES {
            let value = |place: usize, by: f64| {
                let mut outputs = OUTPUTS;
                outputs[place] += by;
                compute(loss, &outputs, None, &mut [0.0; 8]).0
            };
            let (_, slopes) = compute(loss, &OUTPUTS, None, &mut [0.0; 8]);
            for (place, slope) in slopes.iter().enumerate() {
                let step = 1e-5;
                let difference = (value(place, step) - value(place, -step)) / (2.0 * step);
                let off = (slope - difference).abs();
                assert!(off < 1e-8, "{} {place}: {slope}, {difference}", loss.name);
            }
        }
    }

    #[test]
    fn values_are_finite_for_extreme_outputs() {
        for loss in LOSSES {
            for large in [1e4, -1e4] {
                let (value, slopes) = compute(loss, &[large; 8], None, &mut [0.0; 8]);
                let finite = slopes.iter().all(|slope| slope.is_finite()) && value.is_finite();
                assert!(finite, "{} of {large}: {value}, {slopes:?}", loss.name);
            }
            let (value, _) = compute(loss, &[f64::NAN; 8], None, &mut [0.0; 8]);
            assert!(value.is_nan(), "{}: {value}", loss.name);
        }
    }

    #[test]
    fn the_moment_loss_of_a_validation_does_not_depend_on_its_batches() {
        let outputs: Vec<f64> = (0..20).map(|place| (0.7 * place as f64).sin()).collect();
        let in_batches = |of: usize| {
            let mut statistics = [7.0; 8];
            let mut before = 0;
            let batches = outputs.chunks(4 * of).map(|outputs| {
                let targets = [0.8, 0.2, 0.1, 0.0].repeat(outputs.len() / 4);
                let mut batch = Batch {
                    outputs,
                    targets: &targets,
                    stride: 4,
                    per_target: 2,
                    weights: &[0.7, 1.2, 0.0, 0.0],
                    examples: &vec![1.0; outputs.len() / 4],
                    parameter: 0.0,
                    before: Some(before),
                    statistics: &mut statistics,
                };
                before += outputs.len() / 4;
                MOMENTS.compute(&mut batch, &mut vec![0.0; outputs.len()])
            });
            batches.sum::<f64>()
        };
        let whole = in_batches(5);
        for of in [1, 2, 3] {
            assert!((in_batches(of) - whole).abs() < 1e-12, "{of}: {}, {whole}", in_batches(of));
        }
    }
}
