//! Reference: every kernel on the GPU equals its CPU reference in f64, for awkward sizes and every
//! tile set, within a tolerance that follows from the number of terms. What a kernel should write
//! is poisoned with NaN first, so that a missing write fails; what it should not touch must keep
//! its bits.

use shoal::engine::activation::Activation;
use shoal::engine::cpu::aligned::Aligned;
use shoal::engine::gpu::Gpu;
use shoal::engine::graph::Graph;
use shoal::engine::graph::Shape;
use shoal::engine::layout::State;
use shoal::engine::layout::phase;
use shoal::engine::memory::Memory;
use shoal::engine::precision;
use shoal::engine::precision::GROWTH_STEPS;
use shoal::engine::precision::LEAST_SCALE;
use shoal::engine::precision::MOST_SCALE;
use shoal::engine::precision::Precision;
use shoal::engine::prepared::PreparedRun;
use shoal::engine::run::Run;
use shoal::engine::run::Training;
use shoal::engine::step::Call;
use shoal::engine::work::NORM_BLOCK;

use crate::common::*;
use crate::one_call;

const EPSILON: f64 = f32::EPSILON as f64 / 2.0;

/// What two numbers may be further apart once both are stored, the first of which is of this size:
/// each is rounded by at most half of the distance of two halves, which is 2^-10 of their size, or
/// 2^-24 for the smallest.
fn stored(precision: Precision, size: f64) -> f64 {
    match precision {
        Precision::F32 => 0.0,
        Precision::F16 => 2.0 * 2f64.powi(-11) * size.abs() + 2f64.powi(-24),
    }
}

#[test]
fn every_kernel_equals_its_reference_in_f64() {
    every_kernel_in(Precision::F32);
}

#[test]
fn every_kernel_in_f16_equals_its_reference_in_f64() {
    every_kernel_in(Precision::F16);
}

fn every_kernel_in(precision: Precision) {
    let _turn = turn();
    for set in kernel_sets() {
        let gpu = gpu_with(Some(set));
        for (number, (widths, batch, present)) in shapes().into_iter().enumerate() {
            let case = Case::new(number, &widths, (batch, present), precision);
            for call in step(&case.prepared, false) {
                case.check(&gpu, call);
            }
            if set.fused_update && precision == Precision::F32 {
                let layers = widths.len() - 1;
                for frozen in [0, layers - 1] {
                    let case = case.unclipped(frozen);
                    (0..layers).for_each(|layer| case.check(&gpu, of_level("fused_update", layer)));
                }
            }
        }
    }
}

/// Widths from the input up, batch, examples present: 1, tile - 1, tile, tile + 1, primes.
fn shapes() -> Vec<(Vec<usize>, usize, usize)> {
    let mut shapes = vec![
        (vec![1, 1, 1], 1, 1),
        (vec![4, 4, 4], 4, 4),
        (vec![3, 15, 16, 17, 2], 5, 3),
        (vec![79, 31, 32, 33, 6], 32, 32),
        (vec![17, 127, 5], 33, 33),
        (vec![128, 129, 1], 31, 30),
        (vec![13, 65, 64, 63, 9], 37, 5),
        (vec![79, 256, 256, 6], 32, 27),
        (vec![2, 600, 7], 130, 129),
        // a block of the norm, and a vec4 more
        (vec![2047, 4], 2, 2),
        (vec![2048, 3], 3, 1),
    ];
    for width in [1, 2, 3, 7, 8, 9, 11, 16, 23] {
        shapes.push((vec![width, width + 1, width, 3], 1 + 3 * width, 1 + 2 * width));
    }
    shapes
}

struct Case {
    prepared: PreparedRun,
    start: Memory<f32>,
}

impl Case {
    fn new(
        number: usize,
        widths: &[usize],
        (batch, present): (usize, usize),
        precision: Precision,
    ) -> Self {
        let mut numbers = Numbers::new(number as u32 + 1);
        let mut builder = Graph::builder(Shape::examples(widths[0]));
        for (layer, width) in widths[1..].iter().enumerate() {
            let activation = match Activation::ALL[(number + layer) % 7] {
                Activation::LeakyRelu { .. } => Activation::LeakyRelu { slope: 0.2 },
                other => other,
            };
            let dropout = if (number + layer) % 3 == 1 { 0.3 } else { 0.0 };
            builder = builder.dense(*width, activation, dropout);
        }
        let network = builder.build().expect("a chain of layers");
        let outputs = network.outputs();
        let table = table(6 * batch + 20, widths[0], outputs.div_ceil(2));
        let training = Training {
            batch,
            weight_decay: 1e-2,
            precision,
            // the gradients' norm is 0.6 for each root of a parameter: some are clipped
            clip_norm: Some([0.3, 1e4][number % 2]),
            schedule: schedules(12)[number / 2 % 4],
            ..training()
        };
        let run = run(number, network, &table, 6 * batch + 20, training);
        let prepared = PreparedRun::new(run, tables(&table));
        let mut start = Memory::<f32>::new(&prepared);
        start.gradients = numbers.many(start.gradients.len()).into();
        start.first_moment = numbers.many(start.gradients.len()).into();
        start.second_moment = numbers.many(start.gradients.len()).iter().map(|v| v * v).collect();
        let constants = prepared.layout.x;
        let random = numbers.many(start.work.len() - constants);
        start.work[constants..].copy_from_slice(&random);
        precision::round(precision, &mut start.work[constants..]);
        precision::round(precision, &mut start.gradients);
        let count = squares(&prepared);
        let (used, unused) = start.work[prepared.layout.squares..].split_at_mut(count);
        used.iter_mut().for_each(|value| *value *= *value);
        unused.fill(0.0);
        start.state = State {
            phase: phase::TRAIN,
            ticks: 41,
            steps: 17,
            epoch: 3,
            cursor: 2,
            batch_rows: present as u32,
            improved: 1,
            batch_sum: 0.7,
            epoch_sum: 1.25,
            step_size: 2e-3,
            root_correction: 0.4,
            loss_scale: match precision {
                Precision::F32 => 1.0,
                Precision::F16 => 1024.0,
            },
            decay: 3e-5,
            gradient_norm: 2.5,
            gradient_scale: 0.7,
            ..start.state
        };
        let mut case = Self { prepared, start };
        copy_by_unit(&case.prepared, &mut case.start);
        case.clear_absent();
        case
    }

    /// The same without clipping, its first layers frozen.
    fn unclipped(&self, frozen: usize) -> Self {
        let mut run = (*self.prepared).clone();
        run.training.clip_norm = None;
        run.graph = frozen_below(&run.graph, frozen);
        let mut start = self.start.clone();
        start.state.gradient_scale = 1.0;
        Self { prepared: PreparedRun::new(run, self.prepared.tables.clone()), start }
    }

    /// What the reference makes of the examples that are there is the same, to the bit, whatever
    /// stands behind them.
    fn check_present(&self, call: Call, now: &State<f32>, whole: &Memory<f64>) {
        let mut memory = widen(&Memory { state: *now, ..self.start.clone() });
        let (layout, present) = (&self.prepared.layout, now.batch_rows as usize);
        let network = &self.prepared.graph;
        let mut matrices = vec![(layout.x, network.inputs()), (layout.labels, network.outputs())];
        for (layer, at) in dense(&network).iter().zip(&layout.nodes) {
            matrices.extend([at.saved, at.output, at.delta].map(|start| (start, layer.outputs)));
        }
        let range = |(at, units): (usize, usize), rows: std::ops::Range<usize>| {
            let units = units.next_multiple_of(4);
            at + rows.start * units..at + rows.end * units
        };
        for matrix in &matrices {
            memory.work[range(*matrix, present..layout.stride)].fill(f64::NAN);
        }
        call.reference(&self.prepared, &mut memory);
        let same = |one: &[f64], other: &[f64], what: &str| {
            let bits = |numbers: &[f64]| numbers.iter().map(|n| n.to_bits()).collect::<Vec<_>>();
            assert!(
                bits(one) == bits(other),
                "{call:?}: {what} change with what stands behind the examples"
            );
        };
        for matrix in matrices {
            let there = range(matrix, 0..present);
            same(&memory.work[there.clone()], &whole.work[there], "numbers");
        }
        if call.kernel.name != "fused_update" {
            same(&memory.gradients, &whole.gradients, "gradients");
        }
        same(&memory.parameters, &whole.parameters, "parameters");
        same(&memory.best, &whole.best, "best parameters");
        // as text, for NaN is not itself
        let states = [memory.state, whole.state].map(|state| format!("{state:?}"));
        assert_eq!(states[0], states[1], "{call:?}");
    }

    /// Delta is 0 for padding and absent examples, as the device leaves it.
    fn clear_absent(&mut self) {
        let stride = self.prepared.layout.stride;
        let present = self.start.state.batch_rows as usize;
        for (layer, at) in dense(&self.prepared.graph).iter().zip(&self.prepared.layout.nodes) {
            let units = layer.outputs.next_multiple_of(4);
            for (place, value) in
                self.start.work[at.delta..][..units * stride].iter_mut().enumerate()
            {
                if place % units >= layer.outputs || place / units >= present {
                    *value = 0.0;
                }
            }
        }
    }

    fn check(&self, gpu: &Gpu, call: Call) {
        for (name, now) in self.states(call) {
            let start = Memory { state: now, ..self.start.clone() };
            let mut reference = widen(&start);
            run_reference(&self.prepared, call, &mut reference);
            if ["gather", "dense_forward"].contains(&call.kernel.name) {
                // the references do not need these copies
                copy_by_unit(&self.prepared, &mut reference);
            }
            if call.kernel.name == "fused_update" {
                // the reference makes them there, some at a time
                reference.gradients = widen(&start).gradients;
            }
            let played =
                play(gpu, &self.prepared, &start, call, &writes(&self.prepared, call, &now));
            self.check_present(call, &now, &reference);
            let what = format!(
                "{call:?} ({name}) of {:?}, batch {}, {} tiles",
                dense(&self.prepared.graph).iter().map(|l| l.outputs).collect::<Vec<_>>(),
                self.prepared.layout.stride,
                gpu.tiles().name
            );
            let mut bounds = self.bounds(call, &start, &reference);
            copy_by_unit(&self.prepared, &mut bounds);
            compare(
                &what,
                "parameters",
                &played.parameters,
                &reference.parameters,
                &bounds.parameters,
            );
            compare(&what, "weights", &played.weights, &reference.weights, &bounds.weights);
            compare(&what, "gradients", &played.gradients, &reference.gradients, &bounds.gradients);
            compare(
                &what,
                "m",
                &played.first_moment,
                &reference.first_moment,
                &bounds.first_moment,
            );
            compare(
                &what,
                "v",
                &played.second_moment,
                &reference.second_moment,
                &bounds.second_moment,
            );
            compare(&what, "best", &played.best, &reference.best, &bounds.best);
            compare(&what, "work", &played.work, &reference.work, &bounds.work);
            let terms = self.loss_terms();
            compare_states(&what, &played.state, &reference.state, terms, self.blocks());
        }
    }

    fn blocks(&self) -> usize {
        self.prepared.parameters.len().div_ceil(NORM_BLOCK)
    }

    fn loss_terms(&self) -> usize {
        self.prepared.graph.outputs() * self.prepared.layout.stride
    }

    /// The states in which a call is tried.
    fn states(&self, call: Call) -> Vec<(&'static str, State<f32>)> {
        let train = self.start.state;
        let validate = State { phase: phase::VALIDATE, improved: 0, ..train };
        let done = State { phase: phase::DONE, ..train };
        let mut states = vec![("train", train), ("validate", validate), ("done", done)];
        if self.prepared.precision() == Precision::F16 {
            states.extend(scale_states(call, train));
        }
        if call.kernel.name == "clock" {
            let rows = |rows: usize| rows as u32;
            let training = rows(self.prepared.training_rows.len());
            let validation = rows(self.prepared.validation_rows.len());
            let last = |cursor: u32, of: u32| State {
                cursor: of - 1,
                batch_rows: 1,
                ..if cursor == 0 { train } else { validate }
            };
            let ends = last(1, validation);
            let batches = training.div_ceil(self.prepared.training.batch as u32);
            let last_step = 12 * batches - 2;
            states.extend([
                ("fresh", State::fresh()),
                ("end of training", last(0, training)),
                ("better", ends),
                ("not better", State { best_loss: 1e-9, ..ends }),
                ("patience", State { best_loss: 1e-9, waited: 4, ..ends }),
                ("last epoch", State { epoch: 11, ..ends }),
                ("first step", State { steps: 0, ..train }),
                ("warm-up", State { steps: 2, ..train }),
                ("last step but one", State { steps: last_step - 1, ..train }),
                ("last step", State { steps: last_step, ..train }),
                ("many steps", State { steps: 100_000, ..train }),
                ("infinite", State { batch_sum: f32::INFINITY, ..train }),
                ("not a number", State { batch_sum: f32::NAN, ..validate }),
            ]);
        }
        states
    }

    /// How far each number may be off: (terms + a few) roundings of the sum of the absolute terms,
    /// and what the functions of the driver may lose.
    fn bounds(&self, call: Call, start: &Memory<f32>, reference: &Memory<f64>) -> Memory<f64> {
        let mut bounds = widen(start);
        for vector in vectors(&mut bounds) {
            vector.fill(0.0);
        }
        let sizes = self.magnitudes(call, start);
        let layers = &self.prepared.layout.nodes;
        let stride = self.prepared.layout.stride;
        let precision = self.prepared.precision();
        let rounding = |terms: usize| (terms as f64 + 4.0) * EPSILON;
        // exp: 3 + 2 |x| ulp (Vulkan, "Precision of GLSL.std.450 instructions"); erf of 7.1.26:
        // 1.5e-7
        let function = |z: f64| (16.0 + 4.0 * z.abs()) * EPSILON + 4e-7 * (1.0 + z.abs());
        match (call.kernel.name, call.level) {
            // x less its mean, which is at most 4, times the inverse deviation
            ("gather", _) => {
                for (bound, x) in bounds.work.iter_mut().zip(&reference.work) {
                    *bound = rounding(2) * (4.0 + x.abs()) + stored(precision, *x);
                }
            }
            ("dense_forward", Some(layer)) => {
                let (at, shape) = (layers[layer], dense(&self.prepared.graph)[layer]);
                for place in 0..shape.outputs.next_multiple_of(4) * stride {
                    let sum = rounding(shape.inputs) * sizes.work[at.saved + place];
                    let z = reference.work[at.saved + place];
                    let sum = sum + stored(precision, z);
                    let output = reference.work[at.output + place];
                    bounds.work[at.saved + place] = sum;
                    bounds.work[at.output + place] =
                        (1.2 * sum + function(z)) * 1.5 + stored(precision, output);
                }
            }
            ("loss", _) => {
                let at = layers[layers.len() - 1];
                let present = f64::from(start.state.batch_rows);
                for place in 0..self.prepared.graph.outputs().next_multiple_of(4) * stride {
                    let z = reference.work[at.saved + place];
                    let delta = 2.0 * 2.0 * 1.2 * function(z) / present;
                    bounds.work[at.delta + place] = delta * f64::from(start.state.loss_scale)
                        + stored(precision, reference.work[at.delta + place]);
                }
            }
            ("dense_backward_input", Some(layer)) => {
                let (at, shape) = (layers[layer - 1], dense(&self.prepared.graph)[layer]);
                for place in 0..shape.inputs.next_multiple_of(4) * stride {
                    let z = reference.work[at.saved + place];
                    let error = rounding(shape.outputs) * 1.2 + function(z);
                    let size = sizes.work[at.delta + place];
                    // of halves the sums lie in storage before they meet the derivative
                    bounds.work[at.delta + place] = (error * size + 1.2 * stored(precision, size))
                        * 1.5
                        + stored(precision, reference.work[at.delta + place]);
                }
            }
            ("dense_backward_weights", _) => {
                for (bound, size) in bounds.gradients.iter_mut().zip(&sizes.gradients) {
                    *bound = rounding(stride) * size + stored(precision, *size);
                }
            }
            ("adamw", _) => {
                let (step_size, root) = (start.state.step_size, start.state.root_correction);
                for place in 0..reference.parameters.len() {
                    // m is a difference: its rounding is that of what it is made of
                    let gradient = start.gradients[place] / start.state.loss_scale;
                    let terms = (start.first_moment[place].abs() + gradient.abs()) as f64;
                    let scale = reference.second_moment[place].sqrt() / f64::from(root);
                    let step =
                        f64::from(step_size) * terms / (scale + self.prepared.training.epsilon);
                    let parameter = f64::from(start.parameters[place].abs());
                    bounds.parameters[place] = rounding(8) * (step + parameter);
                    if let Some(bound) = bounds.weights.get_mut(place) {
                        *bound = bounds.parameters[place] + stored(precision, parameter + step);
                    }
                    bounds.first_moment[place] = rounding(2) * 2.0;
                    bounds.second_moment[place] = rounding(2) * 2.0;
                }
            }
            ("fused_update", Some(layer)) if layer < self.prepared.graph.first_trained() => {}
            ("fused_update", Some(layer)) => {
                let sizes =
                    self.magnitudes(of_level("dense_backward_weights", layer), start).gradients;
                let place = dense(&self.prepared.graph)[layer];
                let training = &self.prepared.training;
                let (step_size, root) = (start.state.step_size, start.state.root_correction);
                let (step_size, root) = (f64::from(step_size), f64::from(root));
                let all = place.weights..place.bias + place.stride;
                for (at, size) in all.clone().zip(&sizes[all]) {
                    // what the gradient is off goes into both moments, and through them into the
                    // step
                    let gradient = rounding(stride) * size;
                    let first = (1.0 - training.beta1) * gradient;
                    let second = 2.0 * (1.0 - training.beta2) * size * gradient;
                    let terms = f64::from(start.first_moment[at].abs()) + size;
                    let scale = reference.second_moment[at].sqrt() / root + training.epsilon;
                    // d sqrt(v) is at most sqrt(1 - beta2) d g
                    let of_scale = (1.0 - training.beta2).sqrt() * gradient / root;
                    let step = step_size * terms / scale;
                    let off = step_size * first / scale + step * of_scale / scale;
                    let parameter = f64::from(start.parameters[at].abs());
                    bounds.parameters[at] = rounding(8) * (step + parameter) + off;
                    bounds.first_moment[at] = rounding(2) * terms + first;
                    bounds.second_moment[at] = rounding(4) * reference.second_moment[at] + second;
                }
            }
            ("gradient_norm", _) => {
                // each sum is over a quarter of a block, of numbers that are all above 0
                let terms = NORM_BLOCK / 4;
                for place in self.prepared.layout.squares..reference.work.len() {
                    bounds.work[place] = rounding(terms) * reference.work[place];
                }
            }
            // they write the state alone
            ("clock", _) | ("clip", _) => {}
            (name, _) => panic!("the tolerance of {name} is not known"),
        }
        bounds
    }

    /// The call on absolute values, without activations and dropout: the sum of the absolute terms.
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

/// The reference, for absent examples too: it leaves them out, while the device computes them or
/// writes zeros.
fn run_reference(run: &PreparedRun, call: Call, memory: &mut Memory<f64>) {
    let present = memory.state.batch_rows;
    if ["dense_forward", "dense_backward_input"].contains(&call.kernel.name) {
        memory.state.batch_rows = run.layout.stride as u32;
        call.reference(run, memory);
        memory.state.batch_rows = present;
        return;
    }
    call.reference(run, memory);
    let (layout, network) = (&run.layout, &run.graph);
    let last = layout.nodes[network.nodes().len() - 1];
    let written = match (call.kernel.name, call.level) {
        ("gather", _) => vec![(layout.x, network.inputs()), (layout.labels, network.outputs())],
        ("loss", _) => vec![(last.delta, network.outputs())],
        _ => Vec::new(),
    };
    for (at, units) in written {
        let units = units.next_multiple_of(4);
        if memory.state.phase != phase::DONE {
            memory.work[at..][present as usize * units..layout.stride * units].fill(0.0);
        }
    }
}

/// What may stand of the loss scale before a call.
fn scale_states(call: Call, train: State<f32>) -> Vec<(&'static str, State<f32>)> {
    let overflow = State { overflow: 1, ..train };
    let about_to_grow = State { good_steps: GROWTH_STEPS - 1, ..train };
    let least = State { loss_scale: LEAST_SCALE, ..overflow };
    let most = State { loss_scale: MOST_SCALE, ..about_to_grow };
    match (call.kernel.name, call.level) {
        ("clock", _) => vec![
            ("overflow", overflow),
            ("about to grow", about_to_grow),
            ("overflow at the least scale", least),
            ("most", most),
        ],
        ("adamw", _) => vec![("overflow", overflow)],
        _ => vec![],
    }
}

fn vectors(memory: &mut Memory<f64>) -> [&mut [f64]; 7] {
    [
        &mut memory.parameters,
        &mut memory.weights,
        &mut memory.gradients,
        &mut memory.first_moment,
        &mut memory.second_moment,
        &mut memory.best,
        &mut memory.work,
    ]
}

fn widen(memory: &Memory<f32>) -> Memory<f64> {
    let wide = |values: &[f32]| values.iter().map(|v| f64::from(*v)).collect::<Aligned<_>>();
    let s = memory.state;
    Memory {
        state: State {
            phase: s.phase,
            ticks: s.ticks,
            completed: s.completed,
            steps: s.steps,
            epoch: s.epoch,
            best_epoch: s.best_epoch,
            cursor: s.cursor,
            batch_rows: s.batch_rows,
            improved: s.improved,
            waited: s.waited,
            stopped: s.stopped,
            batch_sum: s.batch_sum.into(),
            epoch_sum: s.epoch_sum.into(),
            validation_sum: s.validation_sum.into(),
            training_loss: s.training_loss.into(),
            validation_loss: s.validation_loss.into(),
            best_loss: s.best_loss.into(),
            step_size: s.step_size.into(),
            root_correction: s.root_correction.into(),
            loss_scale: s.loss_scale.into(),
            good_steps: s.good_steps,
            overflow: s.overflow,
            decay: s.decay.into(),
            gradient_norm: s.gradient_norm.into(),
            gradient_scale: s.gradient_scale.into(),
        },
        parameters: wide(&memory.parameters),
        weights: wide(&memory.weights),
        gradients: wide(&memory.gradients),
        first_moment: wide(&memory.first_moment),
        second_moment: wide(&memory.second_moment),
        best: wide(&memory.best),
        work: wide(&memory.work),
        scratch: wide(&memory.scratch),
        features: Aligned::default(),
    }
}

/// Numbers that the sums of squares take.
fn squares(run: &PreparedRun) -> usize {
    4 * run.parameters.len().div_ceil(NORM_BLOCK)
}

/// The places a call must write, to be poisoned: in `gradients`, in `best`, in `work`.
fn writes(run: &PreparedRun, call: Call, state: &State<f32>) -> [Vec<std::ops::Range<usize>>; 3] {
    let layout = &run.layout;
    let matrix =
        |start: usize, units: usize| start..start + units.next_multiple_of(4) * layout.stride;
    let (trains, serves) = (state.phase == phase::TRAIN, state.phase != phase::DONE);
    let widths = |layer: usize| dense(&run.graph)[layer];
    let [mut gradients, mut best, mut work] = [vec![], vec![], vec![]];
    match (call.kernel.name, call.level) {
        ("gather", _) if serves => {
            work.push(matrix(layout.x, run.graph.inputs()));
            work.push(matrix(layout.x_by_unit, run.graph.inputs()));
            work.push(matrix(layout.labels, run.graph.outputs()));
        }
        ("dense_forward", Some(layer)) if serves => {
            work.push(matrix(layout.nodes[layer].saved, widths(layer).outputs));
            work.push(matrix(layout.nodes[layer].output, widths(layer).outputs));
            work.push(matrix(layout.nodes[layer].output_by_unit, widths(layer).outputs));
        }
        ("loss", _) if serves => {
            let last = layout.nodes.len() - 1;
            work.push(matrix(layout.nodes[last].delta, widths(last).outputs));
        }
        ("dense_backward_input", Some(layer)) if trains => {
            work.push(matrix(layout.nodes[layer - 1].delta, widths(layer).inputs));
        }
        ("dense_backward_weights", Some(layer)) if trains => {
            let place = dense(&run.graph)[layer];
            gradients.push(place.weights..place.bias + place.stride);
        }
        ("gradient_norm", _) if trains => {
            work.push(layout.squares..layout.squares + squares(run));
        }
        ("fused_update", Some(layer))
            if state.improved == 1 && layer >= run.graph.first_trained() =>
        {
            let place = dense(&run.graph)[layer];
            best.push(place.weights..place.bias + place.stride);
        }
        ("adamw", _) if state.improved == 1 => best.push(0..run.parameters.len()),
        _ => {}
    }
    [gradients, best, work]
}

/// The call on the device, its outputs poisoned first.
fn play(
    gpu: &Gpu,
    run: &PreparedRun,
    start: &Memory<f32>,
    call: Call,
    poison: &[Vec<std::ops::Range<usize>>; 3],
) -> Memory<f32> {
    let mut memory = start.clone();
    let [gradients, best, work] = poison;
    gradients.iter().for_each(|range| memory.gradients[range.clone()].fill(f32::NAN));
    best.iter().for_each(|range| memory.best[range.clone()].fill(f32::NAN));
    work.iter().for_each(|range| memory.work[range.clone()].fill(f32::NAN));
    if call.kernel.name == "adamw"
        && memory.state.phase == phase::TRAIN
        && memory.state.overflow == 0
    {
        memory.weights.fill(f32::NAN);
    }
    one_call::execute(gpu, run, &memory, call)
}

fn compare(what: &str, name: &str, played: &[f32], reference: &[f64], bounds: &[f64]) {
    assert_eq!(played.len(), reference.len(), "{what}: {name}");
    for (place, ((played, reference), bound)) in
        played.iter().zip(reference).zip(bounds).enumerate()
    {
        let off = (f64::from(*played) - reference).abs();
        // written so that NaN fails
        let within = off <= *bound;
        assert!(
            within,
            "{what}: {name}[{place}] is {played}, its reference {reference}: off {off:e} > \
             {bound:e}"
        );
    }
}

fn compare_states(
    what: &str,
    played: &State<f32>,
    reference: &State<f64>,
    loss_terms: usize,
    blocks: usize,
) {
    let words = |s: &State<f32>| {
        [
            s.phase,
            s.ticks,
            s.completed,
            s.steps,
            s.epoch,
            s.best_epoch,
            s.cursor,
            s.batch_rows,
            s.improved,
            s.waited,
            s.stopped,
            s.good_steps,
            s.overflow,
        ]
    };
    let narrow = State::<f32> {
        phase: reference.phase,
        ticks: reference.ticks,
        completed: reference.completed,
        steps: reference.steps,
        epoch: reference.epoch,
        best_epoch: reference.best_epoch,
        cursor: reference.cursor,
        batch_rows: reference.batch_rows,
        improved: reference.improved,
        waited: reference.waited,
        stopped: reference.stopped,
        good_steps: reference.good_steps,
        overflow: reference.overflow,
        ..*played
    };
    assert_eq!(words(played), words(&narrow), "{what}: state");
    let close = |name: &str, played: f32, reference: f64, terms: f64| {
        let same = f64::from(played) == reference || (played.is_nan() && reference.is_nan());
        let off = (f64::from(played) - reference).abs();
        assert!(
            same || off <= terms * EPSILON * reference.abs(),
            "{what}: {name} is {played}, its reference {reference}"
        );
    };
    close("batch_sum", played.batch_sum, reference.batch_sum, loss_terms as f64 + 16.0);
    close("epoch_sum", played.epoch_sum, reference.epoch_sum, 4.0);
    close("validation_sum", played.validation_sum, reference.validation_sum, 4.0);
    close("training_loss", played.training_loss, reference.training_loss, 8.0);
    close("validation_loss", played.validation_loss, reference.validation_loss, 8.0);
    close("best_loss", played.best_loss, reference.best_loss, 8.0);
    close("loss_scale", played.loss_scale, reference.loss_scale, 0.0);
    // 1 - exp(step ln beta): a few roundings of the exponent, at most 0.5 where exp is near 1
    // and as many of the schedule: a quotient, seven terms of a sine, its square
    close("step_size", played.step_size, reference.step_size, 64.0);
    close("decay", played.decay, reference.decay, 32.0);
    close("root_correction", played.root_correction, reference.root_correction, 32.0);
    // a root halves the relative error of its sum; the root itself and the division are a few
    // roundings
    let terms = blocks as f64 + 16.0;
    let (norm, scale) = (reference.gradient_norm, reference.gradient_scale);
    close("gradient_norm", played.gradient_norm, norm, terms);
    close("gradient_scale", played.gradient_scale, scale, terms);
}
