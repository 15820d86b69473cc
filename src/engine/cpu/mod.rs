//! TODO

pub(crate) mod aligned;
pub mod backend;
pub mod frozen;
pub mod product;
pub mod transpose;
pub mod vectors;
pub(crate) mod worker_pool;
