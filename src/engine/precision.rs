//! Half precision on the CPU: rounds as `shaders/f16.wgsl` does, and lays numbers out as the device
//! reads them.

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::engine::memory::Real;
use crate::engine::run::Precision;

/// What the loss is multiplied with at the start of a run in half precision, as
/// `torch.amp.GradScaler` has it.
pub const FIRST_SCALE: f32 = 65_536.0;
/// A run whose gradients overflow at a smaller scale has diverged: 2^-24.
pub const LEAST_SCALE: f32 = 1.0 / 16_777_216.0;
/// The scale grows no further.
pub const MOST_SCALE: f32 = 16_777_216.0;
/// Steps without an overflow after which the scale doubles, as `torch.amp.GradScaler` has it.
pub const GROWTH_STEPS: u32 = 2000;

/// Rounds numbers to what the precision stores of activations, deltas, gradients and the weights of
/// products.
pub fn round<F: Real>(precision: Precision, numbers: &mut [F]) {
    if precision == Precision::F16 {
        F::round_to_f16(numbers);
    }
}

/// Such numbers, already rounded or not, as the device stores them.
pub fn bytes(precision: Precision, numbers: &[f32]) -> Vec<u8> {
    match precision {
        Precision::F32 => bytemuck::cast_slice(numbers).to_vec(),
        Precision::F16 => bytemuck::cast_slice(&to_f16(numbers)).to_vec(),
    }
}

/// The nearest halves, ties to even, infinite beyond 65,504.
pub fn to_f16(numbers: &[f32]) -> Vec<f16> {
    let mut halves = vec![f16::ZERO; numbers.len()];
    halves.convert_from_f32_slice(numbers);
    halves
}
