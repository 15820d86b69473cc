//! The CPU backend: one run per core, matrix products with the vector instructions of the CPU.

pub mod aligned;
pub mod backend;
pub mod frozen;
pub(crate) mod functions;
pub mod product;
pub(crate) mod sums;
pub mod transpose;
pub mod vectors;
pub(crate) mod worker_pool;
