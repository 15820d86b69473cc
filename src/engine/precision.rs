//! Storage precision, and rounding to f16 on the CPU as `shaders/f16.wgsl` does on the device.

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::engine::real::Real;

/// How inputs, activations, gradients and the weights that products read are stored. Sums are
/// computed in f32, and parameters and moments are f32, in both precisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Four bytes.
    #[default]
    F32,
    /// Two bytes, with a scaled loss (Micikevicius et al., "Mixed precision training", arXiv
    /// 1710.03740).
    F16,
}

impl std::str::FromStr for Precision {
    type Err = String;
    fn from_str(name: &str) -> std::result::Result<Self, String> {
        let found = Self::ALL.into_iter().find(|one| one.name() == name);
        found.ok_or_else(|| {
            let known = Self::ALL.map(|one| format!("\"{}\"", one.name()));
            format!("the precision is {}", known.join(" or "))
        })
    }
}

impl Precision {
    /// Every precision.
    pub const ALL: [Precision; 2] = [Precision::F32, Precision::F16];

    /// Its name in study files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::F16 => "f16",
        }
    }

    /// Bytes of one number.
    pub fn bytes(self) -> usize {
        match self {
            Precision::F32 => 4,
            Precision::F16 => 2,
        }
    }
}

/// The loss scale at the start of a run in f16, as in `torch.amp.GradScaler`.
pub const FIRST_SCALE: f32 = 65_536.0;
/// A run whose gradients overflow at a smaller loss scale has diverged: 2^-24.
pub const LEAST_SCALE: f32 = 1.0 / 16_777_216.0;
/// The largest loss scale.
pub const MOST_SCALE: f32 = 16_777_216.0;
/// Steps without an overflow after which the loss scale doubles, as in `torch.amp.GradScaler`.
pub const GROWTH_STEPS: u32 = 2000;

/// Rounds numbers in place to the precision.
pub fn round<F: Real>(precision: Precision, numbers: &mut [F]) {
    if precision == Precision::F16 {
        F::round_to_f16(numbers);
    }
}

/// The bytes of numbers as the device stores them, rounded to the precision.
pub fn bytes(precision: Precision, numbers: &[f32]) -> Vec<u8> {
    match precision {
        Precision::F32 => bytemuck::cast_slice(numbers).to_vec(),
        Precision::F16 => bytemuck::cast_slice(&to_f16(numbers)).to_vec(),
    }
}

/// The nearest f16 numbers, ties to even, infinite beyond 65,504.
pub fn to_f16(numbers: &[f32]) -> Vec<f16> {
    let mut rounded = vec![f16::ZERO; numbers.len()];
    rounded.convert_from_f32_slice(numbers);
    rounded
}
