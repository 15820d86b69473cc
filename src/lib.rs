//! shoal
#![warn(missing_docs)]
pub mod check;
pub mod data;
pub mod device;
pub mod error;
mod files;
pub mod kernels;
pub mod model;
pub mod network;
pub mod random;
pub mod report;
pub mod run;
pub mod shoal;
pub mod study;
pub mod transfer;
pub use error::{Error, Result};
pub use files::write_atomically;
