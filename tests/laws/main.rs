//! The six laws of shoal, each a module:
//!
//! 1. `reference`: every kernel on the GPU equals its CPU reference.
//! 2. `gradients`: the gradients of the references equal central differences.
//! 3. `isolation`: a run among others gives the same bits as alone.
//! 4. `determinism`: the same seed gives the same bits, also after a kill.
//! 5. `failures`: failures end with a clear error and lose no finished run.
//! 6. `references`: results agree with PyTorch.
//!
//! The other modules hold what the laws rest on: layouts that Rust and WGSL share, f16, clipping,
//! allocations, the scaling of inputs, weights of rows, whole steps by one workgroup, the translation
//! of shaders for every API, and the structure of the crate (`fence`).
//!
//! The tests need a Vulkan, Metal or DX12 adapter and fail without one. A software rasterizer is
//! enough; `tests/run.sh` installs one.

mod allocation;
mod clipping;
mod common;
mod determinism;
mod failures;
mod fence;
mod gradients;
mod half_precision;
mod isolation;
mod layout;
mod one_call;
mod reference;
mod references;
mod resident;
mod scaling;
mod translation;
mod weights;
