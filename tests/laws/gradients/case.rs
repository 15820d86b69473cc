//! One network whose gradients are compared with difference quotients.

use crate::common::*;
use shoal::engine::activation::Activation;
use shoal::engine::graph::{Parameters, padded};
use shoal::engine::layout::phase;
use shoal::engine::loss::MSE;
use shoal::engine::memory::Memory;
use shoal::engine::prepared::PreparedRun;
use shoal::engine::run::Run;
use shoal::engine::step::Call;

/// The step at which truncation, about H^2, and rounding, about 1e-15 / H, are similar.
const H: f64 = 1e-5;

/// A run of which the next step is a training batch, in f64.
pub struct Case {
    name: String,
    pub run: PreparedRun,
    pub memory: Memory<f64>,
}

/// The result of the comparison of one network.
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
    /// Executes a few whole steps, until the batch of the next one has `present` examples.
    pub fn new(name: &str, run: Run, of: &shoal::engine::table::Table, present: usize) -> Self {
        let run = PreparedRun::new(run, tables(of));
        let mut memory = Memory::<f64>::new(&run);
        for tick in 0.. {
            assert!(tick < 200, "{name}: no batch of {present}");
            of_run("clock").reference(&run, &mut memory);
            let state = memory.state;
            if state.steps > 2
                && state.phase == phase::TRAIN
                && state.batch_rows as usize == present
            {
                break;
            }
            calls(&run).into_iter().for_each(|call| call.reference(&run, &mut memory));
        }
        // poisons what the backward pass must write and what it must not change
        memory.gradients.fill(f64::NAN);
        Self { name: name.into(), run, memory }
    }

    /// A step without the clock and the optimiser.
    fn step(&self) -> Memory<f64> {
        let mut memory = self.memory.clone();
        let calls = calls(&self.run).into_iter().filter(|call| call.kernel.name != "adamw");
        calls.for_each(|call| call.reference(&self.run, &mut memory));
        memory
    }

    /// The loss with one parameter changed, and the side of its kink that each ReLU is on.
    fn loss(&self, place: usize, by: f64) -> (f64, Vec<bool>) {
        let mut memory = self.memory.clone();
        memory.parameters[place] += by;
        let forward = step(&self.run, false).into_iter();
        let forward = forward.skip_while(|call| call.kernel.name != "gather");
        let loss = of_run("loss");
        for call in forward.take_while(|call| *call != loss).chain([loss]) {
            call.reference(&self.run, &mut memory);
        }
        let present = memory.state.batch_rows as usize;
        let graph = &self.run.graph;
        let mut sides = Vec::new();
        for (id, (node, at)) in graph.nodes().iter().zip(&self.run.layout.nodes).enumerate() {
            let activation = node.attributes.activation;
            if !matches!(activation, Activation::Relu | Activation::LeakyRelu { .. }) {
                continue;
            }
            // the sign of a preactivation is that of the output, unless it is dropped
            let width = graph.shape(id).width;
            for row in memory.work[at.output..].chunks(padded(width)).take(present) {
                sides.extend(row[..width].iter().map(|a| *a > 0.0));
            }
        }
        (memory.state.batch_sum / (present as f64 * self.run.weight_sum()), sides)
    }

    /// The matrices of trained parameters.
    fn trained_matrices(&self) -> impl Iterator<Item = &Parameters> {
        let graph = &self.run.graph;
        let trained = graph.first_trained()..graph.nodes().len();
        trained.flat_map(|node| graph.parameters(node))
    }

    /// Indices of trained parameters, without padding.
    fn trained(&self) -> Vec<usize> {
        let rows = self.trained_matrices().flat_map(|matrix| {
            let starts = (0..matrix.rows).map(move |row| matrix.at + row * matrix.stride);
            starts.flat_map(move |start| start..start + matrix.columns)
        });
        rows.collect()
    }

    /// Compares gradients with quotients.
    fn compare(&self, gradients: &[f64]) -> Verdict {
        let mut verdict = Verdict::default();
        let (loss, sides) = self.loss(0, 0.0);
        let graph = &self.run.graph;
        let chain: usize =
            (0..graph.nodes().len()).map(|node| graph.input_shape(node).width + 2).sum();
        let largest = self.trained().iter().fold(0.0f64, |m, at| m.max(gradients[*at].abs()));
        for place in self.trained() {
            let moved = [-2.0, -1.0, 1.0, 2.0].map(|steps| self.loss(place, steps * H));
            if moved.iter().any(|(_, other)| *other != sides) {
                verdict.kinked += 1;
                continue;
            }
            let [minus2, minus, plus, plus2] = moved.map(|(loss, _)| loss);
            let (quotient, coarse) = ((plus - minus) / (2.0 * H), (plus2 - minus2) / (4.0 * H));
            // an error e of a prediction changes the squared error by 2 sqrt(loss) e; predictions
            // are of order 1, and so are the terms of other losses and their derivatives
            let size = match self.run.training.loss == &MSE {
                true => loss + loss.sqrt(),
                false => 1.0 + loss.abs(),
            };
            let rounding = chain as f64 * f64::EPSILON * size / H;
            let off = (gradients[place] - quotient).abs();
            let ratio = off / ((coarse - quotient).abs() + rounding);
            verdict.compared += 1;
            // NaN fails
            let ratio = if ratio.is_nan() { f64::INFINITY } else { ratio };
            verdict.worst = verdict.worst.max(ratio);
            verdict.relative = verdict.relative.max(off / largest);
        }
        verdict
    }

    pub fn check(&self) {
        let after_step = self.step();
        let verdict = self.compare(&after_step.gradients);
        println!("{}: {verdict:?}", self.name);
        assert!(verdict.worst <= 1.0, "{}: {verdict:?}", self.name);
        assert!(
            verdict.compared > 0 && verdict.kinked * 20 <= verdict.compared,
            "{}: {verdict:?}",
            self.name
        );
        self.detects_a_wrong_gradient(&after_step.gradients);
        self.frozen_layers_are_untouched(&after_step);
    }

    /// The same comparison fails where a gradient is 1 % off, in any matrix of trained parameters.
    fn detects_a_wrong_gradient(&self, right: &[f64]) {
        for matrix in self.trained_matrices() {
            let part = matrix.range();
            let mut wrong = right.to_vec();
            wrong[part.clone()].iter_mut().for_each(|gradient| *gradient *= 1.01);
            let still = wrong[part.clone()].iter().all(|gradient| *gradient == 0.0);
            let verdict = self.compare(&wrong);
            assert!(still || verdict.worst > 1.0, "{}: 1 % at {part:?} is not seen", self.name);
        }
    }

    /// Gradients of frozen layers keep their poison, and AdamW leaves their parameters and moments
    /// alone; padding of trained layers stays 0.
    fn frozen_layers_are_untouched(&self, after_step: &Memory<f64>) {
        let frozen = self.run.graph.frozen_len();
        assert!(
            after_step.gradients[..frozen].iter().all(|gradient| gradient.is_nan()),
            "{}",
            self.name
        );
        assert!(
            after_step.gradients[frozen..].iter().all(|gradient| gradient.is_finite()),
            "{}",
            self.name
        );
        let mut after = Memory {
            first_moment: vec![0.5; after_step.parameters.len()].into(),
            ..after_step.clone()
        };
        after.state.improved = 1;
        after.best.fill(7.0);
        of_run("adamw").reference(&self.run, &mut after);
        assert_eq!(after.parameters[..frozen], after_step.parameters[..frozen], "{}", self.name);
        assert!(after.first_moment[..frozen].iter().all(|m| *m == 0.5), "{}", self.name);
        assert!(after.best[..frozen].iter().all(|best| *best == 7.0), "{}", self.name);
        assert_eq!(after.best[frozen..], after_step.parameters[frozen..], "{}", self.name);
        let trained = self.trained();
        assert!(
            trained.iter().all(|at| after.parameters[*at] != after_step.parameters[*at]),
            "{}",
            self.name
        );
        let padding = (frozen..after_step.parameters.len()).filter(|at| !trained.contains(at));
        assert!(padding.into_iter().all(|at| after_step.gradients[at] == 0.0), "{}", self.name);
    }
}

/// The calls of a step after the clock.
fn calls(run: &PreparedRun) -> Vec<Call> {
    step(run, false).split_off(1)
}
