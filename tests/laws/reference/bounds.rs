//! How far a number on the device may be from its reference: (terms + a few) roundings of the sum
//! of the absolute terms, and the errors of the functions of the driver.

use shoal::engine::activation::Activation;
use shoal::engine::graph::{NodeId, Source};
use shoal::engine::memory::Memory;
use shoal::engine::precision::Precision;
use shoal::engine::prepared::PreparedRun;
use shoal::engine::run::Run;
use shoal::engine::shape::{Shape, padded};
use shoal::engine::step::Call;
use shoal::engine::work::NORM_BLOCK;

use super::case::{Case, run_reference, widen};
use crate::common::*;

pub const EPSILON: f64 = f32::EPSILON as f64 / 2.0;

fn rounding(terms: usize) -> f64 {
    (terms as f64 + 4.0) * EPSILON
}

/// exp: 3 + 2 |x| ulp (Vulkan, "Precision of GLSL.std.450 instructions"); erf of 7.1.26: 1.5e-7
fn function(z: f64) -> f64 {
    (16.0 + 4.0 * z.abs()) * EPSILON + 4e-7 * (1.0 + z.abs())
}

/// How far two numbers may be apart once both are stored, the first of which has this size: in f16
/// each is rounded by at most half of the spacing, which is 2^-10 of its size, or 2^-24 for the
/// smallest.
fn stored(precision: Precision, size: f64) -> f64 {
    match precision {
        Precision::F32 => 0.0,
        Precision::F16 => 2.0 * 2f64.powi(-11) * size.abs() + 2f64.powi(-24),
    }
}

impl Case {
    /// The bound of every number after a call; 0 where the call writes nothing.
    pub fn bounds(&self, call: Call, start: &Memory<f32>, reference: &Memory<f64>) -> Memory<f64> {
        let mut bounds = widen(start);
        vectors(&mut bounds).into_iter().for_each(|vector| vector.fill(0.0));
        let nodes = call.nodes(&self.prepared.graph, &self.prepared.training);
        for node in nodes {
            let context = Context { case: self, call, node, start, reference };
            match call.kernel.name {
                "gather" | "gather_items" => context.gather(&mut bounds),
                // integers below 2^24
                "sets" | "gather_edges" => {}
                "dense_forward" => context.dense_forward(&mut bounds),
                "loss" if self.is_squared_error() => context.loss(&mut bounds),
                "dense_backward_input" => context.dense_backward_input(&mut bounds),
                "dense_backward_weights" => context.dense_backward_weights(&mut bounds),
                "fused_update" => context.fused_update(&mut bounds),
                "gradient_norm" => context.gradient_norm(&mut bounds),
                "adamw" => context.adamw(&mut bounds),
                // they write the state alone
                "clock" | "clip" => {}
                "loss" => context.any_kernel(&mut bounds, terms_of_loss(&self.prepared)),
                _ => {
                    let terms = (call.kernel.terms)(&self.prepared, node);
                    context.any_kernel(&mut bounds, terms);
                }
            }
        }
        copy_by_unit(&self.prepared, &mut bounds);
        let written = self.written(call, start);
        for (vector, ranges) in vectors(&mut bounds).into_iter().zip(written) {
            let mut end = 0;
            for range in ranges {
                vector[end..range.start].fill(0.0);
                end = range.end;
            }
            vector[end..].fill(0.0);
        }
        bounds
    }

    /// The call on absolute values, without activations and dropout: the sums of absolute terms.
    fn magnitudes(&self, call: Call, start: &Memory<f32>) -> Memory<f64> {
        let mut sizes = widen(start);
        for vector in vectors(&mut sizes) {
            vector.iter_mut().for_each(|value| *value = value.abs());
        }
        let plain = self.prepared.graph.edited(|nodes| {
            for node in nodes {
                (node.attributes.activation, node.attributes.dropout) = (Activation::Identity, 0.0);
            }
        });
        let run: Run = Run { graph: plain.expect("the same widths"), ..(*self.prepared).clone() };
        run_reference(&PreparedRun::new(run, self.prepared.tables.clone()), call, &mut sizes);
        sizes
    }
}

/// A call for one node of a case.
struct Context<'a> {
    case: &'a Case,
    call: Call,
    node: NodeId,
    start: &'a Memory<f32>,
    reference: &'a Memory<f64>,
}

impl Context<'_> {
    fn run(&self) -> &PreparedRun {
        &self.case.prepared
    }

    fn precision(&self) -> Precision {
        self.run().precision()
    }

    /// Numbers of a batch matrix of this shape.
    fn matrix(&self, shape: Shape) -> usize {
        padded(shape.width) * self.run().layout.rows.of(shape.rows)
    }

    /// x less its mean, which is at most 4, times the inverse deviation.
    fn gather(&self, bounds: &mut Memory<f64>) {
        for (bound, x) in bounds.work.iter_mut().zip(&self.reference.work) {
            *bound = rounding(2) * (4.0 + x.abs()) + stored(self.precision(), *x);
        }
    }

    fn dense_forward(&self, bounds: &mut Memory<f64>) {
        let sizes = self.case.magnitudes(self.call, self.start);
        let at = self.run().layout.nodes[self.node];
        let inputs = self.run().graph.input_shape(self.node).width;
        for place in 0..self.matrix(self.run().graph.shape(self.node)) {
            let z = self.reference.work[at.saved + place];
            let sum = rounding(inputs) * sizes.work[at.saved + place] + stored(self.precision(), z);
            let output = self.reference.work[at.output + place];
            bounds.work[at.saved + place] = sum;
            bounds.work[at.output + place] =
                (1.2 * sum + function(z)) * 1.5 + stored(self.precision(), output);
        }
    }

    /// The gradient of the squared error.
    fn loss(&self, bounds: &mut Memory<f64>) {
        let at = self.run().layout.nodes[self.node];
        let present = f64::from(self.start.state.batch_rows);
        for place in 0..self.matrix(Shape::examples(self.run().graph.outputs())) {
            let z = self.reference.work[at.saved + place];
            let delta = 2.0 * 2.0 * 1.2 * function(z) / present;
            bounds.work[at.delta + place] = delta * f64::from(self.start.state.loss_scale)
                + stored(self.precision(), self.reference.work[at.delta + place]);
        }
    }

    fn dense_backward_input(&self, bounds: &mut Memory<f64>) {
        let graph = &self.run().graph;
        let Source::Node(below) = graph.nodes()[self.node].inputs[0] else { return };
        let sizes = self.case.magnitudes(self.call, self.start);
        let at = self.run().layout.nodes[below];
        for place in 0..self.matrix(graph.shape(below)) {
            let z = self.reference.work[at.saved + place];
            let error = rounding(graph.shape(self.node).width) * 1.2 + function(z);
            let size = sizes.work[at.delta + place];
            // in f16 the sums are stored before they are multiplied with the derivative
            bounds.work[at.delta + place] = (error * size + 1.2 * stored(self.precision(), size))
                * 1.5
                + stored(self.precision(), self.reference.work[at.delta + place]);
        }
    }

    fn dense_backward_weights(&self, bounds: &mut Memory<f64>) {
        let sizes = self.case.magnitudes(self.call, self.start);
        for (bound, size) in bounds.gradients.iter_mut().zip(&sizes.gradients) {
            *bound = rounding(self.run().layout.rows.of(self.run().graph.shape(self.node).rows))
                * size
                + stored(self.precision(), *size);
        }
    }

    fn fused_update(&self, bounds: &mut Memory<f64>) {
        let weights = step(self.run(), false).into_iter().find(|call| {
            call.kernel.name == "dense_backward_weights" && call.level == self.call.level
        });
        let sizes = self.case.magnitudes(weights.expect("the same gradient"), self.start).gradients;
        let training = &self.run().training;
        let (step_size, root) = (self.start.state.step_size, self.start.state.root_correction);
        let (step_size, root) = (f64::from(step_size), f64::from(root));
        for at in self.run().graph.parameter_range(self.node) {
            let size = sizes[at];
            // the error of the gradient goes into both moments, and through them into the step
            let gradient =
                rounding(self.run().layout.rows.of(self.run().graph.shape(self.node).rows)) * size;
            let first = (1.0 - training.beta1) * gradient;
            let second = 2.0 * (1.0 - training.beta2) * size * gradient;
            let terms = f64::from(self.start.first_moment[at].abs()) + size;
            let moment = self.reference.second_moment[at];
            let scale = moment.sqrt() / root + training.epsilon;
            // d sqrt(v) is at most sqrt(1 - beta2) d g
            let of_scale = (1.0 - training.beta2).sqrt() * gradient / root;
            let step = step_size * terms / scale;
            let off = step_size * first / scale + step * of_scale / scale;
            let parameter = f64::from(self.start.parameters[at].abs());
            bounds.parameters[at] = rounding(8) * (step + parameter) + off;
            self.average(bounds, at);
            bounds.first_moment[at] = rounding(2) * terms + first;
            bounds.second_moment[at] = rounding(4) * moment + second;
        }
    }

    /// Each sum is over a quarter of a block, of numbers that are all positive.
    fn gradient_norm(&self, bounds: &mut Memory<f64>) {
        for place in self.run().layout.squares..self.run().layout.index.table_rows {
            bounds.work[place] = rounding(NORM_BLOCK / 4) * self.reference.work[place];
        }
    }

    fn adamw(&self, bounds: &mut Memory<f64>) {
        let start = self.start;
        let (step_size, root) = (start.state.step_size, start.state.root_correction);
        for place in 0..self.reference.parameters.len() {
            // m is a difference: its rounding is that of its terms
            let gradient = start.gradients[place] / start.state.loss_scale;
            let terms = (start.first_moment[place].abs() + gradient.abs()) as f64;
            let scale = self.reference.second_moment[place].sqrt() / f64::from(root);
            let step = f64::from(step_size) * terms / (scale + self.run().training.epsilon);
            let parameter = f64::from(start.parameters[place].abs());
            bounds.parameters[place] = rounding(8) * (step + parameter);
            self.average(bounds, place);
            if let Some(bound) = bounds.weights.get_mut(place) {
                let average = start.average.get(place).map_or(0.0, |average| average.abs());
                let size = parameter + step + f64::from(average);
                *bound = bounds.parameters[place] + stored(self.precision(), size);
            }
            bounds.first_moment[place] = rounding(2) * 2.0;
            bounds.second_moment[place] = rounding(2) * 2.0;
        }
    }

    /// A parameter and its average, which may be exchanged: three roundings of their sizes more.
    fn average(&self, bounds: &mut Memory<f64>, place: usize) {
        if let Some(average) = self.start.average.get(place) {
            let sizes = f64::from(average.abs()) + f64::from(self.start.parameters[place].abs());
            bounds.parameters[place] += rounding(3) * sizes;
            bounds.average[place] = bounds.parameters[place];
        }
    }

    /// A kernel without a bound of its own. A stable kernel computes what it would compute exactly
    /// from inputs that are (terms + a few) roundings off, up to the errors of functions. So the
    /// reference is run on inputs that are off by so much, each in a random direction, and the
    /// largest deviation of some draws counts four times.
    fn any_kernel(&self, bounds: &mut Memory<f64>, terms: usize) {
        let scale = f64::from(self.start.state.loss_scale);
        let mut numbers = Numbers::new(7);
        let mut exact = self.reference.clone();
        for _ in 0..8 {
            let mut memory = widen(self.start);
            perturb(&mut memory, terms, &mut numbers);
            // the index holds integers
            let index = self.run().layout.index.table_rows..;
            memory.work[index.clone()].copy_from_slice(&widen(self.start).work[index]);
            run_reference(self.run(), self.call, &mut memory);
            let pairs = vectors(&mut memory).into_iter().zip(vectors(&mut exact));
            for (bounds, (off, exact)) in vectors(bounds).into_iter().zip(pairs) {
                for ((bound, off), exact) in bounds.iter_mut().zip(off).zip(exact) {
                    let error = 4.0 * (*off - *exact).abs() + scale * function(*exact / scale);
                    *bound = bound.max(error + stored(self.precision(), *exact));
                }
            }
        }
    }
}

/// Moves every number by the roundings of a sum of so many terms, in a random direction.
pub fn perturb(memory: &mut Memory<f64>, terms: usize, numbers: &mut Numbers) {
    for vector in vectors(memory) {
        for value in vector {
            *value *= 1.0 + rounding(terms) * f64::from(numbers.signed().signum());
        }
    }
}

/// Terms of the sums that a gradient of a loss depends on: over classes, or over examples.
pub fn terms_of_loss(run: &PreparedRun) -> usize {
    run.graph.outputs() + run.layout.stride
}

/// Its vectors in a fixed order.
pub fn vectors(memory: &mut Memory<f64>) -> [&mut [f64]; 8] {
    [
        &mut memory.parameters,
        &mut memory.weights,
        &mut memory.gradients,
        &mut memory.first_moment,
        &mut memory.second_moment,
        &mut memory.best,
        &mut memory.work,
        &mut memory.average,
    ]
}
