//! The kernel that measures the rate of multiply-adds on registers, an upper bound for every other
//! kernel. Benchmarks execute it; it is not part of a step. See `shaders/ceiling.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::kernel::{BARE, Kernel};

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "ceiling",
    bindings: &[(Buffer::Work, Access::ReadWrite)],
    constants: |set| {
        vec![("CEILING_THREADS", f64::from(set.adamw_threads)), ("CEILING_TURNS", f64::from(TURNS))]
    },
    ..BARE
};

/// Turns of the loop.
pub const TURNS: u32 = 4096;

/// Floating-point operations of one thread: eight chains of vec4s, two operations each.
pub(crate) const FLOPS: u64 = TURNS as u64 * 64;
