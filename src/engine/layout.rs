//! The structs that Rust and WGSL share, field for field with `shaders/layout.wgsl`. A test
//! compares both through naga.

use bytemuck::{Pod, Zeroable};

use crate::engine::real::Real;

/// A run, as the device reads it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[allow(missing_docs)] // each field is described in shaders/layout.wgsl
pub struct DeviceRun {
    pub seed: u32,
    pub batch: u32,
    pub batch_vec4s: u32,
    pub inputs: u32,
    pub outputs: u32,
    pub targets: u32,
    pub training_rows: u32,
    pub validation_rows: u32,
    pub rows: u32,
    pub table_x: u32,
    pub table_y: u32,
    pub mean: u32,
    pub inverse_deviation: u32,
    pub loss_weights: u32,
    pub x: u32,
    pub x_by_unit: u32,
    pub labels: u32,
    pub squares: u32,
    pub first_node: u32,
    pub nodes: u32,
    pub parameters: u32,
    pub best: u32,
    pub moments: u32,
    pub average: u32,
    pub gradients: u32,
    pub copy: u32,
    pub frozen_vec4s: u32,
    pub parameter_vec4s: u32,
    pub max_epochs: u32,
    pub patience: u32,
    pub min_delta: f32,
    pub inverse_weight_sum: f32,
    pub learning_rate: f32,
    pub weight_decay: f32,
    pub epsilon: f32,
    pub beta1: f32,
    pub beta2: f32,
    pub one_minus_beta1: f32,
    pub one_minus_beta2: f32,
    pub log_beta1: f32,
    pub log_beta2: f32,
    pub clip_norm: f32,
    pub warmup_steps: u32,
    pub cosine_steps: u32,
    pub final_fraction: f32,
    pub row_weights: u32,
    pub example_weights: u32,
    pub statistics: u32,
    pub loss_parameter: f32,
    pub loss: u32,
    pub stop_parameter: f32,
    pub stop_loss: u32,
    pub item_vec4s: u32,
    pub edge_vec4s: u32,
    pub item_columns: u32,
    pub neighbours: u32,
    pub table_items: u32,
    pub table_offsets: u32,
    pub table_lists: u32,
    pub table_incoming_offsets: u32,
    pub table_incoming: u32,
    pub item_mean: u32,
    pub item_inverse_deviation: u32,
    pub items: u32,
    pub items_by_unit: u32,
    pub table_rows: u32,
    pub first_items: u32,
    pub first_edges: u32,
    pub examples: u32,
    pub centres: u32,
    pub edge_neighbours: u32,
    pub resident: u32,
    pub averages: u32,
    pub average_step: f32,
    pub matrices: u32,
}

/// One node of a run, as the device reads it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[allow(missing_docs)] // each field is described in shaders/layout.wgsl
pub struct DeviceNode {
    pub number: u32,
    pub rows: u32,
    pub row_vec4s: u32,
    pub inputs: u32,
    pub outputs: u32,
    pub input_vec4s: u32,
    pub output_vec4s: u32,
    pub weights: u32,
    pub bias: u32,
    pub weights_gradient: u32,
    pub bias_gradient: u32,
    pub below: u32,
    pub second_below: u32,
    pub gradients: u32,
    pub input: u32,
    pub input_by_unit: u32,
    pub input_row_vec4s: u32,
    pub second: u32,
    pub second_by_unit: u32,
    pub second_inputs: u32,
    pub second_row_vec4s: u32,
    pub saved: u32,
    pub output: u32,
    pub output_by_unit: u32,
    pub delta: u32,
    pub reduction: u32,
    pub heads: u32,
    pub activation: u32,
    pub slope: f32,
    pub drop_threshold: u32,
    pub keep_scale: f32,
    pub inner_drop_threshold: u32,
    pub inner_keep_scale: f32,
    pub one_minus_beta1: f32,
    pub beta2: f32,
    pub one_minus_beta2: f32,
    pub epsilon: f32,
    pub to_best: u32,
    pub to_average: u32,
    pub to_moments: u32,
    pub ends_step: u32,
    pub weights_rate: f32,
    pub weights_decay: f32,
    pub bias_rate: f32,
    pub bias_decay: f32,
}

/// The work of one workgroup.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct DeviceTile {
    /// Slot of the run.
    pub run: u32,
    /// Index of the node.
    pub node: u32,
    /// First tile coordinate.
    pub i: u32,
    /// Second tile coordinate.
    pub j: u32,
}

/// The tiles of one dispatch.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct DeviceCall {
    /// First tile.
    pub first: u32,
    /// Number of tiles.
    pub count: u32,
    /// Steps that it executes.
    pub steps: u32,
}

/// The state of a run, which the clock updates in every step. On the device `F` is f32.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)] // each field is described in shaders/layout.wgsl
pub struct State<F> {
    pub phase: u32,
    pub ticks: u32,
    pub completed: u32,
    pub steps: u32,
    pub epoch: u32,
    pub best_epoch: u32,
    pub cursor: u32,
    pub batch_rows: u32,
    pub batch_items: u32,
    pub batch_edges: u32,
    pub improved: u32,
    pub waited: u32,
    pub stopped: u32,
    pub batch_sum: F,
    pub epoch_sum: F,
    pub validation_sum: F,
    pub training_loss: F,
    pub validation_loss: F,
    pub best_loss: F,
    pub step_size: F,
    pub root_correction: F,
    pub loss_scale: F,
    pub good_steps: u32,
    pub overflow: u32,
    pub swaps: u32,
    pub decay: F,
    pub gradient_norm: F,
    pub gradient_scale: F,
    pub average_step: F,
}

// SAFETY: repr(C), twenty-nine fields of four bytes each that accept any bits: no padding, no
// invalid value.
unsafe impl Zeroable for State<f32> {}
// SAFETY: as above.
unsafe impl Pod for State<f32> {}

impl<F: Real> State<F> {
    /// The state before the first step of a run in f32.
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
            batch_items: 0,
            batch_edges: 0,
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
            swaps: 0,
            decay: zero,
            gradient_norm: zero,
            gradient_scale: F::one(),
            average_step: zero,
        }
    }
}

/// [`DeviceRun::row_weights`] of a run whose rows all have weight 1.
pub const NO_WEIGHTS: u32 = u32::MAX;

/// [`DeviceRun::matrices`] of a run whose parameters all have update scale 1.
pub const ONE_MATRIX: u32 = 1;

/// [`DeviceRun::resident`] of a run of which one workgroup executes whole steps, with the fused
/// update.
pub const RESIDENT_FUSED: u32 = 1;

/// The same of a run that stores its gradients, behind its parameters.
pub const RESIDENT_STORED: u32 = 2;

/// The same of a run that clips them.
pub const RESIDENT_CLIPPED: u32 = 3;

/// Values of [`State::phase`].
pub mod phase {
    /// Packed, no step yet.
    pub const FRESH: u32 = 0;
    /// This step is a training batch.
    pub const TRAIN: u32 = 1;
    /// This step is a validation batch.
    pub const VALIDATE: u32 = 2;
    /// The run has finished.
    pub const DONE: u32 = 3;
}

/// Values of [`State::stopped`].
pub mod stopped {
    /// The run has not stopped.
    pub const NOT: u32 = 0;
    /// Too many epochs without improvement.
    pub const PATIENCE: u32 = 1;
    /// All epochs done.
    pub const EPOCHS: u32 = 2;
    /// The loss is not finite.
    pub const DIVERGED: u32 = 3;
}

/// Lanes of a workgroup of the kernels that are no products, each with its own rows.
pub const LANES: usize = 8;
