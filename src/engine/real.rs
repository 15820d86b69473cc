//! The floating-point types of the CPU references.

use std::any::Any;

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::engine::cpu::functions::{error_function, exponential, tangent};

/// `f32`, for training, or `f64`, for the reference values of tests.
pub trait Real:
    num_traits::Float + num_traits::NumAssign + bytemuck::Pod + Default + Send + Sync + std::fmt::Debug
{
    /// The nearest value.
    fn of(value: f64) -> Self;
    /// The value as f64.
    fn wide(self) -> f64;
    /// exp(x), of f32 in vectors: [`crate::engine::cpu::functions`]. `FUSED`: with fused
    /// multiply-add.
    fn vector_exp<const FUSED: bool>(self) -> Self;
    /// tanh(x) in the same way.
    fn vector_tanh<const FUSED: bool>(self) -> Self;
    /// The error function in the same way.
    fn vector_erf<const FUSED: bool>(self) -> Self;
    /// Rounds each number to the nearest f16, ties to even; from 65,520 on it becomes infinite.
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
    #[inline(always)]
    fn vector_exp<const FUSED: bool>(self) -> Self {
        exponential::<FUSED>(self)
    }
    #[inline(always)]
    fn vector_tanh<const FUSED: bool>(self) -> Self {
        tangent::<FUSED>(self)
    }
    #[inline(always)]
    fn vector_erf<const FUSED: bool>(self) -> Self {
        error_function::<FUSED>(self)
    }
    fn round_to_f16(numbers: &mut [Self]) {
        // the conversion of slices uses the CPU's vector instructions
        let mut rounded = [f16::ZERO; 256];
        for numbers in numbers.chunks_mut(rounded.len()) {
            let rounded = &mut rounded[..numbers.len()];
            rounded.convert_from_f32_slice(numbers);
            rounded.convert_to_f32_slice(numbers);
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
    #[inline(always)]
    fn vector_exp<const FUSED: bool>(self) -> Self {
        self.exp()
    }
    #[inline(always)]
    fn vector_tanh<const FUSED: bool>(self) -> Self {
        self.tanh()
    }
    #[inline(always)]
    fn vector_erf<const FUSED: bool>(self) -> Self {
        libm::erf(self)
    }
    fn round_to_f16(numbers: &mut [Self]) {
        for number in numbers {
            *number = f16::from_f64(*number).to_f64();
        }
    }
}

/// The function of this type among the f32 and the f64 version of a generic one.
///
/// # Panics
/// If neither has the type.
pub(crate) fn version<T: Copy + 'static>(both: [&dyn Any; 2]) -> T {
    *both.into_iter().find_map(|one| one.downcast_ref()).expect("real: neither f32 nor f64")
}
