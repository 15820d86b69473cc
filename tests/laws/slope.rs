//! Slope: the gradients of the CPU twins equal central differences of the loss, in f64.
//!
//! The difference quotient D(h) = (L(p + h) - L(p - h)) / 2h is off by h^2 L'''/6 + O(h^4), and D(2h) by four times as
//! much, so |D(2h) - D(h)| is three times the truncation of D(h). Rounding: L is a sum of squares, each of a chain of at
//! most (inputs + 2) operations a layer; it is off by at most that many epsilons of itself and of the chain's
//! magnitude, and the quotient by that over h. The tolerance is the sum of both, and nothing is fitted.

use shoal::kernels::layout::phase;
use shoal::kernels::{Call, Memory, Prepared, step};
use shoal::network::{Activation, Layer, Network};
use shoal::run::{Run, Training};

use crate::common::*;

/// Where truncation, about H^2, and rounding, about 1e-15 / H, are alike.
const H: f64 = 1e-5;

/// A run of which the next step is a training batch, in f64.
struct Case {
    name: String,
    run: Prepared,
    memory: Memory<f64>,
}

/// How the comparison of one network went.
#[derive(Debug, Default)]
struct Verdict {
    compared: usize,
    /// Parameters whose step crosses a kink of a ReLU: the loss has no derivative to compare with.
    kinked: usize,
    /// Largest |gradient - quotient| / tolerance.
    worst: f64,
    /// Largest |gradient - quotient| / largest |gradient|.
    relative: f64,
}

impl Case {
    /// Plays whole steps until the batch of the next one has `present` examples, and a few steps are behind.
    fn new(name: &str, run: Run, of: &shoal::run::Table, present: usize) -> Self {
        let run = Prepared::new(run, tables(of));
        let mut memory = Memory::<f64>::new(&run);
        for tick in 0.. {
            assert!(tick < 200, "{name}: no batch of {present}");
            Call::Clock.twin(&run, &mut memory);
            let state = memory.state;
            if state.steps > 2
                && state.phase == phase::TRAIN
                && state.batch_rows as usize == present
            {
                break;
            }
            calls(&run)
                .into_iter()
                .for_each(|call| call.twin(&run, &mut memory));
        }
        // what the backward pass must write, and what it must leave alone
        memory.gradients.fill(f64::NAN);
        Self {
            name: name.into(),
            run,
            memory,
        }
    }

    /// All but the clock and the optimiser.
    fn play(&self) -> Memory<f64> {
        let mut memory = self.memory.clone();
        let calls = calls(&self.run)
            .into_iter()
            .filter(|call| *call != Call::Adamw);
        calls.for_each(|call| call.twin(&self.run, &mut memory));
        memory
    }

    /// The loss with one parameter moved, and on which side of its kink each ReLU is.
    fn loss(&self, place: usize, by: f64) -> (f64, Vec<bool>) {
        let mut memory = self.memory.clone();
        memory.parameters[place] += by;
        let layers = self.run.network.layers();
        Call::Gather.twin(&self.run, &mut memory);
        (0..layers.len()).for_each(|layer| Call::Forward(layer).twin(&self.run, &mut memory));
        Call::Loss.twin(&self.run, &mut memory);
        let (stride, present) = (self.run.layout.stride, memory.state.batch_rows as usize);
        let kinked = |layer: &Layer| {
            matches!(
                layer.activation,
                Activation::Relu | Activation::LeakyRelu { .. }
            )
        };
        let mut sides = Vec::new();
        for (layer, at) in layers
            .iter()
            .zip(&self.run.layout.layers)
            .filter(|(l, _)| kinked(l))
        {
            for row in memory.work[at.sum..].chunks(stride).take(layer.outputs) {
                sides.extend(row[..present].iter().map(|z| *z > 0.0));
            }
        }
        (
            memory.state.batch_sum / (present as f64 * self.run.weight_sum()),
            sides,
        )
    }

    /// Indices of trained parameters, without padding.
    fn trained(&self) -> Vec<usize> {
        let layers = self.run.network.layers().iter().zip(&self.run.places);
        let rows = layers
            .skip(self.run.network.first_trained())
            .flat_map(|(layer, place)| {
                let starts = (0..=layer.inputs).map(|row| place.weights + row * place.stride);
                starts.flat_map(|start| start..start + layer.outputs)
            });
        rows.collect()
    }

    /// Compares gradients with quotients.
    fn compare(&self, gradients: &[f64]) -> Verdict {
        let mut verdict = Verdict::default();
        let (loss, sides) = self.loss(0, 0.0);
        let chain: usize = self
            .run
            .network
            .layers()
            .iter()
            .map(|layer| layer.inputs + 2)
            .sum();
        let largest = self
            .trained()
            .iter()
            .fold(0.0f64, |m, at| m.max(gradients[*at].abs()));
        for place in self.trained() {
            let moved = [-2.0, -1.0, 1.0, 2.0].map(|steps| self.loss(place, steps * H));
            if moved.iter().any(|(_, other)| *other != sides) {
                verdict.kinked += 1;
                continue;
            }
            let [minus2, minus, plus, plus2] = moved.map(|(loss, _)| loss);
            let (quotient, coarse) = ((plus - minus) / (2.0 * H), (plus2 - minus2) / (4.0 * H));
            // an error e of a prediction moves the loss by 2 sqrt(loss) e; predictions are of order 1
            let rounding = chain as f64 * f64::EPSILON * (loss + loss.sqrt()) / H;
            let off = (gradients[place] - quotient).abs();
            let ratio = off / ((coarse - quotient).abs() + rounding);
            verdict.compared += 1;
            // NaN is the worst
            let ratio = if ratio.is_nan() { f64::INFINITY } else { ratio };
            verdict.worst = verdict.worst.max(ratio);
            verdict.relative = verdict.relative.max(off / largest);
        }
        verdict
    }

    fn check(&self) {
        let played = self.play();
        let verdict = self.compare(&played.gradients);
        println!("{}: {verdict:?}", self.name);
        assert!(verdict.worst <= 1.0, "{}: {verdict:?}", self.name);
        assert!(
            verdict.compared > 0 && verdict.kinked * 20 <= verdict.compared,
            "{}: {verdict:?}",
            self.name
        );
        self.detects_a_wrong_gradient(&played.gradients);
        self.frozen_layers_are_untouched(&played);
    }

    /// The same comparison fails where a gradient is 1 % off, in any trained layer, its weights or its bias.
    fn detects_a_wrong_gradient(&self, right: &[f64]) {
        let trained = self.run.network.first_trained();
        for place in &self.run.places[trained..] {
            for part in [
                place.weights..place.bias,
                place.bias..place.bias + place.stride,
            ] {
                let mut wrong = right.to_vec();
                wrong[part.clone()]
                    .iter_mut()
                    .for_each(|gradient| *gradient *= 1.01);
                let still = wrong[part.clone()].iter().all(|gradient| *gradient == 0.0);
                let verdict = self.compare(&wrong);
                assert!(
                    still || verdict.worst > 1.0,
                    "{}: 1 % at {part:?} is not seen",
                    self.name
                );
            }
        }
    }

    /// Gradients of frozen layers keep their poison, and AdamW leaves their parameters and moments alone; padding of
    /// trained layers stays 0.
    fn frozen_layers_are_untouched(&self, played: &Memory<f64>) {
        let frozen = self.run.frozen_len();
        assert!(
            played.gradients[..frozen]
                .iter()
                .all(|gradient| gradient.is_nan()),
            "{}",
            self.name
        );
        assert!(
            played.gradients[frozen..]
                .iter()
                .all(|gradient| gradient.is_finite()),
            "{}",
            self.name
        );
        let mut after = Memory {
            first_moment: vec![0.5; played.parameters.len()],
            ..played.clone()
        };
        after.state.improved = 1;
        after.best.fill(7.0);
        Call::Adamw.twin(&self.run, &mut after);
        assert_eq!(
            after.parameters[..frozen],
            played.parameters[..frozen],
            "{}",
            self.name
        );
        assert!(
            after.first_moment[..frozen].iter().all(|m| *m == 0.5),
            "{}",
            self.name
        );
        assert!(
            after.best[..frozen].iter().all(|best| *best == 7.0),
            "{}",
            self.name
        );
        assert_eq!(
            after.best[frozen..],
            played.parameters[frozen..],
            "{}",
            self.name
        );
        let trained = self.trained();
        assert!(
            trained
                .iter()
                .all(|at| after.parameters[*at] != played.parameters[*at]),
            "{}",
            self.name
        );
        let padding = (frozen..played.parameters.len()).filter(|at| !trained.contains(at));
        assert!(
            padding.into_iter().all(|at| played.gradients[at] == 0.0),
            "{}",
            self.name
        );
    }
}

/// The calls of a step after the clock.
fn calls(run: &Prepared) -> Vec<Call> {
    step(run.network.layers().len()).split_off(1)
}

fn small(batch: usize) -> Training {
    Training {
        batch,
        max_epochs: 100,
        patience: 100,
        ..training()
    }
}

#[test]
fn gradients_equal_differences_for_every_activation() {
    let table = table(30, 5, 3);
    for hidden in Activation::ALL {
        for output in Activation::ALL {
            let network = Network::perceptron(5, &[7, 6], 3, hidden, output, 0.0);
            let name = format!("{}, {}", hidden.name(), output.name());
            Case::new(&name, run(3, network, &table, 30, small(8)), &table, 8).check();
        }
    }
}

#[test]
fn gradients_equal_differences_for_awkward_runs() {
    use Activation::{Gelu, Identity, Sigmoid, Silu, Tanh};
    let table = table(30, 5, 3);
    let leaky = Activation::LeakyRelu { slope: 0.2 };
    let network = |hidden: &[usize], outputs: usize, activation: Activation, dropout: f32| {
        Network::perceptron(5, hidden, outputs, activation, Sigmoid, dropout)
    };
    let check = |name: &str, network: Network, batch: usize, present: usize| {
        let run = run(4, network, &table, 30, small(batch));
        Case::new(name, run, &table, present).check();
    };
    check("no hidden layer", network(&[], 3, Tanh, 0.0), 8, 8);
    check("width 1", network(&[1, 1, 1], 3, Tanh, 0.0), 8, 8);
    check("partial last batch", network(&[9], 3, Silu, 0.0), 7, 3);
    check("batch 1", network(&[9, 4], 3, Gelu, 0.0), 1, 1);
    check(
        "batch larger than the rows",
        network(&[9, 4], 3, leaky, 0.0),
        64,
        24,
    );
    check("dummy outputs", network(&[9, 4], 5, leaky, 0.0), 8, 8);
    check("dropout", network(&[12, 10], 3, Tanh, 0.3), 8, 8);
    check(
        "dropout, kinks, partial batch",
        network(&[12, 10], 3, leaky, 0.5),
        7,
        3,
    );
    check(
        "frozen",
        frozen_below(&network(&[9, 8, 7], 3, Gelu, 0.0), 1),
        8,
        8,
    );
    check(
        "all but one frozen",
        frozen_below(&network(&[9, 8, 7], 3, leaky, 0.0), 3),
        8,
        8,
    );
    let all = frozen_below(&network(&[9, 8, 7], 5, Silu, 0.25), 2);
    check("frozen, dropout, dummies, partial batch", all, 7, 3);

    let weighted = Run {
        loss_weights: vec![1.0, 0.5, 2.0],
        ..run(
            5,
            Network::perceptron(5, &[6], 3, Tanh, Identity, 0.0),
            &table,
            30,
            small(8),
        )
    };
    Case::new("loss weights", weighted, &table, 8).check();
}

#[test]
fn a_dropout_mask_is_a_function_of_seed_and_step() {
    let table = table(30, 5, 3);
    let network = Network::perceptron(5, &[64, 64], 3, Activation::Tanh, Activation::Identity, 0.3);
    let case = Case::new("dropout", run(4, network, &table, 30, small(8)), &table, 8);
    let mask = |seed: u32, steps: u32| {
        let run = Prepared::new(
            Run {
                seed,
                ..(*case.run).clone()
            },
            tables(&table),
        );
        let mut memory = case.memory.clone();
        memory.state.steps = steps;
        // the batch stays: only the mask may change
        Call::Gather.twin(&case.run, &mut memory);
        Call::Forward(0).twin(&run, &mut memory);
        let at = case.run.layout.layers[0].output;
        memory.work[at..][..64 * 8]
            .iter()
            .map(|a| *a == 0.0)
            .collect::<Vec<bool>>()
    };
    assert_eq!(mask(1, 5), mask(1, 5));
    assert_ne!(mask(1, 5), mask(1, 6));
    assert_ne!(mask(1, 5), mask(2, 5));
    // 20 masks of 512 units: 0.3 of them within five deviations
    let dropped: usize = (0..20)
        .map(|step| mask(9, step).iter().filter(|d| **d).count())
        .sum();
    let (count, expected) = (20.0 * 512.0, 0.3f64);
    let deviation = (expected * (1.0 - expected) / count).sqrt();
    assert!(
        (dropped as f64 / count - expected).abs() < 5.0 * deviation,
        "{dropped} of {count}"
    );
}
