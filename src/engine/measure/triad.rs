//! The kernel that measures memory bandwidth: the triad of STREAM. Measurements execute it; it is
//! not part of a step. See `shaders/triad.wgsl`.

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

/// Bytes of each of the three arrays that one workgroup accesses.
pub(crate) fn bytes_per_group(set: &TileSet) -> u64 {
    16 * u64::from(set.adamw_threads) * u64::from(set.adamw_repeats)
}

/// The triad of two numbers.
pub fn reference(parameter: f32, gradient: f32) -> f32 {
    parameter + 3.0 * gradient
}
