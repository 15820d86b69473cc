//! The CPU backend: one run on each core, matrix products in the vectors of the CPU.

pub mod aligned;
pub mod backend;
pub mod frozen;
pub mod product;
pub mod transpose;
pub mod vectors;
pub(crate) mod worker_pool;
