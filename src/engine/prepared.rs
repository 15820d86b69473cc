//! A run with its memory layout, and its entries in the tables of the device.

use std::ops::Deref;
use std::sync::Arc;

use crate::engine::dropout::Dropout;
use crate::engine::graph::{NodeId, Source};
use crate::engine::layout::{DeviceNode, DeviceRun, NO_WEIGHTS, ONE_MATRIX, State, stopped};
use crate::engine::loss::Predicts;
use crate::engine::optim::update_scale::UpdateScale;
use crate::engine::precision::{self, FIRST_SCALE, Precision};
use crate::engine::real::Real;
use crate::engine::run::{Outcome, Run, Stopped};
use crate::engine::scale::InputScale;
use crate::engine::shape::BatchRows;
use crate::engine::table::{Table, Tables};
use crate::engine::weights;
use crate::engine::work::WorkLayout;

/// A run with its memory layout and tables. It dereferences to the run.
#[derive(Clone, Debug)]
pub struct PreparedRun {
    run: Run,
    /// The most rows that one of its batches has.
    pub most: BatchRows,
    /// The layout of its working memory.
    pub layout: WorkLayout,
    /// The tables, shared with other runs.
    pub tables: Tables,
    /// The node whose parameters a step updates last.
    pub last_updated: NodeId,
    row_weights: Option<Arc<[f32]>>,
}

impl Deref for PreparedRun {
    type Target = Run;
    fn deref(&self) -> &Run {
        &self.run
    }
}

/// Offsets of a packed run in the buffers of the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bases {
    /// Its first node in `nodes`.
    pub nodes: usize,
    /// Its first row number in `rows`.
    pub rows: usize,
    /// Its first parameter, in numbers; the best ones and the moments follow.
    pub parameters: usize,
    /// Its first gradient, in numbers of four bytes; its first parameter if its gradients are not
    /// stored. Where one workgroup executes whole steps the gradients are in `parameters`.
    pub gradients: usize,
    /// Its first working number.
    pub work: usize,
    /// Its table in `data`.
    pub table: TableBases,
    /// [`DeviceRun::resident`].
    pub resident: u32,
}

/// Offsets of a table in `data`: of x, y and the items in numbers, of the lists in words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableBases {
    /// Columns per example.
    pub x: usize,
    /// Targets.
    pub y: usize,
    /// Columns of the items.
    pub items: usize,
    /// The first item of each example.
    pub offsets: usize,
    /// The neighbours of each item.
    pub lists: usize,
    /// The first incoming edge of each item.
    pub incoming_offsets: usize,
    /// Incoming edges.
    pub incoming: usize,
}

/// Numbers rounded up to whole pairs of vec4s.
pub(crate) fn padded_to_pairs(numbers: usize) -> usize {
    numbers.next_multiple_of(8)
}

fn word(value: usize) -> u32 {
    u32::try_from(value).expect("packing: an offset beyond 2^32")
}

fn vec4s(numbers: usize) -> u32 {
    debug_assert_eq!(numbers % 4, 0);
    word(numbers / 4)
}

impl PreparedRun {
    /// Prepares a run.
    ///
    /// # Panics
    /// If [`Run::check`] fails.
    pub fn new(mut run: Run, tables: impl Into<Tables>) -> Self {
        let tables = tables.into();
        if let Err(error) = run.check(&tables) {
            panic!("{error}");
        }
        if !run.training.decay_biases {
            let vectors = run.graph.matrices().filter(|matrix| matrix.is_vector);
            vectors.for_each(|vector| run.updates[vector.index].decay = 0.0);
        }
        let most = run.most_rows(&tables[run.table]);
        let rows = [&run.training_rows[..], &run.validation_rows];
        let weights = weights::of_rows(&tables[run.table], run.training.balance_classes, rows);
        let weights = weights.expect("prepared: checked before");
        Self { row_weights: weights.map(Arc::from), ..Self::within(run, most, tables) }
    }

    /// The same for batches of at most these rows, without the checks and without weights of rows:
    /// for evaluations.
    pub(crate) fn within(run: Run, most: BatchRows, tables: impl Into<Tables>) -> Self {
        let layout = WorkLayout::new(&run.graph, most, run.training.precision);
        let last_updated = run.last_updated();
        Self { run, most, layout, tables: tables.into(), last_updated, row_weights: None }
    }

    /// Its table.
    pub fn table(&self) -> &Table {
        &self.tables[self.run.table]
    }

    /// How its numbers are stored.
    pub fn precision(&self) -> Precision {
        self.training.precision
    }

    /// The dropout of the output of a node.
    pub fn dropout(&self, node: NodeId) -> Dropout {
        let node = &self.graph.nodes()[node];
        Dropout::new(if node.op.has_epilogue { node.attributes.dropout } else { 0.0 })
    }

    /// The dropout of what a node drops inside, not of its output.
    pub fn inner_dropout(&self, node: NodeId) -> Dropout {
        let node = &self.graph.nodes()[node];
        Dropout::new(if node.op.drops_inside { node.attributes.dropout } else { 0.0 })
    }

    /// The key of the dropout mask of a node in a step.
    pub fn dropout_key(&self, step: u32, node: NodeId) -> [u32; 3] {
        [self.seed, step, (node as u32) << 16]
    }

    /// Weights of its training rows and then its validation rows, scaled as
    /// [`crate::engine::loss`] says; `None` if all are 1.
    pub fn row_weights(&self) -> Option<&[f32]> {
        self.row_weights.as_deref()
    }

    /// Its training rows and its validation rows, and the bits of their weights, as the device
    /// stores them.
    pub fn row_words(&self) -> impl Iterator<Item = u32> {
        let weights = self.row_weights.iter().flat_map(|weights| weights.iter());
        let rows = self.training_rows.iter().chain(&self.validation_rows);
        rows.copied().chain(weights.map(|weight| weight.to_bits()))
    }

    /// Sum of the loss weights; 1 for a loss of whole examples.
    pub fn weight_sum(&self) -> f64 {
        if self.training.loss.predicts == Predicts::Classes {
            return 1.0;
        }
        self.loss_weights.iter().map(|weight| f64::from(*weight)).sum()
    }

    /// ln(beta1) and ln(beta2), at least -100, so that powers of beta = 0 are 0.
    pub fn log_betas(&self) -> [f64; 2] {
        [self.training.beta1, self.training.beta2].map(|beta| beta.ln().max(-100.0))
    }

    /// Whether its gradients are clipped.
    pub fn clips(&self) -> bool {
        self.training.clip_norm.is_some()
    }

    /// The norm that its gradients are clipped to; the largest f32 without clipping.
    pub fn clip_norm(&self) -> f64 {
        let none = f64::from(f32::MAX);
        self.training.clip_norm.map_or(none, |norm| norm.min(none))
    }

    /// Its entry in the device's `runs`.
    pub fn device_run(&self, bases: &Bases) -> DeviceRun {
        let (training, layout, work) = (&self.training, &self.layout, bases.work);
        let index = &layout.index;
        let edges = self.table().sets.as_ref().and_then(|sets| sets.edges.as_ref());
        let schedule = self.schedule();
        let (stop_loss, stop_parameter) = training.validation_loss();
        DeviceRun {
            seed: self.seed,
            batch: word(training.batch),
            batch_vec4s: vec4s(layout.stride),
            inputs: word(self.graph.columns()),
            outputs: word(self.graph.outputs()),
            targets: word(self.table().targets),
            training_rows: word(self.training_rows.len()),
            validation_rows: word(self.validation_rows.len()),
            rows: word(bases.rows),
            table_x: word(bases.table.x),
            table_y: word(bases.table.y),
            mean: vec4s(work + layout.mean),
            inverse_deviation: vec4s(work + layout.inverse_deviation),
            loss_weights: vec4s(work + layout.loss_weights),
            x: vec4s(work + layout.x),
            x_by_unit: vec4s(work + layout.x_by_unit),
            labels: vec4s(work + layout.labels),
            squares: vec4s(work + layout.squares),
            first_node: word(bases.nodes),
            nodes: word(self.graph.nodes().len()),
            parameters: vec4s(bases.parameters),
            best: vec4s(self.best_at(bases)),
            moments: vec4s(self.moments_at(bases)),
            average: vec4s(self.average_at(bases)),
            gradients: vec4s(self.gradients_at(bases)),
            copy: vec4s(self.weights_at(bases)),
            frozen_vec4s: vec4s(self.graph.frozen_len()),
            parameter_vec4s: vec4s(self.parameters.len()),
            max_epochs: training.max_epochs,
            patience: training.patience,
            min_delta: training.min_delta as f32,
            inverse_weight_sum: (1.0 / self.weight_sum()) as f32,
            learning_rate: training.learning_rate as f32,
            weight_decay: training.weight_decay as f32,
            epsilon: training.epsilon as f32,
            beta1: training.beta1 as f32,
            beta2: training.beta2 as f32,
            one_minus_beta1: (1.0 - training.beta1) as f32,
            one_minus_beta2: (1.0 - training.beta2) as f32,
            log_beta1: self.log_betas()[0] as f32,
            log_beta2: self.log_betas()[1] as f32,
            clip_norm: self.clip_norm() as f32,
            warmup_steps: schedule.warmup,
            cosine_steps: schedule.cosine,
            final_fraction: schedule.final_fraction as f32,
            row_weights: match self.row_weights {
                Some(_) => word(bases.rows + self.training_rows.len() + self.validation_rows.len()),
                None => NO_WEIGHTS,
            },
            example_weights: vec4s(work + layout.example_weights),
            statistics: vec4s(work + layout.statistics),
            loss_parameter: training.training_loss().1 as f32,
            loss: training.loss.code(),
            stop_parameter: stop_parameter as f32,
            stop_loss: stop_loss.code(),
            item_vec4s: vec4s(layout.rows.items),
            edge_vec4s: vec4s(layout.rows.edges),
            item_columns: word(self.graph.item_columns()),
            neighbours: word(edges.map_or(0, |edges| edges.neighbours)),
            table_items: word(bases.table.items),
            table_offsets: word(bases.table.offsets),
            table_lists: word(bases.table.lists),
            table_incoming_offsets: word(bases.table.incoming_offsets),
            table_incoming: word(bases.table.incoming),
            item_mean: vec4s(work + layout.item_mean),
            item_inverse_deviation: vec4s(work + layout.item_inverse_deviation),
            items: vec4s(work + layout.items),
            items_by_unit: vec4s(work + layout.items_by_unit),
            table_rows: vec4s(work + index.table_rows),
            first_items: vec4s(work + index.first_items),
            first_edges: vec4s(work + index.first_edges),
            examples: vec4s(work + index.examples),
            centres: vec4s(work + index.centres),
            edge_neighbours: vec4s(work + index.neighbours),
            resident: bases.resident,
            averages: u32::from(training.average.is_some()),
            average_step: self.average_step() as f32,
            matrices: match self.updates.iter().all(|one| *one == UpdateScale::default()) {
                true => ONE_MATRIX,
                false => word(2 * self.graph.nodes().len()),
            },
        }
    }

    /// Where its best parameters start in `parameters`.
    pub fn best_at(&self, bases: &Bases) -> usize {
        bases.parameters + self.padded_len()
    }

    /// Where its moments start in `parameters`: m and v of four parameters in turn.
    pub fn moments_at(&self, bases: &Bases) -> usize {
        bases.parameters + 2 * self.padded_len()
    }

    /// Where the average of its parameters starts in `parameters`; that of the parameters
    /// themselves without one.
    pub fn average_at(&self, bases: &Bases) -> usize {
        match self.training.average {
            Some(_) => bases.parameters + 4 * self.padded_len(),
            None => bases.parameters,
        }
    }

    /// The part of the way to the parameters that a step moves their average; 0 without one.
    pub fn average_step(&self) -> f64 {
        self.training.average.map_or(0.0, |decay| 1.0 - decay)
    }

    /// Its part of `parameters` before its first step: the parameters, the best ones, zeros, and
    /// their average.
    pub fn parameter_numbers(&self) -> Vec<f32> {
        let bases = Bases::default();
        let end = self.moments_at(&bases) + 2 * self.padded_len();
        let mut numbers = vec![0.0; end.max(self.average_at(&bases) + self.padded_len())];
        for at in [0, self.best_at(&bases), self.average_at(&bases)] {
            numbers[at..][..self.parameters.len()].copy_from_slice(&self.parameters);
        }
        numbers
    }

    /// Where its gradients start in `gradients`. In f16 each parameter has two numbers there: its
    /// gradient and, after all gradients, a copy of the parameter. So the buffer has the size of
    /// f32 gradients. Where one workgroup executes whole steps both are in `parameters`, in f32.
    pub fn gradients_at(&self, bases: &Bases) -> usize {
        match self.precision() {
            Precision::F16 if bases.resident == 0 => 2 * bases.gradients,
            _ => bases.gradients,
        }
    }

    /// Size of its parameters, or their gradients, in numbers: whole pairs of vec4s, because AdamW
    /// reads pairs.
    fn padded_len(&self) -> usize {
        padded_to_pairs(self.parameters.len())
    }

    /// Where the parameters that products read start.
    pub fn weights_at(&self, bases: &Bases) -> usize {
        match self.precision() {
            Precision::F32 => bases.parameters,
            Precision::F16 => self.gradients_at(bases) + self.padded_len(),
        }
    }

    /// Its entries in the device's `nodes`.
    pub fn device_nodes(&self, bases: &Bases) -> Vec<DeviceNode> {
        (0..self.graph.nodes().len()).map(|node| self.device_node(bases, node)).collect()
    }

    fn device_node(&self, bases: &Bases, node: NodeId) -> DeviceNode {
        let (training, at) = (&self.training, self.layout.nodes[node]);
        let attributes = &self.graph.nodes()[node].attributes;
        let (own, shapes) = (self.graph.shape(node), self.graph.input_shapes(node));
        let (first, second) = (shapes[0], *shapes.last().unwrap_or(&shapes[0]));
        let (inputs, outputs) = (first.width, own.width);
        let height = |kind| vec4s(self.layout.rows.of(kind));
        let matrices = self.graph.parameters(node);
        // without parameters: at the end of those of the nodes before it
        let end = self.graph.parameter_range(node).end;
        let [weights, bias] = [0, 1].map(|one| matrices.get(one).map_or(end, |matrix| matrix.at));
        let updates = self.updates_of(node);
        let updates = [0, 1].map(|one| *updates.get(one).unwrap_or(&UpdateScale::UNTRAINED));
        let frozen = self.graph.nodes()[node].frozen;
        let updates = if frozen { [UpdateScale::UNTRAINED; 2] } else { updates };
        let (dropout, inner) = (self.dropout(node), self.inner_dropout(node));
        let sources = &self.graph.nodes()[node].inputs;
        let below = |place: usize| match sources.get(place) {
            Some(Source::Node(below)) => *below,
            _ => node,
        };
        DeviceNode {
            number: word(node),
            rows: own.rows.code(),
            row_vec4s: height(own.rows),
            inputs: word(inputs),
            outputs: word(outputs),
            input_vec4s: word(inputs.div_ceil(4)),
            output_vec4s: word(outputs.div_ceil(4)),
            weights: vec4s(self.weights_at(bases) + weights),
            bias: vec4s(self.weights_at(bases) + bias),
            weights_gradient: vec4s(self.gradients_at(bases) + weights),
            bias_gradient: vec4s(self.gradients_at(bases) + bias),
            below: word(bases.nodes + below(0)),
            second_below: word(bases.nodes + below(1)),
            gradients: self.gradient_flags(node),
            input: vec4s(bases.work + at.input),
            input_by_unit: vec4s(bases.work + at.input_by_unit),
            input_row_vec4s: height(first.rows),
            second: vec4s(bases.work + at.second),
            second_by_unit: vec4s(bases.work + at.second_by_unit),
            second_inputs: word(second.width),
            second_row_vec4s: height(second.rows),
            saved: vec4s(bases.work + at.saved),
            output: vec4s(bases.work + at.output),
            output_by_unit: vec4s(bases.work + at.output_by_unit),
            delta: vec4s(bases.work + at.delta),
            reduction: attributes.reduction.code(),
            heads: word(attributes.heads),
            activation: attributes.activation.code(),
            slope: attributes.activation.slope(),
            drop_threshold: dropout.threshold,
            keep_scale: dropout.scale as f32,
            inner_drop_threshold: inner.threshold,
            inner_keep_scale: inner.scale as f32,
            one_minus_beta1: (1.0 - training.beta1) as f32,
            beta2: training.beta2 as f32,
            one_minus_beta2: (1.0 - training.beta2) as f32,
            epsilon: training.epsilon as f32,
            to_best: vec4s(self.best_at(bases) - bases.parameters),
            to_average: vec4s(self.average_at(bases) - bases.parameters),
            to_moments: vec4s(self.moments_at(bases)).wrapping_sub(2 * vec4s(bases.parameters)),
            ends_step: u32::from(node == self.last_updated),
            weights_rate: updates[0].rate,
            weights_decay: updates[0].rate * updates[0].decay,
            bias_rate: updates[1].rate,
            bias_decay: updates[1].rate * updates[1].decay,
        }
    }

    /// [`crate::engine::graph::Contribution`] of both inputs of a node as bits: 1 and 8 where one
    /// needs a gradient, 2 and 16 where the node adds to it, 4 and 32 where it finishes it.
    fn gradient_flags(&self, node: NodeId) -> u32 {
        let inputs = 0..self.graph.nodes()[node].inputs.len();
        let flags = inputs.map(|input| match self.graph.contribution(node, input) {
            Some(one) => (1 + 2 * u32::from(one.adds) + 4 * u32::from(one.finishes)) << (3 * input),
            None => 0,
        });
        flags.sum()
    }

    /// The constants at the start of working memory: scaling and loss weights.
    pub fn constants(&self) -> Vec<f32> {
        let mut constants = vec![0.0; self.layout.x];
        let mut put =
            |at: usize, values: &[f32]| constants[at..at + values.len()].copy_from_slice(values);
        let [columns, items] = self.stored_scales();
        if self.graph.columns() > 0 {
            put(self.layout.mean, &columns.centres());
            put(self.layout.inverse_deviation, &columns.inverse_widths());
        }
        put(self.layout.loss_weights, &self.loss_weights);
        if self.graph.has_items() {
            put(self.layout.item_mean, &items.centres());
            put(self.layout.item_inverse_deviation, &items.inverse_widths());
        }
        constants
    }

    /// How the columns and the items that its table stores are scaled.
    fn stored_scales(&self) -> [InputScale; 2] {
        let table = self.table();
        let items = table.sets.as_ref().map(|sets| &sets.scale);
        let columns = self.scale.after(&table.scale);
        let items = items.map_or_else(InputScale::default, |scale| self.item_scale.after(scale));
        match self.precision() {
            Precision::F32 => [columns, items],
            Precision::F16 => {
                let table = self.tables.in_f16(self.run.table);
                [columns.after(&table.scale), items.after(&table.item_scale)]
            }
        }
    }

    /// The constants at the start of working memory as the device stores them: f32 in both
    /// precisions.
    pub fn constant_bytes(&self) -> Vec<u8> {
        let (constants, layout) = (self.constants(), &self.layout);
        let width = self.precision().bytes();
        let mut bytes = vec![0; width * layout.x];
        for (from, to) in [
            (layout.mean, layout.inverse_deviation),
            (layout.inverse_deviation, layout.loss_weights),
            (layout.loss_weights, layout.item_mean),
            (layout.item_mean, layout.item_inverse_deviation),
            (layout.item_inverse_deviation, layout.x),
        ] {
            let numbers = &constants[from..][..(to - from) * width / 4];
            bytes[width * from..width * to].copy_from_slice(bytemuck::cast_slice(numbers));
        }
        bytes
    }

    /// Its gradients, all 0, and in f16 the copy of its parameters, as the device stores them.
    pub fn gradient_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.precision().bytes() * self.padded_len()];
        if self.precision() == Precision::F16 {
            bytes.extend(precision::bytes(Precision::F16, &self.parameters));
        }
        bytes
    }

    /// The same where one workgroup executes whole steps.
    pub fn gradient_numbers(&self) -> Vec<f32> {
        let mut copy = self.parameters.clone();
        precision::round(self.precision(), &mut copy);
        [vec![0.0; self.padded_len()], copy].concat()
    }

    /// Its state before its first step.
    pub fn fresh_state<F: Real>(&self) -> State<F> {
        let loss_scale = match self.precision() {
            Precision::F32 => F::one(),
            Precision::F16 => F::of(f64::from(FIRST_SCALE)),
        };
        State { loss_scale, ..State::fresh() }
    }

    /// The outcome, from the final state and the best parameters.
    pub fn outcome<F: Real>(&self, state: &State<F>, parameters: Vec<f32>) -> Outcome {
        let stopped = match state.stopped {
            stopped::PATIENCE => Stopped::Patience,
            stopped::EPOCHS => Stopped::Epochs,
            stopped::DIVERGED => Stopped::Diverged,
            other => {
                panic!("clock: run {} stopped for reason {other}, which does not exist", self.id)
            }
        };
        Outcome {
            id: self.id,
            stopped,
            steps: state.steps,
            epochs: state.epoch,
            best_epoch: state.best_epoch,
            validation_loss: (state.best_epoch > 0).then(|| state.best_loss.wide()),
            training_loss: (state.epoch > 0).then(|| state.training_loss.wide()),
            parameters,
            test_errors: None,
        }
    }
}
