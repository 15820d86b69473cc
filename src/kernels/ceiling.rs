//! The rate of multiply-adds on registers: what bounds every other kernel. See `shaders/ceiling.wgsl`. Benchmarks play it; it
//! is not part of a step.

use super::widest::widest;
use super::{Access, Buffer, Kernel, Real, page};

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "ceiling",
    pages: |set| {
        vec![
            page::LAYOUT,
            page::quads(set),
            include_str!("../../shaders/ceiling.wgsl"),
        ]
    },
    bindings: &[(Buffer::Work, Access::ReadWrite)],
    constants: |set| {
        vec![
            ("CEILING_THREADS", f64::from(set.adamw_threads)),
            ("CEILING_TURNS", f64::from(TURNS)),
        ]
    },
};

/// Turns of the loop.
pub const TURNS: u32 = 4096;

/// Floating-point operations of one thread: eight chains of vec4s, two operations each.
pub const FLOPS: u64 = TURNS as u64 * 64;

/// Floating-point operations of [`twin`]: sixteen chains of sixteen numbers, two operations each.
pub const TWIN_FLOPS: u64 = TURNS as u64 * 512;

widest! {
    /// The same on the CPU: as many chains as hide how long a multiply-add takes.
    pub fn twin<F: Real>(sums: &mut [[F; 16]; 16]) {
        let (factor, term) = (F::of(0.999), F::of(0.001));
        let mut chains = *sums;
        for _ in 0..TURNS {
            for chain in &mut chains {
                for number in chain {
                    *number = number.mul_add(factor, term);
                }
            }
        }
        *sums = chains;
    }
}
