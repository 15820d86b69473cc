//! TODO

pub mod adamw;
pub mod clip;
pub mod clock;
pub mod fused_update;
pub mod gradient_norm;
pub(crate) mod schedule;
