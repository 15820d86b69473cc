//! A run and its memory on the CPU, in f32 or f64.

use std::ops::Deref;

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::engine::cpu::aligned::Aligned;
use crate::engine::cpu::product;
use crate::engine::graph::{Layer, LayerParameters, Network, padded};
use crate::engine::layout::{DeviceLayer, DeviceRun, State, phase, stopped};
use crate::engine::precision;
use crate::engine::precision::FIRST_SCALE;
use crate::engine::run::{Layout, Outcome, Precision, Run, Stopped, Table};
use crate::engine::table::Tables;

/// A floating-point type that the references compute in.
pub trait Real:
    num_traits::Float + num_traits::NumAssign + bytemuck::Pod + Default + Send + Sync + std::fmt::Debug
{
    /// The nearest value.
    fn of(value: f64) -> Self;
    /// The value as f64.
    fn wide(self) -> f64;
    /// The error function.
    fn erf(self) -> Self;
    /// Each number becomes the nearest half, ties to even, infinite from 65,520 on.
    fn round_to_f16(numbers: &mut [Self]);
}

impl Real for f32 {
    #[inline]
    fn of(value: f64) -> Self {
        value as f32
    }
    #[inline]
    fn wide(self) -> f64 {
        f64::from(self)
    }
    #[inline]
    fn erf(self) -> Self {
        libm::erff(self)
    }
    fn round_to_f16(numbers: &mut [Self]) {
        // slices, because those the processor converts eight at a time
        let mut halves = [f16::ZERO; 256];
        for numbers in numbers.chunks_mut(halves.len()) {
            let halves = &mut halves[..numbers.len()];
            halves.convert_from_f32_slice(numbers);
            halves.convert_to_f32_slice(numbers);
        }
    }
}

impl Real for f64 {
    #[inline]
    fn of(value: f64) -> Self {
        value
    }
    #[inline]
    fn wide(self) -> f64 {
        self
    }
    #[inline]
    fn erf(self) -> Self {
        libm::erf(self)
    }
    fn round_to_f16(numbers: &mut [Self]) {
        for number in numbers {
            *number = f16::from_f64(*number).to_f64();
        }
    }
}

/// A run with everything that follows from it: where its numbers lie, and the tables it reads.
#[derive(Clone, Debug)]
pub struct PreparedRun {
    run: Run,
    /// Where its working numbers lie.
    pub layout: Layout,
    /// Where its parameters lie.
    pub places: Vec<LayerParameters>,
    /// The tables of the study.
    pub tables: Tables,
}

impl Deref for PreparedRun {
    type Target = Run;
    fn deref(&self) -> &Run {
        &self.run
    }
}

/// Where a packed run's numbers begin in each buffer of the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bases {
    /// Its first layer in `layers`.
    pub layers: usize,
    /// Its first row number in `rows`.
    pub rows: usize,
    /// Its first parameter, in numbers.
    pub parameters: usize,
    /// Its first gradient, in numbers of four bytes; if its gradients are stored nowhere, its first
    /// parameter.
    pub gradients: usize,
    /// Its first working number.
    pub work: usize,
    /// Its table's x in `data`.
    pub table_x: usize,
    /// Its table's y in `data`.
    pub table_y: usize,
}

fn word(value: usize) -> u32 {
    u32::try_from(value).expect("memory: an offset beyond 2^32")
}

fn group(value: usize) -> u32 {
    debug_assert_eq!(value % 4, 0);
    word(value / 4)
}

impl PreparedRun {
    /// Prepares a run.
    ///
    /// # Panics
    /// If its shapes do not agree.
    pub fn new(run: Run, tables: impl Into<Tables>) -> Self {
        let tables = tables.into();
        run.check(&tables);
        let layout = run.layout();
        let places = run.network.parameter_table();
        Self { run, layout, places, tables }
    }

    /// Its table.
    pub fn table(&self) -> &Table {
        &self.tables[self.run.table]
    }

    /// How its numbers are stored.
    pub fn precision(&self) -> Precision {
        self.training.precision
    }

    /// Numbers at the start of the parameters that are never updated.
    pub fn frozen_len(&self) -> usize {
        let first = self.network.first_trained();
        self.places.get(first).map_or(self.network.parameter_len(), |place| place.weights)
    }

    /// The hash below which a unit of a layer is dropped.
    pub fn drop_threshold(&self, layer: usize) -> u32 {
        (f64::from(self.network.layers()[layer].dropout) * 4_294_967_296.0).round() as u32
    }

    /// What a kept unit is multiplied with.
    pub fn keep_scale(&self, layer: usize) -> f64 {
        1.0 / (1.0 - f64::from(self.network.layers()[layer].dropout))
    }

    /// Sum of the loss weights.
    pub fn weight_sum(&self) -> f64 {
        self.loss_weights.iter().map(|weight| f64::from(*weight)).sum()
    }

    /// ln(beta1) and ln(beta2); beta = 0 stands as a number whose power vanishes.
    pub fn log_betas(&self) -> [f64; 2] {
        [self.training.beta1, self.training.beta2].map(|beta| beta.ln().max(-100.0))
    }

    /// Whether a step finds the norm of its gradients.
    pub fn asks_norm(&self) -> bool {
        self.training.clip_norm.is_some()
    }

    /// The norm that its gradients are scaled down to; the largest f32 where they are not.
    pub fn clip_norm(&self) -> f64 {
        let none = f64::from(f32::MAX);
        self.training.clip_norm.map_or(none, |norm| norm.min(none))
    }

    /// Its entry in the device's `runs`.
    pub fn device_run(&self, bases: &Bases) -> DeviceRun {
        let (training, layout, work) = (&self.training, &self.layout, bases.work);
        let schedule = self.schedule();
        DeviceRun {
            seed: self.seed,
            batch: word(training.batch),
            batch_vec4s: group(layout.stride),
            inputs: word(self.network.inputs()),
            outputs: word(self.network.outputs()),
            targets: word(self.table().targets),
            training_rows: word(self.training_rows.len()),
            validation_rows: word(self.validation_rows.len()),
            rows: word(bases.rows),
            table_x: word(bases.table_x),
            table_y: word(bases.table_y),
            mean: group(work + layout.mean),
            inverse_deviation: group(work + layout.inverse_deviation),
            loss_weights: group(work + layout.loss_weights),
            x: group(work + layout.x),
            x_by_unit: group(work + layout.x_by_unit),
            labels: group(work + layout.labels),
            squares: group(work + layout.squares),
            first_layer: word(bases.layers),
            layers: word(self.network.layers().len()),
            parameters: group(bases.parameters),
            gradients: group(self.gradients_at(bases)),
            copy: group(self.weights_at(bases)),
            frozen_vec4s: group(self.frozen_len()),
            parameter_vec4s: group(self.parameters.len()),
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
        }
    }

    /// Where its gradients begin in `gradients`. Of halves each parameter has two numbers there: a
    /// gradient and, behind them all, a copy of the parameter; so the buffer is as large as that of
    /// f32 gradients.
    pub fn gradients_at(&self, bases: &Bases) -> usize {
        match self.precision() {
            Precision::F32 => bases.gradients,
            Precision::F16 => 2 * bases.gradients,
        }
    }

    /// Numbers that its gradients take up: whole pairs of vec4s, for AdamW takes two at a time.
    fn gradients_len(&self) -> usize {
        self.parameters.len().next_multiple_of(8)
    }

    /// Where its parameters begin in what products read.
    pub fn weights_at(&self, bases: &Bases) -> usize {
        match self.precision() {
            Precision::F32 => bases.parameters,
            Precision::F16 => self.gradients_at(bases) + self.gradients_len(),
        }
    }

    /// Its entries in the device's `layers`.
    pub fn device_layers(&self, bases: &Bases) -> Vec<DeviceLayer> {
        let training = &self.training;
        let describe = |(number, layer): (usize, &crate::engine::graph::Layer)| {
            let (place, work) = (self.places[number], self.layout.layers[number]);
            DeviceLayer {
                number: word(number),
                inputs: word(layer.inputs),
                outputs: word(layer.outputs),
                input_vec4s: word(layer.inputs.div_ceil(4)),
                output_vec4s: group(place.stride),
                weights: group(self.weights_at(bases) + place.weights),
                bias: group(self.weights_at(bases) + place.bias),
                weights_gradient: group(self.gradients_at(bases) + place.weights),
                bias_gradient: group(self.gradients_at(bases) + place.bias),
                input: group(bases.work + work.input),
                input_by_unit: group(bases.work + work.input_by_unit),
                sum: group(bases.work + work.sum),
                output: group(bases.work + work.output),
                output_by_unit: group(bases.work + work.output_by_unit),
                delta: group(bases.work + work.delta),
                activation: crate::engine::ops::activation::code(layer.activation),
                slope: layer.activation.slope(),
                drop_threshold: self.drop_threshold(number),
                keep_scale: self.keep_scale(number) as f32,
                one_minus_beta1: (1.0 - training.beta1) as f32,
                beta2: training.beta2 as f32,
                one_minus_beta2: (1.0 - training.beta2) as f32,
                epsilon: training.epsilon as f32,
                ends_step: u32::from(number == self.network.first_trained()),
            }
        };
        self.network.layers().iter().enumerate().map(describe).collect()
    }

    /// Rows of the batch that the CPU computes; those behind mean nothing.
    pub fn rows<F>(&self, state: &State<F>) -> usize {
        computed_rows(state.batch_rows as usize, self.layout.stride)
    }

    /// The part of working memory that never changes: scaling and loss weights, at its start.
    pub fn constants(&self) -> Vec<f32> {
        let mut constants = vec![0.0; self.layout.x];
        let mut put =
            |at: usize, values: &[f32]| constants[at..at + values.len()].copy_from_slice(values);
        let (mean, inverse_deviation) = self.scaling();
        put(self.layout.mean, &mean);
        put(self.layout.inverse_deviation, &inverse_deviation);
        put(self.layout.loss_weights, &self.loss_weights);
        constants
    }

    /// Mean and inverse deviation of its inputs as they lie in its table.
    fn scaling(&self) -> (Vec<f32>, Vec<f32>) {
        let (mean, inverse) = (&self.scale.mean, &self.scale.inverse_deviation);
        if self.precision() == Precision::F32 {
            return (mean.clone(), inverse.clone());
        }
        let table = self.tables.half(self.table);
        let means = mean.iter().zip(&table.mean).zip(&table.inverse_deviation);
        let inverses = inverse.iter().zip(&table.inverse_deviation);
        (
            means.map(|((mean, of_table), inverse)| (mean - of_table) * inverse).collect(),
            inverses.map(|(inverse, of_table)| inverse / of_table).collect(),
        )
    }

    /// The constants at the start of working memory as the device stores them: f32 in either
    /// precision.
    pub fn constant_bytes(&self) -> Vec<u8> {
        let (constants, layout) = (self.constants(), &self.layout);
        let width = self.precision().bytes();
        let mut bytes = vec![0; width * layout.x];
        for (from, to) in [
            (layout.mean, layout.inverse_deviation),
            (layout.inverse_deviation, layout.loss_weights),
            (layout.loss_weights, layout.x),
        ] {
            let numbers = &constants[from..][..(to - from) * width / 4];
            bytes[width * from..width * to].copy_from_slice(bytemuck::cast_slice(numbers));
        }
        bytes
    }

    /// Its gradients, all 0, and where products read a copy its parameters, as the device stores
    /// them.
    pub fn gradient_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.precision().bytes() * self.gradients_len()];
        if self.precision() == Precision::F16 {
            bytes.extend(precision::bytes(Precision::F16, &self.parameters));
        }
        bytes
    }

    /// Its state before its first step.
    pub fn fresh_state<F: Real>(&self) -> State<F> {
        let loss_scale = match self.precision() {
            Precision::F32 => F::one(),
            Precision::F16 => F::of(f64::from(FIRST_SCALE)),
        };
        State { loss_scale, ..State::fresh() }
    }

    /// What became of the run, from its final state and best parameters.
    pub fn outcome<F: Real>(&self, state: &State<F>, parameters: Vec<f32>) -> Outcome {
        let stopped = match state.stopped {
            stopped::PATIENCE => Stopped::Patience,
            stopped::EPOCHS => Stopped::Epochs,
            stopped::DIVERGED => Stopped::Diverged,
            other => panic!("clock: run {} is done for no reason ({other})", self.id),
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

impl<F: Real> State<F> {
    /// The state of a run that was just packed, in f32; [`PreparedRun::fresh_state`] knows the
    /// precision.
    pub fn fresh() -> Self {
        let zero = F::zero();
        Self {
            phase: phase::FRESH,
            ticks: 0,
            completed: 0,
            steps: 0,
            epoch: 0,
            best_epoch: 0,
            cursor: 0,
            batch_rows: 0,
            improved: 0,
            waited: 0,
            stopped: stopped::NOT,
            batch_sum: zero,
            epoch_sum: zero,
            validation_sum: zero,
            training_loss: zero,
            validation_loss: zero,
            best_loss: F::of(f64::from(f32::MAX)),
            step_size: zero,
            root_correction: zero,
            loss_scale: F::one(),
            good_steps: 0,
            overflow: 0,
            decay: zero,
            gradient_norm: zero,
            gradient_scale: F::one(),
        }
    }
}

/// Rows of a batch that the CPU computes: those present, filled up to a multiple of eight, for so
/// many rows has a tile of a product with AVX-512; elsewhere, where it has six, that is at most a
/// tile too much.
pub fn computed_rows(present: usize, batch: usize) -> usize {
    present.next_multiple_of(product::TILE_ROWS).min(batch)
}

/// Numbers of the vectors of a run's [`Memory`]: of six as long as its parameters, of which the
/// weights are empty in f32, then of `work` and of `scratch`.
pub fn numbers(network: &Network, batch: usize, precision: Precision) -> [usize; 8] {
    let parameters = network.parameter_len();
    let weights = match precision {
        Precision::F32 => 0,
        Precision::F16 => parameters,
    };
    let work = Layout::new(network, batch, precision).len;
    let scratch = scratch_numbers(network, batch);
    [parameters, weights, parameters, parameters, parameters, parameters, work, scratch]
}

/// Numbers of [`Memory::scratch`].
fn scratch_numbers(network: &Network, batch: usize) -> usize {
    let above = &network.layers()[network.first_trained() + 1..];
    let both = |layer: &Layer| padded(layer.inputs) + padded(layer.outputs);
    padded(batch) * above.iter().map(both).max().unwrap_or(0)
}

/// A run's memory on the CPU; the same layout as on the device. In half precision numbers are
/// rounded to halves, but still lie in an `F` each: what counts here is that they are the same
/// numbers.
#[derive(Clone)]
pub struct Memory<F> {
    /// What the clock keeps.
    pub state: State<F>,
    /// Parameters, as [`crate::engine::graph::Network::parameter_table`] lays them out; as are the
    /// next five.
    pub parameters: Aligned<F>,
    /// Parameters rounded to halves, for products to read; empty in f32, where they read the
    /// parameters.
    pub weights: Aligned<F>,
    /// d loss / d parameter; of a run that uses the fused update those of some parameters, at the
    /// start.
    pub gradients: Aligned<F>,
    /// AdamW's mean of the gradient.
    pub first_moment: Aligned<F>,
    /// AdamW's mean of its square.
    pub second_moment: Aligned<F>,
    /// Parameters at the best validation loss.
    pub best: Aligned<F>,
    /// Batch, activations and deltas, as [`Layout`] says.
    pub work: Aligned<F>,
    /// Delta of a layer and of the one below unit by unit, while the latter is made; of the CPU
    /// alone.
    pub scratch: Aligned<F>,
    /// What the frozen layers make of the training rows and then the validation rows, shape (rows,
    /// units of the last of them, padded to a multiple of four); empty where it is not known. Of
    /// the CPU alone, see [`crate::engine::cpu::frozen`].
    pub features: Aligned<F>,
}

impl<F: Real> Memory<F> {
    /// The memory of a run before its first step.
    pub fn new(run: &PreparedRun) -> Self {
        Self::in_place_of(None, run)
    }

    /// The same where an earlier run's was: what a system gives anew it has to map and to clear
    /// first.
    pub fn in_place_of(earlier: Option<Self>, run: &PreparedRun) -> Self {
        let mut memory = earlier.unwrap_or_else(|| Self {
            state: State::fresh(),
            parameters: Aligned::default(),
            weights: Aligned::default(),
            gradients: Aligned::default(),
            first_moment: Aligned::default(),
            second_moment: Aligned::default(),
            best: Aligned::default(),
            work: Aligned::default(),
            scratch: Aligned::default(),
            features: Aligned::default(),
        });
        let [parameters, weights, gradients, first, second, best, work, scratch] =
            numbers(&run.network, run.training.batch, run.precision());
        memory.state = run.fresh_state();
        memory.parameters.renew(&run.parameters, parameters);
        memory.weights.renew(&run.parameters, weights);
        precision::round(run.precision(), &mut memory.weights);
        memory.gradients.renew(&[], gradients);
        memory.first_moment.renew(&[], first);
        memory.second_moment.renew(&[], second);
        memory.best.renew(&run.parameters, best);
        memory.work.renew(&run.constants(), work);
        memory.scratch.renew(&[], scratch);
        memory.features.renew(&[], 0);
        memory
    }

    /// Bytes that it holds, those included that an earlier run needed and this one does not.
    pub fn bytes(&self) -> u64 {
        let vectors = [
            &self.parameters,
            &self.weights,
            &self.gradients,
            &self.first_moment,
            &self.second_moment,
            &self.best,
            &self.work,
            &self.scratch,
            &self.features,
        ];
        vectors.map(|vector| vector.bytes() as u64).iter().sum()
    }
}
