//! The CPU backend: one run per core, matrix products with the vector instructions of the CPU.

pub mod aligned;
pub mod backend;
pub(crate) mod exponential;
pub mod frozen;
pub mod product;
pub(crate) mod sums;
pub mod transpose;
pub mod vectors;
pub(crate) mod worker_pool;
