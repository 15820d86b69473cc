//! One run with random numbers in its memory, and the states in which its calls are tested.

use shoal::engine::cpu::aligned::Aligned;
use shoal::engine::graph::Op;
use shoal::engine::kernel::Update;
use shoal::engine::layout::{State, phase};
use shoal::engine::loss::{Loss, MSE, Predicts};
use shoal::engine::memory::Memory;
use shoal::engine::precision::{self, GROWTH_STEPS, LEAST_SCALE, MOST_SCALE, Precision};
use shoal::engine::prepared::PreparedRun;
use shoal::engine::run::{StopLoss, Training};
use shoal::engine::shape::{Rows, Shape, padded};
use shoal::engine::step::Call;

use super::blocks;
use super::bounds::{EPSILON, perturb, terms_of_loss};
use crate::common::*;

pub struct Case {
    pub prepared: PreparedRun,
    pub start: Memory<f32>,
}

impl Case {
    /// A run of a chain of an op with these widths, the input first, and a batch of which
    /// `present` examples are there. Activations, dropout, clipping, schedule, update scales and
    /// averaging depend on `number`. Every row has a weight, some a negative one.
    pub fn new(
        op: &'static Op,
        number: usize,
        widths: &[usize],
        (batch, present): (usize, usize),
        (precision, loss): (Precision, &'static Loss),
    ) -> Self {
        let mut numbers = Numbers::new(number as u32 + 1);
        let graph = chain(op, widths, number);
        let outputs = graph.outputs();
        let targets = match loss.predicts.outputs_per_target() {
            1 => outputs.div_ceil(2),
            several => outputs / several,
        };
        let table = weighted(table(6 * batch + 20, widths[0], targets), loss);
        let training = Training {
            batch,
            weight_decay: 1e-2,
            precision,
            // the gradients' norm is 0.6 for each root of a parameter: some are clipped
            clip_norm: Some([0.3, 1e4][number % 2]),
            average: [None, Some(0.9)][number / 4 % 2],
            schedule: schedules(12)[number / 2 % 4],
            loss_parameter: unusual_parameter(loss),
            loss,
            ..training()
        };
        let updates = update_scales(&graph, number);
        let run = run(number, graph, &table, 6 * batch + 20, training).updates(updates);
        let prepared = PreparedRun::new(run, tables(&table));
        let mut start = Memory::<f32>::new(&prepared);
        start.gradients = numbers.many(start.gradients.len()).into();
        start.first_moment = numbers.many(start.gradients.len()).into();
        start.second_moment = numbers.many(start.gradients.len()).iter().map(|v| v * v).collect();
        start.average = numbers.many(start.average.len()).into();
        let constants = prepared.layout.x;
        let random = numbers.many(start.work.len() - constants);
        start.work[constants..].copy_from_slice(&random);
        precision::round(precision, &mut start.work[constants..]);
        precision::round(precision, &mut start.gradients);
        let count = 4 * blocks(&prepared);
        let (used, unused) = start.work[prepared.layout.squares..].split_at_mut(count);
        used.iter_mut().for_each(|value| *value *= *value);
        unused.fill(0.0);
        for place in 0..prepared.layout.stride {
            let weight = numbers.signed();
            let weight = if loss.predicts == Predicts::Deviation { weight.abs() } else { weight };
            start.work[prepared.layout.example_weights + place] = weight;
        }
        for place in 0..2 * padded(outputs) {
            start.work[prepared.layout.statistics + place] = numbers.signed().powi(2);
        }
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
            average_step: prepared.average_step() as f32,
            ..start.state
        };
        for call in step(&prepared, false).into_iter().filter(|call| fills_index(*call)) {
            call.reference(&prepared, &mut start);
        }
        let mut case = Self { prepared, start };
        copy_by_unit(&case.prepared, &mut case.start);
        case.clear_absent();
        case
    }

    /// The same without clipping, its first layers frozen.
    pub fn unclipped(&self, frozen: usize) -> Self {
        let mut run = (*self.prepared).clone();
        run.training.clip_norm = None;
        run.graph = frozen_below(&run.graph, frozen);
        let mut start = self.start.clone();
        start.state.gradient_scale = 1.0;
        Self { prepared: PreparedRun::new(run, self.prepared.tables.clone()), start }
    }

    /// The same with another validation loss.
    pub fn stopping_on(&self, loss: &'static Loss) -> Self {
        let mut run = (*self.prepared).clone();
        run.training.stop_on = Some(StopLoss { loss, parameter: unusual_parameter(loss) });
        let prepared = PreparedRun::new(run, self.prepared.tables.clone());
        Self { prepared, start: self.start.clone() }
    }

    /// Whether its loss is the squared error, whose bound has a formula.
    pub fn is_squared_error(&self) -> bool {
        let training = &self.prepared.training;
        training.loss == &MSE && training.stop_on.is_none()
    }

    /// The widths of the nodes.
    pub fn widths(&self) -> Vec<usize> {
        let graph = &self.prepared.graph;
        (0..graph.nodes().len()).map(|node| graph.shape(node).width).collect()
    }

    /// The matrices of a batch that references compute: where they start and their shapes.
    fn matrices(&self) -> Vec<(usize, Shape)> {
        let (layout, graph) = (&self.prepared.layout, &self.prepared.graph);
        let mut found = vec![
            (layout.x, Shape::examples(graph.columns())),
            (layout.labels, Shape::examples(graph.outputs())),
            (layout.items, Shape::items(graph.item_columns())),
        ];
        for (id, (node, at)) in graph.nodes().iter().zip(&layout.nodes).enumerate() {
            let (mut saved, shape) = (at.saved, graph.shape(id));
            for width in (node.op.saved)(&graph.input_shapes(id), &node.attributes) {
                found.push((saved, Shape { width, ..shape }));
                saved += padded(width) * layout.rows.of(shape.rows);
            }
            found.extend([(at.output, shape), (at.delta, shape)]);
        }
        found
    }

    /// The numbers behind the rows of the batch, which a device may compute or not.
    pub fn absent(&self, state: &State<f32>) -> Vec<usize> {
        let (layout, graph) = (&self.prepared.layout, &self.prepared.graph);
        let mut places = Vec::new();
        for (at, shape) in self.matrices() {
            let (width, rows) = (padded(shape.width), layout.rows.of(shape.rows));
            places.extend(at + width * present(state, shape.rows)..at + width * rows);
        }
        let outputs = layout.nodes.iter().enumerate();
        let outputs = outputs.map(|(id, at)| (at.output_by_unit, graph.shape(id)));
        let items = (layout.items_by_unit, Shape::items(graph.item_columns()));
        for (at, shape) in outputs.chain([items]) {
            let (rows, there) = (layout.rows.of(shape.rows), present(state, shape.rows));
            for unit in 0..padded(shape.width) {
                places.extend(at + unit * rows + there..at + (unit + 1) * rows);
            }
        }
        let index = &layout.index;
        for (at, rows) in [
            (index.examples, Rows::Items),
            (index.centres, Rows::Edges),
            (index.neighbours, Rows::Edges),
        ] {
            places.extend(at + present(state, rows)..at + layout.rows.of(rows));
        }
        places
    }

    /// Asserts that the reference computes the same bits for the examples that are there, whatever
    /// the rows behind them hold.
    pub fn check_present(&self, call: Call, now: &State<f32>, whole: &Memory<f64>) {
        let mut memory = widen(&Memory { state: *now, ..self.start.clone() });
        let layout = &self.prepared.layout;
        let matrices = self.matrices();
        for (at, shape) in &matrices {
            let width = padded(shape.width);
            memory.work[*at..][..width * layout.rows.of(shape.rows)]
                [width * present(now, shape.rows)..]
                .fill(f64::NAN);
        }
        call.reference(&self.prepared, &mut memory);
        let same = |one: &[f64], other: &[f64], what: &str| {
            let bits = |numbers: &[f64]| numbers.iter().map(|n| n.to_bits()).collect::<Vec<_>>();
            assert!(
                bits(one) == bits(other),
                "{call:?}: {what} change with the rows behind the examples"
            );
        };
        for (at, shape) in matrices {
            let there = at..at + padded(shape.width) * present(now, shape.rows);
            same(&memory.work[there.clone()], &whole.work[there], "numbers");
        }
        if call.kernel.update != Update::Fused {
            same(&memory.gradients, &whole.gradients, "gradients");
        }
        same(&memory.parameters, &whole.parameters, "parameters");
        same(&memory.best, &whole.best, "best parameters");
        same(&memory.average, &whole.average, "averages");
        // as text, because NaN is not equal to itself
        let states = [memory.state, whole.state].map(|state| format!("{state:?}"));
        assert_eq!(states[0], states[1], "{call:?}");
    }

    /// Delta is 0 for padding and absent examples, as the device leaves it.
    fn clear_absent(&mut self) {
        let (layout, graph) = (&self.prepared.layout, &self.prepared.graph);
        for (id, at) in layout.nodes.iter().enumerate() {
            let Shape { rows, width } = graph.shape(id);
            let there = present(&self.start.state, rows);
            let delta = &mut self.start.work[at.delta..][..padded(width) * layout.rows.of(rows)];
            for (place, row) in delta.chunks_exact_mut(padded(width)).enumerate() {
                let kept = if place < there { width } else { 0 };
                row[kept..].fill(0.0);
            }
        }
    }

    /// How far the loss of the batch may be from its reference: roundings of its sum and, of other
    /// losses than the squared error, errors of functions in each term and four times the largest
    /// deviation with inputs that are a few roundings off.
    pub fn loss_bound(&self, call: Call, start: &Memory<f32>, reference: &Memory<f64>) -> f64 {
        let outputs = self.prepared.graph.outputs();
        let exact = reference.state.batch_sum;
        let terms = outputs * self.prepared.layout.stride;
        // with weights of both signs the terms of the sum cancel
        let mut absolute = widen(start);
        let weights = self.prepared.layout.example_weights..self.prepared.layout.statistics;
        absolute.work[weights].iter_mut().for_each(|weight| *weight = weight.abs());
        run_reference(&self.prepared, call, &mut absolute);
        let size = exact.abs().max(absolute.state.batch_sum.abs());
        let roundings = (terms as f64 + 16.0) * EPSILON * size;
        if call.kernel.name != "loss" || self.is_squared_error() {
            return roundings;
        }
        let mut numbers = Numbers::new(11);
        let deviation = (0..8).map(|_| {
            let mut memory = widen(start);
            perturb(&mut memory, terms_of_loss(&self.prepared), &mut numbers);
            run_reference(&self.prepared, call, &mut memory);
            (memory.state.batch_sum - exact).abs()
        });
        let deviation = deviation.fold(0.0, f64::max);
        // log and exp are wrong by a few 1e-7 of their argument's size, which the perturbation is
        // too
        let examples = start.state.batch_rows + start.state.cursor;
        4.0 * deviation + roundings + 5e-7 * f64::from(examples) * outputs as f64
    }

    /// The states in which a call is tested.
    pub fn states(&self, call: Call) -> Vec<(&'static str, State<f32>)> {
        let train = self.start.state;
        let validate = State { phase: phase::VALIDATE, improved: 0, ..train };
        let done = State { phase: phase::DONE, ..train };
        let mut states = vec![("train", train), ("validate", validate), ("done", done)];
        if self.prepared.precision() == Precision::F16 {
            states.extend(scale_states(call, train));
        }
        if ["adamw", "fused_update"].contains(&call.kernel.name) && !self.start.average.is_empty() {
            states.extend([
                ("swap", State { swaps: 1, ..train }),
                ("swap back", State { swaps: 1, ..validate }),
                ("first average", State { average_step: 1.0, ..train }),
            ]);
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
}

/// Rows of a kind in the batch.
fn present(state: &State<f32>, rows: Rows) -> usize {
    let rows = match rows {
        Rows::Examples => state.batch_rows,
        Rows::Items => state.batch_items,
        Rows::Edges => state.batch_edges,
    };
    rows as usize
}

/// Whether a call fills the index of the sets of a batch.
pub fn fills_index(call: Call) -> bool {
    ["sets", "gather_items", "gather_edges"].contains(&call.kernel.name)
}

/// Runs the reference of a call as the device does: gather and loss write zeros for absent
/// examples, and fused updates store no gradients.
pub fn run_reference(run: &PreparedRun, call: Call, memory: &mut Memory<f64>) {
    let gradients = memory.gradients.clone();
    call.reference(run, memory);
    if call.kernel.update == Update::Fused {
        memory.gradients = gradients;
    }
    let (layout, graph) = (&run.layout, &run.graph);
    let written = match call.kernel.name {
        "gather" => vec![(layout.x, graph.columns()), (layout.labels, graph.outputs())],
        "loss" => vec![(layout.nodes[graph.output_node()].delta, graph.outputs())],
        _ => Vec::new(),
    };
    for (at, width) in written {
        if memory.state.phase != phase::DONE {
            let present = memory.state.batch_rows as usize;
            memory.work[at..][..padded(width) * layout.stride][padded(width) * present..].fill(0.0);
        }
    }
    if call.kernel.name == "gather" && memory.state.phase != phase::DONE {
        let present = memory.state.batch_rows as usize;
        memory.work[layout.example_weights..][present..layout.stride].fill(0.0);
    }
    // references do not need the transposed copies
    copy_by_unit(run, memory);
}

/// The states of the loss scale before a call.
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
        ("adamw", _) => {
            vec![("overflow", overflow), ("swap after overflow", State { swaps: 1, ..overflow })]
        }
        _ => vec![],
    }
}

/// The same memory in f64.
pub fn widen(memory: &Memory<f32>) -> Memory<f64> {
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
            batch_items: s.batch_items,
            batch_edges: s.batch_edges,
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
            swaps: s.swaps,
            decay: s.decay.into(),
            gradient_norm: s.gradient_norm.into(),
            gradient_scale: s.gradient_scale.into(),
            average_step: s.average_step.into(),
        },
        parameters: wide(&memory.parameters),
        weights: wide(&memory.weights),
        gradients: wide(&memory.gradients),
        first_moment: wide(&memory.first_moment),
        second_moment: wide(&memory.second_moment),
        best: wide(&memory.best),
        average: wide(&memory.average),
        work: wide(&memory.work),
        scratch: wide(&memory.scratch),
        keeps_preactivations: true,
        features: Aligned::default(),
    }
}
