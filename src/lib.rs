//! shoal
#![warn(missing_docs)]
pub mod device;
pub mod error;
pub mod kernels;
pub mod network;
pub mod random;
pub mod run;
pub mod shoal;
pub use error::{Error, Result};
