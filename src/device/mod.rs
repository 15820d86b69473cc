//! The two players of a step, and how one is chosen.

pub mod cpu;
pub mod gpu;

/// Who plays the kernels.
pub enum Device {
    /// One step across all runs.
    Gpu(Box<gpu::Gpu>),
    /// One run across all steps.
    Cpu(cpu::Cpu),
}
