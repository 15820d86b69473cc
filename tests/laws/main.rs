//! The six laws that shoal holds, each a module: reference (and norm), slope, company, again,
//! honest, outside. They need a Vulkan, Metal or DX12 adapter; a software rasterizer will do
//! (`tests/run.sh` installs one).

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
