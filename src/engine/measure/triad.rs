//! What memory gives to a kernel: the triad of STREAM. See `shaders/triad.wgsl`. Measurements play
//! it; it is not part of a step.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::kernel::{BARE, Kernel};
use crate::engine::tile::TileSet;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "triad",
    bindings: &[
        (Buffer::Parameters, Access::Read),
        (Buffer::Gradients, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    constants: |set| {
        vec![
            ("TRIAD_THREADS", f64::from(set.adamw_threads)),
            ("TRIAD_REPEATS", f64::from(set.adamw_repeats)),
        ]
    },
    ..BARE
};

/// Bytes of one array that one workgroup serves; it moves three times as many.
pub fn bytes_per_group(set: &TileSet) -> u64 {
    16 * u64::from(set.adamw_threads) * u64::from(set.adamw_repeats)
}

/// What it computes of two numbers.
pub fn reference(parameter: f32, gradient: f32) -> f32 {
    parameter + 3.0 * gradient
}
