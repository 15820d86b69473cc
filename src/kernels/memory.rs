//! A run and its memory on the CPU, in f32 or f64.

use std::ops::Deref;
use std::sync::Arc;

use super::layout::{DeviceLayer, DeviceRun, State, phase, stopped};
use crate::network::LayerParameters;
use crate::run::{Layout, Outcome, Run, Stopped, Table};

/// A floating-point type that the twins compute in.
pub trait Real:
    num_traits::Float + num_traits::NumAssign + Send + Sync + std::fmt::Debug + 'static
{
    /// The nearest value.
    fn of(value: f64) -> Self;
    /// The value as f64.
    fn wide(self) -> f64;
    /// The error function.
    fn erf(self) -> Self;
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
}

/// A run with everything that follows from it: where its numbers lie, and the tables it reads.
#[derive(Clone, Debug)]
pub struct Prepared {
    run: Run,
    /// Where its working numbers lie.
    pub layout: Layout,
    /// Where its parameters lie.
    pub places: Vec<LayerParameters>,
    /// The tables of the study.
    pub tables: Arc<[Table]>,
}

impl Deref for Prepared {
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

impl Prepared {
    /// Prepares a run.
    ///
    /// # Panics
    /// If its shapes do not agree.
    pub fn new(run: Run, tables: Arc<[Table]>) -> Self {
        run.check(&tables);
        let layout = run.layout();
        let places = run.network.parameter_table();
        Self {
            run,
            layout,
            places,
            tables,
        }
    }

    /// Its table.
    pub fn table(&self) -> &Table {
        &self.tables[self.run.table]
    }

    /// Numbers at the start of the parameters that are never updated.
    pub fn frozen_len(&self) -> usize {
        let first = self.network.first_trained();
        self.places
            .get(first)
            .map_or(self.network.parameter_len(), |place| place.weights)
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
        self.loss_weights
            .iter()
            .map(|weight| f64::from(*weight))
            .sum()
    }

    /// ln(beta1) and ln(beta2); beta = 0 stands as a number whose power vanishes.
    pub fn log_betas(&self) -> [f64; 2] {
        [self.training.beta1, self.training.beta2].map(|beta| beta.ln().max(-100.0))
    }

    /// Its entry in the device's `runs`.
    pub fn device_run(&self, bases: &Bases) -> DeviceRun {
        let (training, layout, work) = (&self.training, &self.layout, bases.work);
        DeviceRun {
            seed: self.seed,
            batch: word(training.batch),
            batch_groups: group(layout.stride),
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
            first_layer: word(bases.layers),
            layers: word(self.network.layers().len()),
            parameters: group(bases.parameters),
            frozen_groups: group(self.frozen_len()),
            parameter_groups: group(self.parameters.len()),
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
        }
    }

    /// Its entries in the device's `layers`.
    pub fn device_layers(&self, bases: &Bases) -> Vec<DeviceLayer> {
        let describe = |(number, layer): (usize, &crate::network::Layer)| {
            let (place, work) = (self.places[number], self.layout.layers[number]);
            DeviceLayer {
                number: word(number),
                inputs: word(layer.inputs),
                outputs: word(layer.outputs),
                input_groups: word(layer.inputs.div_ceil(4)),
                output_groups: group(place.stride),
                weights: group(bases.parameters + place.weights),
                bias: group(bases.parameters + place.bias),
                input: group(bases.work + work.input),
                input_by_unit: group(bases.work + work.input_by_unit),
                sum: group(bases.work + work.sum),
                output: group(bases.work + work.output),
                output_by_unit: group(bases.work + work.output_by_unit),
                delta: group(bases.work + work.delta),
                activation: super::activation::code(layer.activation),
                slope: layer.activation.slope(),
                drop_threshold: self.drop_threshold(number),
                keep_scale: self.keep_scale(number) as f32,
            }
        };
        self.network
            .layers()
            .iter()
            .enumerate()
            .map(describe)
            .collect()
    }

    /// The part of working memory that never changes: scaling and loss weights, at its start.
    pub fn constants(&self) -> Vec<f32> {
        let mut constants = vec![0.0; self.layout.x];
        let mut put =
            |at: usize, values: &[f32]| constants[at..at + values.len()].copy_from_slice(values);
        put(self.layout.mean, &self.scale.mean);
        put(self.layout.inverse_deviation, &self.scale.inverse_deviation);
        put(self.layout.loss_weights, &self.loss_weights);
        constants
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
        }
    }
}

impl<F: Real> State<F> {
    /// The state of a run that was just packed.
    pub fn fresh() -> Self {
        let zero = F::zero();
        Self {
            phase: phase::FRESH,
            ticks: 0,
            echo: 0,
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
        }
    }
}

/// A run's memory on the CPU; the same layout as on the device.
#[derive(Clone, Debug)]
pub struct Memory<F> {
    /// What the clock keeps.
    pub state: State<F>,
    /// Parameters, as [`crate::network::Network::parameter_table`] lays them out; as are the next four.
    pub parameters: Vec<F>,
    /// d loss / d parameter.
    pub gradients: Vec<F>,
    /// AdamW's mean of the gradient.
    pub first_moment: Vec<F>,
    /// AdamW's mean of its square.
    pub second_moment: Vec<F>,
    /// Parameters at the best validation loss.
    pub best: Vec<F>,
    /// Batch, activations and deltas, as [`Layout`] says.
    pub work: Vec<F>,
    /// A batch matrix unit by unit, while a gradient is on its way; of the CPU alone.
    pub scratch: Vec<F>,
}

impl<F: Real> Memory<F> {
    /// The memory of a run before its first step.
    pub fn new(run: &Prepared) -> Self {
        let wide = |values: &[f32]| {
            values
                .iter()
                .map(|v| F::of(f64::from(*v)))
                .collect::<Vec<F>>()
        };
        let zeros = vec![F::zero(); run.parameters.len()];
        let mut work = wide(&run.constants());
        work.resize(run.layout.len, F::zero());
        let widest = run.network.layers().iter().map(|layer| layer.inputs).max();
        let scratch = run.layout.stride * widest.unwrap_or(0);
        Self {
            state: State::fresh(),
            parameters: wide(&run.parameters),
            gradients: zeros.clone(),
            first_moment: zeros.clone(),
            second_moment: zeros,
            best: wide(&run.parameters),
            work,
            scratch: vec![F::zero(); scratch],
        }
    }

    /// Bytes in all.
    pub fn bytes(&self) -> u64 {
        ((5 * self.parameters.len() + self.work.len() + self.scratch.len()) * size_of::<F>()) as u64
    }
}
